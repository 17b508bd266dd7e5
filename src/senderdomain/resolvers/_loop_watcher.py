"""
What tells the engine of an event loop that a socket is ready: the loop.

Owns      readers, writers and the timer of the loop.
Knows not what for.
"""

from __future__ import annotations

import asyncio
import socket

from collections.abc import Callable
from contextlib import suppress

from ._engine import SWEEP, Engine


class LoopWatcher:
    """
    A `Watcher` in an event loop.

    It speaks of sockets by their numbers: a socket that asyncio does not know it would
    describe in an error that nobody reads, which takes two system calls.

    Args:
        loop: Running in this thread.

    Attributes:
        engine: What is watched for.
        loop: The event loop.
    """

    engine: Engine

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """See the class."""
        self.loop = loop
        self._armed = False

    def watch_reader(self, sock: socket.socket, callback: Callable[[], object]) -> None:
        """See `Watcher`."""
        self.loop.remove_writer(sock.fileno())
        self.loop.add_reader(sock.fileno(), callback)

    def watch_writer(self, sock: socket.socket, callback: Callable[[], object]) -> None:
        """See `Watcher`."""
        self.loop.add_writer(sock.fileno(), callback)

    def forget(self, sock: socket.socket) -> None:
        """See `Watcher`."""
        if not self.loop.is_closed():
            self.loop.remove_reader(sock.fileno())
            self.loop.remove_writer(sock.fileno())

    def later(self, callback: Callable[[], object]) -> None:
        """See `Watcher`."""
        self.loop.call_soon(callback)

    def arm(self) -> None:
        """See `Watcher`."""
        if not self._armed:
            self._armed = True
            self.loop.call_later(SWEEP, self._sweep)

    def _sweep(self) -> None:
        self._armed = False
        try:
            self.engine.sweep()
        finally:
            if self.engine.busy:
                self.arm()

    def close(self) -> None:
        """Close everything."""
        self.engine.close()

    def close_at_home(self) -> None:
        """Do so in the loop, if it runs in another thread: who waits is told there."""
        loop = self.loop
        if loop.is_running() and loop is not asyncio._get_running_loop():
            with suppress(RuntimeError):  # it has been closed just now
                loop.call_soon_threadsafe(self.close)
                return
        self.close()


def can_watch(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether *loop* can watch sockets; the default loop of Windows cannot."""
    return type(loop).add_reader is not asyncio.AbstractEventLoop.add_reader
