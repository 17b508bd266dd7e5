"""How deep a lookup goes, and which targets of mail are usable."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest

from tests.stepping import advance

from senderdomain import (
    MX,
    AsyncDomainVerifier,
    Depth,
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
    TargetFault,
    TargetRules,
)
from senderdomain._exchanges import through_exchanges
from senderdomain._lookup import lookup
from senderdomain._networks import is_reachable, is_within, unwrapped
from senderdomain._race import Race
from senderdomain._targets import Judge
from senderdomain.resolvers import AsyncStubResolver, StubResolver
from senderdomain.resolvers._pending import Timing
from senderdomain.testing import AsyncZoneResolver, LoopbackDNS, ZoneResolver

ZONE = """
good.example.       300 MX 10 mx.good.example.
mx.good.example.    200 A 8.8.8.8
six.example.        300 MX 10 mx.six.example.
mx.six.example.     200 AAAA 2606:4700::1
dead.example.       300 MX 10 gone.dead.example.
dead.example.       300 A 8.8.8.8
empty.example.      300 MX 10 mx.empty.example.
mx.empty.example.   300 TXT "no address"
half.example.       300 MX 10 gone.half.example.
half.example.       300 MX 20 mx.good.example.
text.example.       300 MX 10 8.8.8.8.
space.example.      300 MX 10 my\\032mx.example.
roots.example.      300 MX 10 .
null.example.       300 MX 0 .
private.example.    300 MX 10 mx.private.example.
mx.private.example. 300 A 10.1.2.3
mixed.example.      300 MX 10 mx.mixed.example.
mx.mixed.example.   300 A 10.1.2.3
mx.mixed.example.   300 A 8.8.8.8
both.example.       300 MX 10 mx.private.example.
both.example.       300 MX 20 mx.good.example.
loop.example.       300 A 127.0.0.1
loop6.example.      300 A 127.0.0.1
loop6.example.      300 AAAA 2606:4700::1
addr.example.       300 A 8.8.8.8
ours.example.       300 MX 10 mx.ours.example.
mx.ours.example.    300 A 10.0.0.25
many.example.       300 MX 10 a.many.example.
many.example.       300 MX 20 b.many.example.
many.example.       300 MX 30 c.many.example.
many.example.       300 MX 40 mx.good.example.
twice.example.      300 MX 10 mx.good.example.
twice.example.      300 MX 20 MX.GOOD.example.
sick.example.       300 MX 10 mx.sick.example.
sick2.example.      300 MX 10 mx.sick.example.
sick2.example.      300 MX 20 mx.good.example.
sick3.example.      300 MX 10 mx.sick.example.
sick3.example.      300 MX 20 gone.example.
other.example.      300 MX 10 alias.example.
alias.example.      300 CNAME mx.good.example.
five.example.       300 MX 10 mx.good.example.
five.example.       300 MX 20 mx.six.example.
five.example.       300 MX 30 alias.example.
five.example.       300 MX 40 mx.private.example.
five.example.       300 MX 50 mx.mixed.example.
limp.example.       300 MX 10 mx.limp.example.
mx.limp.example.    300 AAAA 2606:4700::1
"""


def resolver(kind=ZoneResolver):
    """Make one of the zone, with two hosts that are not well."""
    made = kind(ZONE)
    made.fault("mx.sick.example", "servfail")
    made.fault("mx.limp.example", "servfail", qtype="A")
    return made


EXCHANGES, ROUTABLE = Depth.EXCHANGES, Depth.ROUTABLE
GOOD, IMPLICIT, BAD = Outcome.MX, Outcome.IMPLICIT_MX, Outcome.UNUSABLE_MX
ABSENT, LATER = Outcome.NODATA, Outcome.TEMPFAIL
SERVFAIL = FailureReason.SERVFAIL
Fault = TargetFault

ROWS = [
    # domain, depth, outcome, reason, why
    ("good", EXCHANGES, GOOD, None, "RFC 5321 5.1"),
    ("six", EXCHANGES, GOOD, None, "IPv6 counts"),
    ("dead", EXCHANGES, BAD, Fault.NONEXISTENT, "its own A must not be used"),
    ("empty", EXCHANGES, BAD, Fault.NO_ADDRESS, "RFC 5321 5.1"),
    ("half", EXCHANGES, GOOD, None, "one suffices"),
    ("text", EXCHANGES, BAD, Fault.ADDRESS, "RFC 1035 3.3.9"),
    ("space", EXCHANGES, BAD, Fault.NOT_A_HOST, "no host name"),
    ("roots", EXCHANGES, BAD, Fault.NULL, "RFC 7505 3"),
    ("null", EXCHANGES, Outcome.NULL_MX, None, "RFC 7505 3"),
    ("gone", EXCHANGES, Outcome.NXDOMAIN, None, "as at every depth"),
    ("private", EXCHANGES, GOOD, None, "any address will do"),
    ("sick", EXCHANGES, LATER, SERVFAIL, "absence is not proven"),
    ("sick2", EXCHANGES, GOOD, None, "any usable before any temporary"),
    ("sick3", EXCHANGES, LATER, SERVFAIL, "any temporary before the rest"),
    ("limp", EXCHANGES, GOOD, None, "one family suffices"),
    ("many", EXCHANGES, LATER, FailureReason.QUESTION_LIMIT, "the fourth is not asked"),
    ("twice", EXCHANGES, GOOD, None, "one host is one host"),
    ("addr", EXCHANGES, IMPLICIT, None, "implicit MX"),
    ("loop", EXCHANGES, IMPLICIT, None, "any address will do"),
    ("good", ROUTABLE, GOOD, None, "globally reachable"),
    ("private", ROUTABLE, BAD, Fault.SPECIAL_ADDRESS, "RFC 1918"),
    ("mixed", ROUTABLE, GOOD, None, "one address suffices"),
    ("both", ROUTABLE, GOOD, None, "one host suffices"),
    ("mx.empty", EXCHANGES, ABSENT, None, "it is there, with nothing for mail"),
    ("mx.empty", ROUTABLE, ABSENT, None, "and is no target that is unusable"),
    ("loop", ROUTABLE, BAD, Fault.SPECIAL_ADDRESS, "the implicit MX is unusable"),
    ("loop6", ROUTABLE, IMPLICIT, None, "one family suffices"),
]


@pytest.mark.parametrize(("domain", "depth", "outcome", "reason", "why"), ROWS)
def test_a_domain_has_its_outcome_at_a_depth(domain, depth, outcome, reason, why):
    """In a thread and in a task."""
    sender = f"user@{domain}.example"
    with DomainVerifier(resolver(), depth=depth) as verifier:
        finding = verifier.verify(sender).finding
    twin = asyncio.run(ask_in_loop(sender, depth=depth))
    for each in (finding, twin):
        assert (each.outcome, each.reason) == (outcome, reason), why
        assert len(each.evidence) <= 7, "RULES: seven questions for a verdict"


async def ask_in_loop(sender, **settings):
    """Verify in a task."""
    async with AsyncDomainVerifier(resolver(AsyncZoneResolver), **settings) as verifier:
        return (await verifier.verify(sender)).finding


RULES = [
    # domain, rules, outcome, reason, why
    ("good", {"deny": {"good.example"}}, BAD, Fault.DENIED, "a domain and all below"),
    ("good", {"deny": {"8.0.0.0/8"}}, BAD, Fault.DENIED, "a network"),
    ("good", {"deny": {"8.8.8.8"}}, BAD, Fault.DENIED, "an address"),
    ("good", {"deny": {"8.8.8.9", "x.good.example"}}, GOOD, None, "others are not"),
    ("addr", {"deny": {"8.8.8.8"}}, BAD, Fault.DENIED, "the implicit MX too"),
    ("addr", {"deny": {"addr.example"}}, BAD, Fault.DENIED, "and by its name"),
    ("loop", {"allow": {"loop.example"}}, IMPLICIT, None, "allowed by its name"),
    ("loop", {"own": {"loop.example"}}, IMPLICIT, None, "the receiving host itself"),
    ("loop6", {"any_bad": True}, BAD, Fault.SPECIAL_ADDRESS, "both families count"),
    ("other", {"deny": {"good.example"}}, BAD, Fault.DENIED, "where an alias leads"),
    ("five", {"any_bad": True}, GOOD, None, "three good ones of five"),
    ("private", {"allow": {"10.0.0.0/8"}}, GOOD, None, "a private network"),
    ("private", {"allow": {"private.example"}}, GOOD, None, "by its name, unasked"),
    (
        "good",
        {"allow": {"mx.good.example"}, "deny": {"good.example"}},
        GOOD,
        None,
        "allow comes before deny",
    ),
    ("ours", {"own": {"10.0.0.25"}}, GOOD, None, "behind a NAT"),
    ("ours", {"own": {"mx.ours.example"}}, GOOD, None, "by its name, unasked"),
    (
        "ours",
        {"own": {"10.0.0.25"}, "own_usable": False},
        BAD,
        Fault.OWN_HOST,
        "mail for it would come back",
    ),
    (
        "ours",
        {"own": {"mx.ours.example"}, "own_usable": False},
        BAD,
        Fault.OWN_HOST,
        "by its name",
    ),
    ("both", {"any_bad": True}, BAD, Fault.SPECIAL_ADDRESS, "one condemns all"),
    ("mixed", {"any_bad": True}, BAD, Fault.SPECIAL_ADDRESS, "one address does"),
    ("half", {"any_bad": True}, BAD, Fault.NONEXISTENT, "one dead host does"),
    ("good", {"any_bad": True}, GOOD, None, "none is bad"),
    ("sick2", {"any_bad": True}, LATER, SERVFAIL, "nobody knows about the other"),
    ("text", {"any_bad": True}, BAD, Fault.ADDRESS, "without a question"),
    ("many", {"max_hosts": 4}, GOOD, None, "the fourth is asked"),
    ("many", {"any_bad": True}, BAD, Fault.NONEXISTENT, "whatever the fourth is"),
    (
        "both",
        {"any_bad": True, "allow": {"10.0.0.0/8"}, "max_hosts": 1},
        GOOD,
        None,
        "what is not looked at is not bad",
    ),
]


@pytest.mark.parametrize(("domain", "rules", "outcome", "reason", "why"), RULES)
def test_the_operator_has_rules_for_targets(domain, rules, outcome, reason, why):
    """Names, networks and the host itself."""
    targets = TargetRules(**rules)
    sender = f"user@{domain}.example"
    asking = resolver()
    with DomainVerifier(asking, depth=ROUTABLE, targets=targets) as verifier:
        finding = verifier.verify(sender).finding
    assert (finding.outcome, finding.reason) == (outcome, reason), why


def test_what_is_usable_by_its_name_is_not_looked_up():
    """One question: the MX."""
    asking = resolver()
    targets = TargetRules(allow={"private.example"})
    with DomainVerifier(asking, depth=ROUTABLE, targets=targets) as verifier:
        verifier.verify("a@private.example")
    assert [str(q) for q in asking.questions] == ["private.example MX"]


def test_a_resolver_that_answers_at_once_is_asked_no_more_than_is_needed():
    """The first host will do; nobody asks for its AAAA, and for the other host."""
    asking = resolver()
    with DomainVerifier(asking, depth=EXCHANGES) as verifier:
        verifier.verify("a@both.example")
    assert [str(q) for q in asking.questions] == [
        "both.example MX",
        "mx.private.example A",
    ]


def test_a_dead_server_of_one_host_does_not_keep_the_others_waiting():
    """All are asked at the same time, and the first usable one ends it."""
    judge = Judge.at(EXCHANGES, TargetRules())
    mx = Records(300, (MX(10, "a.example"), MX(20, "b.example")))
    question = Question(DomainName("d.example"), RecordType.MX)
    steps = through_exchanges(DomainName("d.example"), question, mx, judge)
    asked = advance(steps)
    assert len(asked) == 4
    answer = Records(60, ("192.0.2.1",))
    finding = advance(steps, (asked[2], answer))
    assert (finding.outcome, finding.ttl) == (Outcome.MX, 60)


def test_the_ttl_is_that_of_what_the_verdict_rests_on():
    """The MX and the host that will do; or all of them."""
    with DomainVerifier(resolver(), depth=EXCHANGES) as verifier:
        assert verifier.verify("a@half.example").ttl == 200
        assert verifier.verify("a@dead.example").ttl == 60
        assert verifier.verify("a@sick.example").ttl == 0


def test_absence_in_doubt_is_no_absence():
    """Neither of one family, nor of both."""
    judge = Judge.at(EXCHANGES, TargetRules())
    steps = lookup(DomainName("d.example"), judge)
    advance(steps)
    asked = advance(steps, Records(300, (MX(10, "mx.example"),)))
    stale = NoData(60, FailureReason.SERVFAIL)
    assert advance(steps, (asked[0], stale)) == ()
    finding = advance(steps, (asked[1], NxDomain(60)))
    assert (finding.outcome, finding.reason) == (LATER, SERVFAIL)


def test_a_failed_implicit_mx_is_a_failure_at_every_depth():
    """Its unusable A says nothing of its AAAA."""
    judge = Judge.at(ROUTABLE, TargetRules())
    steps = lookup(DomainName("d.example"), judge)
    advance(steps)
    asked = advance(steps, NoData(60))
    advance(steps, (asked[0], Records(60, ("127.0.0.1",))))
    finding = advance(steps, (asked[1], Failure(SERVFAIL)))
    assert (finding.outcome, finding.reason) == (LATER, SERVFAIL)


BAD_RULES = [
    ({"deny": "example.org"}, "set of names"),
    ({"deny": 5}, "set of names"),
    ({"allow": {"-x"}}, "neither a domain nor a network"),
    ({"own": {"10.0.0.0/40"}}, "neither a domain nor a network"),
    ({"max_hosts": 0}, "at least 1"),
    ({"max_hosts": 1.5}, "at least 1"),
    ({"any_bad": "no"}, "True or False"),
    ({"deny": {5}}, "neither a domain nor a network"),
]


@pytest.mark.parametrize(("rules", "message"), BAD_RULES)
def test_a_rule_that_could_never_match_is_refused(rules, message):
    """When it is made."""
    with pytest.raises(ValueError, match=message):
        TargetRules(**rules)


def test_rules_need_a_depth_at_which_they_count():
    """And a depth is one of three."""
    with pytest.raises(ValueError, match=r"take Depth\.EXCHANGES"):
        DomainVerifier(resolver(), targets=TargetRules(any_bad=True))
    with pytest.raises(ValueError, match="not a Depth"):
        DomainVerifier(resolver(), depth="exchanges")


def test_findings_of_two_depths_are_not_mixed():
    """One cache is for one depth."""
    cache = FindingCache()
    with DomainVerifier(resolver(), cache=cache) as verifier:
        assert verifier.verify("a@dead.example").outcome is Outcome.MX
    with pytest.raises(ValueError, match="one depth"):
        DomainVerifier(resolver(), cache=cache, depth=EXCHANGES)
    DomainVerifier(resolver(), cache=cache)  # the same again will do


def test_a_deep_finding_is_remembered():
    """With its reason."""
    with DomainVerifier(resolver(), depth=EXCHANGES) as verifier:
        verifier.verify("a@dead.example")
        finding = verifier.verify("b@dead.example").finding
    assert finding.cached
    assert finding.reason is TargetFault.NONEXISTENT


def test_a_race_goes_on_when_nobody_waits():
    """An answer that comes early is heard later; one that comes late, never."""
    callbacks, heard = [], []
    name = DomainName("d.example")
    questions = tuple(Question(name, qtype) for qtype in (RecordType.A, RecordType.MX))

    def put(question, callback):
        callbacks.append(callback)

    race = Race(questions, put, heard.append)
    race.go_on()
    assert len(callbacks) == 2
    callbacks[1](NoData(1))
    callbacks[0](NoData(2))
    assert heard == [(questions[1], NoData(1))]
    race.go_on()
    assert heard[1:] == [(questions[0], NoData(2))]


def test_a_race_that_is_over_drops_what_is_under_way():
    """The answers that have come are not asked for again."""
    callbacks, dropped = [], []
    name = DomainName("d.example")
    questions = tuple(Question(name, qtype) for qtype in (RecordType.A, RecordType.MX))
    race = Race(questions, lambda _, callback: callbacks.append(callback), print)
    race.go_on()
    callbacks[0](NoData(1))
    race.end(dropped.append)
    assert dropped == [callbacks[1]]


class Patient(AsyncZoneResolver):
    """A user's resolver: it never answers about one host, and counts who waits."""

    def __init__(self, zone):
        super().__init__(zone)
        self.waiting = self.cancelled = 0

    async def resolve(self, question, deadline):
        """Answer, or wait."""
        if question.qname != "mx.private.example":
            return await super().resolve(question, deadline)
        self.waiting += 1
        try:
            return await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


