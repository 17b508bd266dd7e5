"""Resolvers of dnspython, asked for us."""

from __future__ import annotations

import asyncio
import time

from itertools import pairwise

import dns.asyncresolver
import dns.exception
import dns.message
import dns.resolver
import pytest

from senderdomain import (
    AsyncDomainVerifier,
    DomainName,
    DomainVerifier,
    Failure,
    FailureReason,
    NoData,
    NxDomain,
    Outcome,
    Question,
    Records,
    RecordType,
)
from senderdomain.resolvers import (
    AsyncDnspythonResolver,
    DnspythonResolver,
    StubResolver,
)
from senderdomain.resolvers.dnspython import _failure
from senderdomain.testing import LoopbackDNS, Zone

NAMES = [f"c{n}.example." for n in range(20)]
ZONE = Zone(
    "mx.example. MX 10 m.mx.example.\n"
    "none.example. TXT x\n"
    "alias.example. 9 CNAME mx.example.\n"
    "gone-alias.example. CNAME gone.example.\n"
    "_x.example. MX 10 m.mx.example.\n"
    "under.example. DNAME "
    + ".".join(["n" * 63] * 3 + ["n" * 59])
    + ".\n"
    + "\n".join(f"{a} CNAME {b}" for a, b in pairwise(NAMES))
    + "\n"
    + "\n".join(f"many.example. MX {n} mx{n}.example." for n in range(200))
)
for kind in ("servfail", "refused", "formerr", "notimp", "timeout"):
    ZONE.fault(f"{kind}.example", kind)

REASONS = [
    ("servfail.example", FailureReason.SERVFAIL),
    ("refused.example", FailureReason.REFUSED),
    ("formerr.example", FailureReason.REFUSED),
    ("notimp.example", FailureReason.REFUSED),
    ("timeout.example", FailureReason.TIMEOUT),
    ("a.b.under.example", FailureReason.SERVFAIL),
    ("c0.example", FailureReason.ALIAS_LOOP),
]


@pytest.fixture(scope="module")
def server():
    """Serve the zone."""
    with LoopbackDNS(ZONE) as server:
        yield server


def configured(kind, port, *, nameservers=("127.0.0.1",), lifetime=5.0, **more):
    """Make a resolver as its user would."""
    resolver = kind(configure=False)
    resolver.nameservers = list(nameservers)
    resolver.port = port
    resolver.lifetime = lifetime
    for name, value in more.items():
        setattr(resolver, name, value)
    return resolver


def ask(port, name, qtype=RecordType.MX, *, seconds=0.5, **more):
    """Ask both kinds; they must say the same."""
    question = Question(DomainName(name), qtype)
    sync = configured(dns.resolver.Resolver, port, **more)
    answer = DnspythonResolver(sync).resolve(question, time.monotonic() + seconds)
    twin = configured(dns.asyncresolver.Resolver, port, **more)

    async def main():
        return await AsyncDnspythonResolver(twin).resolve(
            question, time.monotonic() + seconds
        )

    again = asyncio.run(main())
    if isinstance(answer, Failure):
        assert again.reason is answer.reason
    else:
        assert again == answer
    return answer


def test_answers_mean_what_they_mean_to_the_stub_resolver(server):
    """One decoder reads both."""
    stub = StubResolver([server.server])
    for name in ("mx.example", "none.example", "gone.example", "alias.example"):
        question = Question(DomainName(name), RecordType.MX)
        expected = stub.resolve(question, time.monotonic() + 5)
        assert ask(server.port, name) == expected
    stub.close()
    assert isinstance(ask(server.port, "mx.example"), Records)
    assert ask(server.port, "none.example") == NoData(60)
    assert ask(server.port, "gone.example") == NxDomain(60)
    assert ask(server.port, "gone-alias.example") == NxDomain(60, aliased=True)
    assert ask(server.port, "alias.example").ttl == 9
    assert len(ask(server.port, "many.example").rrset) == 200


@pytest.mark.parametrize(("name", "reason"), REASONS)
def test_trouble_has_its_reason(server, name, reason):
    """From the list of what went wrong, not from the class of the exception."""
    assert ask(server.port, name).reason is reason


