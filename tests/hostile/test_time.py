"""C1, C2, O4, K1: how long anything is believed, whatever TTLs and clocks say."""

from __future__ import annotations

import contextlib
import itertools
import random
import struct
import time

from unittest import mock

import pytest

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stepping import advance

from senderdomain import (
    MX,
    DomainName,
    DomainVerifier,
    Failure,
    FailureReason,
    FindingCache,
    NoData,
    NxDomain,
    Outcome,
    Question,
    Records,
)
from senderdomain._lookup import lookup
from senderdomain._remembered import (
    FIRST_BACK_OFF,
    MAX_NEGATIVE_TTL,
    MAX_STALE,
    MAX_TTL,
)
from senderdomain._wire import decode
from senderdomain.resolvers import StubResolver
from senderdomain.testing import LoopbackDNS, SettableClock, Zone

from .profile import amount

D = DomainName("d.example")
NAME = b"\1d\7example\0"
POSITIVE = {Outcome.MX, Outcome.IMPLICIT_MX}
GOOD = Records(60, (MX(10, "mail.d.example"),))


def message(rcode, qtype, ttls, rdata, soa):
    """Write a DNS message by hand: records of one type with *ttls*, and a SOA."""
    records = [
        NAME + struct.pack("!HHIH", qtype, 1, ttl, len(rdata)) + rdata for ttl in ttls
    ]
    authority = []
    if soa is not None:
        ttl, minimum = soa
        body = b"\2ns\xc0\x0c\0" + struct.pack("!5I", 1, 2, 3, 4, minimum)
        authority = [NAME + struct.pack("!HHIH", 6, 1, ttl, len(body)) + body]
    counts = (1, len(records), len(authority), 0)
    head = struct.pack("!HHHHHH", 0x2A2A, 0x8180 | rcode, *counts)
    return head + NAME + struct.pack("!HH", qtype, 1) + b"".join(records + authority)


TTL = st.one_of(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 1, 299, 300, 301, 3599, 3600, 3601, 2**31 - 1, 2**31]),
    st.just(2**32 - 1),
)
SOA = st.one_of(st.none(), st.tuples(TTL, TTL))


@st.composite
def worlds(draw):
    """Draw answers to MX, A and AAAA; tell what must come of them, and for how long."""
    kind = draw(st.sampled_from(["mx", "a", "aaaa", "nothing", "missing", "failure"]))
    ttls = draw(st.lists(TTL, min_size=1, max_size=4))
    soas = [draw(SOA) for _ in range(3)]
    lives = [0 if soa is None else min(soa) for soa in soas]
    mx, a, aaaa = (
        message(0, qtype, [], b"", soa) for qtype, soa in zip((15, 1, 28), soas)
    )
    life = min(ttls)
    if kind == "mx":
        mx = message(0, 15, ttls, b"\0\x0a\1m" + NAME, None)
        return [mx], Outcome.MX, min(life, MAX_TTL)
    if kind == "a":
        a = message(0, 1, ttls, b"\xc0\0\2\1", None)
        return [mx, a], Outcome.IMPLICIT_MX, min(lives[0], life, MAX_TTL)
    if kind == "aaaa":
        aaaa = message(0, 28, ttls, b"\x20" * 16, None)
        return [mx, a, aaaa], Outcome.IMPLICIT_MX, min(*lives[:2], life, MAX_TTL)
    if kind == "nothing":
        return [mx, a, aaaa], Outcome.NODATA, min(*lives, MAX_NEGATIVE_TTL)
    if kind == "missing":
        mx = message(3, 15, [], b"", soas[0])
        return [mx], Outcome.NXDOMAIN, min(lives[0], MAX_NEGATIVE_TTL)
    return [message(2, 15, [], b"", None)], Outcome.TEMPFAIL, FIRST_BACK_OFF


def found(messages):
    """Look up what *messages* answer."""
    steps = lookup(D)
    step = advance(steps)
    for each in messages:
        assert isinstance(step, Question)
        step = advance(steps, decode(each, step))
    return step


