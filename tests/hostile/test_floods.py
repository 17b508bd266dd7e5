"""C3, C4, C5: what a flood of names can take from the others, and from the machine."""

from __future__ import annotations

import gc
import itertools
import random
import time
import tracemalloc

import pytest

from senderdomain import (
    MX,
    DomainName,
    FailureReason,
    Finding,
    FindingCache,
    Outcome,
    Question,
    Records,
    RecordType,
)
from senderdomain.testing import SettableClock

from .profile import amount

WORST = 5e6  # ns of CPU, as promised; some 0.3e6 is what was seen

FLOODS = [
    # to each honest sender, what is found out about the flood's names
    (10, Outcome.NXDOMAIN),
    (10, Outcome.MX),
    (50, Outcome.NXDOMAIN),
    (50, Outcome.MX),
    (50, Outcome.TEMPFAIL),
]


class Traffic:
    """
    Honest senders, of domains as popular as Zipf has it, and a flood among them.

    Attributes:
        hits: How many honest ones were remembered.
    """

    def __init__(self, capacity, domains):
        """Begin with an empty memory for *capacity* of five times as many domains."""
        self.draw = random.Random(13)
        self.clock = SettableClock()
        self.cache = FindingCache(capacity, clock=self.clock, jitter=0.1)
        self.names = [DomainName(f"honest{n}.example") for n in range(domains)]
        self.weights = list(itertools.accumulate(1 / n for n in range(1, domains + 1)))
        self.flood = itertools.count()

    def see(self, domain, outcome):
        """Let a sender of *domain* come in, as a verifier does it."""
        cache = self.cache
        known = cache.hot.get(domain)
        if known is not None and known.expires > self.clock.now:
            return True
        if cache.get(domain) is not None:
            return True
        reason = FailureReason.TIMEOUT if outcome is Outcome.TEMPFAIL else None
        ttl = 0 if reason else 3_600
        cache.put(Finding(domain, outcome, reason, ttl))
        return False

    def rate(self, honest, ratio=0, outcome=Outcome.NXDOMAIN):
        """Tell the share of *honest* senders whose domain was remembered."""
        hits = 0
        for name in self.draw.choices(self.names, cum_weights=self.weights, k=honest):
            self.clock.now += 0.001
            hits += self.see(name, Outcome.MX)
            for _ in range(ratio):
                self.see(DomainName(f"x{next(self.flood)}.evil.example"), outcome)
        return hits / honest


def traffic(flood=None):
    """Warm a memory up, and tell the rate in the next spell, with a *flood* or not."""
    capacity = amount(2_000, 10_000)
    spell = amount(8_000, 100_000)
    world = Traffic(capacity, 5 * capacity)
    world.rate(10 * capacity)
    return world.rate(spell, *(flood or ()))


@pytest.fixture(scope="module")
def quiet():
    """Tell the rate without a flood."""
    return traffic()


@pytest.mark.parametrize(("ratio", "outcome"), FLOODS)
def test_a_flood_does_not_push_out_who_is_honest(
    quiet, ratio, outcome, record_experiment
):
    """C3: at least 70 % of the honest are remembered, and at most 8 points fewer."""
    rate = traffic((ratio, outcome))
    assert rate >= 0.7
    assert rate >= quiet - 0.08
    record_experiment(
        promise="C3",
        what=f"{ratio} new names ({outcome.name}) to each honest sender, all the time",
        count=amount(8_000, 100_000) * (ratio + 1),
        result=f"{rate:.1%} of the honest are remembered, {quiet:.1%} without a flood",
    )


def test_a_failure_pushes_out_nothing_that_was_found():
    """An outage must not take what can be used stale in it."""
    clock = SettableClock()
    cache = FindingCache(160, clock=clock)
    names = [DomainName(f"d{n}.example") for n in range(150)]
    for name in names:
        cache.put(Finding(name, Outcome.MX, ttl=60))
    clock.advance(61)
    for n in range(1_000):
        name = DomainName(f"x{n}.example")
        cache.put(Finding(name, Outcome.TEMPFAIL, FailureReason.TIMEOUT))
    assert len(cache) == 160
    for name in names:
        failed = Finding(name, Outcome.TEMPFAIL, FailureReason.TIMEOUT)
        assert cache.put(failed).stale


def worst(work, arguments):
    """Do *work* for each of *arguments*; tell the CPU ns of the longest one."""
    clock = time.thread_time_ns
    longest = 0
    gc.collect()
    gc.disable()
    try:
        for argument in arguments:
            begin = clock()
            work(argument)
            longest = max(longest, clock() - begin)
    finally:
        gc.enable()
    return longest


def test_nobody_waits_while_many_expire(record_experiment):
    """C4: 65,536 expire at once; then new ones push others out, and all are renewed."""
    size = 65_536
    clock = SettableClock()
    cache = FindingCache(size, clock=clock)

    def named(prefix, count, outcome=Outcome.MX):
        return [
            Finding(DomainName(f"{prefix}{n}.example"), outcome, ttl=300)
            for n in range(count)
        ]

    first = named("d", size)
    longest = {"filled": worst(cache.put, first)}
    longest["used"] = worst(cache.get, [finding.domain for finding in first])
    clock.advance(301)
    longest["asked when all had expired"] = worst(
        cache.get, [finding.domain for finding in first]
    )
    longest["renewed when all had expired"] = worst(cache.put, first)
    storm = named("x", amount(100_000, 1_000_000), Outcome.NXDOMAIN)
    longest["pushed out"] = worst(cache.put, storm)
    longest["forgotten"] = worst(
        cache.put, [Finding(finding.domain, Outcome.MX) for finding in first]
    )
    assert max(longest.values()) <= WORST, longest
    shown = ", ".join(f"{what} {ns / 1e6:.2f}" for what, ns in longest.items())
    record_experiment(
        promise="C4",
        what="single operations on a memory for 65,536",
        count=5 * size + len(storm),
        result=f"the longest, ms of CPU: {shown}",
    )


D = DomainName("d.example")


@pytest.mark.parametrize("size", [65_536])
def test_a_domain_costs_little_whatever_was_answered(size, record_experiment):
    """C5: 512 octets each at the most, with answers of 64 KiB."""
    huge = Records(300, tuple(MX(n, "x" * 60) for n in range(500)))
    question = Question(D, RecordType.MX)
    clock = SettableClock()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        cache = FindingCache(size, clock=clock, jitter=0.1)
        for n in range(size + size // 8):
            clock.now += 0.001
            name = DomainName(f"{n:x}.some-domain.example")
            evidence = ((question, Records(300, huge.rrset[: 1 + n % 500])),)
            cache.put(Finding(name, Outcome.MX, None, 300 + n % 4, evidence))
            cache.get(name)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    each, whole = (after - before) / len(cache), (after - before) / 2**20
    assert len(cache) >= 0.9 * size
    assert each <= 512
    assert whole <= 32
    record_experiment(
        promise="C5",
        what="domains seen twice, after hostile answers",
        count=len(cache),
        result=f"{each:.0f} octets each, name and all; {whole:.1f} MiB",
    )
