"""The mix-in in a real aiosmtpd server, on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket

import pytest

from aiosmtpd.smtp import SMTP, AuthResult

from senderdomain import AsyncDomainVerifier, DomainVerifier, Outcome, Reply, presets
from senderdomain.adapters.aiosmtpd import (
    SenderDomainMixin,
    _hang_up_after_next_reply,
)
from senderdomain.testing import AsyncZoneResolver, ZoneResolver

ZONE = {
    "mx.example": {"MX": ["10 m.mx.example."]},
    "xn--mnchen-3ya.example": {"MX": ["10 m.mx.example."]},
    "null.example": {"MX": ["0 ."]},
}


class Handler(SenderDomainMixin):
    """A server that takes messages and keeps them."""

    def __init__(self, *args, **kwargs):
        """Begin without messages."""
        super().__init__(*args, **kwargs)
        self.taken = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """Take a message."""
        self.taken.append((envelope.mail_from, list(envelope.mail_options)))
        return "250 taken"


def verifier(policy=presets.DEFAULT):
    """Make a verifier that never touches the network."""
    resolver = AsyncZoneResolver(ZONE)
    resolver.fault("dead.example", "servfail")
    return AsyncDomainVerifier(resolver, policy=policy)


class Client:
    """Says lines and hears replies."""

    def __init__(self, address):
        """Connect and hear the greeting."""
        self.socket = socket.create_connection(address, timeout=5)
        self.lines = self.socket.makefile("rb")
        self.hear()

    def hear(self):
        """Hear one reply, all its lines."""
        lines = [self.lines.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(self.lines.readline())
        return b"".join(lines)

    def say(self, line):
        """Say a line and hear the reply."""
        octets = line if isinstance(line, bytes) else line.encode()
        self.socket.sendall(octets + b"\r\n")
        return self.hear()

    def is_closed(self):
        """Tell whether the server has hung up."""
        return self.lines.read() == b""

    def close(self):
        """Hang up."""
        self.lines.close()
        self.socket.close()


def talk(handler, dialogue, **settings):
    """Run *dialogue* with a client of a server that has *handler*."""

    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(handler, hostname="mail.example", loop=loop, **settings),
            "127.0.0.1",
            0,
        )
        async with server:
            address = server.sockets[0].getsockname()
            await asyncio.to_thread(_in_thread, address, dialogue)
            await asyncio.sleep(0.01)

    asyncio.run(main())


def _in_thread(address, dialogue):
    with contextlib.closing(Client(address)) as client:
        dialogue(client)


SENDERS = [
    ("test@mx.example", b"250 test@mx.example... Sender ok\r\n"),
    ("<test@mx.example>", b"250 test@mx.example... Sender ok\r\n"),
    ("test@gone.example", b"501 test@gone.example... Sender domain must exist\r\n"),
    ("<a@dead.example>", b"451 a@dead.example... Sender domain must resolve\r\n"),
    (
        "<a@null.example>",
        b"550 a@null.example... Sender domain does not accept mail (null MX)\r\n",
    ),
    ("<>", b"250 <>... Sender ok\r\n"),
]


@pytest.mark.parametrize(("sender", "reply"), SENDERS)
@pytest.mark.parametrize("hello", ["helo", "ehlo"])
def test_the_client_gets_the_verdict(sender, reply, hello):
    """At MAIL, and the session goes on whatever it was."""

    def dialogue(client):
        client.say(f"{hello} c.example")
        assert client.say(f"mail from:{sender}") == reply
        assert client.say("noop").startswith(b"250")

    talk(Handler(verifier()), dialogue)


def test_an_accepted_sender_can_send():
    """The envelope has the sender, the message arrives."""
    handler = Handler(verifier())

    def dialogue(client):
        client.say("ehlo c.example")
        assert client.say("mail from:<a@mx.example> size=10").startswith(b"250")
        assert client.say("rcpt to:<b@mail.example>").startswith(b"250")
        client.say("data")
        assert client.say("x\r\n.") == b"250 taken\r\n"

    talk(handler, dialogue)
    assert handler.taken == [("a@mx.example", ["SIZE=10"])]


def test_a_refused_sender_cannot_send():
    """RCPT needs a MAIL that was accepted."""

    def dialogue(client):
        client.say("helo c.example")
        client.say("mail from:<a@gone.example>")
        assert client.say("rcpt to:<b@mail.example>").startswith(b"503")

    talk(Handler(verifier()), dialogue)


class Next:
    """The next class, with a handler of its own."""

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        """Decide after the verdict."""
        envelope.mail_from = address
        return "250 from the next class"


def test_the_next_handler_decides_about_accepted_senders():
    """And is not asked about the others."""

    class Both(SenderDomainMixin, Next):
        pass

    def dialogue(client):
        client.say("helo c.example")
        assert client.say("mail from:<a@mx.example>") == b"250 from the next class\r\n"
        client.say("rset")
        assert client.say("mail from:<a@gone.example>").startswith(b"501")

    talk(Both(verifier()), dialogue)


def test_the_server_hangs_up_when_the_policy_says_so():
    """After the reply, however long the handlers take; as in the article."""

    class Slow(SenderDomainMixin):
        async def handle_MAIL(self, *args):  # noqa: N802
            status = await super().handle_MAIL(*args)
            await asyncio.sleep(0.05)
            return status

    def dialogue(client):
        client.say("helo c.example")
        assert client.say("mail from:<a@mx.example>").startswith(b"250")
        client.say("rset")
        reply = client.say("mail from:test@gone.example")
        assert reply == b"501 test@gone.example... Sender domain must exist\r\n"
        assert client.is_closed()

    talk(Slow(verifier(presets.CLASSIC)), dialogue)


def test_enhanced_codes_are_sent_to_who_was_told_of_them():
    """RFC 2034: aiosmtpd does not offer them, a handler may."""

    class Offers(SenderDomainMixin):
        async def handle_EHLO(self, server, session, envelope, hostname, replies):  # noqa: N802
            session.host_name = hostname
            session.enhanced_status_codes = True
            return [*replies[:-1], "250-ENHANCEDSTATUSCODES", replies[-1]]

    def dialogue(client):
        assert b"ENHANCEDSTATUSCODES" in client.say("ehlo c.example")
        reply = client.say("mail from:<a@gone.example>")
        assert reply == b"501 5.1.8 a@gone.example... Sender domain must exist\r\n"

    talk(Offers(verifier()), dialogue)

    def plain(client):
        client.say("ehlo c.example")
        reply = client.say("mail from:<a@gone.example>")
        assert (
            reply
            == b"550 <a@gone.example>: sender domain gone.example does not exist\r\n"
        )

    talk(Handler(verifier(presets.RFC)), plain)


def test_smtputf8_is_taken_from_the_parameter():
    """RFC 6531, section 3.5: refused without it, looked up with it."""

    def dialogue(client):
        client.say("ehlo c.example")
        assert client.say("mail from:<a@münchen.example>").startswith(b"553")
        reply = client.say("mail from:<a@münchen.example> SMTPUTF8")
        assert reply == b"250 a@m?nchen.example... Sender ok\r\n"

    talk(Handler(verifier()), dialogue, enable_SMTPUTF8=True)


def test_authenticated_clients_are_exempt():
    """Their own domain may not exist on the Internet."""
    seen = []

    class Seeing(SenderDomainMixin):
        async def _judge(self, session, envelope, address):
            verdict = await super()._judge(session, envelope, address)
            seen.append(verdict.outcome)
            return verdict

    def dialogue(client):
        client.say("ehlo c.example")
        assert client.say("AUTH PLAIN AGEAYg==").startswith(b"235")
        assert client.say("mail from:<a@gone.example>").startswith(b"250")

    talk(
        Seeing(verifier()),
        dialogue,
        authenticator=lambda *_: AuthResult(success=True),
        auth_require_tls=False,
    )
    assert seen == [Outcome.EXEMPT]


def test_an_error_of_ours_is_a_451_and_logged(caplog):
    """The message is not lost, and the session goes on."""

    class Broken:
        async def verify(self, *_, **__):
            raise LookupError("ours")

    def dialogue(client):
        client.say("helo c.example")
        assert client.say("mail from:<a@mx.example>").startswith(
            b"451 Requested action"
        )
        assert client.say("noop").startswith(b"250")

    talk(SenderDomainMixin(Broken()), dialogue)
    assert "no verdict" in caplog.text

    class Forgetful(SenderDomainMixin):
        def __init__(self):
            pass

    talk(Forgetful(), dialogue)
    assert "SenderDomainMixin.__init__ was not called" in caplog.text


def test_a_verifier_for_threads_is_refused():
    """At construction, not at the first message."""
    with pytest.raises(ValueError, match="not an AsyncDomainVerifier: DomainVerifier"):
        SenderDomainMixin(DomainVerifier(ZoneResolver(ZONE)))


def test_a_handler_that_replaces_the_check_is_warned():
    """Wherever it stands before the mix-in; not if it calls it."""
    with pytest.warns(UserWarning, match=r"Own\.handle_MAIL replaces that of"):

        class Own(SenderDomainMixin):
            async def handle_MAIL(self, *args):  # noqa: N802
                return "250 mine"

    with pytest.warns(UserWarning, match=r"Next\.handle_MAIL replaces that of"):

        class Wrong(Next, SenderDomainMixin):
            pass


HOSTILE = [
    b'"a\r250 ok"@gone.example',
    b'"a\x00b"@gone.example',
    b'"a\x1b[31m"@gone.example',
    b'"a\x7f"@gone.example',
    b"a@\xe9.example",
    b"a@\xff\xfe.example",
    b'"' + b"a" * 300 + b'"@gone.example',
    b"a@" + b"x" * 300,
    "a@\u2028x.example".encode(),
    "ａ@ｇone.example".encode(),
]


@pytest.mark.parametrize("utf8", [True, False])
def test_hostile_senders_get_one_clean_reply(utf8):
    """E1: nothing that is echoed breaks the line or leaves ASCII."""

    def dialogue(client):
        client.say("ehlo c.example")
        for sender in HOSTILE:
            reply = client.say(b"mail from:<" + sender + b">")
            assert reply[:1] in (b"4", b"5"), sender
            text = reply.removesuffix(b"\r\n").decode("ascii")
            assert text.isprintable(), sender
            assert len(reply) <= 512
            assert client.say("noop").startswith(b"250"), sender

    talk(Handler(verifier()), dialogue, enable_SMTPUTF8=utf8)


def test_smtplib_understands():
    """Python's own client sees one code and one text."""
    policy = presets.DEFAULT

    def dialogue(client):
        client.socket.sendall(b"helo c.example\r\n")
        client.hear()
        plain = smtplib.SMTP()
        plain.sock, plain.file = client.socket, client.lines
        code, text = plain.docmd("mail from:<a@gone.example>")
        assert (code, text) == (501, b"a@gone.example... Sender domain must exist")

    talk(Handler(verifier(policy)), dialogue)


