"""
The default resolver for asyncio.

Owns      sockets per event loop.
Knows not the DNS: see `_engine`.
"""

from __future__ import annotations

import asyncio
import threading

from .._ask import Asker, LoopAsker, bug
from .._dns import Answer, Question
from .._flight import Callback
from .._fork import after_fork
from ._engine import Engine
from ._loop_watcher import LoopWatcher, can_watch
from ._pending import CLOSED
from .stub import Stub, StubResolver


class AsyncStubResolver(Stub, LoopAsker):
    """
    Asks recursive resolvers, for asyncio; takes what `StubResolver` takes.

    Every event loop has its own sockets. Loops that cannot watch sockets (the default
    loop of Windows) get their answers from threads.
    """

    def _begin(self) -> None:
        self._watchers: dict[asyncio.AbstractEventLoop, LoopWatcher] = {}
        self._last: LoopWatcher | None = None
        self._blocking: StubResolver | None = None
        self._lock = threading.Lock()
        after_fork(self)

    def reset(self) -> None:
        """Make a new lock, for a forked child, whose loops are not its parent's."""
        self._lock = threading.Lock()
        self._last = None

    def ask(self, question: Question, deadline: float, callback: Callback, /) -> None:
        """Put *question*; *callback* gets the answer in the running event loop."""
        if self._closed:
            callback(CLOSED)
            return
        loop = asyncio.get_running_loop()
        asker = self.within(loop)
        if asker is self:
            self._ask_in_thread(loop, question, deadline, callback)
        else:
            asker.ask(question, deadline, callback)

    def within(self, loop: asyncio.AbstractEventLoop, /) -> Asker:
        """See `LoopAsker.within`."""
        watcher = self._last
        if watcher is None or watcher.loop is not loop:
            if self._closed or not can_watch(loop):
                return self
            watcher = self._last = self._watcher(loop)
        return watcher.engine

    def drop(self, callback: Callback, /) -> None:
        """See `Asker.drop`."""
        watcher = self._watchers.get(asyncio.get_running_loop())
        if watcher is not None:
            watcher.engine.drop(callback)

    def _watcher(self, loop: asyncio.AbstractEventLoop) -> LoopWatcher:
        with self._lock:
            closed = [
                self._watchers.pop(other)
                for other in list(self._watchers)
                if other.is_closed()
            ]
            watcher = self._watchers.get(loop)
            if watcher is None:
                watcher = self._watchers[loop] = LoopWatcher(loop)
                watcher.engine = Engine(self._servers, self._timing, watcher)
        # Without the lock: whoever is told may ask something else.
        for other_watcher in closed:
            other_watcher.close()
        return watcher

    def _ask_in_thread(
        self,
        loop: asyncio.AbstractEventLoop,
        question: Question,
        deadline: float,
        callback: Callback,
    ) -> None:
        if self._blocking is None:
            servers = [str(server) for server in self.servers]
            self._blocking = StubResolver(servers, timing=self._timing)
        resolve = self._blocking.resolve
        future = loop.run_in_executor(None, resolve, question, deadline)

        def done(future: asyncio.Future[Answer]) -> None:
            error = future.exception()
            callback(future.result() if error is None else bug(error))

        future.add_done_callback(done)

    def resolve(self, question: Question, deadline: float, /) -> asyncio.Future[Answer]:
        """See `AsyncResolver.resolve`."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def settle(answer: Answer) -> None:
            if not future.done():
                future.set_result(answer)

        self.ask(question, deadline, settle)
        return future

    def close(self) -> None:
        """Close all sockets; those of a loop that runs elsewhere as soon as it can."""
        self._closed = True
        self._last = None
        with self._lock:
            watchers = list(self._watchers.values())
            self._watchers.clear()
        for watcher in watchers:
            watcher.close_at_home()
        if self._blocking is not None:
            self._blocking.close()
