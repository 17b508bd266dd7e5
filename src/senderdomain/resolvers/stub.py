"""
The default resolver: asks the recursive resolvers of the system, or those given.

Owns      sockets per thread, and how a thread waits.
Knows not the DNS: see `_engine`; event loops: see `async_stub`.

Absolute names only, never a search list, never the hosts file. DNSSEC is left to the
resolver that is asked, so let it be a local validating one.
"""

from __future__ import annotations

import threading

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from .._ask import PumpedAsker
from .._dns import Answer, Question
from .._flight import Callback
from .._fork import after_fork
from .._safeguards import ROOT_SERVER
from ._engine import Engine
from ._pending import CLOSED, Timing, unreachable
from ._servers import Server, Servers, parse_servers, system_servers
from ._watchers import SelectorWatcher

_DEFAULT_TIMING = Timing()


class Stub(ABC):
    """What both stub resolvers have in common: whom to ask, and when again."""

    canary = ROOT_SERVER

    def __init__(
        self,
        servers: Iterable[str] | None = None,
        *,
        timing: Timing = _DEFAULT_TIMING,
        resolv_conf: str | None = None,
    ) -> None:
        if servers is None:
            addresses = system_servers(resolv_conf)
        else:
            addresses = parse_servers(servers)
        self._servers = Servers(addresses)
        self._timing = timing
        self._closed = False
        self._begin()

    @abstractmethod
    def _begin(self) -> None:
        """Make what sockets will be kept in."""

    @property
    def servers(self) -> tuple[Server, ...]:
        """The resolvers that are asked, in order of preference."""
        return self._servers.addresses


class _Lease:
    """
    A thread's hold on its sockets: when it goes, they are closed.

    Watcher and engine know each other, so that by themselves they would wait for the
    garbage collector; nobody knows the lease but the thread.
    """

    __slots__ = ("watcher",)

    def __init__(self, watcher: SelectorWatcher) -> None:
        self.watcher = watcher

    def __del__(self) -> None:
        # It may run at any moment, in the middle of anything, in any thread: no
        # lock may be taken here, and nobody called back.
        self.watcher.release()


class StubResolver(Stub, PumpedAsker):
    """
    Asks recursive resolvers, for threads.

    Every thread has its own sockets, so that no thread waits for another.

    Args:
        servers: Recursive resolvers as ``"192.0.2.1"``, ``"127.0.0.1:5353"`` or
            ``"[::1]:53"``, in order of preference; those of the system if None.
        timing: When to ask again.
        resolv_conf: A file to read instead of the system's configuration.

    Raises:
        ValueError: If a server cannot be read, or the system names none.
    """

    def _begin(self) -> None:
        self.reset()
        after_fork(self)

    def reset(self) -> None:
        """Use nothing of the parent's in a forked child: sockets, or IDs to come."""
        self._local = threading.local()

    def _watcher(self) -> SelectorWatcher:
        lease: _Lease | None = getattr(self._local, "lease", None)
        if lease is None:
            lease = self._local.lease = _Lease(self._new_watcher())
        return lease.watcher

    def _new_watcher(self) -> SelectorWatcher:
        watcher = SelectorWatcher()
        watcher.engine = Engine(self._servers, self._timing, watcher)
        return watcher

    def ask(self, question: Question, deadline: float, callback: Callback, /) -> None:
        """Put *question*; `pump` hands the answer to *callback*."""
        if self._closed:
            callback(CLOSED)
            return
        try:
            watcher = self._watcher()
        except OSError as error:
            callback(unreachable(error))
            return
        watcher.ask(question, deadline, callback)

    def drop(self, callback: Callback, /) -> None:
        """See `Asker.drop`."""
        if not self._closed:
            self._watcher().drop(callback)

    def pump(self) -> None:
        """Wait a moment for answers to what this thread has asked."""
        self._watcher().pump()

    def glance(self) -> None:
        """See `PumpedAsker.glance`; a list has a session of its own for that."""

    def postpone(self, seconds: float) -> None:
        """See `PumpedAsker.postpone`; a list has a session of its own for that."""

    @contextmanager
    def session(self) -> Iterator[PumpedAsker]:
        """See `PumpedAsker.session`; it has sockets of its own."""
        lease = None
        if not self._closed:
            with suppress(OSError):
                lease = _Lease(self._new_watcher())
        # Without sockets, each question gets the failure that it deserves. With them,
        # nobody is told in the end: who stops early does not want to know, and a
        # lookup that is told of a failure would ask its next question.
        yield self if lease is None else lease.watcher

    def resolve(self, question: Question, deadline: float, /) -> Answer:
        """See `Resolver.resolve`."""
        answer: list[Answer] = []
        self.ask(question, deadline, answer.append)
        while not answer:
            self.pump()
        return answer[0]

    def close(self) -> None:
        """
        Close the sockets of this thread, and open no more.

        Those of another thread are closed when it ends, or with the resolver.
        """
        self._closed = True
        lease: _Lease | None = self._local.__dict__.pop("lease", None)
        if lease is not None:
            lease.watcher.close()
