"""The zone in memory, and the same one on a socket."""

from __future__ import annotations

import socket
import time

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import pytest

from senderdomain import (
    DomainName,
    DomainVerifier,
    FailureReason,
    NoData,
    NxDomain,
    Outcome,
    Question,
    Records,
    RecordType,
)
from senderdomain.resolvers import StubResolver
from senderdomain.testing import FAULTS, LoopbackDNS, Zone, ZoneResolver

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
        {"d.example": {"MX": ["10 mx.d.example."], "A": ["192.0.2.1"]}, "e.example": {}}
    )
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
        ({"d.example": {"A": ["x"]}}, "not a master file"),
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


FAULT_REASONS = {
    "servfail": FailureReason.SERVFAIL,
    "refused": FailureReason.REFUSED,
    "formerr": FailureReason.REFUSED,
    "notimp": FailureReason.REFUSED,
    "timeout": FailureReason.TIMEOUT,
}


@pytest.mark.parametrize("kind", FAULTS)
def test_faults_are_temporary(kind):
    """For all types, or for one."""
    resolver = ZoneResolver({"d.example": {"A": ["192.0.2.1"]}})
    resolver.fault("d.example", kind, qtype="A")
    assert ask(resolver, "d.example") == NoData(60)
    assert ask(resolver, "d.example", RecordType.A).reason is FAULT_REASONS[kind]
    resolver.fault("d.example", kind)
    assert ask(resolver, "d.example").reason is FAULT_REASONS[kind]
    verdict = DomainVerifier(resolver).verify("a@d.example")
    assert verdict.outcome is Outcome.TEMPFAIL


def test_an_unknown_fault_is_refused():
    """With the choice."""
    with pytest.raises(ValueError, match="no fault 'x'; there are servfail, refused"):
        Zone().fault("d.example", "x")
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
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"nonsense", ("127.0.0.1", server.port))
        address = ("127.0.0.1", server.port)
        silent = dns.message.make_query("mx.example.", "MX").to_wire()
        with socket.create_connection(address) as client:
            client.sendall(len(silent).to_bytes(2, "big") + silent)
            assert client.recv(10) == b""
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

    real, unlucky = _loopback._server, [True]

    def server(kind, handler, dns_server, port):
        if handler is _loopback._Stream and unlucky:
            unlucky.pop()
            raise OSError(98, "in use")
        return real(kind, handler, dns_server, port)

    monkeypatch.setattr(_loopback, "_server", server)
    with LoopbackDNS(TEXT) as running:
        assert running.port
