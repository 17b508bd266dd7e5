"""A resolver in trouble: nobody waits for it, and nobody is refused because of it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

from unittest import mock

import pytest

from hypothesis import given
from hypothesis import strategies as st
from tests.hostile.profile import amount
from tests.trouble import (
    CANARY,
    AsyncWorld,
    World,
    clock_now,
    denying,
    empty,
    failing,
    good,
    lines,
    silent,
    watched,
)

from senderdomain import (
    AsyncDomainVerifier,
    DomainVerifier,
    Failure,
    FailureReason,
    NoData,
    NxDomain,
    Outcome,
    Records,
    RecordType,
    Safeguards,
    presets,
)
from senderdomain._breaker import OUTAGES, STEADY, WITHIN, Breaker
from senderdomain._canary import Canary
from senderdomain._denials import IN_A_ROW, WINDOW, Denials, Doubt
from senderdomain._flights import Flights
from senderdomain._guard import TROUBLE, Guard
from senderdomain._notices import Notices
from senderdomain._safeguards import ROOT_SERVER
from senderdomain.resolvers import (
    AsyncDnspythonResolver,
    AsyncStubResolver,
    DnspythonResolver,
    StubResolver,
    Timing,
)
from senderdomain.testing import LoopbackDNS, Zone, ZoneResolver

OUTAGE = FailureReason.OUTAGE


def sender(n):
    """Make a sender whom nobody has seen before."""
    return f"a@d{n}.example"


# ---------------------------------------------------------------- the breaker alone


def test_it_opens_after_20_different_domains_in_a_row():
    """And not before."""
    breaker = Breaker(20)
    opened = [breaker.failed(f"d{n}.example", 0, 0.0) for n in range(20)]
    assert opened == [False] * 19 + [True]
    assert breaker.open


def test_one_domain_is_one_failure_however_often_it_is_asked():
    """Its name servers may be dead, and the resolver well."""
    breaker = Breaker(20)
    for n in range(100):
        assert not breaker.failed("d.example", 0, n / 100)
    assert not breaker.open


def test_10_seconds_of_nothing_but_failures_are_enough_with_5_of_them():
    """A small server does not see 20 new domains in that time."""
    breaker = Breaker(20)
    assert not any(breaker.failed(f"d{n}.example", 0, n * 2.4) for n in range(5))
    assert breaker.failed("d5.example", 0, 10.1)
    few = Breaker(20)
    assert not any(few.failed(f"d{n}.example", 0, n * 20) for n in range(4))


def test_a_good_answer_begins_a_new_row():
    """Whatever it says: somebody has answered."""
    breaker = Breaker(20)
    for n in range(19):
        breaker.failed(f"d{n}.example", 0, 0.0)
    assert breaker.uneasy
    assert not breaker.answered(0.0)
    assert not breaker.uneasy
    for n in range(19):
        assert not breaker.failed(f"e{n}.example", breaker.answers, 0.0)


def test_a_failure_says_nothing_if_others_had_answers_meanwhile():
    """Dead domains take five seconds to fail; somebody else's mail comes in then."""
    breaker = Breaker(20)
    before = breaker.answers
    breaker.answered(0.0)
    for n in range(100):
        assert not breaker.failed(f"d{n}.example", before, 5.0)
    assert not breaker.uneasy


@given(st.lists(st.integers(1, 19), min_size=1, max_size=40))
def test_dead_domains_cannot_open_it_while_anybody_is_alive(runs):
    """As many dead domains as somebody likes, but for 19 between two good answers."""
    breaker = Breaker(20)
    domain = 0
    for run in runs:
        for _ in range(run):
            domain += 1
            breaker.failed(f"d{domain}.example", breaker.answers, domain / 100)
        breaker.answered(domain / 100)
        assert breaker.transitions == 0


def test_0_failures_are_for_never():
    """Who wants to wait may."""
    breaker = Breaker(0)
    assert not any(breaker.failed(f"d{n}.example", 0, n) for n in range(1000))


