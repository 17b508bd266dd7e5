"""
The stub resolver without its event loop: many questions over few sockets.

Owns      whom to ask, when to ask again and whom then, what counts as an answer.
Knows not how a socket becomes ready and how time passes: a `Watcher` calls
          `_readable`, `flush` and `sweep`.

    ask -> send (UDP) -> answer -------------------------------> callback
             |             |-- truncated -> TCP ---------------> callback
             |             |-- failure -> the next server
             |             '-- not an answer -> go on listening
             |-- no answer in time -> send again, to the next server
             '-- deadline --------------------------------------> callback

No question has a timer or a task. A sweep, every `SWEEP` s, finds what is overdue.
"""

from __future__ import annotations

import math
import time

from contextlib import suppress

from .._ask import Asker, bug
from .._dns import Answer, Failure, FailureReason, Question
from .._everyday import everyday
from .._flight import Callback
from .._wire import TRUNCATED, answers, decode_any, refuses_edns
from ._backlog import Backlog
from ._channel import BUFFER, Channel
from ._pending import CLOSED, MAX_SENDS, NO_TURN, TIMEOUT, Pending, Timing, unreachable
from ._pool import Pool
from ._servers import Servers
from ._stream import Watcher
from ._tcp import Tcp
from ._udp import Udp

SWEEP = 0.04  # seconds; how late a deadline can be noticed

_BATCH = 64  # datagrams taken from one socket before others get their turn


def _tell_nobody(_answer: Answer) -> None:
    pass


