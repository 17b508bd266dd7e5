"""
How a fault is brought about.

Owns      servers that serve it, systems that have it, resolvers that commit it.
Knows not what should come of it.

    with stage.opened() as opened:
        verifier = DomainVerifier(opened.resolver())
"""

from __future__ import annotations

import os
import socket
import tempfile

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from ..._ask import AsyncResolver, Resolver
from ..._dns import Question
from ..._value import value
from ...resolvers import AsyncStubResolver, StubResolver
from ...resolvers._pending import Timing
from .._exchange import Fault
from .._loopback import LoopbackDNS
from .._zone import Zone

T = TypeVar("T")

DOMAIN = "d.example"
SENDER = f"a@{DOMAIN}"

# Where names of a zone are absent, this SOA says so, for a minute.
_SOA = "example. 300 SOA ns.example. host.example. 1 3600 600 86400 60\n"

# Nobody listens there.
CLOSED = "127.0.0.1:1"

# The loopback interface has no way to a link-local address.
UNREACHABLE = "[fe80::1%{loopback}]:53"

# Sending there needs a permission that no resolver asks for.
FORBIDDEN = "255.255.255.255:53"

# What stands for the address of the server that serves the zone, or a silent one.
SERVED, SILENT = "served", "silent"


class Opened(ABC):
    """A fault that is there; close what its methods give when done."""

    @abstractmethod
    def resolver(self) -> Resolver:
        """Make a resolver that meets it."""

    @abstractmethod
    def async_resolver(self) -> AsyncResolver:
        """Make one for asyncio."""


class Stage(Protocol):
    """A way to bring a fault about."""

    def opened(self, timing: Timing, /) -> AbstractContextManager[Opened]:
        """Bring it about."""
        ...


class _Stubs(Opened):
    """Stub resolvers that ask some servers."""

    def __init__(self, stack: ExitStack, servers: list[str], timing: Timing) -> None:
        self._stack = stack
        self._servers = servers
        self._timing = timing

    def resolver(self) -> StubResolver:
        """See `Opened.resolver`."""
        stub = StubResolver(self._servers, timing=self._timing)
        self._stack.callback(stub.close)
        return stub

    def async_resolver(self) -> AsyncStubResolver:
        """See `Opened.async_resolver`."""
        stub = AsyncStubResolver(self._servers, timing=self._timing)
        self._stack.callback(stub.close)
        return stub


@value
class Served:
    """
    A fault that a DNS server shows.

    Attributes:
        records: Of `DOMAIN`, in the format of a master file.
        faults: Record type, or ``ANY`` -> fault.
        servers: Whom the resolver asks: `SERVED`, `SILENT`, or an address.
        tcp: Whether the server has TCP.
    """

    records: str = "@ 300 MX 10 mx"
    faults: Mapping[str, str | Fault] = field(default_factory=dict, hash=False)
    servers: tuple[str, ...] = (SERVED,)
    tcp: bool = True

    def zone(self) -> Zone:
        """Make the zone, with the faults in it."""
        zone = Zone(f"{_SOA}$ORIGIN {DOMAIN}.\n{self.records}\n")
        for qtype, fault in self.faults.items():
            zone.fault(DOMAIN, fault, qtype=qtype)
        return zone

    @contextmanager
    def opened(self, timing: Timing) -> Iterator[Opened]:
        """See `Stage.opened`."""
        with ExitStack() as stack:
            addresses = {}
            if SERVED in self.servers:
                dns = LoopbackDNS(self.zone(), tcp=self.tcp)
                addresses[SERVED] = stack.enter_context(dns).server
            if SILENT in self.servers:
                silent = stack.enter_context(
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                )
                silent.bind(("127.0.0.1", 0))
                addresses[SILENT] = f"127.0.0.1:{silent.getsockname()[1]}"
            loopback = socket.if_nameindex()[0][1]
            servers = [
                addresses.get(server, server.format(loopback=loopback))
                for server in self.servers
            ]
            yield _Stubs(stack, servers, timing)


