"""
Real servers: an Unbound that asks an NSD, both from Debian, on loopback.

What the library makes of the DNS is only worth something if real servers put it the
way it expects. `real_servers` starts them; tests/data/*.zone is what NSD serves.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time

from contextlib import closing

import dns.asyncresolver
import dns.resolver
import pytest

from senderdomain import (
    Action,
    AsyncDomainVerifier,
    DomainVerifier,
    FailureReason,
    Outcome,
    TargetFault,
    Verdict,
)
from senderdomain.resolvers import (
    AsyncDnspythonResolver,
    AsyncStubResolver,
    DnspythonResolver,
    StubResolver,
)
from senderdomain.resolvers._engine import Timing
from senderdomain.testing import Zone, ZoneResolver

from .real_servers import DATA, GENERATED, HOST, MANY, Servers, master_file, servers

server = pytest.mark.server

# Seconds for a verdict. Unbound takes up to 3 to give up a dead server.
DEADLINE = 20.0

# Seconds that Unbound may count down while all resolvers ask for one name.
ONE_AFTER_ANOTHER = 2

# Seconds by which two clocks that count whole seconds can differ.
ROUNDING = 1

OK = "250 {}... Sender ok"
GONE = "501 {}... Sender domain must exist"
NULL = "550 {}... Sender domain does not accept mail (null MX)"
UNUSABLE = "550 {}... Sender domain has no usable mail exchanger"
LATER = "451 {}... Sender domain must resolve"

MX, NULL_MX, UNUSABLE_MX = Outcome.MX, Outcome.NULL_MX, Outcome.UNUSABLE_MX
IMPLICIT_MX, NODATA = Outcome.IMPLICIT_MX, Outcome.NODATA
NXDOMAIN, TEMPFAIL = Outcome.NXDOMAIN, Outcome.TEMPFAIL

# domain, outcome, reply, TTL in seconds, questions, why
ROWS = [
    ("microsoft.com", MX, OK, 3600, 1, "the article's 250"),
    ("domaintest.com", NXDOMAIN, GONE, 120, 1, "the article's 501"),
    # MX
    ("mx.example", MX, OK, 600, 1, "RFC 5321 5.1"),
    ("mx-for-hours.example", MX, OK, 3600, 1, "an hour is long enough"),
    ("mx-for-a-second-less.example", MX, OK, 299, 1, "the record's own TTL"),
    ("mx-and-a.example", MX, OK, 600, 1, "the address is not asked for"),
    ("mx-0-host.example", MX, OK, 600, 1, "preference 0 alone is no null MX"),
    ("mx-without-address.example", MX, OK, 600, 1, "its host is not looked up"),
    ("mx-itself.example", MX, OK, 600, 1, "its host is not looked up"),
    ("mx-alias.example", MX, OK, 600, 1, "RFC 2181 10.3 is the owner's affair"),
    ("mx-ip-text.example", MX, OK, 600, 1, "a name, whatever it looks like"),
    ("mx-underscore.example", MX, OK, 600, 1, "real exchanges have them"),
    ("upper-case.example", MX, OK, 600, 1, "RFC 1035 2.3.3"),
    ("MX.Example", MX, OK, 600, 1, "RFC 1035 2.3.3, and the reply repeats it"),
    ("mx.example.", MX, OK, 600, 1, "the same name"),
    ("xn--mnchen-3ya.example", MX, OK, 600, 1, "RFC 5890, an A-label"),
    ("deep.er.and.deep.er.example", MX, OK, 600, 1, "labels between have nothing"),
    ("1-digit.example", MX, OK, 600, 1, "RFC 1123 2.1"),
    ("many-mx.example", MX, OK, 600, 1, "RFC 7766 5, over TCP"),
    # MX that cannot be used
    ("null-mx.example", NULL_MX, NULL, 240, 1, "RFC 7505 3"),
    ("null-mx-and-a.example", NULL_MX, NULL, 240, 1, "RFC 7505 3, whatever else"),
    ("null-mx-plus-mx.example", MX, OK, 600, 1, "RFC 7505 3, null only if alone"),
    ("mx-10-root.example", UNUSABLE_MX, UNUSABLE, 240, 1, "RFC 7505 3, only with 0"),
    ("mx-10-root-and-a.example", UNUSABLE_MX, UNUSABLE, 240, 1, "RFC 5321 5.1"),
    ("two-roots.example", UNUSABLE_MX, UNUSABLE, 240, 1, "null only if alone"),
    ("mx-space.example", UNUSABLE_MX, UNUSABLE, 240, 1, "no host name"),
    ("mx-space-plus-mx.example", MX, OK, 600, 1, "one that is usable suffices"),
    # No MX
    ("a-only.example", IMPLICIT_MX, OK, 120, 2, "RFC 5321 5.1"),
    ("aaaa-only.example", IMPLICIT_MX, OK, 60, 3, "IPv6 counts"),
    ("a-and-aaaa.example", IMPLICIT_MX, OK, 120, 2, "one family suffices"),
    ("address.example", IMPLICIT_MX, OK, 120, 3, "absence of MX counts: 120 s"),
    ("txt-only.example", NODATA, GONE, 120, 3, "a name without mail"),
    ("missing.example", NXDOMAIN, GONE, 120, 1, "RFC 8020 2"),
    ("below.missing.example", NXDOMAIN, GONE, 120, 1, "RFC 8020 2"),
    ("below.mx.example", NXDOMAIN, GONE, 120, 1, "an MX says nothing of names below"),
    ("empty-non-terminal.example", NODATA, GONE, 120, 3, "RFC 8020 2, it exists"),
    ("er.and.deep.er.example", NODATA, GONE, 120, 3, "RFC 8020 2, it exists"),
    # Wildcards
    ("any.wildcard.example", MX, OK, 600, 1, "RFC 4592"),
    ("so.many.wildcard.example", MX, OK, 600, 1, "RFC 4592, any number of labels"),
    ("wildcard.example", NODATA, GONE, 120, 3, "RFC 4592 2.2.2, not for itself"),
    ("there.wildcard.example", NODATA, GONE, 120, 3, "RFC 4592, not for what exists"),
    ("below.there.wildcard.example", NXDOMAIN, GONE, 120, 1, "RFC 4592 3.3.1"),
    ("any.wildcard-txt.example", NODATA, GONE, 120, 3, "everything exists, no mail"),
    ("any.wildcard-null.example", NULL_MX, NULL, 240, 1, "RFC 7505 3"),
    # Aliases
    ("cname-to-mx.example", MX, OK, 600, 1, "RFC 1034 3.6.2"),
    ("cname-to-a.example", IMPLICIT_MX, OK, 120, 2, "RFC 5321 5.1"),
    ("cname-to-null-mx.example", NULL_MX, NULL, 240, 1, "the target's MX"),
    ("cname-to-txt.example", NODATA, GONE, 120, 3, "the target has no mail"),
    ("cname-to-com.example", MX, OK, 600, 1, "from one zone into another"),
    ("cname-for-less.example", MX, OK, 200, 1, "the alias is the weakest link"),
    ("cname-1.example", MX, OK, 300, 1, "a chain of three, and its least TTL"),
    ("cname-dangling.example", NXDOMAIN, GONE, 120, 1, "RFC 6604 3"),
    ("cname-dangling-twice.example", NXDOMAIN, GONE, 120, 1, "RFC 6604 3"),
    ("cname-dangling-com.example", NXDOMAIN, GONE, 120, 1, "RFC 6604 3"),
    ("cname-loop-1.example", TEMPFAIL, LATER, 0, 1, "never guess"),
    ("cname-self.example", TEMPFAIL, LATER, 0, 1, "never guess"),
    ("any.cname-wildcard.example", MX, OK, 600, 1, "RFC 4592 4"),
    ("dname.example", NODATA, GONE, 120, 3, "RFC 6672 2.3, not for itself"),
    ("host.dname.example", MX, OK, 600, 1, "RFC 6672 2.2"),
    ("no.dname.example", NXDOMAIN, GONE, 120, 1, "RFC 6672 2.2, then RFC 6604 3"),
    ("microsoft.dname-to-com.example", MX, OK, 600, 1, "RFC 6672 2.2"),
]

# The same, where something is wrong with the nameservers.
BROKEN = [
    ("lame.example", TEMPFAIL, LATER, 0, 1, "nothing listens there"),
    ("www.lame.example", TEMPFAIL, LATER, 0, 1, "nothing listens there"),
    ("cname-to-lame.example", TEMPFAIL, LATER, 0, 1, "an alias that leads there"),
    ("dead.example", TEMPFAIL, LATER, 0, 1, "nothing answers there"),
    ("refused.net", TEMPFAIL, LATER, 0, 1, "REFUSED, for NSD has no such zone"),
    # The resolver knows this one itself.
    ("local-only.net", MX, OK, 600, 1, "and so it need not ask NSD"),
]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Run the servers for all tests of this module."""
    with servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture(scope="module")
