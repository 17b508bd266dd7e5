"""X2: what is a value travels, is compared and is shown; what is not, refuses."""

from __future__ import annotations

import copy
import pickle

import pytest

from senderdomain import (
    MX,
    Action,
    AddressRules,
    AsyncDomainVerifier,
    Depth,
    DomainName,
    DomainVerifier,
    Failure,
    FailureReason,
    Finding,
    FindingCache,
    NoData,
    NxDomain,
    Outcome,
    Question,
    Receiver,
    Records,
    RecordType,
    Reply,
    Stage,
    SyntaxFault,
    TargetFault,
    TargetRules,
    presets,
)
from senderdomain._remembered import Remembered
from senderdomain.resolvers import StubResolver
from senderdomain.testing import AsyncZoneResolver, ZoneResolver

D = DomainName(".".join(["x" * 63] * 3 + ["y" * 61]))
QUESTION = Question(D, RecordType.MX)
HUGE = Records(2**31, tuple(MX(n, f"{n}." + "z" * 60) for n in range(500)))
EVIDENCE = tuple((QUESTION, answer) for answer in (HUGE, NoData(1), NoData(2)))

VALUES = [
    QUESTION,
    MX(10, "z" * 63 + ".example"),
    HUGE,
    NoData(60, FailureReason.BOGUS),
    NxDomain(60, aliased=True),
    Failure(FailureReason.MALFORMED, "x" * 2_000),
    Finding(D, Outcome.MX, None, 60, EVIDENCE),
    Finding(D, Outcome.TEMPFAIL, FailureReason.TIMEOUT, detail="x" * 2_000),
    Remembered(1.5, Outcome.MX),
    Reply(550, "X.1.8", ("x" * 300, "y" * 300)),
    AddressRules(underscore=True),
    TargetRules(deny=frozenset({f"d{n}.example" for n in range(200)})),
    Receiver(host="mx.example"),
    *Action,
    *Depth,
    *FailureReason,
    *Outcome,
    *RecordType,
    *Stage,
    *SyntaxFault,
    *TargetFault,
]
POLICIES = [*presets.PRESETS.values()]
SENDERS = [
    "a@d.example",
    f"a@{D}",
    '"\r250 ok\0\u2028é"@gone.example',
    "x" * 100_000,
    "<>",
    b"\xff\xfe@d.example",
]


def verdicts():
    """Make verdicts, cold and from memory, and statistics."""
    resolver = ZoneResolver({"d.example": {"MX": ["10 m.example."]}})
    with DomainVerifier(resolver) as verifier:
        made = [verifier.verify(sender) for _ in range(3) for sender in SENDERS]
        return [*made, verifier.stats()]


@pytest.mark.parametrize(
    "thing", [*VALUES, *POLICIES, *verdicts()], ids=lambda thing: type(thing).__name__
)
def test_values_travel_and_are_compared(thing):
    """By pickle and copy, in all protocols; equal ones have the same hash."""
    copies = [
        pickle.loads(pickle.dumps(thing, protocol))
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ]
    copies += [copy.copy(thing), copy.deepcopy(thing)]
    for each in copies:
        assert each == thing
        assert type(each) is type(thing)
        assert hash(each) == hash(thing)
    assert thing != object()


@pytest.mark.parametrize(
    "thing", [*VALUES, *POLICIES, *verdicts()], ids=lambda thing: type(thing).__name__
)
def test_values_are_shown_in_short(thing):
    """However long and strange what is in them: a repr ends up in logs."""
    shown = repr(thing)
    assert len(shown) <= 400
    assert shown.isascii()
    assert shown.isprintable()


@pytest.mark.parametrize(
    "thing",
    [
        DomainVerifier(ZoneResolver()),
        AsyncDomainVerifier(AsyncZoneResolver()),
        FindingCache(),
        StubResolver(["127.0.0.1"]),
        ZoneResolver({f"d{n}.example": {"MX": ["10 m."]} for n in range(300)}),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_what_has_a_lock_or_a_socket_stays(thing):
    """And is shown in short all the same."""
    assert len(repr(thing)) <= 400
    assert repr(thing).isascii()
    if not isinstance(thing, ZoneResolver):
        with pytest.raises(TypeError):
            pickle.dumps(thing)
