"""
What has been asked, on its way out over UDP.

Owns      what is sent together, and under which IDs.
Knows not answers; whom to ask next.

Those who were told something at the same time ask at the same time. What they ask goes
out in a row, over one socket, so that the server is woken up once; and what has one
size goes out as one, with one that is shorter, if the system can take it so.
"""

from __future__ import annotations

import time

from collections import deque
from collections.abc import Callable, Collection

from .._dns import Answer, Failure
from .._wire import query
from ._channel import MAX_USES, Channel, RandomIds
from ._pending import TIMEOUT, Pending, Timing, unreachable
from ._pool import Pool
from ._servers import Servers
from ._stream import Watcher

_TOGETHER = 32  # sent in a row; most systems keep no more than some 250 for a server


class Udp:
    """
    Asks over UDP, for an engine.

    Args:
        servers: Whom to ask.
        timing: How long to wait.
        watcher: Has `flush` called, if nobody else does.
        pool: Sockets.
        wanted: Those whose answer somebody waits for.
        failed: What to tell of a server that cannot be reached.
        finish: What to tell of who has no time left.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - all that an engine has to do with it
        self,
        servers: Servers,
        timing: Timing,
        watcher: Watcher,
        pool: Pool,
        wanted: Collection[Pending],
        failed: Callable[[Pending, int, Failure], None],
        finish: Callable[[Pending, Answer], None],
    ) -> None:
        """See the class."""
        self._servers = servers
        self._patience = timing.attempt_timeout
        self._watcher = watcher
        self._pool = pool
        self._wanted = wanted
        self._failed = failed
        self._finish = finish
        self._ids = RandomIds()
        self._queue: deque[Pending] = deque()
        self._flushing = False

    def put(self, pending: Pending) -> None:
        """Ask the preferred server soon: `flush` sends it."""
        queue = self._queue
        if not queue:  # first this, for an interrupt may come in between
            self._watcher.later(self.flush)
        queue.append(pending)
        if len(queue) >= _TOGETHER:
            self.flush()

    def clear(self) -> None:
        """Send nothing of what is still here."""
        self._queue.clear()

    def flush(self) -> None:
        """Send what has been put here."""
        if self._flushing:  # called by who was told that nothing can be sent
            return
        self._flushing = True
        try:
            while self._queue:
                self._send_together()
        finally:
            self._flushing = False
            if self._queue:  # interrupted
                self._watcher.later(self.flush)

    def _send_together(self) -> None:
        now, server = time.monotonic(), self._servers.preferred
        self._watcher.arm()
        queue, wanted = self._queue, self._wanted
        channel: Channel | None = None
        messages: list[bytes] = []
        for _ in range(_TOGETHER):
            if not queue or (channel is not None and channel.uses >= MAX_USES):
                break
            pending = queue.popleft()
            if pending not in wanted:
                continue  # nobody waits any more
            if pending.deadline <= now:
                self._finish(pending, TIMEOUT)
                continue
            if channel is None:
                try:
                    channel = self._pool.take(server, now, ())
                except OSError as error:
                    self._failed(pending, server, unreachable(error))
                    continue
            else:
                channel.uses += 1
            messages.append(self._query(pending, channel, now))
        if channel is not None:
            self._transmit(channel, messages)

    def _transmit(self, channel: Channel, messages: list[bytes]) -> None:
        messages.sort(key=len, reverse=True)
        together: list[bytes] = []
        for message in messages:
            together.append(message)
            if len(message) < len(together[0]):  # only the last one may be shorter
                self._transmit_row(channel, together)
                together = []
        self._transmit_row(channel, together)

    def _transmit_row(self, channel: Channel, messages: list[bytes]) -> None:
        if len(messages) > 1 and channel.transmit_as_one(messages):
            return
        for message in messages:
            pending = channel.inflight.get(message[:2])
            if pending is None:
                continue  # nobody waits any more
            try:
                channel.transmit(message)
            except OSError as error:
                self._failed(pending, channel.server, unreachable(error))

    def send(self, pending: Pending, server: int, now: float) -> None:
        """Ask *server* at once, over a socket that is new to it; raises OSError."""
        used = pending.channels if pending.outstanding else ()
        channel = self._pool.take(server, now, used)
        channel.transmit(self._query(pending, channel, now))

    def _query(self, pending: Pending, channel: Channel, now: float) -> bytes:
        ids, inflight = self._ids, channel.inflight
        query_id = ids.drawn.pop() if ids.drawn else ids.draw()
        while query_id in inflight:
            query_id = ids.draw()
        pending.sent(channel, query_id, now, self._patience)
        return query(query_id, pending.section, pending.edns)
