"""
Which recursive resolvers to ask.

Owns      how a server is written, and where the system says what its own are.
Knows not what is sent there.
"""

from __future__ import annotations

import socket

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from .._value import value

PORT = 53
_MAX_PORT = 65_535


@value
class Server:
    """
    A recursive resolver.

    Attributes:
        host: An IP address as text; for IPv6 perhaps with a zone index.
        port: UDP and TCP port.
    """

    host: str
    port: int = PORT

    def __str__(self) -> str:
        """As `parse_server` reads it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def open(self, kind: socket.SocketKind) -> socket.socket:
        """Open a socket that does not block; `connect` takes it here."""
        sock = socket.socket(
            socket.AF_INET6 if ":" in self.host else socket.AF_INET, kind
        )
        sock.setblocking(False)  # noqa: FBT003
        return sock

    def connect(self, sock: socket.socket) -> None:
        """Connect *sock*; raises OSError."""
        sock.connect(_socket_address(self.host, self.port))


def _found(host: str, port: int) -> Any:  # noqa: ANN401 - as the family has it
    # Octets, for text would be put through the codec of IDNA 2003, whose import may
    # be under way in another thread, and then hangs a child that is forked.
    numeric = socket.AI_NUMERICHOST
    return socket.getaddrinfo(host.encode("ascii"), port, flags=numeric)[0][4]


_known = lru_cache(64)(_found)


def _socket_address(host: str, port: int) -> Any:  # noqa: ANN401 - likewise
    # Only the long form of an IPv6 address can have a zone index (RFC 4007), as
    # in fe80::1%eth0, the usual place of a home router's resolver. The number of an
    # interface may change.
    return _found(host, port) if "%" in host else _known(host, port)


class Servers:
    """
    Whom to ask, and who has answered last.

    Attributes:
        addresses: In the order in which they were given.
        preferred: Index of the one to begin with; all threads learn from each other.
    """

    __slots__ = ("addresses", "preferred")

    def __init__(self, addresses: tuple[Server, ...]) -> None:
        """Begin with the first."""
        self.addresses = addresses
        self.preferred = 0


def parse_server(text: str) -> Server:
    """
    Read ``192.0.2.1``, ``192.0.2.1:5353``, ``2001:db8::1`` or ``[2001:db8::1]:53``.

    Raises:
        ValueError: If it is none of these. A name would need a resolver itself.
    """
    host, port = text, str(PORT)
    if text.startswith("["):
        host, closing, rest = text[1:].partition("]")
        port = rest[1:] if rest[:1] == ":" else "" if rest or not closing else port
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        ip_address(host)
        number = int(port) if port.isascii() and port.isdigit() else 0
    except ValueError:
        number = 0
    if not 0 < number <= _MAX_PORT:
        msg = (
            f"not a DNS server: {text!r}; write an IP address with or without a port,"
            " for example '127.0.0.1:5353' or '[::1]:53'"
        )
        raise ValueError(msg)
    return Server(host, number)


def parse_servers(servers: Iterable[str]) -> tuple[Server, ...]:
    """
    Read several servers.

    Raises:
        ValueError: If there is none, or one of them is not a server.
    """
    if isinstance(servers, str):
        servers = [servers]
    parsed = tuple(parse_server(server) for server in servers)
    if not parsed:
        msg = "servers is empty; leave it out to ask the system's resolvers"
        raise ValueError(msg)
    return parsed


def system_servers(resolv_conf: str | None = None) -> tuple[Server, ...]:
    """
    Find the resolvers of the system, in its order, as dnspython reads them.

    Args:
        resolv_conf: A file in the format of resolv.conf to read instead.

    Raises:
        ValueError: If there is none.
    """
    import dns.resolver  # noqa: PLC0415 - 100 ms that explicit servers do not need

    where = resolv_conf or "the system's configuration"
    try:
        found = dns.resolver.Resolver(resolv_conf or "/etc/resolv.conf")
        servers = [s for s in found.nameservers if isinstance(s, str)]
        return tuple(Server(parse_server(s).host, found.port) for s in servers)
    except (dns.resolver.NoResolverConfiguration, ValueError):
        msg = f"{where} names no DNS resolver; pass servers=[...], such as '127.0.0.1'"
        raise ValueError(msg) from None