def test_nobody_goes_on_looking_for_what_is_decided():
    """The tasks that ask about the other host are cancelled."""

    async def main():
        asking = Patient(ZONE)
        async with AsyncDomainVerifier(asking, depth=ROUTABLE) as verifier:
            verdict = await verifier.verify("a@both.example")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return verdict.outcome, asking.waiting, asking.cancelled

    assert asyncio.run(main()) == (GOOD, 2, 2)


SLOW = {
    "both.example": {"MX": ["10 slow.example.", "20 good.example."]},
    "good.example": {"A": ["8.8.8.8"]},
}


@pytest.mark.parametrize("most", [3, 400])
def test_a_socket_does_not_wait_for_what_is_decided(most):
    """Neither a question under way nor one in the queue holds a place."""
    timing = Timing(attempt_timeout=60, max_in_flight=most)
    with LoopbackDNS(SLOW) as server:
        server.zone.fault("slow.example", "timeout")
        resolver = StubResolver([server.server], timing=timing)
        with DomainVerifier(resolver, depth=ROUTABLE) as verifier:
            verdicts = list(verifier.verify_many(["a@both.example"]))
            assert [v.outcome for v in verdicts] == [GOOD]
            assert verifier.verify("b@both.example").cached
        with DomainVerifier(resolver, depth=ROUTABLE) as verifier:
            assert verifier.verify("a@both.example").outcome is GOOD
            assert not resolver._watcher().engine.busy
        resolver.close()
        resolver.drop(print)