def test_nothing_is_believed_for_longer_than_it_says(record_experiment):
    """C1: the least TTL of all, within our limits; jitter takes a tenth at the most."""
    count = [0]

    @settings(max_examples=amount(2_000, 100_000))
    @given(worlds(), st.sampled_from([0.0, 0.1]), st.floats(0, 10**6))
    def check(world, jitter, now):
        messages, outcome, life = world
        clock = SettableClock(now)
        cache = FindingCache(clock=clock, jitter=jitter)
        finding = found(messages)
        assert finding.outcome is outcome
        used = cache.put(finding)
        assert used.ttl == (0 if outcome is Outcome.TEMPFAIL else life)
        early = jitter * life
        late = jitter * life if outcome is Outcome.TEMPFAIL else 0
        if life - early - 2 > 0:
            clock.now = now + life - early - 1.001
            known = cache.get(D)
            assert known.outcome is outcome
            assert 0 <= known.ttl <= 2 + early
        clock.now = now + life + late + 0.001
        assert cache.get(D) is None
        count[0] += 1

    check()
    record_experiment(
        promise="C1",
        what="messages with any TTLs, through decoder, lookup and cache",
        count=count[0],
        result="life of each as the least TTL and the limits have it",
    )


class Proven:
    """A resolver that says what it is told to, and keeps when it has proven what."""

    def __init__(self, clock):
        """Begin with a domain that exists."""
        self.clock = clock
        self.answer = GOOD
        self.denied_until = -1.0
        self.existed_until = -1.0

    def resolve(self, question, deadline):
        """Give the answer; note until when it is proof."""
        answer = self.answer
        now = self.clock()
        if isinstance(answer, Records) and answer.usable:
            self.existed_until, self.denied_until = now + answer.ttl, -1.0
        elif not isinstance(answer, Failure):
            self.denied_until, self.existed_until = now + answer.ttl, -1.0
        return answer


ANSWERS = [
    lambda draw: Records(draw.choice([0, 1, 60, 9_999]), (MX(10, "m.example"),)),
    lambda draw: NxDomain(draw.choice([0, 1, 60, 9_999])),
    lambda draw: NoData(draw.choice([0, 1, 60, 9_999])),
    lambda draw: Records(draw.choice([0, 1, 60, 9_999]), (MX(0, ""),)),
    lambda draw: Failure(draw.choice(list(FailureReason))),
    lambda draw: Failure(FailureReason.TIMEOUT),
    lambda draw: Failure(FailureReason.SERVFAIL),
]


def test_stale_findings_never_reject(record_experiment):
    """O4: a rejection rests on a proof that is still good; stale use ends in a day."""
    draw = random.Random(4)
    histories = amount(1_000, 10_000)
    seen = {"stale": 0, "rejected": 0, "deferred": 0}
    for _ in range(histories):
        clock = SettableClock(draw.uniform(0, 10**6))
        resolver = Proven(clock)
        cache = FindingCache(clock=clock, jitter=draw.choice([0.0, 0.1]))
        verifier = DomainVerifier(resolver, cache=cache)
        for _ in range(20):
            clock.advance(draw.choice([0, 0.5, 5, 31, 61, 400, 4_000, 90_000]))
            resolver.answer = draw.choice(ANSWERS)(draw)
            verdict = verifier.verify("a@d.example")
            if verdict.rejected:
                assert clock() <= resolver.denied_until
                assert not verdict.finding.stale
            if verdict.finding.stale:
                assert verdict.accepted
                assert verdict.outcome in POSITIVE
                assert clock() < resolver.existed_until + MAX_STALE
                assert verdict.ttl == 0
            seen["stale"] += verdict.finding.stale
            seen["rejected"] += verdict.rejected
            seen["deferred"] += verdict.deferred
    assert min(seen.values()) > histories / 10
    record_experiment(
        promise="O4",
        what=f"histories of 20 verdicts; {seen['stale']:,} stale ones",
        count=histories,
        result=f"0 stale rejections; all {seen['rejected']:,} rest on a fresh denial",
    )


