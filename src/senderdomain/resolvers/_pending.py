"""
One question on its way through the stub resolver.

Owns      what has been tried for it, what is to be tried next, and when.
Knows not sockets.
"""

from __future__ import annotations

import math

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeAlias

from .._dns import Failure, FailureReason, Question
from .._flight import Callback
from .._value import value
from .._wire import question_section

if TYPE_CHECKING:
    from ._channel import Channel
    from ._stream import Stream

    _Sent: TypeAlias = tuple[Channel, bytes, bool]

# Sends of one question to one server (RFC 9520, section 3.1).
MAX_SENDS = 3

CLOSED = Failure(FailureReason.RESOLVER_DOWN, "closed")
NO_TURN = Failure(FailureReason.OVERLOAD, "no turn")
TIMEOUT = Failure(FailureReason.TIMEOUT, "no answer")
_NOBODY: frozenset[int] = frozenset()
_UNASKED = Failure(FailureReason.RESOLVER_DOWN, "nobody asked")


def unreachable(error: OSError) -> Failure:
    """Say that a server cannot be reached, and why."""
    return Failure(FailureReason.RESOLVER_DOWN, type(error).__name__)


def _telling(failure: Failure) -> int:
    # What a server says is about the domain, and so perhaps is its silence. That
    # another server is down is not, and must not keep a cache from remembering.
    if failure.reason is FailureReason.RESOLVER_DOWN:
        return 0
    return 1 if failure.reason is FailureReason.TIMEOUT else 2


@value
class Timing:
    """
    When the stub resolver tries again, and how much it does at a time.

    Attributes:
        attempt_timeout: Seconds to wait for an answer before asking again, another
            server if there is one; doubled each time a server is asked again.
        max_in_flight: Questions under way; the others wait for their turn.

    Raises:
        ValueError: If a number is not above 0.
    """

    attempt_timeout: float = 1.0
    max_in_flight: int = 1_000

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (0 < self.attempt_timeout < math.inf and self.max_in_flight > 0):
            msg = f"attempt_timeout and max_in_flight must be above 0: {self}"
            raise ValueError(msg)


