"""
A `Zone` on a real socket: UDP and TCP on a loopback address.

Owns      sockets, and the thread that serves them.
Knows not what is in the zone.
"""

from __future__ import annotations

import socket
import socketserver
import threading

from collections import Counter
from types import TracebackType
from typing import Any, Self, TypeAlias

import dns.exception
import dns.flags
import dns.message
import dns.rdatatype

from .._wire import EDNS_PAYLOAD
from ._zone import MAX_MESSAGE, Zone, ZoneDict

_LENGTH_SIZE = 2
_PLAIN_PAYLOAD = 512  # octets over UDP without EDNS (RFC 1035, section 2.3.4)


class LoopbackDNS:
    """
    A DNS server for tests, in a thread of its own.

    Args:
        zone: A `Zone`, or what one is made of.
        host: ``127.0.0.1`` or ``::1``, or another loopback address.
        port: UDP and TCP port; 0 lets the system choose.

    Attributes:
        zone: The zone.
        host: The address.
        asked: How often each question came, as ``"example.org MX"``.

    Raises:
        ValueError: If the zone cannot be read.
        OSError: On entry, if the port is taken.
    """

    def __init__(
        self,
        zone: Zone | str | ZoneDict = "",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """See the class; the sockets are opened on entry."""
        self.zone = zone if isinstance(zone, Zone) else Zone(zone)
        self.asked: Counter[str] = Counter()
        self.host = host
        self._port = port
        self._servers: list[_Server] = []
        self._threads: list[threading.Thread] = []

    @property
    def server(self) -> str:
        """The address, as `StubResolver` takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self._port}"

    @property
    def port(self) -> int:
        """The port, once the sockets are open."""
        return self._port

    def respond(self, wire: bytes, limit: int) -> bytes | None:
        """Answer *wire* in at most *limit* octets, truncated if need be."""
        try:
            message = self.zone.respond(wire)
            question = dns.message.from_wire(wire).question[0]
        except (dns.exception.DNSException, IndexError):
            return None  # not a query: a server that says nothing is never wrong
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked[f"{name} {dns.rdatatype.to_text(question.rdtype)}"] += 1
        if message is None or len(message) <= limit:
            return message
        response = dns.message.make_response(dns.message.from_wire(wire))
        response.flags |= dns.flags.TC
        return response.to_wire()

    def __enter__(self) -> Self:
        """Open the sockets and serve."""
        self._servers = self._open()
        self._port = self._servers[0].server_address[1]
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            for server in self._servers
        ]
        for thread in self._threads:
            thread.start()
        return self

    def _open(self) -> list[_Server]:
        # The system gives us a port that is free for UDP; for TCP it may be taken.
        tries = 1 if self._port else 10
        while True:
            udp = _server(socketserver.ThreadingUDPServer, _Datagram, self, self._port)
            port = udp.server_address[1]
            try:
                tcp = _server(socketserver.ThreadingTCPServer, _Stream, self, port)
            except OSError:
                udp.server_close()
                tries -= 1
                if not tries:
                    raise
            else:
                return [udp, tcp]

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the sockets, and wait for the threads."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()


_Server: TypeAlias = Any
"""A server of `socketserver` with the attribute ``dns``."""


def _server(
    kind: type[socketserver.ThreadingUDPServer | socketserver.ThreadingTCPServer],
    handler: type[_Datagram | _Stream],
    dns_server: LoopbackDNS,
    port: int,
) -> _Server:
    class Server(kind):  # type: ignore[valid-type, misc]
        address_family = socket.AF_INET6 if ":" in dns_server.host else socket.AF_INET
        daemon_threads = True
        allow_reuse_address = kind is socketserver.ThreadingTCPServer
        max_packet_size = MAX_MESSAGE

    server = Server((dns_server.host, port), handler)
    server.dns = dns_server
    return server


class _Datagram(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Answer one datagram."""
        wire, sock = self.request
        # RFC 6891, section 6.2.3: without EDNS there are 512 octets.
        edns = wire[10:12] != b"\0\0"
        limit = EDNS_PAYLOAD if edns else _PLAIN_PAYLOAD
        response = self.server.dns.respond(wire, limit)  # type: ignore[attr-defined]
        if response is not None:
            sock.sendto(response, self.client_address)


class _Stream(socketserver.StreamRequestHandler):
    timeout = 10  # seconds; a client that goes quiet does not keep a thread

    def handle(self) -> None:
        """Answer message after message, each behind its length."""
        while len(head := self.rfile.read(_LENGTH_SIZE)) == _LENGTH_SIZE:
            wire = self.rfile.read(int.from_bytes(head, "big"))
            response = self.server.dns.respond(wire, MAX_MESSAGE)  # type: ignore[attr-defined]
            if response is None:
                return
            self.wfile.write(len(response).to_bytes(_LENGTH_SIZE, "big") + response)
