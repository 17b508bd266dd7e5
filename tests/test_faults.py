"""
The catalogue of faults over real sockets, through both verifiers.

Every fault has the outcome that is expected of it, whoever asks; none of them raises,
and none that may pass costs anybody mail.
"""

from __future__ import annotations

import asyncio
import time

from collections import Counter
from dataclasses import replace

import pytest

from senderdomain import (
    AsyncDomainVerifier,
    Depth,
    DomainVerifier,
    Outcome,
)
from senderdomain.resolvers import StubResolver, Timing
from senderdomain.testing import CATALOGUE, SENDER, LoopbackDNS, ZoneResolver
from senderdomain.testing._catalogue._stages import PlugInResolver, Served

from .conftest import FAULT_TABLE

# Seconds; those of production would do as well, and take ten times as long.
DEADLINE = 0.4
TIMING = Timing(attempt_timeout=0.08)

# Seconds after its deadline by which a verdict must be there, and how often a machine
# that was busy with something else may miss it: what is late by design is late always.
GRACE = 0.1
TRIES = 4


def ask(case):
    """Verify in a thread."""
    with case.opened(TIMING) as opened:
        verifier = DomainVerifier(
            opened.resolver(), deadline=DEADLINE, depth=case.depth
        )
        if isinstance(opened, PlugInResolver):
            opened.verifier = verifier
        start = time.monotonic()
        return verifier.verify(SENDER), time.monotonic() - start


def ask_in_loop(case):
    """Verify in a task."""

    async def main():
        with case.opened(TIMING) as opened:
            verifier = AsyncDomainVerifier(
                opened.async_resolver(), deadline=DEADLINE, depth=case.depth
            )
            if isinstance(opened, PlugInResolver):
                opened.verifier = verifier
            start = time.monotonic()
            return await verifier.verify(SENDER), time.monotonic() - start

    return asyncio.run(main())


def in_time(ask, case):
    """Ask, and once more if it took too long."""
    for _ in range(TRIES):
        verdict, elapsed = ask(case)
        if elapsed <= DEADLINE + GRACE or case.may_be_late:
            break
    else:
        pytest.fail(f"{case.id} took {elapsed:.3f} s, {TRIES} times in a row")
    return verdict, elapsed


@pytest.mark.parametrize("case", CATALOGUE, ids=lambda case: case.id)
def test_a_fault_has_its_outcome(case, caplog):
    """In a thread and in a task, over real sockets, in time, and mailing nobody 5yz."""
    if case.raises is not None:
        for each in (ask, ask_in_loop):
            with pytest.raises(case.raises):
                each(case)
        FAULT_TABLE[case.id] = case, case.raises.__name__, case.raises.__name__, 0, ()
        return
    verdict, elapsed = in_time(ask, case)
    twin, twin_elapsed = in_time(ask_in_loop, case)
    for each in (verdict, twin):
        assert each.outcome is case.outcome
        assert case.reason in (None, each.reason)
        heard = len(each.finding.evidence)
        if case.depth is Depth.EXISTS or each.outcome is Outcome.UNUSABLE_MX:
            assert heard == case.questions
        else:  # the first usable exchange ends it, whichever answer comes first
            assert 1 < heard <= case.questions
        assert case.ttl in (None, each.ttl)
        assert each.deferred is (case.outcome is Outcome.TEMPFAIL)
    assert twin.ttl == verdict.ttl
    assert bytes(twin.reply) == bytes(verdict.reply)
    FAULT_TABLE[case.id] = (
        case,
        shown(verdict),
        shown(twin),
        len(verdict.finding.evidence),
        (elapsed, twin_elapsed),
    )


def shown(verdict):
    """Write outcome and reason."""
    reason = f" {verdict.reason.value}" if verdict.reason else ""
    return f"{verdict.outcome.name}{reason}"


SERVED = [
    case
    for case in CATALOGUE
    if isinstance(case.stage, Served)
    and case.stage == replace(case.stage, tcp=True)
    # What only a socket can show.
    and case.stage.servers == Served().servers
]


@pytest.mark.parametrize("case", SERVED, ids=lambda case: case.id)
def test_a_fault_is_the_same_in_memory(case):
    """Without the sockets, and without the waiting."""
    resolver = ZoneResolver(case.stage.zone())
    settings = {"deadline": DEADLINE, "depth": case.depth}
    verdict = DomainVerifier(resolver, **settings).verify(SENDER)
    assert verdict.outcome is case.outcome
    assert case.reason in (None, verdict.reason)
    assert len(resolver.questions) == case.questions
    assert case.ttl in (None, verdict.ttl)


def test_the_catalogue_is_complete():
    """124 faults, in order, each with a name of its own."""
    kinds = Counter(case.id[0] for case in CATALOGUE)
    assert kinds == {"R": 14, "N": 16, "M": 24, "C": 14, "W": 26, "X": 20, "P": 10}
    assert [case.id for case in CATALOGUE] == [
        f"{kind}{number:02}" for kind in kinds for number in range(1, kinds[kind] + 1)
    ]
    assert len({case.about for case in CATALOGUE}) == 124


def test_only_a_fault_of_the_network_asks_again():
    """No more than three times each, whatever comes (RFC 9520, section 3.1)."""
    for case in SERVED:
        with LoopbackDNS(case.stage.zone()) as dns:
            resolver = StubResolver([dns.server], timing=TIMING)
            settings = {"deadline": DEADLINE, "depth": case.depth}
            DomainVerifier(resolver, **settings).verify(SENDER)
            resolver.close()
        assert len(dns.asked) == case.questions, case.id
        # Over UDP; and once over TCP.
        assert max(dns.asked.values()) <= 3 + 1, case.id


def test_a_resolver_that_blocks_the_event_loop_is_told_on(caplog):
    """All else in the loop stands still meanwhile."""
    (case,) = [case for case in CATALOGUE if case.about == "blocks"]
    ask_in_loop(case)
    (record,) = [r for r in caplog.records if r.name == "senderdomain"]
    assert "resolve blocked the event loop for 0." in record.getMessage()