def opened(now=0.0):
    """Give a breaker that has opened at *now*."""
    breaker = Breaker(20)
    for n in range(20):
        breaker.failed(f"d{n}.example", 0, now)
    assert breaker.open
    return breaker


def test_one_lookup_a_second_may_try_it():
    """The first one at once."""
    breaker = opened()
    tried = [now / 10 for now in range(50) if breaker.lets_probe(now / 10)]
    assert tried == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_the_first_good_answer_closes_it():
    """It may come from a lookup that had begun before."""
    breaker = opened()
    assert breaker.answered(0.5)
    assert not breaker.open
    assert breaker.transitions == 2


def flapping(seconds, then, period=1.0, rate=50):
    """Let a resolver come and go, and then stay; tell when it was well."""
    breaker = Breaker(20)
    domain, well = 0, []
    for tick in range(int((seconds + then) * rate)):
        now = tick / rate
        up = now >= seconds or int(now / period) % 2 == 0
        if breaker.open and not breaker.lets_probe(now):
            continue
        domain += 1
        if up:
            breaker.answered(now)
            well.append(now)
        else:
            breaker.failed(f"d{domain}.example", breaker.answers, now)
    return breaker, well


@pytest.mark.parametrize("period", [0.5, 0.7, 1.0, 1.3, 2.0])
def test_a_resolver_that_comes_and_goes_makes_few_transitions(period):
    """At most 10 in 60 s, and all is well 5 s after it has stopped."""
    breaker, well = flapping(60, 10, period)
    assert 0 < breaker.transitions <= 10
    assert not breaker.open
    assert sum(now >= 65 for now in well) == 5 * 50  # everybody is served


def test_after_two_outages_in_a_minute_it_has_to_be_good_for_a_while():
    """And is trusted as before a minute later."""
    breaker = Breaker(1)
    for _ in range(OUTAGES):
        breaker.failed("d.example", breaker.answers, 0.0)
        assert breaker.answered(0.0)
    breaker.failed("d.example", breaker.answers, 1.0)
    assert not breaker.answered(1.0)
    breaker.failed("d.example", breaker.answers, 2.0)  # not good for long
    assert not breaker.answered(3.0)
    assert not breaker.answered(2.9 + STEADY)
    assert breaker.answered(3.0 + STEADY)
    breaker.failed("d.example", breaker.answers, 2.0 + WITHIN)
    assert breaker.answered(2.0 + WITHIN)


# ---------------------------------------------------------------- in a verifier

KINDS = [(DomainVerifier, World), (AsyncDomainVerifier, AsyncWorld)]


@pytest.fixture(params=KINDS, ids=["threads", "asyncio"])
def kind(request):
    """Give both verifiers their resolver."""
    return request.param


def ask(verifier, who):
    """Verify with either of them."""
    verdict = verifier.verify(who)
    return asyncio.run(verdict) if asyncio.iscoroutine(verdict) else verdict


async def _all(verifier, who):
    return [verdict async for verdict in verifier.verify_many(who)]


def ask_many(verifier, who):
    """Verify a list with either of them."""
    if isinstance(verifier, DomainVerifier):
        return list(verifier.verify_many(who))
    return asyncio.run(_all(verifier, who))


