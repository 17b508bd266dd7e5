"""H4, H5: threads that are switched all the time, and processes that are forked."""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
import warnings

import pytest

from senderdomain import (
    MX,
    DomainName,
    DomainVerifier,
    Failure,
    FailureReason,
    Finding,
    FindingCache,
    NxDomain,
    Outcome,
    Records,
)
from senderdomain.resolvers import StubResolver
from senderdomain.testing import LoopbackDNS, Zone

from .profile import amount

OUTCOMES = (Outcome.MX, Outcome.NXDOMAIN, Outcome.TEMPFAIL, Outcome.NODATA)


class Sound:
    """Answers by the name, with a TTL of a moment of the cache's fast clock."""

    answers = (
        Records(1, (MX(10, "m.example"),)),
        NxDomain(500),
        Failure(FailureReason.SERVFAIL),
        Records(900, (MX(10, "m.example"),)),
    )
    outcomes = (Outcome.MX, Outcome.NXDOMAIN, Outcome.TEMPFAIL, Outcome.MX)

    def resolve(self, question, deadline):
        """Answer at once."""
        return self.answers[int(question.qname[1:4]) % 4]


def check(cache):
    """Look at what must hold whenever nobody is at it."""
    with contextlib.ExitStack() as stack:
        for segments in cache._segments:
            stack.enter_context(segments.lock)
        protected = set()
        for segments in cache._segments:
            parts = [segments._failed, segments._probation, segments._protected]
            names = [name for part in parts for name in part]
            assert len(names) == len(set(names)) == len(segments)
            assert len(names) <= segments._size
            assert len(segments._failed) <= max(1, segments._most_failed)
            assert len(segments._protected) <= segments._most_protected
            inside = len(segments._probation) + len(segments._protected)
            limit = segments._size - segments._most_failed
            assert segments._room == limit - inside
            protected |= set(segments._protected)
        assert set(cache.hot) <= protected