def test_a_dead_server_beside_a_failing_one_does_not_hide_it(server):
    """dnspython calls it a LifetimeTimeout."""
    answer = ask(
        server.port,
        "servfail.example",
        nameservers=("127.0.0.9", "127.0.0.1"),
        timeout=0.1,
    )
    assert answer.reason is FailureReason.SERVFAIL


def test_a_server_that_cannot_be_reached_is_told_apart():
    """An error of the operating system and no time-out."""
    answer = ask(53, "mx.example", nameservers=("255.255.255.255",))
    assert answer.reason is FailureReason.RESOLVER_DOWN


def test_the_deadline_of_the_verdict_holds(server):
    """Whatever lifetime the resolver has."""
    start = time.monotonic()
    assert ask(server.port, "timeout.example", seconds=0.2, lifetime=60).reason is (
        FailureReason.TIMEOUT
    )
    assert time.monotonic() - start < 10  # twice 0.2 s; a hang would be 60
    assert ask(server.port, "mx.example", seconds=-1).reason is FailureReason.TIMEOUT


def test_no_search_list_is_used(server):
    """RFC 5321, section 2.3.5: only the name itself."""
    search = [dns.name.from_text("mx.example.")]
    answer = ask(server.port, "gone.example", search=search, use_search_by_default=True)
    assert answer == NxDomain(60)
    assert server.asked["gone.example.mx.example MX"] == 0


def test_whatever_else_dnspython_raises_is_a_failure():
    """With a list of errors, or without one."""
    asked = Question(DomainName("mx.example"), RecordType.MX)
    other = dns.message.make_response(dns.message.make_query("x.example.", "MX"))
    empty = dns.message.make_response(dns.message.make_query("mx.example.", "MX"))
    rows = [
        (dns.exception.DNSException(), FailureReason.TIMEOUT),
        (OSError(), FailureReason.TIMEOUT),
        (dns.message.ChainTooLong(), FailureReason.ALIAS_LOOP),
        (_errors(ValueError(), empty), FailureReason.MALFORMED),
        (_errors(dns.exception.FormError(), None), FailureReason.MALFORMED),
        (_errors(dns.exception.Timeout(), None), FailureReason.TIMEOUT),
        (_errors(ValueError(), other), FailureReason.MALFORMED),
    ]
    for error, reason in rows:
        assert _failure(error, asked).reason is reason


def _errors(error, response):
    query = dns.message.make_query("mx.example.", "MX")
    errors = [("127.0.0.1", False, 53, error, response)]
    return dns.resolver.NoNameservers(request=query, errors=errors)


def test_an_answer_without_tcp_stays_truncated(server):
    """If the user has switched TCP off, that is a failure and no missing MX."""
    verdict = DomainVerifier(DnspythonResolver(_NoTcp(server.port)), deadline=1).verify(
        "a@many.example"
    )
    assert verdict.deferred


class _NoTcp(dns.resolver.Resolver):
    """Answers with what came over UDP."""

    def __init__(self, port):
        super().__init__(configure=False)
        self.nameservers = ["127.0.0.1"]
        self.port = port

    def resolve(self, qname, rdtype, **_):
        query = dns.message.make_query(qname, rdtype)
        message = dns.query.udp(query, "127.0.0.1", port=self.port)
        return dns.resolver.Answer(qname, rdtype, dns.rdataclass.IN, message)


def test_both_serve_a_verifier(server):
    """End to end."""
    sync = configured(dns.resolver.Resolver, server.port)
    twin = configured(dns.asyncresolver.Resolver, server.port)
    assert DomainVerifier(DnspythonResolver(sync)).verify("a@mx.example").accepted
    verifier = AsyncDomainVerifier(AsyncDnspythonResolver(twin))
    verdict = asyncio.run(verifier.verify("a@gone.example"))
    assert verdict.outcome is Outcome.NXDOMAIN


@pytest.mark.parametrize("kind", [DnspythonResolver, AsyncDnspythonResolver])
def test_a_system_without_a_resolver_is_told_so(kind, monkeypatch):
    """With the cure."""

    def none(self, *_):
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.BaseResolver, "read_resolv_conf", none)
    with pytest.raises(ValueError, match="names no DNS resolver; pass a resolver"):
        kind()