@pytest.mark.parametrize("canary", [None, CANARY], ids=["no canary", "canary"])
def test_nobody_waits_for_a_silent_resolver(kind, canary, caplog, record_experiment):
    """O1: 1,000 new names a second, for 30 s; then it is repaired."""
    clock, world = clock_now(), kind[1](silent)
    world.names[CANARY] = silent
    verifier = watched(kind[0], world, clock, canary=canary)
    rate = amount(100, 1_000)
    verdicts = []

    async def outage():
        for n in range(30 * rate):
            got = verifier.verify(sender(n))
            verdicts.append(await got if asyncio.iscoroutine(got) else got)
            clock.advance(1 / rate)

    asyncio.run(outage())
    assert all(verdict.deferred for verdict in verdicts)
    assert [v.reason for v in verdicts[:19]] == [FailureReason.TIMEOUT] * 19
    assert {v.reason for v in verdicts[19:]} == {OUTAGE}
    assert len(world.asked) <= 20 + 31
    health = verifier.stats().health
    assert (health.outage, health.transitions) == (True, 1)
    assert health.refused >= 30 * rate - 20 - 31
    record_experiment(
        promise="O1",
        what="new names in 30 s at a silent resolver",
        count=30 * rate,
        result=f"{len(world.asked)} asked, all deferred, none refused",
    )

    world.mood, world.names = good, {}
    repaired = clock.now
    n = 10**6
    while not ask(verifier, sender(n)).accepted:
        n += 1
        clock.advance(1 / rate)
    assert clock.now - repaired <= 5
    assert ask(verifier, sender(n + 1)).accepted
    # What failed because of it is not held against the domain.
    assert ask(verifier, sender(30 * rate - 1)).accepted
    assert verifier.stats().health.transitions == 2
    began, ended = lines(caplog)
    assert began == (
        "the resolver is out of order: all lookups fail, the last one with timeout;"
        " new domains are deferred unasked, but for one a second"
    )
    assert ended.startswith("the resolver works again after 3")


@pytest.mark.parametrize("reason", FailureReason, ids=lambda reason: reason.value)
def test_what_only_a_broken_resolver_does_opens_it(reason):
    """SERVFAIL to everything is an outage too; a loop of aliases is the domain's."""
    world = World(failing(reason))
    verifier = watched(DomainVerifier, world, clock_now(), canary=None)
    for n in range(40):
        verdict = verifier.verify(sender(n))
        assert verdict.outcome is Outcome.TEMPFAIL
    assert verifier.stats().health.outage is (reason in TROUBLE)


def test_a_failure_that_the_resolver_has_answered_closes_it():
    """As anything does that proves that it is there."""
    world, clock = World(silent), clock_now()
    verifier = watched(DomainVerifier, world, clock, canary=None)
    for n in range(21):
        verifier.verify(sender(n))
    assert verifier.stats().health.outage
    clock.advance(1)
    world.mood = failing(FailureReason.BOGUS)
    assert verifier.verify("a@bogus.example").reason is FailureReason.BOGUS
    assert not verifier.stats().health.outage


def test_dead_domains_do_not_close_the_door_for_others():
    """19 of them for each domain that is alive."""
    clock, world = clock_now(), World(silent)
    verifier = watched(DomainVerifier, world, clock)
    for n in range(amount(50, 2_000)):
        alive = f"alive{n}.example"
        world.names[alive] = good
        for dead in range(19):
            assert verifier.verify(f"a@dead{n}x{dead}.example").deferred
        assert verifier.verify(f"a@{alive}").accepted
        clock.advance(0.1)
    assert verifier.stats().health.transitions == 0


def test_who_owns_only_dead_domains_is_found_out_by_the_canary(caplog):
    """Nobody else writes, so nothing else is alive; the next one is served."""
    clock, world = clock_now(), World(silent)
    world.names["honest.example"] = world.names["late.example"] = good
    verifier = watched(DomainVerifier, world, clock)
    for n in range(20):
        verifier.verify(sender(n))
    assert verifier.stats().health.outage
    assert verifier.verify("a@honest.example").accepted
    assert not verifier.stats().health.outage
    # For a while, failures prove nothing any more.
    for n in range(100):
        clock.advance(0.05)
        verifier.verify(sender(100 + n))
    assert verifier.stats().health.transitions == 2
    assert verifier.verify("a@late.example").accepted
    assert world.count() == 1


