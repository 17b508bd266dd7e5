"""
The stub resolver without its event loop: many questions over few sockets.

Owns      whom to ask, when to ask again and whom then, what counts as an answer.
Knows not how a socket becomes ready and how time passes: a `Watcher` calls
          `_readable` and `sweep`.

    ask -> send (UDP) -> answer -------------------------------> callback
             |             |-- truncated -> TCP ---------------> callback
             |             |-- failure -> the next server
             |             '-- not an answer -> go on listening
             |-- no answer in time -> send again, to the next server
             '-- deadline --------------------------------------> callback

There is no timer and no task for a question. A sweep, every `SWEEP` seconds while
anything is under way, finds what is overdue.
"""

from __future__ import annotations

import math
import time

from collections import deque
from collections.abc import Collection
from functools import partial

from .._dns import Answer, Failure, FailureReason, Question
from .._flight import Callback
from .._wire import TRUNCATED, answers, decode, refuses_edns
from ._channel import SOCKETS, Channel, random_ids
from ._pending import TIMEOUT, Pending, Timing
from ._servers import Server
from ._stream import Stream, Watcher

# Seconds; how late a deadline can be noticed.
SWEEP = 0.04

# Datagrams taken from one socket before others get their turn.
_BATCH = 64

_DOWN = FailureReason.RESOLVER_DOWN