def in_memory():
    """Read the master files that NSD has."""
    return Zone("".join(map(master_file, GENERATED)))


def _server(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def stub(host: str, port: int, sender: str, **parameters: bool) -> Verdict:
    """Ask in this thread."""
    with closing(StubResolver([_server(host, port)])) as resolver:
        verifier = DomainVerifier(resolver, deadline=DEADLINE)
        return verifier.verify(sender, **parameters)


def async_stub(host: str, port: int, sender: str, **parameters: bool) -> Verdict:
    """Ask in an event loop."""

    async def verify() -> Verdict:
        with closing(AsyncStubResolver([_server(host, port)])) as resolver:
            verifier = AsyncDomainVerifier(resolver, deadline=DEADLINE)
            return await verifier.verify(sender, **parameters)

    return asyncio.run(verify())


def dnspython(host: str, port: int, sender: str, **parameters: bool) -> Verdict:
    """Ask through dnspython, in this thread."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [host], port
    resolver.lifetime = DEADLINE
    verifier = DomainVerifier(DnspythonResolver(resolver), deadline=DEADLINE)
    return verifier.verify(sender, **parameters)


def async_dnspython(host: str, port: int, sender: str, **parameters: bool) -> Verdict:
    """Ask through dnspython, in an event loop."""
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [host], port
    resolver.lifetime = DEADLINE

    async def verify() -> Verdict:
        verifier = AsyncDomainVerifier(
            AsyncDnspythonResolver(resolver), deadline=DEADLINE
        )
        return await verifier.verify(sender, **parameters)

    return asyncio.run(verify())


WAYS = [stub, async_stub, dnspython, async_dnspython]


# 1. Every name, every resolver


@server
@pytest.mark.parametrize("row", ROWS + BROKEN, ids=lambda row: row[0])
def test_a_name_gets_its_verdict_whichever_resolver_asks(real: Servers, row):
    """Outcome, reply, TTL and questions are those of the row, four times over."""
    domain, outcome, reply, ttl, questions, why = row
    sender = f"user@{domain}"
    reasons = {TEMPFAIL: {FailureReason.SERVFAIL}, UNUSABLE_MX: UNUSABLE_REASONS}
    ttls = []
    for way in WAYS:
        verdict = way(HOST, real.port, sender)
        assert verdict.outcome is outcome, (way, why)
        assert verdict.reason in reasons.get(outcome, {None}), (way, why)
        assert verdict.reply.lines == (reply.format(sender),), (way, why)
        assert len(verdict.finding.evidence) == questions, (way, why)
        assert not verdict.cached, way
        assert _counted_down(real, verdict.ttl, ttl), (way, why)
        ttls.append(verdict.ttl)
    assert max(ttls) - min(ttls) <= ONE_AFTER_ANOTHER, why


UNUSABLE_REASONS = {TargetFault.NULL, TargetFault.NOT_A_HOST}


def _counted_down(real: Servers, ttl: int, full: int) -> bool:
    # Unbound may have learned it when it started, or a moment ago.
    age = time.monotonic() - real.since + ROUNDING
    return max(0, full - age) <= ttl <= full


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_zone_in_memory_answers_as_real_servers_do(in_memory: Zone, row):
    """What users test their programs with gives the verdicts of the same rows."""
    domain, outcome, reply, ttl, questions, why = row
    resolver = ZoneResolver(in_memory)
    verdict = DomainVerifier(resolver).verify(f"user@{domain}")
    assert (verdict.outcome, verdict.ttl) == (outcome, ttl), why
    assert verdict.reply.lines == (reply.format(f"user@{domain}"),), why
    assert len(resolver.questions) == questions, why


@server
@pytest.mark.parametrize("way", WAYS)
def test_a_domain_in_u_labels_is_the_one_in_a_labels(real: Servers, way):
    """The DNS is asked for A-labels, and the reply shows what it can."""
    verdict = way(HOST, real.port, "user@München.example", smtputf8=True)
    assert (verdict.outcome, verdict.domain) == (MX, "xn--mnchen-3ya.example")
    assert verdict.reply.lines == ("250 user@M?nchen.example... Sender ok",)


@server
@pytest.mark.parametrize("way", WAYS)
def test_an_answer_too_large_for_udp_comes_over_tcp(real: Servers, way):
    """All records arrive, and Unbound has seen the question twice."""
    with real.counted() as asked:
        verdict = way(HOST, real.port, "user@many-mx.example")
    ((_, answer),) = verdict.finding.evidence
    assert [mx.exchange for mx in answer.rrset] == [
        f"mail-{n:03}.example" for n in range(MANY)
    ]
    assert asked == ["many-mx.example MX"] * 2


# domains, what each is a name for
LISTS = [
    ("list-{}.wildcard.example", "one datagram each"),
    ("list-{}.many-mx-wildcard.example", "one datagram and one connection each"),
]


@server
@pytest.mark.parametrize(("domains", "why"), LISTS)
def test_a_list_is_asked_all_at_once(real: Servers, domains, why):
    """A hundred domains are under way together, and none is lost."""
    senders = [f"user@{domains.format(n)}" for n in range(100)]

    with closing(StubResolver([real.server])) as resolver:
        verifier = DomainVerifier(resolver, deadline=DEADLINE)
        verdicts = list(verifier.verify_many(senders, in_flight=100))
    assert sorted(v.sender for v in verdicts) == sorted(senders)
    assert {v.outcome for v in verdicts} == {MX}, why


@server
@pytest.mark.parametrize(("domains", "why"), LISTS)
def test_a_list_is_asked_all_at_once_in_an_event_loop(real: Servers, domains, why):
    """A hundred domains are under way together, and none is lost."""
    senders = [f"user@{domains.format(n)}" for n in range(100, 200)]

    async def verify() -> list[Verdict]:
        with closing(AsyncStubResolver([real.server])) as resolver:
            verifier = AsyncDomainVerifier(resolver, deadline=DEADLINE)
            return [v async for v in verifier.verify_many(senders, in_flight=100)]

    verdicts = asyncio.run(verify())
    assert sorted(v.sender for v in verdicts) == sorted(senders)
    assert {v.outcome for v in verdicts} == {MX}, why


# 2. The command line


def _check(
    real: Servers, *arguments: str, python: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *python, "-m", "senderdomain", "check", *arguments]
    return subprocess.run(
        [*command, "--server", real.server, "--deadline", str(DEADLINE)],
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=2 * DEADLINE,
    )


# The senders of the article and of the demo. The TTL is as in the zone, and the time
# that it took is left out.
GOLDEN = (DATA / "check.jsonl").read_text(encoding="utf-8").splitlines()


@server
def test_the_command_line_prints_what_was_found(real: Servers):
    """One object for each sender, in order, with every field."""
    expected = [json.loads(line) for line in GOLDEN]
    done = _check(real, *(fields["address"] for fields in expected), "--json")
    assert (done.stderr, done.returncode) == ("", 1)  # two of them are rejected

    found = [json.loads(line) for line in done.stdout.splitlines()]
    for got, fields in zip(found, expected, strict=True):
        assert (got.pop("elapsed_ms") > 0) is bool(fields["questions"])
        assert _counted_down(real, got["ttl"], fields["ttl"])
        assert got == {**fields, "ttl": got["ttl"]}


@server
def test_the_command_line_closes_what_it_opens(real: Servers):
    """Nothing is left for Python to warn about when the process ends."""
    senders = [f"user@close-{n}.wildcard.example" for n in range(9)]
    done = _check(real, *senders, python=("-W", "error"))
    assert (done.stderr, done.returncode) == ("", 0)


STATUSES = [
    # senders, status, why
    (["test@Microsoft.com"], 0, "accept"),
    (["test@DomainTest.com"], 1, "reject"),
    (["test@lame.example"], 75, "defer, which is EX_TEMPFAIL"),
    (["test@Microsoft.com", "test@lame.example"], 75, "the worst of a list"),
    (["test@lame.example", "test@DomainTest.com", "<>"], 1, "the worst of a list"),
]


@server
@pytest.mark.parametrize(("senders", "status", "why"), STATUSES)
def test_the_exit_status_is_that_of_the_worst_sender(
    real: Servers, senders, status, why
):
    """A script can tell the three actions apart."""
    done = _check(real, *senders)
    assert (done.stderr, done.returncode) == ("", status), why
    assert len(done.stdout.splitlines()) == len(senders)


# 3. The questions


QUESTIONS = [
    # domain, types asked for, why
    ("mx.example", ["MX"], "RFC 5321 5.1, MX first"),
    ("missing.example", ["MX"], "RFC 8020 2, nothing else to ask for"),
    ("null-mx-and-a.example", ["MX"], "RFC 7505 3, the address does not count"),
    ("lame.example", ["MX"], "a failure is no empty list of MX"),
    ("a-only.example", ["MX", "A"], "RFC 5321 5.1"),
    ("aaaa-only.example", ["MX", "A", "AAAA"], "IPv6 counts"),
    ("txt-only.example", ["MX", "A", "AAAA"], "absence must be proven"),
]


@server
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("domain", "types", "why"), QUESTIONS)
def test_no_more_is_asked_than_needed(real: Servers, way, domain, types, why):
    """Unbound's own log has the questions that the verdict claims, once each."""
    stub(HOST, real.port, f"user@{domain}")  # so that Unbound knows, and is fast
    with real.counted() as asked:
        verdict = way(HOST, real.port, f"user@{domain}")
    claimed = [str(question) for question, _ in verdict.finding.evidence]
    assert asked == claimed == [f"{domain} {qtype}" for qtype in types], why


@server
def test_a_remembered_domain_is_not_asked_for_again(real: Servers):
    """One question for three senders, and none below a name that is missing."""
    senders = ["a@mx.example", "b@MX.example", "c@mx.example"]
    with closing(StubResolver([real.server])) as resolver, real.counted() as asked:
        verifier = DomainVerifier(resolver)
        verdicts = [verifier.verify(sender) for sender in senders]
        verifier.verify("a@missing.example")
        below = verifier.verify("a@below.missing.example")
    assert [v.cached for v in verdicts] == [False, True, True]
    assert (below.outcome, below.cached) == (NXDOMAIN, True)
    assert asked == ["mx.example MX", "missing.example MX"]


# 4. IPv6


@server
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("domain", "outcome", "why"),
    [
        ("mx.example", MX, "over UDP"),
        ("aaaa-only.example", IMPLICIT_MX, "three times over UDP"),
        ("domaintest.com", NXDOMAIN, "bad news too"),
        ("many-mx.example", MX, "over TCP"),
    ],
)
def test_a_resolver_can_be_asked_over_ipv6(real: Servers, way, domain, outcome, why):
    """The verdict does not depend on how the resolver is reached."""
    if real.port6 is None:
        pytest.skip("this machine has no ::1")
    assert way("::1", real.port6, f"user@{domain}").outcome is outcome, why


