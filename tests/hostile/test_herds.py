"""H1, H2, H3: many who want to know the same, who give up, and whose loops end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import threading
import time

from pathlib import Path

import pytest

from senderdomain import (
    MX,
    AsyncDomainVerifier,
    DomainVerifier,
    FailureReason,
    FindingCache,
    Outcome,
    Records,
)
from senderdomain.resolvers import AsyncStubResolver
from senderdomain.testing import AsyncZoneResolver, LoopbackDNS, Zone

from .profile import amount

GOOD = Records(60, (MX(10, "mail.example"),))
SENDER = "a@d.example"


class Slow:
    """Answers after some seconds, and counts."""

    def __init__(self, seconds):
        """Begin with no question."""
        self.seconds = seconds
        self.calls = []

    def resolve(self, question, deadline):
        """Answer in a thread."""
        self.calls.append(question)
        time.sleep(self.seconds)
        return GOOD


class AsyncSlow(Slow):
    """Likewise, in a loop."""

    async def resolve(self, question, deadline):
        """Answer in a task."""
        self.calls.append(question)
        await asyncio.sleep(self.seconds)
        return GOOD


def run_all(threads):
    """Run *threads*, and let none of them outlive the test."""
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)


def test_a_herd_of_tasks_makes_one_lookup(record_experiment):
    """H1: 10,000 tasks, one cold name."""
    herd, resolver = 10_000, AsyncSlow(0.2)
    verifier = AsyncDomainVerifier(resolver)

    async def main():
        begin = time.monotonic()
        verdicts = await asyncio.gather(*(verifier.verify(SENDER) for _ in range(herd)))
        return verdicts, time.monotonic() - begin

    verdicts, seconds = asyncio.run(main())
    assert len(resolver.calls) == 1
    assert {verdict.outcome for verdict in verdicts} == {Outcome.MX}
    assert len(set(verdicts)) == 1
    assert len(verifier._core.flights) == 0
    record_experiment(
        promise="H1",
        what="tasks for one cold name, of a resolver that takes 200 ms",
        count=herd,
        result=f"1 question, the same verdict for all after {seconds * 1000:.0f} ms",
    )


def test_a_herd_of_threads_makes_one_lookup(record_experiment):
    """H1: 256 threads, one cold name."""
    herd, resolver = 256, Slow(0.2)
    verifier = DomainVerifier(resolver)
    barrier, verdicts = threading.Barrier(herd), []

    def work():
        barrier.wait()
        verdicts.append(verifier.verify(SENDER))

    run_all([threading.Thread(target=work) for _ in range(herd)])
    assert len(resolver.calls) == 1
    assert len(verdicts) == herd
    assert len(set(verdicts)) == 1
    record_experiment(
        promise="H1",
        what="threads for one cold name, of a resolver that takes 200 ms",
        count=herd,
        result="1 question, the same verdict for all",
    )


def test_a_mixed_herd_makes_one_lookup(record_experiment):
    """H1: 128 threads, and tasks in two loops, that share a cache."""
    cache, parties = FindingCache(), 130
    slow, async_slow = Slow(0.2), AsyncSlow(0.2)
    verifier = DomainVerifier(slow, cache=cache)
    twin = AsyncDomainVerifier(async_slow, cache=cache)
    barrier, verdicts = threading.Barrier(parties), []

    def in_thread():
        barrier.wait()
        verdicts.append(verifier.verify(SENDER))

    async def tasks():
        verdicts.extend(
            await asyncio.gather(*(twin.verify(SENDER) for _ in range(500)))
        )

    def in_loop():
        barrier.wait()
        asyncio.run(tasks())

    targets = [in_thread] * 128 + [in_loop] * 2
    run_all([threading.Thread(target=target) for target in targets])
    assert len(slow.calls) + len(async_slow.calls) == 1
    assert len(verdicts) == 128 + 2 * 500
    assert {(verdict.outcome, verdict.reply.code) for verdict in verdicts} == {
        (Outcome.MX, 250)
    }
    record_experiment(
        promise="H1",
        what="128 threads and 1,000 tasks in two loops for one cold name",
        count=len(verdicts),
        result="1 question, the same verdict for all",
    )


class Gate:
    """Answers, or raises, when it is told to."""

    def __init__(self, end=GOOD):
        """Begin closed; *end* is the answer, or what is raised."""
        self.end = end
        self.calls = 0
        self.open = asyncio.Event()

    async def resolve(self, question, deadline):
        """Wait, and answer."""
        self.calls += 1
        await self.open.wait()
        if isinstance(self.end, BaseException):
            raise self.end
        return self.end


def leader(waiting, draw):
    """Cancel who has begun the lookup."""
    return waiting[:1]


def half(waiting, draw):
    """Cancel half of them, whoever it is."""
    return draw.sample(waiting, len(waiting) // 2)


def all_but_one(waiting, draw):
    """Leave one, whoever it is."""
    return draw.sample(waiting, len(waiting) - 1)


def everybody(waiting, draw):
    """Leave nobody."""
    return waiting


def nobody(waiting, draw):
    """Cancel none of them."""
    return []


ENDS = [
    # who is cancelled, what the resolver ends with
    (leader, GOOD),
    (half, GOOD),
    (all_but_one, GOOD),
    (everybody, GOOD),
    (half, RuntimeError("theirs")),
    (half, asyncio.CancelledError()),
    (half, SystemExit(3)),
]


@pytest.mark.parametrize(("chosen", "end"), ENDS)
def test_who_gives_up_takes_nothing_from_the_others(
    chosen, end, record_experiment, caplog
):
    """H2: cancelled in any number, whatever the resolver does; nothing is left."""
    rounds, complaints = amount(50, 1_000), []
    draw = random.Random(2)
    caplog.set_level("CRITICAL", "senderdomain")
    served = 0

    async def begin(gate):
        verifier = AsyncDomainVerifier(gate)
        waiting = [asyncio.create_task(verifier.verify(SENDER)) for _ in range(8)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gone = chosen(waiting, draw)
        for task in gone:
            task.cancel()
        await asyncio.sleep(0)
        return verifier, [task for task in waiting if task not in gone], gone

    with contextlib.closing(asyncio.new_event_loop()) as loop:
        loop.set_exception_handler(lambda loop, context: complaints.append(context))
        for _ in range(rounds):
            gate = Gate(end)
            verifier, left, gone = loop.run_until_complete(begin(gate))
            together = loop.create_task(_ends(left + gone))
            loop.call_soon(gate.open.set)
            try:
                loop.run_until_complete(together)
            except SystemExit:  # it goes through the loop, as it would without us
                loop.run_until_complete(together)
            loop.run_until_complete(asyncio.sleep(0))
            for task in left:
                verdict = task.result()
                assert verdict.accepted if end is GOOD else verdict.deferred
                if end is not GOOD:
                    assert verdict.reason is FailureReason.RESOLVER_BUG
            assert all(task.cancelled() for task in gone)
            assert gate.calls == 1
            assert len(verifier._core.flights) == 0
            assert not asyncio.all_tasks(loop)
            served += len(left)
        del together
        gc.collect()
        loop.run_until_complete(asyncio.sleep(0))
    real = [each for each in complaints if "exception was never" in each["message"]]
    assert not real
    record_experiment(
        promise="H2",
        what=f"{chosen.__name__} of 8 cancelled, {type(end).__name__}",
        count=rounds,
        result=f"all {served:,} others served, 1 question a round, nothing left",
    )


async def _ends(tasks):
    await asyncio.wait(tasks)


def test_who_is_timed_out_takes_nothing_from_the_others(record_experiment):
    """H2: `wait_for` of some, and a verdict for the others."""
    rounds = amount(20, 1_000)

    async def one():
        gate = Gate()
        verifier = AsyncDomainVerifier(gate)
        hasty = [
            asyncio.create_task(asyncio.wait_for(verifier.verify(SENDER), 0.001))
            for _ in range(4)
        ]
        patient = [asyncio.create_task(verifier.verify(SENDER)) for _ in range(4)]
        ends = await asyncio.gather(*hasty, return_exceptions=True)
        assert {type(end) for end in ends} == {TimeoutError}
        gate.open.set()
        verdicts = await asyncio.gather(*patient)
        assert all(verdict.accepted for verdict in verdicts)
        assert gate.calls == 1
        assert len(verifier._core.flights) == 0

    async def main():
        for _ in range(rounds):
            await one()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    record_experiment(
        promise="H2",
        what="4 of 8 time out, the leader among them",
        count=rounds,
        result="the others served, 1 question a round, nothing left",
    )


def loops():
    """Tell which kinds of event loop there are."""
    yield asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        import uvloop

        yield uvloop.new_event_loop


def descriptors():
    """Count the open files of the process."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("new_loop", list(loops()), ids=lambda new: new.__module__)
