"""
From the bare loop to a whole verdict, one part after the other.

Owns      what each rung adds to the one below it, in as few calls as can be.
Knows not figures. What is below the engine is no resolver; never use it for mail.
"""

from __future__ import annotations

import asyncio
import time

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from senderdomain import Answer, DomainName, FindingCache, Question
from senderdomain._address import plain_domain
from senderdomain._everyday import everyday
from senderdomain._finding import Finding
from senderdomain._lookup import first_question, next_step
from senderdomain._wire import decode_any, query, question_section
from senderdomain.resolvers import AsyncStubResolver
from senderdomain.resolvers._channel import MAX_USES, SOCKETS, RandomIds

from ..job import Job, judged_in_tasks
from .bare import BareLoop, arrived, connected

_DEADLINE = 5.0  # seconds


def _domain(address: str) -> DomainName:
    domain = plain_domain(address)
    assert domain is not None  # all names here are plain
    return domain


async def _parsed(job: Job) -> list[str]:
    with connected(job) as sock:
        loop = BareLoop(sock)
        said = await judged_in_tasks(
            job, lambda address: loop.judge(_domain(address)), senders=True
        )
        loop.close()
    return said


def parsed(job: Job) -> list[str]:
    """Take senders and not domains."""
    return asyncio.run(_parsed(job))


class _Socket:
    """One of a few sockets, and who waits there for what was sent."""

    def __init__(self, job: Job) -> None:
        self.sock = connected(job)
        self.uses = 0
        self.waiting: dict[bytes, asyncio.Future[bytes]] = {}

    def readable(self) -> None:
        for message in arrived(self.sock):
            future = self.waiting.pop(message[:2], None)
            if future is not None:
                future.set_result(message)


class _Unguessable:
    """IDs from the system's random source, and ports that take turns and are worn."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._loop = asyncio.get_running_loop()
        self._ids = RandomIds()
        self._worn: list[_Socket] = []
        self._open = deque(self._opened() for _ in range(SOCKETS))

    def _opened(self) -> _Socket:
        one = _Socket(self._job)
        self._loop.add_reader(one.sock, one.readable)
        return one

    def close(self) -> None:
        for one in (*self._open, *self._worn):
            self._loop.remove_reader(one.sock)
            one.sock.close()

    def ask(self, section: bytes) -> asyncio.Future[bytes]:
        if self._open[0].uses >= MAX_USES:
            self._worn.append(self._open[0])
            self._open[0] = self._opened()
        one = self._open[0]
        self._open.rotate(-1)
        one.uses += 1
        ids = self._ids
        number = ids.drawn.pop() if ids.drawn else ids.draw()
        while number in one.waiting:
            number = ids.draw()
        future = one.waiting[number] = self._loop.create_future()
        one.sock.send(query(number, section, edns=True))
        return future

    async def answer(self, question: Question) -> Answer:
        section = question_section(question)
        message = await self.ask(section)
        answer = everyday(message, section, question.qtype)
        return decode_any(message, question) if answer is None else answer


async def _found(
    domain: DomainName, ask: Callable[[Question], Awaitable[Answer]]
) -> Finding:
    step: Any = first_question(domain)
    evidence: tuple[tuple[Question, Answer], ...] = ()
    while type(step) is Question:
        evidence = (*evidence, (step, await ask(step)))
        step = next_step(evidence, None)
    assert isinstance(step, Finding)
    return step


async def _checked(job: Job) -> list[str]:
    sockets = _Unguessable(job)

    async def judge(address: str) -> str:
        return (await _found(_domain(address), sockets.answer)).outcome.name

    said = await judged_in_tasks(job, judge, senders=True)
    sockets.close()
    return said


def checked(job: Job) -> list[str]:
    """Nobody can guess what is asked, and every octet of an answer is looked at."""
    return asyncio.run(_checked(job))


async def _asked(job: Job, cache: FindingCache | None) -> list[str]:
    resolver = AsyncStubResolver([job.server])

    def ask(question: Question) -> Awaitable[Answer]:
        return resolver.resolve(question, time.monotonic() + _DEADLINE)

    async def judge(address: str) -> str:
        domain = _domain(address)
        if cache is None:
            return (await _found(domain, ask)).outcome.name
        known = cache.get(domain)
        if known is None:
            known = cache.put(await _found(domain, ask))
        return known.outcome.name

    said = await judged_in_tasks(job, judge, senders=True)
    resolver.close()
    return said


def engine(job: Job) -> list[str]:
    """The resolver: repetitions, other servers, TCP, turns, rows; all but verdicts."""
    return asyncio.run(_asked(job, None))


def remembered(job: Job) -> list[str]:
    """The same, and a cache."""
    return asyncio.run(_asked(job, FindingCache()))