@pytest.fixture
def _restless():
    """Let threads be switched at every opportunity."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_restless")
@pytest.mark.parametrize("size", [10, 900])
def test_threads_leave_a_sound_memory(size, record_experiment):
    """H4: 64 threads, 400 domains, TTLs of milliseconds, forgotten now and then."""
    end = time.monotonic() + amount(2, 30)

    def clock():
        return time.monotonic() * 1_000

    cache = FindingCache(size, clock=clock, jitter=0.1)
    verifier = DomainVerifier(Sound(), cache=cache)
    errors, counts = [], []

    def work(seed):
        draw, count = random.Random(seed), 0
        try:
            while time.monotonic() < end:
                n = draw.randrange(400)
                verdict = verifier.verify_domain(f"d{n:03}.example")
                assert verdict.outcome is Sound.outcomes[n % 4] or (
                    verdict.reason is FailureReason.RESOLVER_BUG
                )
                if draw.random() < 0.001:
                    cache.clear()
                if draw.random() < 0.1:
                    name = DomainName(f"d{n:03}.example")
                    cache.put(Finding(name, Sound.outcomes[n % 4], ttl=n % 3))
                count += 1
        except BaseException as error:  # noqa: BLE001 - any is a failure
            errors.append(error)
        counts.append(count)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(64)]
    for thread in threads:
        thread.start()
    looks = 0
    while time.monotonic() < end:
        check(cache)
        looks += 1
        time.sleep(0.2)
    for thread in threads:
        thread.join(30)
    assert not errors
    check(cache)
    assert len(verifier._core.flights) == 0
    record_experiment(
        promise="H4",
        what=f"verdicts of 64 threads, a memory for {size}, switched every 1 us",
        count=sum(counts),
        result=f"0 exceptions, all right; the memory sound each of {looks} times",
    )


def reap(child, reader, seconds=20.0):
    """Get what *child* writes; end it if it hangs."""
    ready, _, _ = select.select([reader], [], [], seconds)
    text = os.read(reader, 4096).decode() if ready else ""
    os.close(reader)
    if not ready:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return text, os.waitstatus_to_exitcode(status)


def forked(work):
    """Do *work* in a child; get the text that it returns, and its exit code."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads and fork
        child = os.fork()
    if child == 0:
        code = 1
        try:
            os.write(writer, work().encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    return reap(child, reader)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_children_of_busy_parents_get_on(record_experiment):
    """H5: forked while 16 threads verify; no hang, no socket of the parent's."""
    children = amount(30, 200)
    zone = Zone({f"d{n}.example": {"MX": ["10 m.example."]} for n in range(400)})
    stop, errors = threading.Event(), []
    with LoopbackDNS(zone) as dns:
        resolver = StubResolver([dns.server])
        verifier = DomainVerifier(resolver, cache=FindingCache(64))

        def busy(seed):
            draw = random.Random(seed)
            while not stop.is_set():
                verdict = verifier.verify(f"a@d{draw.randrange(400)}.example")
                if verdict.outcome is not Outcome.MX:
                    errors.append(verdict)

        def in_child():
            verdicts = [verifier.verify(f"a@d{n}.example") for n in range(0, 400, 40)]
            return ",".join(verdict.outcome.name for verdict in verdicts)

        threads = [threading.Thread(target=busy, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        try:
            ends = [forked(in_child) for _ in range(children)]
        finally:
            stop.set()
            for thread in threads:
                thread.join(30)
        resolver.close()
    assert ends == [(",".join(["MX"] * 10), 0)] * children
    assert not errors
    record_experiment(
        promise="H5",
        what="children forked while 16 threads verify over sockets, 10 verdicts each",
        count=children,
        result="0 hangs, all right, in parent and child",
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_draws_numbers_of_its_own(record_experiment):
    """H5: the IDs of its questions are not those that the parent will draw."""
    seen = []

    class Watching(Zone):
        def play(self, wire, **more):
            seen.append(bytes(wire[:2]))
            return super().play(wire, **more)

    children = amount(20, 100)
    zone = Watching({f"d{n}.example": {"MX": ["10 m.example."]} for n in range(32)})
    with LoopbackDNS(zone) as dns:
        resolver = StubResolver([dns.server])
        verifier = DomainVerifier(resolver, cache=FindingCache(1))

        def ask():
            for n in range(16):
                assert verifier.verify(f"a@d{n}.example").outcome is Outcome.MX
            return "done"

        ask()
        start = len(seen)
        for _ in range(children):
            assert forked(ask) == ("done", 0)
        ask()
        resolver.close()
    runs = [tuple(seen[n : n + 16]) for n in range(start, len(seen), 16)]
    assert len(runs) == children + 1
    assert len(set(runs)) == len(runs)
    record_experiment(
        promise="H5",
        what="children, and the IDs of their first 16 questions",
        count=children,
        result="all sequences differ, from the parent's too",
    )


SPAWN = """
import multiprocessing
import sys

from senderdomain import DomainVerifier
from senderdomain.testing import ZoneResolver


def judge(sender):
    resolver = ZoneResolver({"d.example": {"MX": ["10 m.example."]}})
    return DomainVerifier(resolver).verify(sender)


if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        verdicts = pool.map(judge, ["a@d.example", "a@gone.example"] * 8)
        print(*(verdict.reply.code for verdict in verdicts))
        try:
            pool.apply(judge, (DomainVerifier(ZoneResolver({})),))
        except TypeError as error:
            print(error)
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_verdicts_travel_between_processes(method, tmp_path, record_experiment):
    """H5: a verifier in each process; verdicts come back, verifiers cannot go."""
    script = tmp_path / "judging.py"
    script.write_text(SPAWN)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), method],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    codes, refusal = done.stdout.splitlines()
    assert codes.split() == ["250", "501"] * 8
    assert "make one in each process" in refusal
    record_experiment(
        promise="H5",
        what=f"verdicts that came back from other processes, by {method}",
        count=16,
        result="all right; a verifier refuses to be sent",
    )
