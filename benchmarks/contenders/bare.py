"""
Loops that send questions and parse answers, and do nothing else.

Owns      the least that a verdict can cost in this Python.
Knows not caches, checks of addresses, checks of answers, several servers, loss on
          the way (but that it must not hang), forgers. Never use it for mail.

`asyncio` is the same kind of loop as ours: tasks that wait for futures. `poll` has
neither tasks nor futures.
"""

from __future__ import annotations

import asyncio
import select
import socket

from collections.abc import Iterator

from ..job import Job, judged_in_tasks

_QTYPES = (b"\0\x0f\0\x01", b"\0\x01\0\x01", b"\0\x1c\0\x01")  # MX, A, AAAA
_HEADER = b"\x01\0\0\x01\0\0\0\0\0\0"
_BUFFER = 4096
_NXDOMAIN = 3

# Seconds after which everything that waits is asked again.
_PATIENCE = 1.0


def _encoded(domain: str) -> bytes:
    labels = domain.encode().split(b".")
    return b"".join([bytes((len(label),)) + label for label in labels]) + b"\0"


def _judged(stage: int, message: bytes, answers_at: int) -> str:
    """Give an outcome, or nothing if the next stage has to be asked."""
    if message[3] & 15 == _NXDOMAIN:
        return "NXDOMAIN"
    if message[7]:
        if stage:
            return "IMPLICIT_MX"
        # Name (a pointer), type, class, TTL: 10 octets before the length.
        length = message[answers_at + 10 : answers_at + 12]
        is_null = length == b"\0\x03" and message[answers_at + 14] == 0
        return "NULL_MX" if is_null else "MX"
    return "" if stage < len(_QTYPES) - 1 else "NODATA"


def connected(job: Job) -> socket.socket:
    """Open a socket to the server."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)  # noqa: FBT003
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.connect(("127.0.0.1", job.port))
    return sock


class BareLoop:
    """One connected socket and a future for each question."""

    def __init__(self, sock: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._waiting: dict[bytes, asyncio.Future[bytes]] = {}
        self._sent: dict[bytes, bytes] = {}
        self._number = 0
        self._loop.add_reader(sock, self._readable)
        self._timer = self._loop.call_later(_PATIENCE, self._again)

    def close(self) -> None:
        """Read no more."""
        self._timer.cancel()
        self._loop.remove_reader(self._sock)

    def _again(self) -> None:
        for number in self._waiting:
            self._sock.send(self._sent[number])
        self._timer = self._loop.call_later(_PATIENCE, self._again)

    def _readable(self) -> None:
        receive, waiting = self._sock.recv, self._waiting
        try:
            while True:
                message = receive(_BUFFER)
                future = waiting.pop(message[:2], None)
                if future is not None:
                    future.set_result(message)
        except BlockingIOError:
            pass

    def ask(self, body: bytes) -> asyncio.Future[bytes]:
        """Send a question, all but its ID, and give what will be the answer."""
        self._number = (self._number + 1) & 0xFFFF
        number = self._number.to_bytes(2, "big")
        future = self._waiting[number] = self._loop.create_future()
        packet = self._sent[number] = number + body
        self._sock.send(packet)
        return future

    async def judge(self, domain: str) -> str:
        """Ask for MX, A and AAAA until one of them decides."""
        name = _encoded(domain)
        answers_at = 16 + len(name)
        for stage, qtype in enumerate(_QTYPES):
            message = await self.ask(_HEADER + name + qtype)
            said = _judged(stage, message, answers_at)
            if said:
                return said
        return "NODATA"


async def _in_tasks(job: Job) -> list[str]:
    with connected(job) as sock:
        loop = BareLoop(sock)
        said = await judged_in_tasks(job, loop.judge, senders=False)
        loop.close()
    return said


def tasks(job: Job) -> list[str]:
    """Tasks that wait for bare futures, on asyncio's own loop."""
    return asyncio.run(_in_tasks(job))


def poll(job: Job) -> list[str]:
    """One thread, one socket, a window of lookups."""
    with connected(job) as sock:
        _polled(sock, [name.domain for name in job.warming], job.in_flight)
        domains = job.domains
        with job.timed():
            return _polled(sock, domains, job.in_flight)


def _polled(sock: socket.socket, domains: list[str], in_flight: int) -> list[str]:
    said = [""] * len(domains)
    waiting: dict[bytes, tuple[int, int, bytes]] = {}
    numbers = _numbers()
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    send = sock.send

    def ask(at: int, stage: int, name: bytes) -> None:
        number = next(numbers)
        waiting[number] = (at, stage, name)
        send(number + _HEADER + name + _QTYPES[stage])

    left = iter(range(len(domains)))
    while True:
        while len(waiting) < in_flight and (at := next(left, -1)) >= 0:
            ask(at, 0, _encoded(domains[at]))
        if not waiting:
            return said
        if not poller.poll(1000 * _PATIENCE):
            for number, (_, stage, name) in waiting.items():
                send(number + _HEADER + name + _QTYPES[stage])
        for message in arrived(sock):
            at, stage, name = waiting.pop(message[:2], (-1, 0, b""))
            outcome = _judged(stage, message, 16 + len(name)) if at >= 0 else "late"
            if not outcome:
                ask(at, stage + 1, name)
            elif at >= 0:
                said[at] = outcome


def arrived(sock: socket.socket) -> Iterator[bytes]:
    """Take the datagrams that are there."""
    try:
        while True:
            yield sock.recv(_BUFFER)
    except BlockingIOError:
        pass


def _numbers() -> Iterator[bytes]:
    while True:
        for number in range(1 << 16):
            yield number.to_bytes(2, "big")