@value
class Starved:
    """A process that has as many files open as it may have."""

    @contextmanager
    def opened(self, timing: Timing) -> Iterator[Opened]:
        """See `Stage.opened`; enter it in the event loop, which needs files too."""
        import resource  # noqa: PLC0415 - not on Windows

        with ExitStack() as stack:
            stubs = _Stubs(stack, [CLOSED], timing)
            limits = resource.getrlimit(resource.RLIMIT_NOFILE)
            highest = os.dup(0)
            stack.callback(os.close, highest)
            few = min(limits[0], highest + 50)
            resource.setrlimit(resource.RLIMIT_NOFILE, (few, limits[1]))
            stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
            try:
                while True:
                    stack.callback(os.close, os.dup(0))
            except OSError:
                yield stubs


class _Configured(Opened):
    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths

    def resolver(self) -> StubResolver:
        """See `Opened.resolver`; raises ValueError if every file is as bad."""
        return self._last_made(StubResolver)

    def async_resolver(self) -> AsyncStubResolver:
        """See `Opened.async_resolver`."""
        return self._last_made(AsyncStubResolver)

    def _last_made(self, kind: Callable[..., T]) -> T:
        for path in self._paths[:-1]:
            try:
                return kind(resolv_conf=str(path))
            except ValueError:
                continue
        return kind(resolv_conf=str(self._paths[-1]))


@value
class Configured:
    """
    A system whose configuration names no resolver, in several ways.

    Attributes:
        texts: Contents of resolv.conf; there is a missing one besides.
    """

    texts: tuple[str, ...]

    @contextmanager
    def opened(self, _timing: Timing) -> Iterator[Opened]:
        """See `Stage.opened`."""
        with tempfile.TemporaryDirectory() as directory:
            paths = [Path(directory, "missing")]
            for number, text in enumerate(self.texts):
                paths.append(Path(directory, f"resolv{number}.conf"))
                paths[-1].write_text(text, encoding="utf-8")
            yield _Configured(paths)


class PlugInResolver(Opened):
    """
    A user's resolver, and a bad one: it does what the stage says.

    Attributes:
        verifier: For one that calls it; set it, once there is one.
        calls: For one that counts.
    """

    def __init__(self, stage: PlugIn) -> None:
        self._stage = stage
        self.verifier: Any = None
        self.calls = 0

    def resolver(self) -> Resolver:
        """See `Opened.resolver`."""
        return cast("Resolver", _Sync(self, self._stage))

    def async_resolver(self) -> AsyncResolver:
        """See `Opened.async_resolver`."""
        return cast("AsyncResolver", _Async(self, self._stage))


@value
class PlugIn:
    """
    A user's resolver that breaks its contract.

    Attributes:
        resolve: What it does, for threads; gets the question and the
            `PlugInResolver`.
        async_resolve: What it does in asyncio, if that is something else.
    """

    resolve: Callable[[Question, PlugInResolver], object]
    async_resolve: Callable[[Question, PlugInResolver], Awaitable[object]] | None = None

    @contextmanager
    def opened(self, _timing: Timing) -> Iterator[PlugInResolver]:
        """See `Stage.opened`."""
        yield PlugInResolver(self)


class _Sync:
    def __init__(self, opened: PlugInResolver, stage: PlugIn) -> None:
        self._opened = opened
        self._stage = stage

    def resolve(self, question: Question, _deadline: float, /) -> object:
        """Do what the stage says."""
        return self._stage.resolve(question, self._opened)


class _Async(_Sync):
    async def resolve(self, question: Question, _deadline: float, /) -> object:
        """Do what the stage says."""
        if self._stage.async_resolve is not None:
            return await self._stage.async_resolve(question, self._opened)
        return self._stage.resolve(question, self._opened)