# 5. Fail-over


DETOURS = [
    # the servers before Unbound, domain, outcome, why
    (["refusing"], "mx.example", MX, "the kernel says that nobody listens"),
    (["refusing"], "domaintest.com", NXDOMAIN, "bad news is an answer"),
    (["refusing"], "txt-only.example", NODATA, "three questions"),
    (["refusing"], "many-mx.example", MX, "over TCP"),
    (["silent"], "mx.example", MX, "no answer in time"),
    (["refusing", "silent"], "mx.example", MX, "two are not enough to give up"),
    (["authoritative"], "local-only.net", MX, "REFUSED is not an answer"),
    (["authoritative"], "mx.example", MX, "it knows this one"),
    (["authoritative"], "www.lame.example", TEMPFAIL, "neither of them knows"),
    ([], "mx.example", MX, "nothing to go round"),
]


# Seconds are too long to wait for a server that is known to say nothing.
IMPATIENT = Timing(attempt_timeout=0.25)


def _servers(real: Servers, detour: list[str]) -> list[str]:
    ports = [getattr(real, f"{name}_port") for name in detour]
    return [_server(HOST, port) for port in [*ports, real.port]]


@server
@pytest.mark.parametrize(("detour", "domain", "outcome", "why"), DETOURS)
def test_another_server_is_asked_when_one_does_not_answer(
    real: Servers, detour, domain, outcome, why
):
    """Whoever has the answer is found."""
    asked = _servers(real, detour)
    with closing(StubResolver(asked, timing=IMPATIENT)) as resolver:
        verifier = DomainVerifier(resolver, deadline=DEADLINE)
        assert verifier.verify(f"user@{domain}").outcome is outcome, why


