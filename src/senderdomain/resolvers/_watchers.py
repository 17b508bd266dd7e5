"""
What tells the engine of a thread that a socket is ready: a selector.

Owns      waiting.
Knows not what for; event loops: see `_loop_watcher`.
"""

from __future__ import annotations

import os
import selectors
import socket
import time

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from .._ask import PumpedAsker
from .._dns import Question
from .._flight import Callback
from ._engine import SWEEP, Engine


class SelectorWatcher(PumpedAsker):
    """
    A `Watcher` that is pumped, for one thread.

    Attributes:
        engine: What is watched for.
        pid: The process it belongs to.
    """

    engine: Engine

    def __init__(self) -> None:
        """Open the selector."""
        self.pid = os.getpid()
        self._selector = selectors.DefaultSelector()
        self._next_sweep = 0.0
        self._dispatching = False

    def watch_reader(self, sock: socket.socket, callback: Callable[[], object]) -> None:
        """See `Watcher`."""
        if sock in self._selector.get_map():
            self._selector.modify(sock, selectors.EVENT_READ, callback)
        else:
            self._selector.register(sock, selectors.EVENT_READ, callback)

    def watch_writer(self, sock: socket.socket, callback: Callable[[], object]) -> None:
        """See `Watcher`."""
        self._selector.register(sock, selectors.EVENT_WRITE, callback)

    def forget(self, sock: socket.socket) -> None:
        """See `Watcher`."""
        # A forked child shares the kernel's list of sockets with its parent.
        if os.getpid() == self.pid and sock in self._selector.get_map():
            self._selector.unregister(sock)

    def later(self, callback: Callable[[], object]) -> None:
        """See `Watcher`; `pump` does so before it waits."""

    def arm(self) -> None:
        """See `Watcher`; `pump` does the sweeping."""
        now = time.monotonic()
        if self._next_sweep <= now:
            self._next_sweep = now + SWEEP

    def settle(self) -> None:
        """Take notice of what has come in while nobody looked."""
        if not self._dispatching and not self.engine.busy:
            self._dispatch(0.0)

    def _dispatch(self, seconds: float) -> None:
        watched = self._selector.get_map()
        try:
            self._dispatching = True
            for key, _ in self._selector.select(seconds):
                # An earlier callback may have closed the socket of a later one, and
                # yet another may have got its number since.
                if watched.get(key.fd) is key:
                    key.data()
        finally:
            self._dispatching = False

    def pump(self) -> None:
        """Wait for answers, until the next sweep at the latest."""
        self.engine.flush()
        self._pump(max(0.0, self._next_sweep - time.monotonic()))

    def glance(self) -> None:
        """See `PumpedAsker.glance`."""
        self.engine.flush()
        self._pump(0.0)

    def _pump(self, seconds: float) -> None:
        self._dispatch(seconds)
        if time.monotonic() >= self._next_sweep:
            self.engine.sweep()
            self._next_sweep = time.monotonic() + SWEEP

    def ask(self, question: Question, deadline: float, callback: Callback, /) -> None:
        """See `PumpedAsker.ask`."""
        self.settle()
        self.engine.ask(question, deadline, callback)

    def drop(self, callback: Callback, /) -> None:
        """See `Asker.drop`."""
        self.engine.drop(callback)

    def session(self) -> AbstractContextManager[PumpedAsker]:
        """See `PumpedAsker.session`."""
        return nullcontext(self)

    def postpone(self, seconds: float) -> None:
        """See `PumpedAsker.postpone`."""
        self.engine.postpone(seconds)

    def release(self) -> None:
        """Close everything, and tell nobody."""
        self.engine.release()
        self._selector.close()

    def close(self) -> None:
        """Close everything, and tell who waits."""
        try:
            self.engine.close()
        finally:
            self._selector.close()
