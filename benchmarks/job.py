"""
What one contender has to do, and the clock around it.

Owns      the shape of a job and of its result, and what is timed.
Knows not contenders.
"""

from __future__ import annotations

import asyncio
import resource
import threading
import time

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from .processes import forget_most_memory, most_memory
from .truth import Name

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class Job:
    """
    One list of names for one contender.

    Attributes:
        port: The server, on 127.0.0.1.
        names: What is timed.
        warming: Names for before that, so that imports and first sockets are done.
        in_flight: Lookups under way at the most; threads, where those are counted.
        wall: Seconds, once it has been `timed`.
        cpu: Seconds of processor time of this process, user and system, likewise.
        grown: Octets of memory that came on top meanwhile, at the most.
    """

    port: int
    names: Sequence[Name]
    warming: Sequence[Name]
    in_flight: int = 1
    wall: float = field(default=0.0, init=False)
    cpu: float = field(default=0.0, init=False)
    grown: int = field(default=0, init=False)

    @property
    def server(self) -> str:
        """Address and port, as most libraries read it."""
        return f"127.0.0.1:{self.port}"

    @property
    def addresses(self) -> list[str]:
        """A sender at each name."""
        return [name.address for name in self.names]

    @property
    def domains(self) -> list[str]:
        """The names as text."""
        return [name.domain for name in self.names]

    @property
    def warming_in_flight(self) -> int:
        """Lookups under way while it warms up."""
        return min(self.in_flight, 10)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time what is done inside."""
        memory = forget_most_memory()
        cpu = _cpu()
        wall = time.perf_counter()
        yield
        self.wall = time.perf_counter() - wall
        self.cpu = _cpu() - cpu
        self.grown = most_memory() - memory


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def in_tasks(
    judge: Callable[[T], Awaitable[R]], items: Sequence[T], in_flight: int
) -> list[R]:
    """Judge *items* in *in_flight* tasks that each take one after the other."""
    said: dict[int, R] = {}
    left = iter(enumerate(items))

    async def work() -> None:
        for number, item in left:
            said[number] = await judge(item)

    await asyncio.gather(*[work() for _ in range(in_flight)])
    return [said[number] for number in range(len(items))]


async def judged_in_tasks(
    job: Job, judge: Callable[[str], Awaitable[R]], *, senders: bool
) -> list[R]:
    """Warm up, and judge all of *job* by the clock: its *senders*, or its domains."""
    warming = [name.address if senders else name.domain for name in job.warming]
    await in_tasks(judge, warming, job.warming_in_flight)
    items = job.addresses if senders else job.domains
    with job.timed():
        return await in_tasks(judge, items, job.in_flight)


def in_threads(judge: Callable[[T], R], items: Sequence[T], threads: int) -> list[R]:
    """Judge *items* in threads, or in this one if there is to be only one."""
    if threads == 1:
        return [judge(item) for item in items]
    said: dict[int, R] = {}
    left = iter(enumerate(items))  # written in C, so that threads can share it

    def work() -> None:
        for number, item in left:
            said[number] = judge(item)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [said[number] for number in range(len(items))]
