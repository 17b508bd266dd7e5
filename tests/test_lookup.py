"""Every arrow of the lookup's diagram, and what is not asked."""

from __future__ import annotations

import pytest

from tests.stepping import advance

from senderdomain import (
    MX,
    DomainName,
    Failure,
    FailureReason,
    NoData,
    NxDomain,
    Outcome,
    Question,
    Records,
    RecordType,
)
from senderdomain._lookup import lookup

HOST = Records(300, (MX(10, "mx.d.example"),))
NULL = Records(300, (MX(0, ""),))
ROOT10 = Records(300, (MX(10, ""),))
NULLS = Records(300, (MX(0, ""), MX(0, "")))
BOTH = Records(300, (MX(0, ""), MX(10, "mx.d.example")))
ODD = Records(300, (MX(10, r"my\032mx.d.example"),))
LITERAL = Records(300, (MX(10, "192.0.2.1"),))
ADDR = Records(60, ("192.0.2.1",))
NONE = NoData(90)
GONE = NxDomain(50)
LOST = NxDomain(50, aliased=True)
FAIL = Failure(FailureReason.SERVFAIL)
SLOW = Failure(FailureReason.TIMEOUT)
NOT_ASKED = None

ROWS = [
    # MX     A          AAAA       outcome              ttl  why
    (HOST, NOT_ASKED, NOT_ASKED, Outcome.MX, 300, "RFC 5321 5.1"),
    (LITERAL, NOT_ASKED, NOT_ASKED, Outcome.MX, 300, "a name for all that EXISTS asks"),
    (NULL, NOT_ASKED, NOT_ASKED, Outcome.NULL_MX, 300, "RFC 7505 3"),
    (BOTH, NOT_ASKED, NOT_ASKED, Outcome.MX, 300, "null only if alone"),
    (ROOT10, NOT_ASKED, NOT_ASKED, Outcome.UNUSABLE_MX, 300, "preference is not 0"),
    (NULLS, NOT_ASKED, NOT_ASKED, Outcome.UNUSABLE_MX, 300, "null only if alone"),
    (ODD, NOT_ASKED, NOT_ASKED, Outcome.UNUSABLE_MX, 300, "no host has this name"),
    (GONE, NOT_ASKED, NOT_ASKED, Outcome.NXDOMAIN, 50, "RFC 8020"),
    (LOST, NOT_ASKED, NOT_ASKED, Outcome.NXDOMAIN, 50, "RFC 2308 2.1"),
    (FAIL, NOT_ASKED, NOT_ASKED, Outcome.TEMPFAIL, 0, "never guess"),
    (NONE, ADDR, NOT_ASKED, Outcome.IMPLICIT_MX, 60, "RFC 5321 5.1"),
    (NONE, NONE, ADDR, Outcome.IMPLICIT_MX, 60, "IPv6 counts"),
    (NONE, FAIL, ADDR, Outcome.IMPLICIT_MX, 0, "one family suffices"),
    (NONE, GONE, ADDR, Outcome.IMPLICIT_MX, 50, "broken load balancers, RFC 4074"),
    (NONE, NONE, NONE, Outcome.NODATA, 90, "a name without mail"),
    (NONE, GONE, GONE, Outcome.NODATA, 50, "the MX answer has shown that it exists"),
    (NONE, FAIL, NONE, Outcome.TEMPFAIL, 0, "absence unproven"),
    (NONE, NONE, SLOW, Outcome.TEMPFAIL, 0, "absence unproven"),
    (NONE, FAIL, SLOW, Outcome.TEMPFAIL, 0, "absence unproven"),
]


@pytest.mark.parametrize(("mx", "a", "aaaa", "outcome", "ttl", "why"), ROWS)
def test_answers_lead_to_an_outcome(mx, a, aaaa, outcome, ttl, why):
    """And no further question is asked."""
    domain = DomainName("d.example")
    answers = zip((RecordType.MX, RecordType.A, RecordType.AAAA), (mx, a, aaaa))
    script = {Question(domain, t): answer for t, answer in answers if answer}
    steps = lookup(domain)
    step = advance(steps)
    asked = []
    while isinstance(step, Question):
        asked.append(step)
        step = advance(steps, script[step])

    assert (outcome, ttl, domain) == (step.outcome, step.ttl, step.domain), why
    assert list(script) == asked
    assert step.evidence == tuple(script.items())
    assert step.aliased == (mx is LOST)


@pytest.mark.parametrize(
    ("a", "aaaa", "reason"),
    [
        (FAIL, NONE, FailureReason.SERVFAIL),
        (NONE, SLOW, FailureReason.TIMEOUT),
        (FAIL, SLOW, FailureReason.SERVFAIL),
    ],
)
def test_the_first_failure_is_the_reason(a, aaaa, reason):
    """It is the one to mend first."""
    steps = lookup(DomainName("d.example"))
    advance(steps)
    for answer in (NONE, a):
        assert isinstance(advance(steps, answer), Question)
    assert advance(steps, aaaa).reason is reason


def test_every_outcome_of_the_dns_has_a_row():
    """Nobody adds an outcome without saying how to reach it."""
    by_syntax = {
        Outcome.SPECIAL_USE,
        Outcome.NULL_REVERSE_PATH,
        Outcome.ADDRESS_LITERAL,
        Outcome.UNQUALIFIED,
        Outcome.MALFORMED,
        Outcome.EXEMPT,
    }
    assert set(Outcome) - by_syntax == {row[3] for row in ROWS}