STEPS = [s * n for s in (1, -1) for n in (1, 3_600, 86_400, 50 * 365.25 * 86_400)]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_a_step_of_the_wall_clock_changes_nothing(step, when, record_experiment):
    """K1: over a socket, and remembered."""
    real, offset = time.time, [0.0]
    steady, readings = time.monotonic, []

    def stepped():
        return real() + offset[0]

    def monotonic():
        readings.append(steady())
        return readings[-1]

    class Stepping(Zone):
        def play(self, *given, **more):
            if when == "during":
                offset[0] = step
            return super().play(*given, **more)

    zone = Stepping({"d.example": {"MX": ["10 m.example."]}})
    with (
        mock.patch("time.time", stepped),
        LoopbackDNS(zone) as dns,
        contextlib.closing(StubResolver([dns.server])) as resolver,
    ):
        if when == "before":
            offset[0] = step
        verifier = DomainVerifier(resolver)
        with mock.patch("time.monotonic", monotonic):
            cold = verifier.verify("a@d.example")
        if when == "after":
            offset[0] = step
        warm = verifier.verify("a@d.example")
    assert offset[0] == step
    assert (cold.outcome, cold.cached) == (Outcome.MX, False)
    assert (warm.outcome, warm.cached) == (Outcome.MX, True)
    assert 0.85 * cold.ttl <= warm.ttl <= cold.ttl
    assert cold.elapsed in {b - a for a, b in itertools.combinations(readings, 2)}
    record_experiment(
        promise="K1",
        what=f"the wall clock steps by {step:+,.0f} s {when} a lookup",
        count=1,
        result="verdict, TTL and deadline as without",
    )


@pytest.mark.parametrize("answer", [GOOD, NxDomain(60), Failure(FailureReason.TIMEOUT)])
def test_a_machine_that_was_suspended_goes_on(answer, record_experiment):
    """K1: the monotonic clock leaps by 8 h, during a lookup and between two."""
    real, gap = time.monotonic, [0.0]

    class Suspends:
        def resolve(self, question, deadline):
            gap[0] += 8 * 3600
            return answer

    def leaping():
        return real() + gap[0]

    with mock.patch("time.monotonic", leaping):
        cache = FindingCache()
        verifier = DomainVerifier(Suspends(), cache=cache)
        verdicts = [verifier.verify("a@d.example") for _ in range(2)]
        gap[0] += 8 * 3600
        verdicts.append(verifier.verify("a@d.example"))
    for verdict in verdicts:
        assert not verdict.rejected or isinstance(answer, NxDomain)
        assert not verdict.accepted or answer is GOOD
    assert len(verifier._core.flights) == 0
    record_experiment(
        promise="K1",
        what=f"suspended for 8 h while a {type(answer).__name__} is waited for",
        count=1,
        result="a verdict each, nothing left under way",
    )


def test_jitter_spreads_what_came_in_together(record_experiment):
    """A17: a herd that was remembered in one second does not leave in one."""
    clock = SettableClock()
    cache = FindingCache(clock=clock, jitter=0.1)
    names = [DomainName(f"d{n}.example") for n in range(3_000)]
    for name in names:
        finding = found([message(0, 15, [300], b"\0\x0a\1m" + NAME, None)])
        finding.domain = name
        cache.put(finding)
    gone, before = [], len(names)
    for _ in range(31):
        clock.now = 1_000 + 270 + len(gone)
        left = sum(cache.get(name) is not None for name in names)
        gone.append(before - left)
        before = left
    assert sum(gone) == len(names)
    assert max(gone) < len(names) / 10
    assert len({id(known) for known in cache.hot.values()}) <= 31  # shared all the same
    record_experiment(
        promise="A17",
        what="domains remembered in the same second for 300 s",
        count=len(names),
        result=f"gone over 30 s, {max(gone)} in one second at the most",
    )