def test_a_socket_in_a_loop_does_not_either():
    """And to drop what was never asked does no harm."""

    async def main(server):
        resolver = AsyncStubResolver([server])
        resolver.drop(print)
        async with AsyncDomainVerifier(resolver, depth=ROUTABLE) as verifier:
            verdict = await verifier.verify("a@both.example")
            busy = resolver._watcher(asyncio.get_running_loop()).engine.busy
            resolver.drop(print)
        resolver.close()
        return verdict.outcome, busy

    with LoopbackDNS(SLOW) as server:
        server.zone.fault("slow.example", "timeout")
        assert asyncio.run(main(server.server)) == (GOOD, False)


def test_an_implicit_mx_can_be_bad_without_being_absent():
    """All of its addresses count, if any bad one does."""
    targets = TargetRules(any_bad=True)
    asking = resolver()
    with DomainVerifier(asking, depth=ROUTABLE, targets=targets) as verifier:
        assert verifier.verify("a@addr.example").outcome is IMPLICIT
        assert verifier.verify("a@loop.example").outcome is BAD


def test_a_question_that_cannot_be_put_is_a_failure():
    """A mistake of ours costs a verdict, and no exception."""

    class Broken(ZoneResolver):
        def resolve(self, question, deadline):
            if question.qtype is RecordType.A:
                raise RuntimeError
            return super().resolve(question, deadline)

    with DomainVerifier(Broken(ZONE), depth=EXCHANGES) as verifier:
        assert verifier.verify("a@good.example").reason is FailureReason.RESOLVER_BUG


