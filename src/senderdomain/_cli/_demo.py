"""
``senderdomain demo``: the two sessions of article Q280118, played over real sockets.

A DNS server and an SMTP server start on loopback addresses; a plain socket talks to
the SMTP server, which asks the DNS server. What is printed is what was received.
"""

from __future__ import annotations

import argparse
import asyncio
import socket

from typing import Any, Self

from .._finding import Outcome
from ..presets import CLASSIC, DEFAULT
from ._status import ACCEPT, REJECT

_ZONE = """
microsoft.com.       MX   10 mail.microsoft.com.
null-mx.example.     MX   0 .
address.example.     AAAA 2001:db8::25
"""

# The article's server hangs up after its 501; all else is as ours would have it.
_POLICY = DEFAULT.with_replies(
    "demo", {Outcome.NXDOMAIN: CLASSIC.replies[Outcome.NXDOMAIN]}
)

_ARTICLE = (
    (
        "mail from:test@DomainTest.com",
        "501 test@DomainTest.com... Sender domain must exist",
    ),
    ("mail from:test@Microsoft.com", "250 test@Microsoft.com... Sender ok"),
)

_OTHERS = (
    ("a null MX", "mail from:<test@null-mx.example>", "550"),
    ("only an address", "mail from:<test@address.example>", "250"),
    ("a dead nameserver", "mail from:<test@dead.example>", "451"),
    ("the null reverse-path", "mail from:<>", "250"),
)


def add_to(commands: Any) -> None:  # noqa: ANN401
    """Add the command."""
    parser = commands.add_parser("demo", help="play the article over real sockets")
    parser.set_defaults(run=_run)


def _run(_arguments: argparse.Namespace) -> int:
    as_expected = asyncio.run(_demonstrate())
    print("\nAs expected." if as_expected else "\nNOT as expected.")
    return ACCEPT if as_expected else REJECT


async def _demonstrate() -> bool:
    from aiosmtpd.smtp import SMTP  # noqa: PLC0415

    from .._async_verifier import AsyncDomainVerifier  # noqa: PLC0415
    from ..adapters.aiosmtpd import SenderDomainMixin  # noqa: PLC0415
    from ..resolvers import AsyncStubResolver  # noqa: PLC0415
    from ..testing import LoopbackDNS  # noqa: PLC0415

    with LoopbackDNS(_ZONE) as dns:
        dns.zone.fault("dead.example", "timeout")
        resolver = AsyncStubResolver([dns.server])
        verifier = AsyncDomainVerifier(resolver, policy=_POLICY, deadline=1.0)
        handler = SenderDomainMixin(verifier)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(handler, hostname="mail.example.org", loop=loop),
            "127.0.0.1",
            0,
        )
        address = server.sockets[0].getsockname()
        print(f"A DNS server listens on {dns.server}, ", end="")
        print(f"an SMTP server on {address[0]}:{address[1]}.")
        print("Its policy is 'default', but after a 501 it hangs up as 'classic' does.")
        async with server:
            as_expected = await asyncio.to_thread(_play, address)
        resolver.close()
        return as_expected


def _play(address: tuple[str, int]) -> bool:
    results = []
    for command, expected in _ARTICLE:
        print()
        with _Session(address) as session:
            session.say("helo client.example.net")
            results.append(session.say(command) == expected)
            if expected.startswith("501"):
                results.append(session.is_closed())
    print("\nAnd what the article did not know:\n")
    for what, command, code in _OTHERS:
        with _Session(address, quiet=True) as session:
            session.say("helo client.example.net")
            reply = session.say(command)
            print(f"  {what + ':':23} {reply}")
            results.append(reply.startswith(code))
    return all(results)


class _Session:
    """A client, and a transcript of what it says and hears."""

    def __init__(self, address: tuple[str, int], *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._socket = socket.create_connection(address, timeout=10)
        self._lines = self._socket.makefile("rb")
        self._hear()

    def _note(self, who: str, line: str) -> None:
        if not self._quiet:
            print(f"  {who} {line}")

    def _hear(self) -> str:
        line = self._lines.readline().decode("ascii").removesuffix("\r\n")
        self._note("S:", line)
        return line

    def say(self, line: str) -> str:
        """Send a command and give back the reply."""
        self._note("C:", line)
        self._socket.sendall(f"{line}\r\n".encode("ascii"))
        return self._hear()

    def is_closed(self) -> bool:
        """Tell whether the server has hung up."""
        self._socket.settimeout(1)
        try:
            closed = self._lines.read() == b""
        except TimeoutError:
            closed = False
        fate = "closes" if closed else "does not close"
        self._note("  ", f"(the server {fate} the connection)")
        return closed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._lines.close()
        self._socket.close()
