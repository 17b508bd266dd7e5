"""
A `Zone` on a real socket: UDP and TCP on a loopback address.

Owns      sockets, and the thread that serves them.
Knows not what is in the zone, and what is wrong with it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

from ._exchange import MAX_MESSAGE, Elsewhere, Hangup, Pause, Step
from ._zone import Zone, ZoneDict

_LENGTH_SIZE = 2

# Seconds; a client that goes quiet does not keep a connection.
_IDLE = 10.0

# Octets that the kernel keeps for us while we answer: clients come in herds.
_RECEIVE_BUFFER = 1 << 20
_BATCH = 64

# close() sends RST and forgets what was not sent.
_LINGER_NOT = struct.pack("ii", 1, 0)

_TRIES_FOR_A_PORT = 10


class LoopbackDNS:
    """
    A DNS server for tests, in a thread of its own.

    A context manager, with and without ``async``; it serves between entry and exit,
    once.

    Args:
        zone: A `Zone`, or what one is made of.
        host: ``127.0.0.1`` or ``::1``, or another loopback address.
        port: UDP and TCP port; 0 lets the system choose.
        tcp: Serve TCP as well; if not, connections to the port are refused.

    Attributes:
        zone: The zone.
        host: The address.
        asked: How often each question came, as ``"example.org MX"``.

    Raises:
        ValueError: If the zone cannot be read, or *host* is no loopback address.
        OSError: On entry, if the port is taken.
    """

    def __init__(
        self,
        zone: Zone | str | ZoneDict = "",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tcp: bool = True,
    ) -> None:
        """See the class; the sockets are opened on entry."""
        if not (host.startswith("127.") or host == "::1"):
            msg = f"not a loopback address: {host!r}; take '127.0.0.1' or '::1'"
            raise ValueError(msg)
        self.zone = zone if isinstance(zone, Zone) else Zone(zone)
        self.asked: Counter[str] = Counter()
        self.host = host
        self._port = port
        self._with_tcp = tcp

    @property
    def server(self) -> str:
        """The address, as `StubResolver` takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self._port}"

    @property
    def port(self) -> int:
        """The port, once the sockets are open."""
        return self._port

    def __enter__(self) -> Self:
        """Open the sockets and serve."""
        self._sockets = self._open()
        self._port = self._sockets[0].getsockname()[1]
        self._connections: set[asyncio.Task[None]] = set()
        # Not the default loop of Windows: that one cannot watch datagrams.
        self._loop = asyncio.SelectorEventLoop()
        self._stopped = self._loop.create_future()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the sockets, and wait for the thread."""
        self._loop.call_soon_threadsafe(self._stopped.set_result, None)
        self._thread.join()

    async def __aenter__(self) -> Self:
        """See `__enter__`."""
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """See `__exit__`."""
        await asyncio.to_thread(self.__exit__, exc_type, exc, traceback)

    def _open(self) -> list[socket.socket]:
        # The system gives us a port that is free for UDP; for TCP it may be taken.
        tries = 1 if self._port else _TRIES_FOR_A_PORT
        while True:
            udp = _bound(self.host, self._port, socket.SOCK_DGRAM)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            if not self._with_tcp:
                return [udp]
            port = udp.getsockname()[1]
            try:
                return [udp, _bound(self.host, port, socket.SOCK_STREAM)]
            except OSError:
                udp.close()
                tries -= 1
                if not tries:
                    raise

    def _serve(self) -> None:
        try:
            self._loop.run_until_complete(self._serving())
        finally:
            self._loop.close()
            for sock in self._sockets:
                sock.close()

    async def _serving(self) -> None:
        # Not asyncio's streams: they complain of connections that are open at the end.
        udp, *tcp = self._sockets
        self._loop.add_reader(udp, self._datagrams, udp)
        for listener in tcp:
            self._loop.add_reader(listener, self._accept, listener)
        await self._stopped
        for sock in self._sockets:
            self._loop.remove_reader(sock)
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _steps(self, wire: bytes, *, over_tcp: bool) -> Iterator[Step]:
        try:
            asked, steps = self.zone.play(wire, over_tcp=over_tcp)
        except ValueError:
            return iter(())  # a server that says nothing to nonsense is never wrong
        self.asked[asked] += 1
        return iter(steps)

    def _datagrams(self, udp: socket.socket) -> None:
        for _ in range(_BATCH):
            try:
                wire, client = udp.recvfrom(MAX_MESSAGE)
            except OSError:  # there is none, or a client has gone in the meantime
                return
            self._play(self._steps(wire, over_tcp=False), udp, client)

    def _play(
        self, steps: Iterator[Step], udp: socket.socket, client: tuple[object, ...]
    ) -> None:
        for step in steps:
            if isinstance(step, Pause):
                self._loop.call_later(step.seconds, self._play, steps, udp, client)
                return
            if isinstance(step, Elsewhere):
                with _bound(step.host or self.host, 0, socket.SOCK_DGRAM) as sock:
                    sock.sendto(step.octets, client)
            elif isinstance(step, bytes):
                with suppress(OSError):  # the client may have closed its socket
                    udp.sendto(step, client)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the client may have thought better of it
            sock, _ = listener.accept()
            sock.setblocking(False)  # noqa: FBT003
            connection = self._loop.create_task(self._connected(sock))
            self._connections.add(connection)
            connection.add_done_callback(partial(self._disconnected, sock))

    def _disconnected(
        self, sock: socket.socket, connection: asyncio.Task[None]
    ) -> None:
        # Here, for a task that is cancelled before it begins does nothing at all.
        self._connections.discard(connection)
        sock.close()

    async def _connected(self, sock: socket.socket) -> None:
        with sock, suppress(OSError):  # they hang up, or keep silent
            more = True
            while more:
                async with asyncio.timeout(_IDLE):
                    size = int.from_bytes(
                        await self._exactly(sock, _LENGTH_SIZE), "big"
                    )
                    wire = await self._exactly(sock, size)
                more = await self._stream(self._steps(wire, over_tcp=True), sock)

    async def _exactly(self, sock: socket.socket, size: int) -> bytes:
        octets = b""
        while len(octets) < size:
            chunk = await self._loop.sock_recv(sock, size - len(octets))
            if not chunk:
                raise ConnectionError
            octets += chunk
        return octets

    async def _stream(self, steps: Iterator[Step], sock: socket.socket) -> bool:
        """Play *steps*; False if the connection is to be closed."""
        for step in steps:
            if isinstance(step, Hangup):
                if step is Hangup.RESET:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
                return False
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
            elif isinstance(step, bytes):
                await self._loop.sock_sendall(sock, step)
        return True


def _bound(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, kind)
    sock.setblocking(False)  # noqa: FBT003
    try:
        sock.bind((host, port))
        if kind is socket.SOCK_STREAM:
            sock.listen()
    except OSError as error:
        sock.close()
        msg = f"{error.strerror}: {host} port {port}; port=0 takes a free one"
        raise OSError(error.errno, msg) from None
    return sock