class Pending:
    """
    A question that waits for its answer.

    Attributes:
        question: What is asked.
        callback: Gets the answer.
        deadline: When it gets `failure` (`time.monotonic`).
        section: The question section, which an answer has to repeat.
        failure: What to say if no answer comes: the most telling of what went wrong.
        due: When to try again; infinity if there is nothing left to try. For who waits
            for a place, when it is too late for one.
        server: Index of the server that was asked last.
        sends: How often each server was asked.
        done_with: Servers that have given their answer, and it was a failure.
        edns: Whether it has an OPT record.
        outstanding: Where an answer can come from: channels with their IDs, and
            whether that query has an OPT record.
        stream: The TCP connection under way.
        streaming_from: Index of the server that it leads to.
        stream_due: When it has had its time, if another server is to have it.
        over_tcp: Servers that are to be asked over TCP next.
        extra: Whether its place is one of those for who has few; see `Backlog`.
    """

    __slots__ = (
        "callback",
        "deadline",
        "done_with",
        "due",
        "edns",
        "extra",
        "failure",
        "outstanding",
        "over_tcp",
        "question",
        "section",
        "sends",
        "server",
        "stream",
        "stream_due",
        "streaming_from",
    )

    def __init__(
        self, question: Question, deadline: float, callback: Callback, servers: int
    ) -> None:
        """Begin with nothing tried."""
        self.question = question
        self.callback = callback
        self.deadline = deadline
        self.section = question_section(question)
        self.failure = _UNASKED
        self.due = 0.0
        self.server = -1
        self.sends = [0] * servers
        self.done_with = _NOBODY
        self.edns = True
        self.outstanding: tuple[_Sent, ...] = ()
        self.stream: Stream | None = None
        self.streaming_from = -1
        self.stream_due = 0.0
        self.over_tcp: tuple[int, ...] = ()
        self.extra = False

    @property
    def is_expecting(self) -> bool:
        """Whether an answer can come without asking again."""
        return bool(self.outstanding) or self.stream is not None

    def may_wait(self, now: float) -> bool:
        """Whether an answer can come before the next try is due."""
        if self.over_tcp and self.stream is None:
            return False
        return now < self.due and self.is_expecting

    def next_server(self) -> int | None:
        """Choose whom to ask next: the least asked, after the one that was last."""
        servers = len(self.sends)
        if servers == 1:
            return None if self.done_with or self.sends[0] >= MAX_SENDS else 0
        first = self.server + 1
        best = None
        for step in range(servers):
            candidate = (first + step) % servers
            if candidate in self.done_with or self.sends[candidate] >= MAX_SENDS:
                continue
            if best is None or self.sends[candidate] < self.sends[best]:
                best = candidate
        return best

    @property
    def channels(self) -> Collection[Channel]:
        """Where an answer can come from, so that the next try goes elsewhere."""
        return [sent[0] for sent in self.outstanding]

    def had_edns(self, channel: Channel, query_id: bytes) -> bool:
        """Whether the query with this ID was sent with an OPT record."""
        return (channel, query_id, True) in self.outstanding

    def sent(
        self, channel: Channel, query_id: bytes, now: float, patience: float
    ) -> None:
        """Expect an answer on *channel*, and wait *patience* seconds or longer."""
        self.server = server = channel.server
        tries = self.sends[server]
        self.sends[server] = tries + 1
        self.due = now + patience * (1 << tries)
        # In this order: what is interrupted here is forgotten all the same, and no
        # answer comes for what has been forgotten.
        self.outstanding = (*self.outstanding, (channel, query_id, self.edns))
        channel.inflight[query_id] = self

    def learn(self, failure: Failure) -> None:
        """Take note of what went wrong, unless something more telling did before."""
        if _telling(failure) >= _telling(self.failure):
            self.failure = failure

    def fail(self, server: int, failure: Failure) -> None:
        """Ask *server* no more, and expect nothing from it."""
        self.server = server
        self.learn(failure)
        self.done_with |= {server}
        self.over_tcp = tuple(other for other in self.over_tcp if other != server)
        self.expect_nothing_from(server)

    def expect_nothing_from(self, server: int) -> None:
        """Take no answer to what *server* was asked so far."""
        self._drop([sent for sent in self.outstanding if sent[0].server == server])

    def without_edns(self, server: int) -> bool:
        """
        Take no answer to what *server* was asked with EDNS, and ask nobody so again.

        Returns:
            Whether *server* has been asked without EDNS already, and may answer.
        """
        self.edns = False
        from_it = [sent for sent in self.outstanding if sent[0].server == server]
        self._drop([sent for sent in from_it if sent[2]])
        return not all(sent[2] for sent in from_it)

    def _drop(self, dropped: list[_Sent]) -> None:
        for channel, query_id, _ in dropped:
            channel.inflight.pop(query_id, None)
        left = [sent for sent in self.outstanding if sent not in dropped]
        self.outstanding = tuple(left)

    def truncated_by(self, server: int) -> None:
        """Take note that *server* is to be asked over TCP; one at a time."""
        if server != self.streaming_from and server not in self.over_tcp:
            self.over_tcp += (server,)
            self.due = self.stream_due

    def next_over_tcp(self, now: float) -> int | None:
        """Choose whom to ask over TCP, if no stream is under way that has time left."""
        if not self.over_tcp or (self.stream is not None and now < self.stream_due):
            return None
        first, *others = self.over_tcp
        self.over_tcp = tuple(others)
        return first

    def wait_for_stream(self, now: float, patience: float) -> None:
        """Leave TCP some time before another server is asked."""
        self.stream_due = now + 2 * patience
        self.due = self.stream_due if len(self.sends) > 1 else math.inf

    def close_stream(self) -> None:
        """Give up the TCP connection."""
        stream, self.stream = self.stream, None
        assert stream is not None  # its callers see to that
        stream.close()

    def postpone(self, seconds: float) -> None:
        """Let everything happen later."""
        self.deadline += seconds
        self.due += seconds
        self.stream_due += seconds

    def forget(self) -> None:
        """Expect nothing from anybody."""
        for channel, query_id, _ in self.outstanding:
            channel.inflight.pop(query_id, None)
        self.outstanding = ()
        if self.stream is not None:
            self.close_stream()
