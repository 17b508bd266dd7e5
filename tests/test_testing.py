"""The zone in memory, and the same one on a socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

from contextlib import closing

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import pytest

from senderdomain import (
    DomainName,
    DomainVerifier,
    Failure,
    FailureReason,
    FindingCache,
    NoData,
    NxDomain,
    Outcome,
    Question,
    Records,
    RecordType,
)
from senderdomain.resolvers import AsyncStubResolver, StubResolver, Timing
from senderdomain.testing import (
    FAULTS,
    LoopbackDNS,
    SettableClock,
    Zone,
    ZoneResolver,
)
from senderdomain.testing._exchange import Elsewhere, Hangup, over_tcp, truth
from senderdomain.testing._faults import trickle

TEXT = """
$ORIGIN example.
$TTL 100
@               SOA  ns host 1 3600 600 86400 40
mx              MX   10 mx
mx              MX   20 mx.other.
deep.a.b        A    192.0.2.1
alias           CNAME mx
dangling        CNAME gone
loop            CNAME loop2
loop2           CNAME loop
*.wild          MX   5 mx
host.wild       A    192.0.2.2
tree            DNAME other.example.
x.other         MX   1 mx
long            DNAME {long}
outside.        300 MX 1 mx.example.
""".replace("{long}", ".".join(["n" * 63] * 3 + ["n" * 59]) + ".")


def ask(resolver, name, qtype=RecordType.MX):
    """Ask a zone."""
    return resolver.resolve(Question(DomainName(name), qtype), 0.0)


ANSWERS = [
    # name, type, answer's kind, TTL, why
    ("mx.example", RecordType.MX, Records, 100, "records"),
    ("mx.example", RecordType.A, NoData, 40, "no such type: RFC 2308 5"),
    ("gone.example", RecordType.MX, NxDomain, 40, "no such name"),
    ("a.b.example", RecordType.MX, NoData, 40, "empty non-terminal"),
    ("b.example", RecordType.A, NoData, 40, "empty non-terminal"),
    ("alias.example", RecordType.MX, Records, 100, "alias"),
    ("alias.example", RecordType.A, NoData, 40, "alias"),
    ("dangling.example", RecordType.MX, NxDomain, 40, "RFC 6604"),
    ("y.wild.example", RecordType.MX, Records, 100, "RFC 4592"),
    ("z.y.wild.example", RecordType.MX, Records, 100, "RFC 4592"),
    ("y.wild.example", RecordType.A, NoData, 40, "RFC 4592"),
    ("host.wild.example", RecordType.MX, NoData, 40, "it exists"),
    ("y.host.wild.example", RecordType.MX, NxDomain, 40, "RFC 4592 4.7: hidden"),
    ("x.tree.example", RecordType.MX, Records, 100, "RFC 6672"),
    ("y.tree.example", RecordType.MX, NxDomain, 40, "RFC 6672"),
    ("tree.example", RecordType.MX, NoData, 40, "RFC 6672 2.3: not its owner"),
    ("outside", RecordType.MX, Records, 300, "another zone"),
    ("gone.outside", RecordType.MX, NxDomain, 60, "no SOA: a minute"),
]


@pytest.mark.parametrize(("name", "qtype", "kind", "ttl", "why"), ANSWERS)
def test_a_zone_answers_as_a_resolver_would(name, qtype, kind, ttl, why):
    """In memory and on the wire alike."""
    resolver = ZoneResolver(TEXT)
    answer = ask(resolver, name, qtype)
    assert (type(answer).__mro__[-2] if kind is Records else type(answer)) is kind, why
    assert answer.ttl == ttl, why
    assert resolver.questions == [Question(DomainName(name), qtype)]
    with LoopbackDNS(resolver.zone) as server:
        stub = StubResolver([server.server])
        question = Question(DomainName(name), qtype)
        assert stub.resolve(question, time.monotonic() + 5) == answer
        stub.close()


@pytest.mark.parametrize("name", ["loop.example", "a.b.c.long.example"])
def test_a_chain_without_end_is_a_failure(name):
    """A loop of aliases, and a name that becomes too long."""
    assert ask(ZoneResolver(TEXT), name).reason is FailureReason.SERVFAIL


def test_a_dict_is_a_zone():
    """Names without records exist; a name may lack its final dot."""
    resolver = ZoneResolver(
        {
            "d.example": {"MX": ["10 mx.d.example."], "A": ["192.0.2.1"]},
            "D.example.": {"AAAA": ["2001:db8::1"]},
            "e.example": {},
        }
    )
    for qtype in (RecordType.MX, RecordType.A, RecordType.AAAA):
        assert isinstance(ask(resolver, "d.example", qtype), Records)
    assert isinstance(ask(resolver, "d.example"), Records)
    assert ask(resolver, "e.example") == NoData(60)
    assert ask(resolver, "f.example") == NxDomain(60)


def test_a_file_is_a_zone(tmp_path):
    """As for ``senderdomain check --zone``."""
    path = tmp_path / "zone"
    path.write_text(TEXT)
    assert isinstance(ask(ZoneResolver.from_file(path), "mx.example"), Records)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("d.example. MX", r"not a master file: zone:\d+:"),
        ("d.example. NONSENSE x", "not a master file"),
        ("$ORIGIN", "not a master file"),
        ({"d.example": {"A": ["x"]}}, r"zone\['d.example'\]\['A'\]:1: "),
        (5, "a zone is text or a dict of names: 5"),
        ({"a..b": {}}, "not a domain name: 'a..b'"),
        ({"a@b.example": {}}, "a zone has domains and no addresses: 'a@b.example'"),
        ({"d.example": ["MX"]}, r"zone\['d.example'\] must be a dict of types"),
        ({"d.example": {"MX": "1 x."}}, r"zone\['d.example'\]\['MX'\] must be a list"),
        ("a. A 192.0.2.1\nb. MX 10\nc. A 192.0.2.1", "zone:2: expecting"),
        ("a. A 300.1.1.1\nb. A 192.0.2.1", "zone:1: "),
        ("a. A 192.0.2.1\n\nb. MX ten x.\n", "zone:3: "),
    ],
)
def test_what_is_no_zone_is_refused(source, message):
    """With the line."""
    with pytest.raises(ValueError, match=message):
        Zone(source)


# What a client makes of each fault, in memory and over a socket, with 0.3 s to go.
FAULT_ANSWERS = {
    "servfail": FailureReason.SERVFAIL,
    "refused": FailureReason.REFUSED,
    "formerr": FailureReason.REFUSED,
    "notimp": FailureReason.REFUSED,
    "timeout": FailureReason.TIMEOUT,
    "slow(9)": FailureReason.TIMEOUT,
    "slow(0.01)": Records,
    "flaky(1)": FailureReason.SERVFAIL,
    "malformed": FailureReason.MALFORMED,
    "truncated": FailureReason.TRUNCATED,
    "bogus": FailureReason.BOGUS,
    "filtered": FailureReason.FILTERED,
    "alias_loop": FailureReason.ALIAS_LOOP,
    "wrong_id": FailureReason.TIMEOUT,
    "wrong_question": FailureReason.TIMEOUT,
    "garbage_first": Records,
    "cut": FailureReason.MALFORMED,
    "other_port": FailureReason.TIMEOUT,
    "tcp_reset": FailureReason.TRUNCATED,
    "tcp_trickle": FailureReason.TIMEOUT,
    "huge": Records,
    "compression": FailureReason.MALFORMED,
    "several": Records,
}
QUICK = Timing(attempt_timeout=0.1)


def meaning(answer):
    """Tell the reason of a failure, or what kind of answer it is."""
    if isinstance(answer, Failure):
        return answer.reason
    return Records if isinstance(answer, Records) else type(answer)


@pytest.mark.parametrize("qtype", [RecordType.MX, RecordType.A, RecordType.AAAA])
@pytest.mark.parametrize("kind", FAULT_ANSWERS)
def test_a_fault_is_the_same_in_memory_and_on_a_socket(kind, qtype):
    """Whatever the question."""
    types = {"MX": ["10 mx.d.example."], "A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]}
    expected = FAULT_ANSWERS[kind]
    question = Question(DomainName("d.example"), qtype)
    zone = Zone({"d.example": types})
    zone.fault("d.example", kind)
    answer = ZoneResolver(zone).resolve(question, time.monotonic() + 0.3)
    assert meaning(answer) is expected
    zone.fault("d.example", kind)  # from the beginning
    with (
        LoopbackDNS(zone) as server,
        closing(StubResolver([server.server], timing=QUICK)) as resolver,
    ):
        answer = resolver.resolve(question, time.monotonic() + 0.3)
        assert meaning(answer) is expected


def test_every_fault_is_tried():
    """Those with a number too."""
    names = {kind.partition("(")[0] for kind in FAULTS}
    assert names == {kind.partition("(")[0] for kind in FAULT_ANSWERS}


def test_a_fault_can_be_for_one_type_and_be_taken_back():
    """And is gone then."""
    resolver = ZoneResolver({"d.example": {"A": ["192.0.2.1"]}})
    resolver.fault("d.example", "servfail", qtype="A")
    assert ask(resolver, "d.example") == NoData(60)
    assert ask(resolver, "d.example", RecordType.A).reason is FailureReason.SERVFAIL
    resolver.heal("d.example", qtype="A")
    resolver.heal("d.example", qtype="A")
    assert isinstance(ask(resolver, "d.example", RecordType.A), Records)


def test_a_fault_can_be_a_function():
    """Steps that a transport does not know are left out."""

    def odd(exchange):
        yield Elsewhere(exchange.truth()) if exchange.over_tcp else Hangup.CLOSE
        yield from over_tcp(truth if exchange.number else trickle(0.0))(exchange)

    zone = Zone("d.example. MX 10 mx.d.example.")
    question = Question(DomainName("d.example"), RecordType.MX)
    with (
        LoopbackDNS(zone) as server,
        closing(StubResolver([server.server])) as stub,
    ):
        for resolver in (ZoneResolver(zone), stub):
            zone.fault("d.example", odd)
            for _ in range(2):
                answer = resolver.resolve(question, time.monotonic() + 5)
                assert isinstance(answer, Records)


def test_answers_are_kept_ready_within_limits(monkeypatch):
    """A zone that is asked for many names does not grow."""
    from senderdomain.testing import _zone

    monkeypatch.setattr(_zone, "_MOST_READY", 2)
    zone = Zone(TEXT)
    for n in range(5):
        query = dns.message.make_query(f"n{n}.example.", "MX").to_wire()
        assert zone.play(query)[0] == f"n{n}.example MX"
        assert len(zone._ready) <= 2


def test_a_server_serves_a_herd():
    """More datagrams than it takes at a time."""
    with LoopbackDNS(TEXT) as server:
        stub = StubResolver([server.server])
        verifier = DomainVerifier(stub, deadline=10)
        senders = [f"a@n{n}.example" for n in range(3_000)]
        verdicts = verifier.verify_many(senders, in_flight=500)
        assert {verdict.outcome for verdict in verdicts} == {Outcome.NXDOMAIN}
        stub.close()


def test_a_flaky_name_recovers():
    """After so many questions of each type."""
    resolver = ZoneResolver({"d.example": {"A": ["192.0.2.1"]}})
    resolver.fault("d.example", "flaky(2)")
    for _ in range(2):
        assert ask(resolver, "d.example").reason is FailureReason.SERVFAIL
    assert ask(resolver, "d.example") == NoData(60)
    assert ask(resolver, "d.example", RecordType.A).reason is FailureReason.SERVFAIL


def test_a_zone_changes():
    """Domains come and go; what is below them stays."""
    zone = Zone("d.example. A 192.0.2.1\nx.d.example. A 192.0.2.1")
    resolver = ZoneResolver(zone)
    assert ask(resolver, "d.example") == NoData(60)
    resolver.put("d.example", {"MX": ["10 mx.d.example."]})
    assert isinstance(ask(resolver, "d.example"), Records)
    assert ask(resolver, "d.example", RecordType.A) == NoData(60)
    zone.remove("D.example.")
    assert ask(resolver, "d.example") == NoData(60)  # an empty non-terminal now
    zone.remove("x.d.example")
    assert ask(resolver, "d.example") == NxDomain(60)
    with pytest.raises(ValueError, match="nothing to remove: the zone has no records"):
        zone.remove("d.example")
    assert zone.questions == resolver.questions
    assert len(zone.questions) == 5


def test_an_unknown_fault_is_refused():
    """With the choice."""
    with pytest.raises(ValueError, match="no fault 'x'; there are servfail, refused"):
        Zone().fault("d.example", "x")
    for kind in ("slow", "slow()", "slow(1.2.3)", "servfail(1)", "slow(-1)"):
        with pytest.raises(ValueError, match=r"no fault .*, slow\(seconds\), flaky"):
            Zone().fault("d.example", kind)
    with pytest.raises(ValueError, match="a fault is a name or a function: None"):
        Zone().fault("d.example", None)
    with pytest.raises(ValueError, match="no question for 'TXT' is ever asked"):
        Zone().fault("d.example", "servfail", qtype="TXT")


def test_zones_and_resolvers_show_what_they_are():
    """In a test that fails."""
    resolver = ZoneResolver(TEXT)
    ask(resolver, "mx.example")
    assert repr(resolver) == "<ZoneResolver: <Zone of 13 names>, 1 questions>"
    verifier = DomainVerifier(resolver)
    verifier.verify("a@mx.example")
    assert repr(verifier) == "<DomainVerifier: default, 1 lookups>"


def test_a_server_counts_what_is_asked():
    """By name and type."""
    with LoopbackDNS(TEXT) as server:
        query = dns.message.make_query("MX.example.", "MX")
        for _ in range(2):
            dns.query.udp(query, "127.0.0.1", port=server.port, timeout=5)
        assert server.asked == {"mx.example MX": 2}


def test_a_server_truncates_and_serves_tcp():
    """512 octets without EDNS, 1232 with it."""
    crowd = {"d.example": {"MX": [f"{n} mx{n}.d.example." for n in range(40)]}}
    with LoopbackDNS(crowd) as server:
        for edns, truncated in ((False, True), (0, False)):
            query = dns.message.make_query("d.example.", "MX", use_edns=edns)
            answer = dns.query.udp(query, "127.0.0.1", port=server.port, timeout=5)
            assert bool(answer.flags & dns.flags.TC) is truncated
        answer = dns.query.tcp(query, "127.0.0.1", port=server.port, timeout=5)
        assert len(answer.answer[0]) == 40


def test_a_server_says_nothing_to_nonsense():
    """And serves the next one."""
    with LoopbackDNS(TEXT) as server:
        server.zone.fault("mx.example", "timeout")
        response = dns.message.make_query("mx.example.", "MX")
        response.flags |= dns.flags.QR
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for nonsense in (b"nonsense", response.to_wire()):
                client.sendto(nonsense, ("127.0.0.1", server.port))
        address = ("127.0.0.1", server.port)
        silent = dns.message.make_query("mx.example.", "MX").to_wire()
        with socket.create_connection(address) as client:
            client.sendall(len(silent).to_bytes(2, "big") + silent)
            client.settimeout(0.1)
            with pytest.raises(TimeoutError):
                client.recv(10)
        query = dns.message.make_query("gone.example.", "MX")
        answer = dns.query.udp(query, "127.0.0.1", port=server.port, timeout=5)
        assert answer.rcode() == dns.rcode.NXDOMAIN


def test_a_port_that_is_taken_is_an_error():
    """Whether over UDP or TCP."""
    with (
        LoopbackDNS() as first,
        pytest.raises(OSError, match="in use"),
        LoopbackDNS(port=first.port),
    ):
        pass
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"), LoopbackDNS(port=port):
            pass


def test_another_port_is_tried_if_the_system_was_unlucky(monkeypatch):
    """What is free for UDP may be taken for TCP."""
    from senderdomain.testing import _loopback

    real, unlucky = _loopback._bound, [True]

    def bound(host, port, kind):
        if kind is socket.SOCK_STREAM and unlucky:
            unlucky.pop()
            raise OSError(98, "in use")
        return real(host, port, kind)

    monkeypatch.setattr(_loopback, "_bound", bound)
    with LoopbackDNS(TEXT) as running:
        assert running.port


def test_a_server_is_for_loopback_only():
    """Nobody offers a zone of lies to the Internet by mistake."""
    with pytest.raises(ValueError, match="not a loopback address: '0"):
        LoopbackDNS(host="0.0.0.0")


def test_a_server_without_tcp_refuses_connections():
    """As behind a firewall."""
    with (
        LoopbackDNS(TEXT, tcp=False) as server,
        pytest.raises(ConnectionRefusedError),
    ):
        socket.create_connection(("127.0.0.1", server.port))


def test_a_server_serves_an_event_loop_as_well():
    """With ``async with``; IPv6 too."""

    async def main():
        async with LoopbackDNS(TEXT, host="::1") as server:
            resolver = AsyncStubResolver([server.server])
            question = Question(DomainName("mx.example"), RecordType.MX)
            answer = await resolver.resolve(question, time.monotonic() + 5)
            resolver.close()
            return answer

    assert isinstance(asyncio.run(main()), Records)


def test_a_server_stops_while_answers_are_due():
    """Of slow faults, over UDP and TCP."""
    with LoopbackDNS(TEXT) as server:
        server.zone.fault("mx.example", "slow(60)")
        query = dns.message.make_query("mx.example.", "MX").to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(query, ("127.0.0.1", server.port))
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(len(query).to_bytes(2, "big") + query)
            while server.asked["mx.example MX"] < 2:
                time.sleep(0.001)


def test_a_server_stops_without_a_word(caplog):
    """Whatever state its connections are in."""
    with contextlib.ExitStack() as clients:
        for sent in (b"", b"\0", b"\0\x05ab"):
            with LoopbackDNS(TEXT) as server:
                for _ in range(20):
                    address = ("127.0.0.1", server.port)
                    client = clients.enter_context(socket.create_connection(address))
                    client.sendall(sent)
            client.settimeout(5)
            with contextlib.suppress(ConnectionResetError):  # it had octets unread
                assert client.recv(1) == b""
    assert not caplog.records


def test_a_clock_is_set_by_hand():
    """And goes forward only."""
    clock = SettableClock(5)
    cache = FindingCache(clock=clock)
    resolver = ZoneResolver("d.example. 60 MX 10 mx.d.example.")
    verifier = DomainVerifier(resolver, cache=cache)
    assert [verifier.verify("a@d.example").cached for _ in range(2)] == [False, True]
    clock.advance(60)
    assert not verifier.verify("a@d.example").cached
    assert repr(clock) == "<SettableClock: 65 s>"
    for seconds in (-1, float("nan")):
        with pytest.raises(ValueError, match="cannot go back"):
            clock.advance(seconds)
