"""
What did not fit UDP, asked again over TCP (RFC 7766).

Owns      when a question has a connection, and what its end means.
Knows not connections: see `_stream`; what is done about a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .._dns import Answer, Failure, FailureReason
from .._wire import answers, decode, query
from ._channel import RandomIds
from ._pending import TIMEOUT, Pending, Timing, unreachable
from ._servers import Servers
from ._stream import Stream, Watcher


class Tcp:
    """
    Asks over TCP, for an engine.

    Args:
        servers: Whom to ask.
        timing: How long to wait.
        watcher: Tells when sockets are ready.
        failed: What to tell of a server that gives no answer.
        finish: What to tell of an answer.
    """

    def __init__(
        self,
        servers: Servers,
        timing: Timing,
        watcher: Watcher,
        failed: Callable[[Pending, int, Failure], None],
        finish: Callable[[Pending, Answer], None],
    ) -> None:
        """See the class."""
        self._servers = servers
        self._patience = timing.attempt_timeout
        self._watcher = watcher
        self._failed = failed
        self._finish = finish
        self._ids = RandomIds()

    def ask(self, pending: Pending, now: float) -> bool:
        """Ask, if a server is to be asked and no other connection has time left."""
        server = pending.next_over_tcp(now)
        if server is None:
            return False
        if pending.stream is not None:
            # That one hangs; this one has come to the same point meanwhile.
            pending.close_stream()
            pending.fail(pending.streaming_from, TIMEOUT)
        query_id = self._ids.draw()
        done = partial(self._ended, pending, server, query_id)
        message = query(query_id, pending.section, pending.edns)
        pending.streaming_from = server
        try:
            address = self._servers.addresses[server]
            pending.stream = Stream(address, message, self._watcher, done)
        except OSError as error:
            self._failed(pending, server, unreachable(error))
        else:
            pending.wait_for_stream(now, self._patience)
        return True

    def _ended(
        self, pending: Pending, server: int, query_id: bytes, result: bytes | OSError
    ) -> None:
        pending.stream = None
        if isinstance(result, OSError):
            # The server is there, but what it has to say does not fit UDP.
            detail = f"{type(result).__name__} over TCP"
            self._failed(pending, server, Failure(FailureReason.TRUNCATED, detail))
            return
        answer: Answer = Failure(FailureReason.MALFORMED, "not an answer")
        if result[:2] == query_id and answers(result, pending.section):
            answer = decode(result, pending.question)
        if type(answer) is Failure:
            self._failed(pending, server, answer)
        else:
            self._finish(pending, answer)