class Engine(Asker):
    """
    Asks servers; see the module.

    Args:
        servers: Whom to ask; shared with other engines.
        timing: When to try again.
        watcher: Tells when sockets are ready.
    """

    def __init__(self, servers: Servers, timing: Timing, watcher: Watcher) -> None:
        """See the class."""
        self._servers = servers
        self._server_count = len(servers.addresses)
        self._most = timing.max_in_flight
        self._pending: set[Pending] = set()
        self._backlog = Backlog(timing.max_in_flight)
        self._pool = Pool(servers, watcher, self._readable)
        self._udp = Udp(
            servers,
            timing,
            watcher,
            self._pool,
            self._pending,
            self._failed,
            self._finish,
        )
        self._tcp = Tcp(servers, timing, watcher, self._failed, self._finish)
        self._admitting = self._closed = False

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._pending)

    def ask(self, question: Question, deadline: float, callback: Callback, /) -> None:
        """See `Carrier.ask`; what is asked is sent by `flush`."""
        if self._closed:
            callback(CLOSED)
            return
        pending = Pending(question, deadline, callback, self._server_count)
        waiting = self._pending
        if len(waiting) < self._most and not self._backlog.size:
            waiting.add(pending)
            self._udp.put(pending)
        else:
            self._backlog.add(pending, waiting)
            self._admit()

    def flush(self) -> None:
        """Send what has been asked and not been sent yet."""
        self._udp.flush()

    def drop(self, callback: Callback, /) -> None:
        """See `Asker.drop`."""
        for pending in self._pending:
            if pending.callback is callback:
                pending.callback = _tell_nobody
                self._finish(pending, CLOSED)
                return
        for pending in self._backlog:
            if pending.callback is callback:
                self._backlog.remove(pending)
                return

    def _try(self, pending: Pending, now: float) -> None:
        if pending.over_tcp and self._tcp.ask(pending, now):
            return
        while (server := pending.next_server()) is not None:
            try:
                self._udp.send(pending, server, now)
            except OSError as error:
                pending.fail(server, unreachable(error))
            else:
                return
        pending.due = pending.stream_due if pending.over_tcp else math.inf
        if not pending.is_expecting:
            self._finish(pending, pending.failure)

    def _readable(self, channel: Channel) -> bool:
        """Take a batch of datagrams; True if there may be more for us."""
        inflight, receive = channel.inflight, channel.receive
        if not inflight:
            self._pool.discard(channel)
            return False
        for _ in range(_BATCH):
            try:
                message = receive(BUFFER)
            except BlockingIOError:
                return False
            except OSError as error:  # ICMP says that nobody listens there
                for waiting in list(inflight.values()):
                    self._failed(waiting, channel.server, unreachable(error))
                return False
            pending = inflight.get(message[:2])
            # RFC 5452, section 9.1. What does not match was not meant for us, and
            # the answer may still come.
            if pending is not None:
                answer = everyday(message, pending.section, pending.question.qtype)
                if answer is not None:
                    self._servers.preferred = channel.server
                    self._finish(pending, answer)
                elif answers(message, pending.section):
                    self._answered(pending, channel, message)
            if not inflight:
                return False
        return True

    def _answered(self, pending: Pending, channel: Channel, message: bytes) -> None:
        server = channel.server
        answer = decode_any(message, pending.question)
        if type(answer) is not Failure:
            self._servers.preferred = server
            self._finish(pending, answer)
        elif answer is TRUNCATED:
            pending.truncated_by(server)
            self._tcp.ask(pending, time.monotonic())
        elif answer.reason is FailureReason.MALFORMED:
            pending.learn(answer)  # it could be forged: go on listening
        elif refuses_edns(message, answer) and pending.had_edns(channel, message[:2]):
            self._ask_without_edns(pending, server, answer)
        else:
            self._failed(pending, server, answer)

    def _ask_without_edns(
        self, pending: Pending, server: int, refusal: Failure
    ) -> None:
        if pending.without_edns(server):
            return
        if pending.sends[server] < MAX_SENDS:
            try:
                self._udp.send(pending, server, time.monotonic())
            except OSError as error:
                refusal = unreachable(error)
            else:
                return
        self._failed(pending, server, refusal)

    def _failed(self, pending: Pending, server: int, failure: Failure) -> None:
        pending.fail(server, failure)
        now = time.monotonic()
        if not pending.may_wait(now):
            self._try(pending, now)

    def _finish(self, pending: Pending, answer: Answer) -> None:
        pending.forget()
        self._pending.discard(pending)
        if pending.extra:
            self._backlog.give_back(pending)
        callback = pending.callback  # faster called from a variable
        callback(answer)
        if self._backlog.size:
            self._admit()

    def _admit(self) -> None:
        # A loop, and not one inside the other: a thousand may fail at once.
        if self._admitting:
            return
        try:
            self._admitting = True
            while (successor := self._backlog.take(len(self._pending))) is not None:
                if successor.due <= time.monotonic():
                    self._finish(successor, NO_TURN)
                    continue
                self._pending.add(successor)
                self._udp.put(successor)
        finally:
            self._admitting = False

    def sweep(self) -> None:
        """Find what is overdue."""
        now = time.monotonic()
        if any(pending.deadline <= now for pending in self._pending):
            # Whoever drives us may have been busy with other things, and the answers
            # are there: nobody must be told that there are none.
            self._pool.drain()
        self._udp.flush()  # what has not been sent is not overdue
        overdue = [p for p in self._pending if p.due <= now or p.deadline <= now]
        for pending in overdue:
            try:
                if pending in self._pending:  # unless somebody, being told, closes us
                    self._look_after(pending, now)
            except Exception as error:  # noqa: BLE001 - one must not cost the others
                self._give_up(pending, bug(error))
        while (late := self._backlog.take_late(now)) is not None:
            late.callback(NO_TURN)
        self._pool.close_worn()

    def _look_after(self, pending: Pending, now: float) -> None:
        if pending.deadline <= now:
            pending.learn(TIMEOUT)
            self._finish(pending, pending.failure)
        else:
            self._try(pending, now)

    def _give_up(self, pending: Pending, failure: Failure) -> None:
        if pending not in self._pending:
            return  # it has been told, and has raised
        self._pending.discard(pending)
        with suppress(Exception):  # this may be what cannot be done
            pending.forget()
        pending.callback(failure)
        self._admit()

    def postpone(self, seconds: float) -> None:
        """Let everything happen later, for time in which nobody could look."""
        for pending in self._pending:
            pending.postpone(seconds)
        self._backlog.postpone(seconds)

    def release(self) -> list[Pending]:
        """Close all sockets, tell nobody, and give back who waits."""
        # No lock and no callback, so that a finalizer may do it.
        waiting = [*self._pending, *self._backlog]
        self._pending.clear()
        self._backlog.clear()
        self._udp.clear()
        for pending in waiting:
            pending.forget()
        self._pool.close()
        return waiting

    def close(self) -> None:
        """Close all sockets; whoever still waits is told that the resolver is down."""
        self._closed = True
        for pending in self.release():
            pending.callback(CLOSED)
