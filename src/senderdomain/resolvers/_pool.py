"""
The sockets of an engine: a few for each server, taken in turn.

Owns      when a socket is opened, replaced and closed.
Knows not what is sent over it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from functools import partial

from ._channel import MAX_USES, SOCKETS, Channel
from ._servers import Servers
from ._stream import Watcher

# Batches taken from a socket before what has no answer by then is given up.
_MOST_BATCHES = 16


class Pool:
    """
    Sockets; see the module.

    Args:
        servers: Where they lead to.
        watcher: Tells when they are ready.
        readable: What to tell then; says whether there may be more to read.
    """

    def __init__(
        self,
        servers: Servers,
        watcher: Watcher,
        readable: Callable[[Channel], bool],
    ) -> None:
        """Open none yet."""
        self._addresses = servers.addresses
        self._watcher = watcher
        self._readable = readable
        self._open: list[deque[Channel]] = [deque() for _ in servers.addresses]
        self._worn: set[Channel] = set()

    def take(self, server: int, now: float, used: Collection[Channel]) -> Channel:
        """
        Choose a socket to ask *server*.

        In turn, but never one of *used*, over which the question has gone before:
        there are more sockets than tries.

        Raises:
            OSError: If there is none, and none to be had.
        """
        channels = self._open[server]
        if (
            used
            or len(channels) < SOCKETS
            or channels[0].uses >= MAX_USES
            or channels[0].worn_at <= now
        ):
            self._renew(server, now, used)
        channel = channels[0]
        channel.uses += 1
        channels.rotate(-1)
        return channel

    def _renew(self, server: int, now: float, used: Collection[Channel]) -> None:
        # Bring one to the front that is neither used nor worn.
        channels = self._open[server]
        for _ in range(len(channels)):
            if channels[0] not in used:
                break
            channels.rotate(-1)
        if channels and (channels[0].uses >= MAX_USES or channels[0].worn_at <= now):
            self._worn.add(channels.popleft())
            self.close_worn()
        if len(channels) < SOCKETS:
            self._add(server, now, spare=any(c not in used for c in channels))
        while channels[0] in used:
            channels.rotate(-1)

    def _add(self, server: int, now: float, *, spare: bool) -> None:
        try:
            channel = Channel(self._addresses[server], server, now)
        except OSError:
            if not spare:
                raise
            return  # no more sockets to be had: those that are open will do
        self._watcher.watch_reader(channel.sock, partial(self._readable, channel))
        self._open[server].appendleft(channel)

    def discard(self, channel: Channel) -> None:
        """Close a socket whose port somebody has found who was not asked."""
        channels = self._open[channel.server]
        if channel in channels:
            channels.remove(channel)
        self._worn.discard(channel)
        self._close(channel)

    def close_worn(self) -> None:
        """Close what was replaced, once nothing is expected there any more."""
        for channel in [worn for worn in self._worn if not worn.inflight]:
            self._worn.discard(channel)
            self._close(channel)

    def channels(self) -> list[Channel]:
        """All that are open."""
        return [*self._worn, *(channel for each in self._open for channel in each)]

    def drain(self) -> None:
        """Have everything read that is expected and has come in."""
        for channel in self.channels():
            for _ in range(_MOST_BATCHES):
                if not (channel.inflight and self._readable(channel)):
                    break

    def close(self) -> None:
        """Close all."""
        for channel in self.channels():
            self._close(channel)
        self._worn.clear()
        self._open = [deque() for _ in self._open]

    def _close(self, channel: Channel) -> None:
        self._watcher.forget(channel.sock)
        channel.sock.close()
