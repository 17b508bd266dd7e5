"""P1: whatever a client sends has one verdict, and one reply."""

from __future__ import annotations

import itertools

import pytest

from senderdomain import (
    MX,
    DomainVerifier,
    Failure,
    FailureReason,
    FindingCache,
    NoData,
    NxDomain,
    Outcome,
    Records,
    Verdict,
    presets,
)

from .profile import amount
from .replies import fault, heard
from .senders import GRAMMARS, senders

ANSWERS = [
    NxDomain(60),
    Records(60, (MX(10, "mx.example"),)),
    Records(60, (MX(0, ""),)),
    Failure(FailureReason.SERVFAIL, "rcode 2"),
    NoData(60),
]


class InMemory:
    """Answers at once, by the length of the name."""

    def resolve(self, question, deadline):
        """See `Resolver`."""
        return ANSWERS[len(question.qname) % len(ANSWERS)]


def verifier(policy=presets.DEFAULT):
    """Make one whose cache is full soon."""
    return DomainVerifier(InMemory(), policy=policy, cache=FindingCache(1_000))


def check(verdict, sender):
    """Hold a verdict and its reply against what is promised."""
    assert type(verdict) is Verdict, sender
    octets = bytes(verdict.reply)
    assert not fault(octets), (sender, octets)
    assert repr(verdict).isascii(), sender


def run(ask, seed, count, sample):
    """Ask about *count* senders, and look closer at each *sample*-th."""
    seen = set()
    given, index = None, 0
    try:
        for index, given in enumerate(senders(seed, count)):
            verdict = ask(given)
            seen.add(verdict.outcome)
            if not index % sample:
                check(verdict, given)
    except Exception as error:
        error.add_note(f"seed {seed}, number {index}: {given!r}")
        raise
    assert index == count - 1
    return seen


def test_there_are_forty_grammars():
    """As the plan has it; and each makes text."""
    assert len(GRAMMARS) == 40


@pytest.mark.parametrize("smtputf8", [False, True])
def test_no_sender_raises(smtputf8, record_experiment):
    """P1: `verify`, with every outcome that a sender alone and a resolver can have."""
    count = amount(180_000, 1_800_000)
    with verifier() as asked:
        seen = run(
            lambda given: asked.verify(given, smtputf8=smtputf8),
            100 + smtputf8,
            count,
            7,
        )
    assert seen >= {
        Outcome.MX,
        Outcome.NULL_MX,
        Outcome.NXDOMAIN,
        Outcome.NODATA,
        Outcome.TEMPFAIL,
        Outcome.NULL_REVERSE_PATH,
        Outcome.ADDRESS_LITERAL,
        Outcome.MALFORMED,
        Outcome.UNQUALIFIED,
        Outcome.SPECIAL_USE,
    }
    record_experiment(
        promise="P1",
        what=f"verify, smtputf8={smtputf8}",
        count=count,
        result="one verdict each, 0 exceptions",
    )


def test_no_domain_raises(record_experiment):
    """P1: `verify_domain` takes the same, and what stands behind the last @."""
    count = amount(120_000, 1_200_000)
    with verifier() as asked:

        def ask(given):
            at = b"@" if isinstance(given, bytes) else "@"
            return asked.verify_domain(given.rpartition(at)[2] or given)

        assert run(ask, 200, count, 7) >= {Outcome.MX, Outcome.MALFORMED}
    record_experiment(
        promise="P1", what="verify_domain", count=count, result="0 exceptions"
    )


def test_no_header_field_raises(record_experiment):
    """P1: `verify_header`, in front of the standard library's parser."""
    count = amount(20_000, 200_000)
    with verifier() as asked:
        assert run(asked.verify_header, 300, count, 7) >= {Outcome.MX}
    record_experiment(
        promise="P1", what="verify_header", count=count, result="0 exceptions"
    )


@pytest.mark.parametrize("name", sorted(presets.PRESETS))
def test_no_preset_and_no_profile_raises(name, record_experiment):
    """P1: all that read and answer senders in their own way, too."""
    count = amount(1_000, 20_000)
    with verifier(presets.PRESETS[name]) as asked:
        run(lambda given: asked.verify(given, smtputf8=True), 400, count, 1)
    record_experiment(
        promise="P1", what=f"preset {name}", count=count, result="0 exceptions"
    )


class Text(str):
    """A text of somebody's own."""

    __slots__ = ()


WRONG = [None, 5, 5.0, True, bytearray(b"a@b.c"), memoryview(b"a@b.c"), ["a@b.c"]]
WRONG += [("a@b.c",), {"a@b.c"}, {"a": "b"}, object(), str, iter("a@b.c")]


@pytest.mark.parametrize("given", WRONG, ids=lambda given: type(given).__name__)
@pytest.mark.parametrize("method", ["verify", "verify_domain", "verify_header"])
def test_a_wrong_type_raises_a_type_error(given, method):
    """P1: and nothing else does."""
    with (
        verifier() as asked,
        pytest.raises(TypeError, match="a sender is str or bytes"),
    ):
        getattr(asked, method)(given)


def test_a_kind_of_text_is_text():
    """P1: a subclass gives the same verdict, first and when it is remembered."""
    with verifier() as asked:
        for _ in range(3):
            verdict = asked.verify(Text("a@bcde.example"))
            plain = asked.verify("a@bcde.example")
            assert (verdict.outcome, verdict.reply) == (plain.outcome, plain.reply)
            assert verdict.domain == plain.domain == "bcde.example"


def test_a_list_has_a_verdict_for_each(record_experiment):
    """P1: `verify_many` leaves nobody out and makes nobody up."""
    count = amount(10_000, 100_000)
    with verifier() as asked:
        verdicts = sum(1 for _ in asked.verify_many(senders(500, count)))
    assert verdicts == count
    record_experiment(
        promise="P1", what="verify_many", count=count, result="one verdict each"
    )


def test_a_client_hears_one_reply(record_experiment):
    """P1 and P2: as `smtplib` reads it."""
    count = amount(5_000, 100_000)
    with verifier() as asked:
        for given in itertools.islice(senders(600, count), count):
            octets = bytes(asked.verify(given, smtputf8=True).reply)
            assert not heard(octets), (given, octets)
    record_experiment(
        promise="P2", what="smtplib.SMTP.getreply", count=count, result="one reply each"
    )
