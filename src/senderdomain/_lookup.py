"""
From a domain to a `Finding`, without touching the network.

Owns      which records are asked for, in which order, and what each possible
          answer means (RFC 5321, section 5.1; RFC 7505).
Knows not who resolves, sync or async, caches, clocks, policies, SMTP replies.

`lookup` is a generator. It yields a `Question`, is sent an `Answer`, and returns
a `Finding`:

    MX? --- Records ------------------------------> MX, NULL_MX or UNUSABLE_MX
     |----- NxDomain -----------------------------> NXDOMAIN
     |----- Failure ------------------------------> TEMPFAIL
     '----- NoData --> A?, then AAAA? -- Records -> IMPLICIT_MX
                                      |- Failure -> TEMPFAIL
                                      '- neither -> NODATA

Touch an arrow and you must touch its row in tests/test_lookup.py.
"""

from __future__ import annotations

from typing import TypeVar, assert_never

from ._dns import (
    Answer,
    DomainName,
    Failure,
    FailureReason,
    NoData,
    NxDomain,
    Question,
    Records,
    RecordType,
    Steps,
)
from ._finding import Finding, Outcome

T = TypeVar("T")


def advance(steps: Steps[T], answer: Answer | None = None) -> Question | T:
    """Send *answer* in, if there is one; get a question, or the result, out."""
    try:
        return next(steps) if answer is None else steps.send(answer)
    except StopIteration as done:
        result: T = done.value
        return result


def lookup(domain: DomainName) -> Steps[Finding]:
    """
    Find out whether *domain* could be sent mail, at depth ``EXISTS``.

    Args:
        domain: Not an address literal: there is nothing to look up for those.

    Yields:
        The next question; send the answer back in. At most three.

    Returns:
        A `Finding`. Trouble in the DNS is a finding too (`Outcome.TEMPFAIL`), so
        nothing is raised.

    See RFC 5321, section 5.1, for MX before address records, and RFC 7505,
    section 4.2, for senders with a null MX.
    """
    question = Question(domain, RecordType.MX)
    answer = yield question
    evidence = ((question, answer),)
    match answer:
        case Records(ttl=ttl):
            return Finding(domain, _kind_of_mx(answer), None, ttl, evidence)
        case NxDomain(ttl, aliased):
            # RFC 8020, section 2: no such name means no addresses either.
            missing = Outcome.NXDOMAIN
            return Finding(domain, missing, None, ttl, evidence, aliased=aliased)
        case Failure(reason):
            # No fall-back: only an empty list of MX makes an implicit one.
            return Finding(domain, Outcome.TEMPFAIL, reason, 0, evidence)
        case NoData(ttl, doubt):
            return (yield from _implicit_mx(domain, ttl, evidence, doubt))
        case _ as never:
            assert_never(never)


def _kind_of_mx(records: Records) -> Outcome:
    if records.null_mx:
        return Outcome.NULL_MX  # RFC 7505, section 3: alone, preference 0
    return Outcome.MX if records.usable else Outcome.UNUSABLE_MX


def _implicit_mx(
    domain: DomainName,
    ttl: int,
    evidence: tuple[tuple[Question, Answer], ...],
    doubt: FailureReason | None,
) -> Steps[Finding]:
    # RFC 5321, section 5.1: the domain's own address may stand in for the MX, and
    # an AAAA is as good as an A. A failure, or absence in doubt, decides nothing
    # until the other family has had its say.
    for qtype in (RecordType.A, RecordType.AAAA):
        question = Question(domain, qtype)
        answer = yield question
        evidence += ((question, answer),)
        match answer:
            case Records():
                ttl = 0 if doubt else min(ttl, answer.ttl)
                return Finding(domain, Outcome.IMPLICIT_MX, None, ttl, evidence)
            case Failure(reason):
                doubt = doubt or reason
            case NoData(doubt=another):
                doubt = doubt or another
                ttl = min(ttl, answer.ttl)
            case NxDomain():
                ttl = min(ttl, answer.ttl)
            case _ as never:
                assert_never(never)
    if doubt:
        return Finding(domain, Outcome.TEMPFAIL, doubt, 0, evidence)
    return Finding(domain, Outcome.NODATA, None, ttl, evidence)