class Engine:
    """
    Asks servers; see the module.

    Args:
        servers: In order of preference.
        timing: When to try again.
        watcher: Tells when sockets are ready.
    """

    def __init__(
        self, servers: tuple[Server, ...], timing: Timing, watcher: Watcher
    ) -> None:
        """See the class."""
        self._servers = servers
        self._timing = timing
        self._watcher = watcher
        self._preferred = 0
        self._pending: set[Pending] = set()
        self._backlog: deque[Pending] = deque()
        self._pools: list[deque[Channel]] = [deque() for _ in servers]
        self._worn: set[Channel] = set()
        self._ids = random_ids()
        self._admitting = False

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._pending)

    def ask(self, question: Question, deadline: float, callback: Callback, /) -> None:
        """See `Ask`."""
        if deadline <= time.monotonic():
            callback(TIMEOUT)
            return
        pending = Pending(question, deadline, callback, len(self._servers))
        if len(self._pending) < self._timing.max_in_flight:
            self._pending.add(pending)
            self._try(pending, time.monotonic())
        else:
            self._backlog.append(pending)
        self._watcher.arm()

    def _try(self, pending: Pending, now: float) -> None:
        while (server := pending.next_server(self._preferred)) is not None:
            try:
                self._send(pending, server, now)
            except OSError as error:
                pending.fail(server, Failure(_DOWN, type(error).__name__))
            else:
                return
        pending.due = math.inf
        if not pending.outstanding and pending.stream is None:
            self._finish(pending, pending.failure)

    def _send(self, pending: Pending, server: int, now: float) -> None:
        channel = self._channel(server, now, pending.channels)
        query_id = next(self._ids)
        while query_id in channel.inflight:
            query_id = next(self._ids)
        pending.sent(channel, query_id, now, self._timing.attempt_timeout)
        try:  # noqa: SIM105 - suppress() costs more than all around it
            channel.send(query_id + pending.body)
        except BlockingIOError:
            pass  # the kernel's buffer is full: as good as lost on the way

    def _channel(self, server: int, now: float, used: Collection[Channel]) -> Channel:
        # In turn, but never one that an earlier try of the question has used: there
        # are more sockets than tries.
        pool = self._pools[server]
        if pool and pool[0].is_worn(now):
            self._worn.add(pool.popleft())
            self._close_worn()
        if len(pool) < SOCKETS:
            self._open(server, now, spare=any(c not in used for c in pool))
        pool.rotate(-1)
        while pool[-1] in used:
            pool.rotate(-1)
        channel = pool[-1]
        channel.uses += 1
        return channel

    def _open(self, server: int, now: float, *, spare: bool) -> None:
        try:
            channel = Channel(self._servers[server], server, now)
        except OSError:
            if not spare:
                raise
            return  # no more sockets to be had: those that are open will do
        self._watcher.watch_reader(channel.sock, partial(self._readable, channel))
        self._pools[server].appendleft(channel)

    def _close_worn(self) -> None:
        for channel in [worn for worn in self._worn if not worn.inflight]:
            self._worn.discard(channel)
            self._close_channel(channel)

    def _close_channel(self, channel: Channel) -> None:
        self._watcher.forget(channel.sock)
        channel.sock.close()

    def _discard(self, channel: Channel) -> None:
        # Somebody who was not asked has found the port: it is of no use any more.
        pool = self._pools[channel.server]
        if channel in pool:
            pool.remove(channel)
        self._worn.discard(channel)
        self._close_channel(channel)

    def _readable(self, channel: Channel) -> None:
        inflight = channel.inflight
        if not inflight:
            self._discard(channel)
            return
        for _ in range(_BATCH):
            try:
                message = channel.receive()
            except BlockingIOError:
                return
            except OSError as error:  # ICMP says that nobody listens there
                self._unreachable(channel, Failure(_DOWN, type(error).__name__))
                return
            pending = inflight.get(message[:2])
            # RFC 5452, section 9.1. What does not match was not meant for us, and
            # the answer may still come.
            if pending is not None and answers(message, pending.section):
                self._answered(pending, channel.server, message)
            if not inflight:
                return

    def _unreachable(self, channel: Channel, failure: Failure) -> None:
        for pending in list(channel.inflight.values()):
            self._failed(pending, channel.server, failure)

    def _answered(self, pending: Pending, server: int, message: bytes) -> None:
        answer = decode(message, pending.question)
        if type(answer) is not Failure:
            self._preferred = server
            self._finish(pending, answer)
        elif answer is TRUNCATED:
            self._ask_over_tcp(pending, server)
        elif answer.reason is FailureReason.MALFORMED:
            pending.failure = answer  # it could be forged: go on listening
        elif refuses_edns(message, answer) and pending.has_edns:
            self._ask_without_edns(pending, server, answer)
        else:
            self._failed(pending, server, answer)

    def _ask_without_edns(
        self, pending: Pending, server: int, refusal: Failure
    ) -> None:
        if not pending.without_edns(server):
            self._failed(pending, server, refusal)
            return
        try:
            self._send(pending, server, time.monotonic())
        except OSError as error:
            self._failed(pending, server, Failure(_DOWN, type(error).__name__))

    def _failed(self, pending: Pending, server: int, failure: Failure) -> None:
        pending.fail(server, failure)
        self._try(pending, time.monotonic())

    def _ask_over_tcp(self, pending: Pending, server: int) -> None:
        if pending.stream is not None:
            return
        query_id = next(self._ids)
        done = partial(self._stream_ended, pending, server, query_id)
        try:
            pending.stream = Stream(
                self._servers[server], query_id + pending.body, self._watcher, done
            )
        except OSError as error:
            self._failed(pending, server, Failure(_DOWN, type(error).__name__))
            return
        pending.wait_for_stream(time.monotonic(), self._timing.attempt_timeout)

    def _stream_ended(
        self, pending: Pending, server: int, query_id: bytes, result: bytes | OSError
    ) -> None:
        pending.stream = None
        if isinstance(result, OSError):
            self._failed(pending, server, Failure(_DOWN, type(result).__name__))
            return
        answer: Answer = Failure(FailureReason.MALFORMED, "not an answer")
        if result[:2] == query_id and answers(result, pending.section):
            answer = decode(result, pending.question)
        if type(answer) is Failure:
            self._failed(pending, server, answer)
        else:
            self._finish(pending, answer)

    def _finish(self, pending: Pending, answer: Answer) -> None:
        pending.forget()
        self._pending.discard(pending)
        pending.callback(answer)
        self._admit()

    def _admit(self) -> None:
        # A loop, and not one inside the other: a thousand may fail at once.
        if self._admitting:
            return
        self._admitting = True
        try:
            while self._backlog and len(self._pending) < self._timing.max_in_flight:
                successor = self._backlog.popleft()
                self._pending.add(successor)
                self._try(successor, time.monotonic())
        finally:
            self._admitting = False

    def sweep(self) -> None:
        """Find what is overdue."""
        now = time.monotonic()
        for pending in [*self._pending]:
            if pending.deadline <= now:
                self._finish(pending, pending.failure)
            elif pending.due <= now:
                self._try(pending, now)
        overload = Failure(FailureReason.OVERLOAD, "no turn")
        for pending in [p for p in self._backlog if p.deadline <= now]:
            self._backlog.remove(pending)
            pending.callback(overload)
        self._close_worn()

    def close(self) -> None:
        """Close all sockets; whoever still waits is told that the resolver is down."""
        down = Failure(_DOWN, "closed")
        waiting = [*self._pending, *self._backlog]
        self._pending.clear()
        self._backlog.clear()
        for pending in waiting:
            pending.forget()
        for channel in [*self._worn, *(c for pool in self._pools for c in pool)]:
            self._close_channel(channel)
        self._worn.clear()
        self._pools = [deque() for _ in self._servers]
        for pending in waiting:
            pending.callback(down)