def test_after_two_outages_the_canary_has_to_be_there_for_a_while():
    """Who is let through is served meanwhile."""
    clock, world = clock_now(), World(silent)
    verifier = watched(DomainVerifier, world, clock)
    for outage in range(OUTAGES + 1):
        clock.advance(11)
        world.mood = world.names[CANARY] = silent
        for n in range(20):
            verifier.verify(sender(f"{outage}x{n}"))
        assert verifier.stats().health.outage
        world.mood = world.names[CANARY] = good
        clock.advance(1)
        assert verifier.verify(sender(f"{outage}xup")).accepted
    assert verifier.stats().health.outage
    clock.advance(STEADY)
    assert verifier.verify(sender("up")).accepted
    assert not verifier.stats().health.outage


def test_a_resolver_without_a_canary_is_tried_with_real_senders():
    """One a second."""
    clock, world = clock_now(), World(silent)
    verifier = watched(DomainVerifier, world, clock, canary=None)
    for n in range(20):
        verifier.verify(sender(n))
    asked = len(world.asked)
    for n in range(100):
        assert verifier.verify(sender(100 + n)).reason is OUTAGE
        clock.advance(0.1)
    assert len(world.asked) - asked == 10


def test_only_one_thread_tries_it():
    """However many come at the same moment."""
    clock, world = clock_now(), World(silent)
    verifier = watched(DomainVerifier, world, clock, canary=None)
    for n in range(20):
        verifier.verify(sender(n))
    asked = len(world.asked)
    barrier = threading.Barrier(8)

    def come(thread):
        barrier.wait()
        for n in range(50):
            verifier.verify(sender(f"{thread}x{n}"))

    threads = [threading.Thread(target=come, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(world.asked) - asked == 1
    assert verifier.stats().under_way == 0


def test_a_list_is_not_held_up_either(kind):
    """Ten thousand domains are ten thousand deferrals, and no minute of waiting."""
    world = kind[1](silent)
    world.names[CANARY] = silent
    verifier = watched(kind[0], world, clock_now())
    verdicts = ask_many(verifier, [sender(n) for n in range(2_000)])
    assert len(verdicts) == 2_000
    assert all(verdict.deferred for verdict in verdicts)
    assert len(world.asked) <= 20 + 200 + 1  # 200 were under way together


def test_what_is_remembered_is_used_in_an_outage(kind):
    """Fresh or stale; and stale only to accept."""
    clock, world = clock_now(), kind[1](good)
    world.names["gone.example"] = denying
    verifier = watched(kind[0], world, clock)
    assert ask(verifier, "a@fresh.example").accepted
    assert ask(verifier, "a@gone.example").rejected
    clock.advance(200)
    assert ask(verifier, "a@fresher.example").accepted
    world.mood = world.names[CANARY] = world.names["gone.example"] = silent
    for n in range(20):
        ask(verifier, sender(n))
    clock.advance(150)
    assert ask(verifier, "a@fresher.example").accepted
    stale = ask(verifier, "a@fresh.example")
    assert stale.accepted
    assert stale.finding.stale
    gone = ask(verifier, "a@gone.example")
    assert gone.deferred
    assert gone.reason is OUTAGE


def test_a_policy_may_accept_in_an_outage():
    """Who ranks mail above the check says so in the policy."""
    policy = presets.RFC.accepting_in_outage()
    world = World(silent)
    verifier = watched(DomainVerifier, world, clock_now(), canary=None, policy=policy)
    verdicts = [verifier.verify(f"<{sender(n)}>") for n in range(40)]
    assert all(v.deferred for v in verdicts[:19])
    assert str(verdicts[30].reply) == "250 2.1.0 <a@d30.example>: sender ok"
    assert policy.name == "rfc, accepting in an outage"


def test_a_profile_has_no_safeguards():
    """It says what another server would, and that one would wait."""
    world = World(silent)
    verifier = DomainVerifier(world, policy=presets.PRESETS["exim"])
    for n in range(60):
        verifier.verify(sender(n))
    world.mood = denying
    for n in range(60):
        assert verifier.verify(sender(100 + n)).rejected
    assert verifier.stats().health.transitions == 0
    assert not verifier.stats().health.canaries


def test_a_black_hole_costs_nobody_a_second_deadline():
    """Over real sockets: 64 senders wait for it, and a thousand do not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hole:
        hole.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{hole.getsockname()[1]}"

        async def run():
            resolver = AsyncStubResolver([server], timing=Timing(attempt_timeout=0.1))
            async with AsyncDomainVerifier(resolver, deadline=0.4) as verifier:
                first = [verifier.verify(sender(n)) for n in range(64)]
                assert all(v.deferred for v in await asyncio.gather(*first))
                assert verifier.stats().health.outage
                took = []
                for n in range(1_000):
                    start = time.perf_counter()
                    probe = asyncio.ensure_future(verifier.verify(sender(100 + n)))
                    await asyncio.sleep(0)
                    took.append(time.perf_counter() - start)
                    if probe.done():
                        assert probe.result().reason is OUTAGE
                    else:
                        took[-1] = 0
                        probe.cancel()
                resolver.close()
                return sorted(took)

        took = asyncio.run(run())
    assert took[990] < 0.05  # 0.1 ms where nobody else is at work


# ---------------------------------------------------------------- the canary


def test_50_denials_in_a_row_are_in_doubt():
    """Not 49; and a name that exists begins a new row."""
    denials = Denials()
    assert not any(denials.denied("d.example") for _ in range(IN_A_ROW - 1))
    denials.exists()
    assert not any(denials.denied("d.example") for _ in range(IN_A_ROW - 1))
    assert denials.denied("d.example")


def test_90_percent_of_the_last_200_are_in_doubt():
    """A filter may have a few exceptions."""
    denials = Denials()
    in_doubt = []
    for n in range(WINDOW * 2):
        if n % 20:
            in_doubt.append(denials.denied("d.example"))
        else:
            denials.exists()
    first = in_doubt.index(True)
    assert 180 <= first <= 200
    fewer = Denials()
    for n in range(WINDOW * 2):
        if n % 8:
            assert not fewer.denied("d.example")
        else:
            fewer.exists()


def test_a_storm_of_denials_refuses_nobody(kind, caplog, record_experiment):
    """O3: after fewer than 50, until the canary is found again."""
    clock, world = clock_now(), kind[1](denying)
    world.names[CANARY] = denying
    verifier = watched(kind[0], world, clock)
    verdicts = []
    for n in range(amount(300, 5_000)):
        verdicts.append(ask(verifier, sender(n)))
        clock.advance(0.01)
    assert [v.rejected for v in verdicts[:49]] == [True] * 49
    assert {(v.outcome, v.reason) for v in verdicts[49:]} == {
        (Outcome.TEMPFAIL, OUTAGE)
    }
    health = verifier.stats().health
    assert health.storm
    assert health.doubted == len(verdicts) - 49
    assert health.canaries <= len(verdicts) / 100 + 1  # one a second
    record_experiment(
        promise="O3",
        what="senders at a resolver that denies everything",
        count=len(verdicts),
        result="49 refused before it is noticed, then none",
    )

    # Those who were refused before anybody knew are not refused again.
    assert ask(verifier, sender(0)).deferred
    assert ask(verifier, sender(48)).deferred

    world.mood = world.names[CANARY] = good
    world.names["gone.example"] = denying
    clock.advance(1)
    assert ask(verifier, "a@gone.example").rejected
    assert not verifier.stats().health.storm
    assert ask(verifier, sender(0)).accepted
    assert ask(verifier, sender(250)).accepted
    began, ended = lines(caplog)
    assert began == (
        "one name after the other is denied, and canary.example, which exists, cannot"
        " be found: until it is, missing domains are deferred"
    )
    assert ended.startswith("canary.example is found again after ")
    assert ended.endswith(" s: missing domains are refused")


def test_a_run_of_spam_is_refused_as_ever(kind, caplog, record_experiment):
    """With a canary that is well, which is asked once a second at the most."""
    clock, world = clock_now(), kind[1](denying)
    verifier = watched(kind[0], world, clock)
    for n in range(amount(1_000, 20_000)):
        assert ask(verifier, sender(n)).rejected
        clock.advance(0.005)
    assert 1 <= world.count() <= amount(1_000, 20_000) * 0.005 + 1
    assert not lines(caplog)
    record_experiment(
        promise="O3",
        what="missing senders in a row, the canary is well",
        count=amount(1_000, 20_000),
        result="all refused",
    )


def test_a_canary_that_is_well_is_left_alone_for_a_minute_or_50_denials(kind):
    """Where denials are few."""
    clock, world = clock_now(), kind[1](denying)
    verifier = watched(kind[0], world, clock)
    for n in range(50):
        ask(verifier, sender(n))
    assert world.count() == 1
    for n in range(50):
        clock.advance(1.1)
        ask(verifier, sender(100 + n))
    assert world.count() == 1
    clock.advance(1.1)
    ask(verifier, sender(200))
    assert world.count() == 2
    clock.advance(61)
    ask(verifier, sender(201))
    assert world.count() == 3


@pytest.mark.parametrize(
    ("mood", "believed", "why"),
    [
        (good, True, "it is there"),
        (
            lambda q: good(q) if q.qtype is RecordType.MX else NoData(60),
            True,
            "a domain of mail may have no address",
        ),
        (denying, False, "NXDOMAIN"),
        (empty, False, "NODATA, which it cannot be"),
        (silent, False, "silence"),
        (failing(FailureReason.SERVFAIL), False, "SERVFAIL"),
    ],
)
@pytest.mark.parametrize("storm", [denying, empty], ids=["NXDOMAIN", "NODATA"])
def test_the_canary_decides(mood, believed, why, storm):
    """What it says, and what the others say."""
    world = World(storm)
    world.names[CANARY] = mood
    verifier = watched(DomainVerifier, world, clock_now())
    verdicts = [verifier.verify(sender(n)) for n in range(60)]
    assert all(v.rejected for v in verdicts[:49])
    assert [v.rejected for v in verdicts[49:]] == [believed] * 11, why


def test_a_few_exceptions_do_not_hide_a_storm():
    """A block list may let one in twenty through."""
    world = World(denying)
    world.names[CANARY] = denying
    verifier = watched(DomainVerifier, world, clock_now())
    verdicts = []
    for n in range(600):
        if n % 20 == 0:
            world.names[f"d{n}.example"] = good
        verdicts.append(verifier.verify(sender(n)))
    assert any(v.rejected for v in verdicts[:220])
    assert not any(v.rejected for v in verdicts[220:])


@pytest.mark.parametrize("there", [True, False], ids=["there", "missing"])
@pytest.mark.parametrize("listed", [True, False], ids=["list", "one by one"])
def test_thousands_at_once_wait_for_one_canary(there, listed):
    """In an event loop; nobody is deferred because it is still being asked."""
    world = AsyncWorld(denying)
    world.names[CANARY] = good if there else denying
    world.delay = 0.02
    verifier = AsyncDomainVerifier(world, safeguards=Safeguards(canary=CANARY))
    count = amount(2_000, 20_000)
    senders = [sender(n) for n in range(count)]

    async def run():
        if listed:
            many = verifier.verify_many(senders, in_flight=1_000)
            return [verdict async for verdict in many]
        return await asyncio.gather(*map(verifier.verify, senders))

    verdicts = asyncio.run(run())
    refused = sum(verdict.rejected for verdict in verdicts)
    assert refused == (count if there else 49)
    assert world.count() <= (3 if there else 4)
    assert verifier.stats().under_way == 0


def test_a_list_of_a_thread_waits_for_the_canary_too():
    """Over real sockets; the zones of tests have the canary of our resolvers."""
    with LoopbackDNS() as server:
        verifier = DomainVerifier(StubResolver([server.server]))
        verdicts = list(verifier.verify_many(sender(n) for n in range(1_000)))
        assert {v.outcome for v in verdicts} == {Outcome.NXDOMAIN}
        assert server.asked[f"{ROOT_SERVER} A"] >= 1
        server.zone.fault(ROOT_SERVER, "servfail")
        other = DomainVerifier(StubResolver([server.server]))
        verdicts = list(other.verify_many(sender(n) for n in range(1_000)))
        assert sum(v.rejected for v in verdicts) == 49


def test_another_thread_does_not_wait_for_the_canary():
    """Nobody would wake it up; it is deferred."""
    asked, go_on = threading.Event(), threading.Event()

    def slow(question):
        asked.set()
        assert go_on.wait(10)
        return good(question)

    world = World(denying)
    world.names[CANARY] = slow
    verifier = watched(DomainVerifier, world, clock_now())
    for n in range(49):
        verifier.verify(sender(n))
    verdicts = []
    leader = threading.Thread(
        target=lambda: verdicts.append(verifier.verify(sender(49)))
    )
    leader.start()
    assert asked.wait(10)
    other = verifier.verify(sender(50))
    assert other.deferred
    assert other.reason is OUTAGE
    go_on.set()
    leader.join()
    assert verdicts[0].rejected
    assert verifier.verify(sender(50)).rejected
    assert world.count() == 1


def test_without_a_canary_denials_are_believed_and_said(caplog):
    """As a resolver of the user's has none, unless he says."""
    verifier = DomainVerifier(ZoneResolver())
    for n in range(100):
        assert verifier.verify(sender(n)).rejected
    assert lines(caplog) == ["one name after the other is denied, and no canary is set"]


def test_a_lookup_that_has_no_time_left_asks_no_canary():
    """No answer would prove nothing then; it is deferred, and the next one asks."""
    clock, world = clock_now(), World(denying)
    verifier = watched(DomainVerifier, world, clock)
    for n in range(49):
        verifier.verify(sender(n))
    world.names["late.example"] = lambda q: (clock.advance(149.5), denying(q))[1]
    late = verifier.verify("a@late.example")
    assert late.deferred
    assert late.reason is OUTAGE
    assert world.count() == 0
    clock.now = time.monotonic()
    assert verifier.verify(sender(50)).rejected
    assert world.count() == 1


def boarded(flights, name, loop=None):
    """Give a flight that somebody leads."""
    now = time.monotonic()
    return flights.board(name, lambda finding: None, now, now + 5, loop)[0]


class Loop:
    """An event loop, as far as flights know one."""

    def is_closed(self):
        """Never."""
        return False


def test_nobody_waits_for_a_lookup_that_nobody_drives():
    """An interrupt has ended the one that asks: the others are woken, and deferred."""
    clock, flights, loop = clock_now(), Flights(), Loop()
    cache = watched(DomainVerifier, World(), clock).cache
    canary = Canary(CANARY, cache, flights, Notices(clock), clock)
    for n in range(50):
        canary.denials.denied(f"d{n}.example")
    told = []
    asking = canary.decide(boarded(flights, "asking.example", loop))
    assert next(asking).qname == CANARY
    waiting = boarded(flights, "waiting.example", loop)
    waiting.waiters.append(told.append)
    pilot = mock.Mock(keep=lambda finding: finding)
    waiting.start(canary.decide(waiting), mock.Mock(), pilot)
    assert not told
    asking.close()
    assert told == [False]


@pytest.mark.parametrize(
    ("other", "why"),
    [("loop", "another event loop"), ("list", "a list with flights of its own")],
)
def test_who_is_driven_by_another_does_not_wait(other, why):
    """He could not be woken up from here."""
    clock, flights = clock_now(), Flights()
    cache = watched(DomainVerifier, World(), clock).cache
    canary = Canary(CANARY, cache, flights, Notices(clock), clock)
    for n in range(50):
        canary.denials.denied(f"d{n}.example")
    asking = canary.decide(boarded(flights, "asking.example", Loop()))
    assert next(asking).qname == CANARY
    flight = (
        boarded(flights, "other.example", Loop())
        if other == "loop"
        else boarded(Flights(), "other.example")
    )
    with pytest.raises(StopIteration) as stopped:
        next(canary.decide(flight))
    assert stopped.value.value is False, why


def test_a_canary_that_is_never_answered_is_asked_again():
    """Its lookup is lost; whoever comes next may ask."""
    denials = Denials()
    for _ in range(50):
        denials.denied("d.example")
    assert denials.doubt(0.0) is Doubt.ASK
    denials.ask(0.0, 5.1)
    assert denials.doubt(5.0) is Doubt.ASKED
    assert denials.doubt(5.2) is Doubt.ASK


def test_in_a_storm_nobody_waits_for_the_canary():
    """They are deferred at once, and one a second asks."""
    denials = Denials()
    denials.ask(0.0, 5.1)
    denials.missing(0.1)
    assert denials.doubt(0.5) is Doubt.STORM
    assert denials.doubt(1.0) is Doubt.ASK
    denials.ask(1.0, 6.1)
    assert denials.doubt(1.1) is Doubt.STORM


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"failures": -1}, "failures must be a whole number, 0 for none: -1"),
        ({"slow": 1.5}, "slow must be a whole number, 0 for none: 1.5"),
        ({"slow_per_parent": None}, "slow_per_parent must be a whole number"),
        ({"canary": "a b"}, "canary must be a domain name, or '' for none: 'a b'"),
        ({"canary": 7}, "canary must be a domain name, or '' for none: 7"),
    ],
)
def test_safeguards_that_cannot_be_are_refused(given, message):
    """When they are made, and with the value."""
    with pytest.raises(ValueError, match=message):
        Safeguards(**given)


