"""E1: hostile MAIL commands, octet by octet, to a real aiosmtpd server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import traceback

from pathlib import Path

import pytest

from aiosmtpd.smtp import SMTP

import senderdomain

from senderdomain import AsyncDomainVerifier, presets
from senderdomain.adapters.aiosmtpd import SenderDomainMixin
from senderdomain.testing import AsyncZoneResolver

from .profile import amount
from .senders import senders

ZONE = {
    "mx.example": {"MX": ["10 m.mx.example."]},
    "null.example": {"MX": ["0 ."]},
    "*.wild.example": {"MX": ["10 m.mx.example."]},
}

# Where the package is; a clone of the project has the same name, and all of a virtual
# environment may be in it.
OURS = str(Path(senderdomain.__file__).parent)

# What may stand in a reply (RFC 5321, section 4.2), and its end.
ALLOWED = bytes(range(0x20, 0x7F))

PAYLOADS = [
    b"\r",
    b"\n",
    b"\r\r",
    b"\n\n",
    b"\r250 ok",
    b"\n250 ok",
    b"\rRCPT TO:<x@y.example>",
    b"\0",
    b"\0\0",
    b"\x01",
    b"\x07",
    b"\x08\x08\x08",
    b"\x0b",
    b"\x0c",
    b"\x1b[2J",
    b"\x1b]0;x\x07",
    b"\x1a",
    b"\x7f",
    b"\x80",
    b"\x85",
    b"\x9b31m",
    b"\xa0",
    b"\xc0\x8a",
    b"\xc0\x80",
    b"\xe0\x80\x8a",
    b"\xed\xa0\x80",
    b"\xed\xb2\x80\xed\xb0\x80",
    b"\xf5\x80\x80\x80",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    "\u0085".encode(),
    "\u2028".encode(),
    "\u2029".encode(),
    "\u202e".encode(),
    "\u200b".encode(),
    "ü".encode(),
    "ü".encode("latin-1"),
    "\U0001f4a9".encode(),
    "\uff0d\uff0a".encode(),
    b"\t",
    b"%0d%0a",
    b"\\r\\n",
    b"\\",
    b'"',
    b"<",
    b">",
    b"{arg}",
    b"{0}",
    b"%s%n",
    b"%(addr)s",
    b"$(id)",
    b"`id`",
    b"\n.\n",
]
PLACES = [
    b"<%sa@mx.example>",
    b"<a%sb@mx.example>",
    b'<"a%sb"@mx.example>',
    b"<a@m%sx.example>",
    b"<a@mx.example%s>",
    b"<a@gone.example>%s",
    b"%s<a@gone.example>",
    b"<@x%s.example:a@gone.example>",
]


def lines():
    """Make MAIL commands: 400 that are made for this, and then more."""
    for place in PLACES:
        for payload in PAYLOADS:
            yield place.replace(b"%s", payload)
    for payload in PAYLOADS:
        yield payload * 40
        yield b"<a@" + payload * 40 + b">"
    for sender in senders(1_425, amount(200, 5_000)):
        if isinstance(sender, str):
            sender = sender.encode("utf-8", "surrogatepass")  # noqa: PLW2901
        yield b"<" + sender[:400] + b">"


class Handler(SenderDomainMixin):
    """Tells of every exception that gets as far as the server."""

    def __init__(self, verifier):
        """Begin with none."""
        super().__init__(verifier)
        self.exceptions = []

    async def handle_exception(self, error):
        """Keep what nobody has caught."""
        self.exceptions.append(error)
        return "500 exception"


class Client:
    """Says octets, and hears exactly what comes back."""

    def __init__(self, address):
        """Connect and hear the greeting."""
        self.socket = socket.create_connection(address, timeout=20)
        self.heard = b""
        self.is_over = False
        assert self.line().startswith(b"220 ")

    def line(self):
        """Hear one line with its CRLF, and nothing more."""
        while b"\n" not in self.heard:
            octets = self.socket.recv(65_536)
            assert octets, "hung up"
            self.heard += octets
        line, _, self.heard = self.heard.partition(b"\n")
        return line + b"\n"

    def reply(self):
        """Hear one reply, all its lines."""
        lines = [self.line()]
        while lines[-1][3:4] == b"-":
            lines.append(self.line())
        return lines

    def say(self, octets):
        """
        Say a command, and hear a reply for each line of it.

        aiosmtpd hangs up after too many lines that are no commands, and says so.
        """
        self.socket.sendall(octets + b"\r\n")
        replies = []
        while len(replies) <= octets.count(b"\n") and not self.is_over:
            replies.append(self.reply())
            self.is_over = replies[-1][0].endswith(b"goodbye.\r\n")
        return replies

    def close(self):
        """Hang up."""
        self.socket.close()


def check(replies, line):
    """Hold what was heard against RFC 5321, section 4.2."""
    for reply in replies:
        # One line for a reply: none of these policies has several.
        assert len(reply) == 1, (line, reply)
        for part in reply:
            assert part.endswith(b"\r\n"), (line, reply)
            assert not part[:-2].translate(None, ALLOWED), (line, reply)
            assert part[:1] in b"245", (line, reply)
            assert len(part) <= 512, (line, reply)


def converse(address, parameters):
    """Say all lines; give how many there were."""
    count = 0
    with contextlib.ExitStack() as stack:
        client = None
        for line in lines():
            if client is None:
                client = stack.enter_context(contextlib.closing(Client(address)))
                client.say(b"EHLO client.example")
            replies = client.say(b"MAIL FROM:" + line + parameters)
            # Those to what comes behind a bare LF are aiosmtpd's own.
            check(replies[:1], line)
            if b"\n" in line:
                # A bare LF ends a command for aiosmtpd; what follows was another one.
                client.close()
                client = None
            else:
                assert len(replies) == 1, line
                # Nothing is left over: the next reply is the next command's.
                assert client.say(b"NOOP")[0][0].startswith(b"250 "), line
                assert not client.heard, (line, client.heard)
                client.say(b"RSET")
            count += 1
    return count


def _is_of_aiosmtpd(error):
    frames = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = any(code.co_filename.startswith(OURS) for code in frames)
    return not ours and "_getaddr" in {code.co_name for code in frames}


SERVERS = [
    # the server offers SMTPUTF8, what the client says of it
    (False, b""),
    (True, b""),
    (True, b" SMTPUTF8"),
    (True, b" BODY=8BITMIME SMTPUTF8"),
]


@pytest.mark.parametrize(("offered", "parameters"), SERVERS)
@pytest.mark.parametrize("name", ["default", "rfc", "postfix", "sendmail", "haraka"])
def test_nobody_can_put_words_into_our_mouth(
    name, offered, parameters, record_experiment
):
    """E1: one reply line for one command, and the session goes on."""
    counts = []

    async def main():
        verifier = AsyncDomainVerifier(
            AsyncZoneResolver(ZONE), policy=presets.PRESETS[name]
        )
        handler = Handler(verifier)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(
                handler, hostname="mail.example", loop=loop, enable_SMTPUTF8=offered
            ),
            "127.0.0.1",
            0,
        )
        async with server:
            address = server.sockets[0].getsockname()
            counts.append(await asyncio.to_thread(converse, address, parameters))
            await asyncio.sleep(0.01)
        # Of "MAIL FROM:<", aiosmtpd's own parser raises IndexError.
        assert all(map(_is_of_aiosmtpd, handler.exceptions)), handler.exceptions

    asyncio.run(main())
    assert counts[0] >= 300
    record_experiment(
        promise="E1",
        what=f"{name}, SMTPUTF8 {offered}{parameters.decode()}",
        count=counts[0],
        result="one reply each, 0 exceptions",
    )