@server
@pytest.mark.parametrize(("detour", "domain", "outcome", "why"), DETOURS)
def test_another_server_is_asked_in_an_event_loop_too(
    real: Servers, detour, domain, outcome, why
):
    """Whoever has the answer is found."""

    async def verify() -> Outcome:
        asked = _servers(real, detour)
        with closing(AsyncStubResolver(asked, timing=IMPATIENT)) as resolver:
            verifier = AsyncDomainVerifier(resolver, deadline=DEADLINE)
            return (await verifier.verify(f"user@{domain}")).outcome

    assert asyncio.run(verify()) is outcome, why


@server
@pytest.mark.parametrize(
    ("name", "reason", "why"),
    [
        ("refusing", FailureReason.RESOLVER_DOWN, "at once"),
        ("silent", FailureReason.TIMEOUT, "at the deadline"),
    ],
)
def test_a_resolver_that_is_down_defers(real: Servers, name, reason, why):
    """Our own trouble is no sender's fault."""
    port = getattr(real, f"{name}_port")
    with closing(StubResolver([_server(HOST, port)])) as resolver:
        verdict = DomainVerifier(resolver, deadline=0.3).verify("user@mx.example")
    assert (verdict.action, verdict.reason) == (Action.DEFER, reason), why


@server
@pytest.mark.parametrize("way", WAYS)
def test_a_referral_is_no_proof_of_absence(real: Servers, way):
    """
    Who asks an authoritative server by mistake is told where to go, not NODATA.

    RFC 2308, section 2.2.1.
    """
    verdict = way(HOST, real.authoritative_port, "user@lame.example")
    assert (verdict.outcome, verdict.reason) == (TEMPFAIL, FailureReason.SERVFAIL)
