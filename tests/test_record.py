"""What the DNS says, recorded and played back."""

from __future__ import annotations

import pytest

from senderdomain import DomainVerifier, Outcome
from senderdomain._cli import main
from senderdomain.resolvers import StubResolver
from senderdomain.testing import LoopbackDNS, ZoneResolver, record
from senderdomain.testing._catalogue._responses import saying

ZONE = """
$ORIGIN example.
$TTL 100
@        SOA   ns host 1 3600 600 86400 40
mx       MX    10 host.mx
mx       MX    20 gone.mx
host.mx  A     192.0.2.25
host.mx  AAAA  2001:db8::25
alias    CNAME mx
dangling CNAME gone
null     MX    0 .
a        A     192.0.2.1
none     TXT   nothing
tree     DNAME mx.example.
xn--mnchen-3ya MX 10 host.mx
empty    CNAME none
"""
NAMES = {
    "mx.example": Outcome.MX,
    "alias.example": Outcome.MX,
    "dangling.example": Outcome.NXDOMAIN,
    "null.example": Outcome.NULL_MX,
    "a.example": Outcome.IMPLICIT_MX,
    "none.example": Outcome.NODATA,
    "gone.example": Outcome.NXDOMAIN,
    "host.tree.example": Outcome.IMPLICIT_MX,
    "münchen.example": Outcome.MX,
    "empty.example": Outcome.NODATA,
}


@pytest.fixture
def server():
    """Serve the zone on a socket."""
    with LoopbackDNS(ZONE) as server:
        server.zone.fault("dead.example", "servfail")
        yield server


@pytest.mark.parametrize(("name", "outcome"), NAMES.items())
def test_a_recording_gives_the_same_verdict(server, name, outcome):
    """With the same answers and TTLs."""
    recording = record([name], [server.server])
    assert recording.problems == ()
    played = DomainVerifier(ZoneResolver(recording.zone)).verify_domain(name)
    resolver = StubResolver([server.server])
    real = DomainVerifier(resolver).verify_domain(name)
    resolver.close()
    assert played.outcome is outcome
    assert played == real


def test_a_recording_has_the_addresses_of_the_exchanges():
    """For whoever looks deeper, or will."""
    with LoopbackDNS(ZONE) as server:
        zone = record(["mx.example", "alias.example"], [server.server]).zone
    assert "host.mx.example. 100 IN A 192.0.2.25\n" in zone
    assert "host.mx.example. 100 IN AAAA 2001:db8::25\n" in zone
    assert zone.count(" IN AAAA ") == 1


def test_a_recording_has_nothing_that_no_verdict_asks_about():
    """Name servers, say."""
    with LoopbackDNS(ZONE) as server:
        extra = saying(
            "a.example. 60 IN A 192.0.2.1", authority=["example. 60 IN NS ns.example."]
        )
        server.zone.fault("a.example", extra, qtype="A")
        assert " NS " not in record(["a.example"], [server.server]).zone


@pytest.mark.parametrize(
    ("kind", "qtype"),
    [("servfail", "ANY"), ("filtered", "ANY"), ("servfail", "MX"), ("bogus", "A")],
)
def test_a_recording_of_trouble_defers(server, kind, qtype):
    """It must not become a rejection, nor an acceptance, by being recorded."""
    server.zone.put("ill.example", {"AAAA": ["2001:db8::1"]} if qtype == "MX" else {})
    server.zone.fault("ill.example", kind, qtype=qtype)
    recording = record(["ill.example"], [server.server])
    assert recording.problems
    verdict = DomainVerifier(ZoneResolver(recording.zone)).verify_domain("ill.example")
    assert verdict.outcome is Outcome.TEMPFAIL


def test_the_command_writes_a_zone(server, capsys, tmp_path):
    """To standard output."""
    assert main(["record", "--server", server.server, "mx.example"]) == 0
    path = tmp_path / "fixture.zone"
    path.write_text(capsys.readouterr().out)
    assert main(["check", "--zone", str(path), "a@mx.example"]) == 0
    assert main(["check", "--zone", str(path), "a@a.example"]) == 1


def test_what_cannot_be_recorded_is_told(server, capsys):
    """EX_TEMPFAIL; the rest is written all the same."""
    status = main(["record", "--server", server.server, "dead.example", "a.example"])
    out, err = capsys.readouterr()
    assert status == 75
    assert "a.example. 100 IN A 192.0.2.1\n" in out
    assert [line.split(":")[1:3] for line in err.splitlines()] == [
        [" not recorded", f" dead.example. {qtype}"] for qtype in ("MX", "A", "AAAA")
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a b"], "not a domain name: 'a b'"),
        (["--server", "x", "b.example"], "not a DNS server: 'x'"),
    ],
)
def test_a_mistake_is_told_in_one_line(capsys, arguments, message):
    """EX_USAGE."""
    assert main(["record", *arguments]) == 64
    assert capsys.readouterr().err.startswith(f"senderdomain: {message}")


def test_a_system_without_a_resolver_is_a_matter_of_configuration(capsys, monkeypatch):
    """EX_CONFIG, and the cure."""
    import dns.resolver

    def none(*_):
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver, "Resolver", none)
    assert main(["record", "b.example"]) == 78
    assert "name one with --server" in capsys.readouterr().err