def test_hanging_up_on_who_has_hung_up_already():
    """The transport is gone then."""

    class Server:
        transport = None

        def __init__(self):
            self.said = []

        async def push(self, status):
            self.said.append(status)

    server = Server()
    _hang_up_after_next_reply(server)
    asyncio.run(server.push("501 x"))
    asyncio.run(server.push("250 y"))
    assert server.said == ["501 x", "250 y"]


def test_a_reply_of_several_lines_is_sent_line_by_line():
    """RFC 5321, section 4.2.1, each with its CRLF."""
    lines = ("no such domain", "see http://mail.example/")
    policy = presets.DEFAULT.with_replies(
        "ours", {Outcome.NXDOMAIN: Reply(550, "X.1.8", lines)}
    )

    def dialogue(client):
        client.say("helo client.example")
        heard = client.say("mail from:<a@gone.example>")
        assert heard == b"550-no such domain\r\n550 see http://mail.example/\r\n"
        assert client.say("noop").startswith(b"250 ")

    talk(SenderDomainMixin(verifier(policy)), dialogue)


def test_a_policy_that_gives_no_reply_costs_no_mail(caplog):
    """It is a mistake of the server's, like one that raises."""

    def dialogue(client):
        client.say("helo client.example")
        heard = client.say("mail from:<a@gone.example>")
        assert heard.startswith(b"451 Requested action aborted")

    talk(SenderDomainMixin(verifier(lambda sender, finding: "550 no")), dialogue)
    assert "no verdict" in caplog.text


def test_a_server_that_accepts_may_hang_up_too():
    """If its policy says so."""
    policy = presets.DEFAULT.with_replies(
        "ours", {Outcome.MX: Reply(250, None, "ok, and goodbye", closes=True)}
    )

    def dialogue(client):
        client.say("helo client.example")
        heard = client.say("mail from:<a@mx.example>")
        assert heard == b"250 ok, and goodbye\r\n"
        assert client.is_closed()

    talk(SenderDomainMixin(verifier(policy)), dialogue)