def test_every_resolver_of_ours_knows_a_canary():
    """But for those of tests, and those of users, who may say."""
    safeguards = Safeguards()
    for kind in (
        StubResolver,
        AsyncStubResolver,
        DnspythonResolver,
        AsyncDnspythonResolver,
    ):
        assert safeguards.around(kind)[1] == "a.root-servers.net"
    assert safeguards.around(ZoneResolver())[1] is None
    mine = World()
    mine.canary = "Mine.example"
    assert safeguards.around(mine)[1] == "mine.example"
    assert Safeguards(canary="").around(mine)[1] is None
    assert (
        Safeguards(canary="BÜCHER.example").around(mine)[1] == "xn--bcher-kva.example"
    )


def test_a_zone_may_be_without_the_root_server():
    """For who wants to stage a storm."""
    zone = Zone({ROOT_SERVER: {}})
    resolver = ZoneResolver(zone)
    verifier = DomainVerifier(resolver, safeguards=Safeguards(canary=ROOT_SERVER))
    verdicts = [verifier.verify(sender(n)) for n in range(60)]
    assert [v.rejected for v in verdicts] == [True] * 49 + [False] * 11
    zone.remove(ROOT_SERVER)
    answer = resolver.resolve(
        next(q for q in resolver.questions if q.qname == ROOT_SERVER),
        time.monotonic() + 1,
    )
    assert isinstance(answer, Records)


def test_a_forked_child_has_new_locks():
    """Another thread of the parent may have held them."""
    clock = clock_now()
    verifier = watched(DomainVerifier, World(denying), clock)
    guard: Guard = verifier._core.guard
    guard._lock.acquire()
    guard.canary._lock.acquire()
    guard.reset()
    guard.canary.reset()
    for n in range(60):
        assert verifier.verify(sender(n)).rejected


def test_answers_of_an_outage_are_what_they_seem():
    """`World` is a resolver like any other."""
    question = type("Q", (), {"qname": "d.example", "qtype": RecordType.MX})()
    assert denying(question) == NxDomain(300)
    assert silent(question) == Failure(FailureReason.TIMEOUT)
