"""M1, M2: nothing grows, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import itertools
import socket
import threading

from pathlib import Path

from senderdomain import (
    MX,
    AsyncDomainVerifier,
    DomainVerifier,
    Failure,
    FailureReason,
    FindingCache,
    Outcome,
    Records,
)
from senderdomain.resolvers import AsyncStubResolver, StubResolver

from .profile import amount

PAGE = 4096
GOOD = Records(3_000, (MX(10, "m.example"),))
BAD = Failure(FailureReason.SERVFAIL)
THREADS = 8
HOT = 2_000


def resident():
    """Tell how much memory the process has, in MiB."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def descriptors():
    """Count the open files of the process."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Faulty:
    """A tenth of all names fails."""

    def resolve(self, question, deadline):
        """Answer at once."""
        return BAD if question.qname[1] == "7" else GOOD


class AsyncFaulty(Faulty):
    """Likewise, in a loop."""

    async def resolve(self, question, deadline):
        """Answer at the next opportunity."""
        return BAD if question.qname[1] == "7" else GOOD


NUMBERS = itertools.count()


def strangers(count):
    """Make up senders whom nobody has seen; a tenth of their domains begin with d7."""
    numbers = itertools.islice(NUMBERS, count)
    return [f"a@d{n % 10}{n}.example" for n in numbers]


class Soak:
    """Verifiers that share nothing, and what they have done so far."""

    def __init__(self, server):
        """Begin with empty memories."""
        self.stub, self.async_stub = StubResolver([server]), AsyncStubResolver([server])
        caches = [FindingCache(10_000) for _ in range(4)]
        self.verifier = DomainVerifier(Faulty(), cache=caches[0])
        self.twin = AsyncDomainVerifier(AsyncFaulty(), cache=caches[1])
        self.real = DomainVerifier(self.stub, cache=caches[2])
        self.real_twin = AsyncDomainVerifier(self.async_stub, cache=caches[3])
        self.known = [f"a@ho{n}.example" for n in range(HOT)]
        self.faces = (self.verifier, self.twin, self.real, self.real_twin)
        self.wrong = []
        self.done = 0

    def judge(self, verdicts):
        """Note verdicts that are not right."""
        for verdict in verdicts:
            self.done += 1
            failed = verdict.sender.startswith("a@d7")
            if verdict.outcome is not (Outcome.TEMPFAIL if failed else Outcome.MX):
                self.wrong.append(verdict)

    def in_threads(self, cached, distinct):
        """Verify in threads, *cached* known ones, and others once each."""
        every = strangers(distinct)
        lock = threading.Lock()

        def work(number):
            verify = self.verifier.verify
            verdicts = list(map(verify, every[number::THREADS]))
            known = itertools.islice(itertools.cycle(self.known), cached // THREADS)
            good = sum(verify(sender).outcome is Outcome.MX for sender in known)
            with lock:
                self.judge(verdicts)
                self.done += good

        threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    async def in_loop(self, cached, distinct):
        """Likewise, in tasks."""
        verify = self.twin.verify
        every = strangers(distinct)
        for begin in range(0, distinct, 100):
            batch = every[begin : begin + 100]
            self.judge(await asyncio.gather(*map(verify, batch)))
        for sender in itertools.islice(itertools.cycle(self.known), cached):
            self.done += (await verify(sender)).outcome is Outcome.MX

    async def over_sockets(self, distinct):
        """Likewise, over real sockets, in lists."""
        every = strangers(distinct)
        self.judge(self.real.verify_many(every[: distinct // 2]))
        async for verdict in self.real_twin.verify_many(every[distinct // 2 :]):
            self.judge([verdict])
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def spell(self, cached, distinct, wired):
        """Do some of everything."""
        self.in_threads(cached // 2, distinct // 2)
        asyncio.run(self.in_loop(cached // 2, distinct // 2))
        asyncio.run(self.over_sockets(wired))

    def close(self):
        """Close the sockets."""
        self.stub.close()
        self.async_stub.close()


class Server(threading.Thread):
    """A DNS server that keeps nothing: an MX for every name, and a tenth fails."""

    def __enter__(self):
        """Begin to answer."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.start()
        return self

    def __exit__(self, *exc):
        """End."""
        self.socket.sendto(b"", self.socket.getsockname())
        self.join()
        self.socket.close()

    @property
    def name_and_port(self):
        """Where it is, as resolvers want it."""
        host, port = self.socket.getsockname()
        return f"{host}:{port}"

    def run(self):
        """Answer until an empty message comes in."""
        while True:
            query, client = self.socket.recvfrom(512)
            if not query:
                return
            question = query[12 : query.index(b"\0", 12) + 5]
            if query[13:15].lower() == b"d7":
                answer = query[:2] + b"\x81\x82\0\1\0\0\0\0\0\0" + question
            else:
                answer = query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question
                answer += b"\xc0\x0c\0\x0f\0\1\0\0\x0b\xb8\0\6\0\x0a\1m\xc0\x0c"
            self.socket.sendto(answer, client)


def test_nothing_grows(record_experiment):
    """M1, M2: memory after the first spell and the last; files, threads, tasks."""
    cached = amount(2_000_000, 20_000_000)
    distinct = amount(100_000, 1_000_000)
    wired = amount(10_000, 100_000)
    spells, limit = amount(5, 20), amount(4, 8)
    garbage, threads = len(gc.garbage), threading.active_count()
    files = descriptors()
    with Server() as server:
        soak = Soak(server.name_and_port)
        sizes = []
        for _ in range(spells):
            soak.spell(cached // spells, distinct // spells, wired // spells)
            sizes.append(resident())
        busy = descriptors()
        soak.close()
    del server
    gc.collect()
    assert not soak.wrong
    assert soak.done == cached + distinct + wired
    assert max(sizes[1:]) - sizes[0] <= limit, sizes
    assert busy <= files + 40
    assert descriptors() <= files
    assert threading.active_count() == threads
    assert len(gc.garbage) == garbage
    for face in soak.faces:
        assert len(face._core.flights) == 0
    record_experiment(
        promise="M1",
        what=f"verdicts: {cached:,} cached, {distinct + wired:,} distinct"
        f" ({wired:,} over sockets), a tenth of them failures",
        count=soak.done,
        result=f"{max(sizes[1:]) - sizes[0]:+.1f} MiB after the first {1 / spells:.0%};"
        f" no file, thread, task or garbage left",
    )
