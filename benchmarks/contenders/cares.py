"""
The C library c-ares: pycares in its two modes, and aiodns on top of it.

Owns      how each of them is asked for a verdict: MX, and then addresses.
Knows not figures.

No cache and no checks; c-ares and the loops around it only.
"""

from __future__ import annotations

import asyncio
import select

from collections.abc import Callable, Iterator
from queue import SimpleQueue

import aiodns
import pycares

from ..job import Job, judged_in_tasks

_ENODATA = pycares.errno.ARES_ENODATA
_ENOTFOUND = pycares.errno.ARES_ENOTFOUND
_STAGES = (pycares.QUERY_TYPE_MX, pycares.QUERY_TYPE_A, pycares.QUERY_TYPE_AAAA)

# Seconds until c-ares asks again, and how often it does.
_TIMEOUT = 2.0
_TRIES = 3


def _of_mx(result: pycares.DNSResult) -> str:
    hosts = [
        record.data.exchange
        for record in result.answer
        if isinstance(record.data, pycares.MXRecordData)
    ]
    if not hosts:
        return ""
    return "NULL_MX" if hosts in ([""], ["."]) else "MX"


def _judged(stage: int, result: pycares.DNSResult | None, error: int | None) -> str:
    """Give an outcome, or nothing if the next stage has to be asked."""
    if error == _ENOTFOUND:
        return "NXDOMAIN"
    if error is not None and error != _ENODATA:
        return f"failed: {error}"
    if error is None and result is not None:
        if stage > 0 and result.answer:
            return "IMPLICIT_MX"
        said = _of_mx(result) if stage == 0 else ""
        if said:
            return said
    return "" if stage + 1 < len(_STAGES) else "NODATA"


class _Epoll:
    """A channel that is watched by a loop of our own."""

    def __init__(self, job: Job) -> None:
        self._epoll = select.epoll()
        self.channel = pycares.Channel(
            timeout=_TIMEOUT, tries=_TRIES, sock_state_cb=self._watch
        )
        self.channel.servers = [job.server]
        self._watched: set[int] = set()

    def _watch(self, descriptor: int, readable: object, writable: object) -> None:
        mask = (select.EPOLLIN if readable else 0) | (
            select.EPOLLOUT if writable else 0
        )
        if not mask:
            self._watched.discard(descriptor)
            self._epoll.unregister(descriptor)
        elif descriptor in self._watched:
            self._epoll.modify(descriptor, mask)
        else:
            self._watched.add(descriptor)
            self._epoll.register(descriptor, mask)

    def run(self, domains: list[str], in_flight: int) -> list[str]:
        """Judge all of them, with a window of lookups."""
        said = [""] * len(domains)
        left = iter(range(len(domains)))
        flying = 0
        query = self.channel.query

        def ask(number: int, stage: int) -> None:
            def answered(result: pycares.DNSResult, error: int | None) -> None:
                nonlocal flying
                outcome = _judged(stage, result, error)
                if not outcome:
                    ask(number, stage + 1)
                    return
                said[number] = outcome
                flying -= 1

            query(domains[number], _STAGES[stage], callback=answered)

        more = True
        while more or flying:
            while flying < in_flight and (number := next(left, -1)) >= 0:
                flying += 1
                ask(number, 0)
            more = flying >= in_flight
            self._turn()
        return said

    def _turn(self) -> None:
        bad = pycares.ARES_SOCKET_BAD
        wait = self.channel.timeout(1.0)  # type: ignore[no-untyped-call]
        ready = self._epoll.poll(wait)
        if not ready:
            self.channel.process_fd(bad, bad)
        for descriptor, event in ready:
            readable = descriptor if event & ~select.EPOLLOUT else bad
            writable = descriptor if event & select.EPOLLOUT else bad
            self.channel.process_fd(readable, writable)


def epoll(job: Job) -> list[str]:
    """Pycares in a loop of our own, with a window of lookups."""
    loop = _Epoll(job)
    loop.run([name.domain for name in job.warming], job.in_flight)
    domains = job.domains
    with job.timed():
        return loop.run(domains, job.in_flight)


def thread(job: Job) -> list[str]:
    """Pycares with the event thread that it brings along."""
    channel = pycares.Channel(timeout=_TIMEOUT, tries=_TRIES)
    channel.servers = [job.server]
    _threaded(channel, [name.domain for name in job.warming], job.in_flight)
    domains = job.domains
    with job.timed():
        return _threaded(channel, domains, job.in_flight)


def _threaded(
    channel: pycares.Channel, domains: list[str], in_flight: int
) -> list[str]:
    # To ask from a callback, that is from its thread, can hang: so callbacks only
    # queue their results.
    said = [""] * len(domains)
    queue: SimpleQueue[tuple[int, int, str]] = SimpleQueue()
    left = iter(range(len(domains)))

    def ask(number: int, stage: int) -> None:
        channel.query(
            domains[number], _STAGES[stage], callback=_queued(queue, number, stage)
        )

    flying = _launch(left, in_flight, ask)
    while flying:
        number, stage, outcome = queue.get()
        if not outcome:
            ask(number, stage + 1)
            continue
        said[number] = outcome
        flying += _launch(left, 1, ask) - 1
    return said


def _queued(
    queue: SimpleQueue[tuple[int, int, str]], number: int, stage: int
) -> Callable[[pycares.DNSResult, int | None], None]:
    def answered(result: pycares.DNSResult, error: int | None) -> None:
        queue.put((number, stage, _judged(stage, result, error)))

    return answered


def _launch(left: Iterator[int], most: int, ask: Callable[[int, int], None]) -> int:
    launched = 0
    while launched < most and (number := next(left, -1)) >= 0:
        ask(number, 0)
        launched += 1
    return launched


async def _aiodns(job: Job) -> list[str]:
    resolver = aiodns.DNSResolver(timeout=_TIMEOUT, tries=_TRIES)
    resolver.nameservers = [job.server]

    async def judge(domain: str) -> str:
        for stage, qtype in enumerate(("MX", "A", "AAAA")):
            try:
                result = await resolver.query_dns(domain, qtype)
                said = _judged(stage, result, None)
            except aiodns.error.DNSError as error:
                said = _judged(stage, None, error.args[0])
            if said:
                return said
        return "NODATA"

    said = await judged_in_tasks(job, judge, senders=False)
    await resolver.close()
    return said


def aiodns_tasks(job: Job) -> list[str]:
    """Aiodns in tasks."""
    return asyncio.run(_aiodns(job))