# IANA IPv4 and IPv6 Special-Purpose Address Registries, as of November 2026: block, and
# whether it is globally reachable. What is "N/A" there is not, but for 6to4.
REGISTRY = [
    ("0.0.0.0/8", False),
    ("10.0.0.0/8", False),
    ("100.64.0.0/10", False),
    ("127.0.0.0/8", False),
    ("169.254.0.0/16", False),
    ("172.16.0.0/12", False),
    ("192.0.0.0/29", False),
    ("192.0.0.8/32", False),
    ("192.0.0.9/32", True),
    ("192.0.0.10/32", True),
    ("192.0.0.170/31", False),
    ("192.0.2.0/24", False),
    ("192.31.196.0/24", True),
    ("192.52.193.0/24", True),
    ("192.88.99.0/24", False),
    ("192.168.0.0/16", False),
    ("192.175.48.0/24", True),
    ("198.18.0.0/15", False),
    ("198.51.100.0/24", False),
    ("203.0.113.0/24", False),
    ("240.0.0.0/4", False),
    ("255.255.255.255/32", False),
    ("::1/128", False),
    ("::/128", False),
    ("64:ff9b:1::/48", False),
    ("100::/64", False),
    ("100:0:0:1::/64", False),
    ("2001::/32", False),
    ("2001:1::1/128", True),
    ("2001:1::2/128", True),
    ("2001:1::3/128", True),
    ("2001:2::/48", False),
    ("2001:3::/32", True),
    ("2001:4:112::/48", True),
    ("2001:10::/28", False),
    ("2001:20::/28", True),
    ("2001:30::/28", True),
    ("2001:db8::/32", False),
    ("2620:4f:8000::/48", True),
    ("3fff::/20", False),
    ("5f00::/16", False),
    ("fc00::/7", False),
    ("fe80::/10", False),
    # Outside of all that is assigned; ::ffff:0:a.b.c.d is of RFC 7915.
    ("4000::/3", False),
    ("::ffff:0:0:0/96", False),
    # Groups of hosts, in the registries of multicast addresses.
    ("224.0.0.0/4", False),
    ("ff00::/8", False),
]