def test_a_verifier_outlives_a_thousand_loops(new_loop, record_experiment):
    """H3: one after the other, over sockets; each is closed with a lookup under way."""
    rounds = amount(100, 1_000)
    zone = Zone({"d.example": {"MX": ["10 m.example."]}})
    zone.fault("dead.example", "timeout")
    with LoopbackDNS(zone) as dns:
        resolver = AsyncStubResolver([dns.server])
        cache = FindingCache()
        verifier = AsyncDomainVerifier(resolver, cache=cache)

        async def main(debug):
            loop = asyncio.get_running_loop()
            loop.set_debug(debug)
            lost = asyncio.create_task(verifier.verify("a@dead.example"))
            verdicts = [await verifier.verify(SENDER) for _ in range(2)]
            lost.cancel()
            return verdicts

        for number in range(rounds):
            with asyncio.Runner(loop_factory=new_loop) as runner:
                verdicts = runner.run(main(debug=number % 4 == 0))
            assert [verdict.outcome for verdict in verdicts] == [Outcome.MX] * 2
            assert verdicts[1].cached
            cache.clear()
            if number == 5:
                gc.collect()
                before = descriptors()
        resolver.close()
        gc.collect()
        assert descriptors() <= before
        assert len(cache.flights) <= 1  # of the last loop, until somebody asks again
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(
                _healed(AsyncDomainVerifier(AsyncZoneResolver(zone), cache=cache))
            )
        assert len(cache.flights) == 0
    record_experiment(
        promise="H3",
        what=f"event loops ({new_loop.__module__}), each closed mid-flight",
        count=rounds,
        result="all verdicts right, no socket and no lookup left",
    )


async def _healed(verifier):
    assert (await verifier.verify("a@dead.example")).deferred


def test_threads_have_loops_of_their_own(record_experiment):
    """H3: four threads, each with loops, and one verifier."""
    rounds = amount(25, 250)
    zone = Zone({f"d{n}.example": {"MX": ["10 m.example."]} for n in range(50)})
    errors = []
    with LoopbackDNS(zone) as dns:
        resolver = AsyncStubResolver([dns.server])
        verifier = AsyncDomainVerifier(resolver, cache=FindingCache(20))

        async def main():
            senders = [f"a@d{n}.example" for n in range(50)]
            verdicts = await asyncio.gather(*map(verifier.verify, senders))
            errors.extend(v for v in verdicts if v.outcome is not Outcome.MX)

        def work():
            for _ in range(rounds):
                asyncio.run(main(), debug=True)

        run_all([threading.Thread(target=work) for _ in range(4)])
        resolver.close()
    assert not errors
    record_experiment(
        promise="H3",
        what="verdicts in loops of four threads, in asyncio's debug mode",
        count=4 * 50 * rounds,
        result="all right",
    )