@pytest.mark.parametrize(("block", "reachable"), REGISTRY)
def test_special_purpose_blocks_are_those_of_iana(block, reachable):
    """From the first address to the last, and through every disguise of IPv4."""
    network = ipaddress.ip_network(block)
    middle = network[network.num_addresses // 2]
    for address in {network[0], middle, network[-1]}:
        assert is_reachable(str(address)) is reachable, address
        if address.version == 4:
            for disguise in disguised(address):
                assert is_reachable(str(disguise)) is is_reachable(str(address))


def disguised(address):
    """Write an IPv4 address as IPv4-mapped, NAT64 and 6to4."""
    number = int(address)
    yield ipaddress.IPv6Address(0xFFFF << 32 | number)
    yield ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | number)
    yield ipaddress.IPv6Address(0x2002 << 112 | number << 80 | 1)


@pytest.mark.parametrize(
    ("address", "reachable"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1", True),
        ("100.128.0.1", True),
        ("2002::1", False),  # 6to4 of what is not
        ("4000::1", False),  # IANA has given nobody an address outside 2000::/3
    ],
)
def test_ordinary_addresses_are_reachable(address, reachable):
    """Which are those that somebody has been given."""
    assert is_reachable(address) is reachable


def test_a_network_has_an_address_in_disguise():
    """IPv4-mapped, and as it is written."""
    networks = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fc00::/7"))
    assert is_within("::ffff:10.1.2.3", networks)
    assert is_within("fc00::1", networks)
    assert not is_within("::ffff:8.8.8.8", networks)
    assert str(unwrapped(ipaddress.ip_address("::ffff:8.8.8.8"))) == "8.8.8.8"
