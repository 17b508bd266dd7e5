"""The verifiers: the same verdict from both, cold and warm, for everybody at once."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import logging
import os
import pickle
import signal
import threading
import time

from unittest import mock

import pytest

from hypothesis import given
from hypothesis import strategies as st

from senderdomain import (
    MX,
    Action,
    AddressRules,
    AsyncDomainVerifier,
    DomainVerifier,
    Failure,
    FailureReason,
    Finding,
    FindingCache,
    NoData,
    NxDomain,
    Outcome,
    Question,
    Records,
    RecordType,
    Reply,
    SyntaxFault,
    presets,
)
from senderdomain._ask import BlockingAsker, PumpedAsker
from senderdomain._flights import Flights
from senderdomain._loop import AtHome
from senderdomain.resolvers import AsyncStubResolver, StubResolver
from senderdomain.testing import (
    AsyncZoneResolver,
    LoopbackDNS,
    SettableClock,
    Zone,
    ZoneResolver,
)

ZONE = Zone(
    {
        "mx.example": {"MX": ["10 mail.mx.example."]},
        "a.example": {"A": ["192.0.2.1"]},
        "aaaa.example": {"AAAA": ["2001:db8::1"]},
        "null.example": {"MX": ["0 ."]},
        "bad.example": {"MX": ["10 ."]},
        "none.example": {},
        "alias.example": {"CNAME": ["gone.example."]},
        "xn--mnchen-3ya.example": {"MX": ["10 mail.mx.example."]},
        "_x.example": {"MX": ["10 mail.mx.example."]},
        "corp.local": {"MX": ["10 mail.mx.example."]},
    }
)
ZONE.fault("dead.example", "timeout")
ZONE.fault("fail.example", "servfail")

SENDERS = [
    # sender                    outcome                    code questions
    ("a@mx.example", Outcome.MX, 250, 1),
    ("<a@mx.example>", Outcome.MX, 250, 1),
    (b"a@MX.example.", Outcome.MX, 250, 1),
    ("a@a.example", Outcome.IMPLICIT_MX, 250, 2),
    ("a@aaaa.example", Outcome.IMPLICIT_MX, 250, 3),
    ("a@null.example", Outcome.NULL_MX, 550, 1),
    ("a@bad.example", Outcome.UNUSABLE_MX, 550, 1),
    ("a@none.example", Outcome.NODATA, 501, 3),
    ("a@gone.example", Outcome.NXDOMAIN, 501, 1),
    ("a@alias.example", Outcome.NXDOMAIN, 501, 1),
    ("a@dead.example", Outcome.TEMPFAIL, 451, 1),
    ("a@fail.example", Outcome.TEMPFAIL, 451, 1),
    ("a@corp.local", Outcome.SPECIAL_USE, 501, 0),
    ("<>", Outcome.NULL_REVERSE_PATH, 250, 0),
    ("a@[192.0.2.1]", Outcome.ADDRESS_LITERAL, 250, 0),
    ("user", Outcome.UNQUALIFIED, 501, 0),
    ("a@@mx.example", Outcome.MALFORMED, 501, 0),
    ("a@münchen.example", Outcome.MALFORMED, 553, 0),
]


def both(sender, *, zone=ZONE, smtputf8=False, **settings):
    """Ask the thread's and the loop's verifier; they must say the same."""
    resolver, async_resolver = ZoneResolver(zone), AsyncZoneResolver(zone)
    verdict = DomainVerifier(resolver, **settings).verify(sender, smtputf8=smtputf8)
    twin = asyncio.run(
        AsyncDomainVerifier(async_resolver, **settings).verify(
            sender, smtputf8=smtputf8
        )
    )
    assert twin == verdict
    assert hash(twin) == hash(verdict)
    assert async_resolver.questions == resolver.questions
    assert twin.finding.evidence == verdict.finding.evidence
    return verdict, resolver.questions


@pytest.mark.parametrize(("sender", "outcome", "code", "questions"), SENDERS)
def test_twins_agree(sender, outcome, code, questions):
    """On the verdict, the evidence and what is asked."""
    verdict, asked = both(sender)
    assert (verdict.outcome, verdict.reply.code) == (outcome, code)
    assert len(asked) == questions
    assert [question for question, _ in verdict.finding.evidence] == asked


def test_the_article():
    """Q280118, word for word."""
    verdict, _ = both("test@DomainTest.com")
    assert verdict.outcome is Outcome.NXDOMAIN
    assert verdict.rejected
    assert verdict.reply.code == 501
    assert str(verdict.reply) == "501 test@DomainTest.com... Sender domain must exist"
    assert verdict.domain == "domaintest.com"
    verdict, _ = both("a@mx.example")
    assert str(verdict.reply) == "250 a@mx.example... Sender ok"
    assert verdict.accepted
    verdict, _ = both("a@fail.example")
    assert verdict.deferred
    assert verdict.reason is FailureReason.SERVFAIL


def test_u_labels_and_a_labels_share_a_finding():
    """RFC 6531, section 3.2: one key for both."""
    resolver = ZoneResolver(ZONE)
    verifier = DomainVerifier(resolver)
    first = verifier.verify("a@münchen.example", smtputf8=True)
    second = verifier.verify("a@xn--mnchen-3ya.example")
    assert first.outcome is second.outcome is Outcome.MX
    assert second.cached
    assert len(resolver.questions) == 1
    assert str(first.reply) == "250 a@m?nchen.example... Sender ok"


def test_domains_and_header_fields_can_be_judged(clock):
    """By both verifiers."""
    verifier = DomainVerifier(ZoneResolver(ZONE), cache=FindingCache(clock=clock))
    twin = AsyncDomainVerifier(AsyncZoneResolver(ZONE), cache=FindingCache(clock=clock))
    for domain in ("mx.example", b"mx.example", "münchen.example"):
        verdict = verifier.verify_domain(domain)
        assert verdict.outcome is Outcome.MX
        assert asyncio.run(twin.verify_domain(domain)) == verdict
    for field in ("Alice <a@mx.example>", b"Alice <a@mx.example>"):
        verdict = verifier.verify_header(field)
        assert str(verdict.reply) == "250 a@mx.example... Sender ok"
        assert asyncio.run(twin.verify_header(field)) == verdict
    nobody = verifier.verify_header("Alice")
    assert (nobody.outcome, nobody.reason) == (Outcome.MALFORMED, SyntaxFault.HEADER)


def test_the_operator_decides_on_names():
    """Underscores and special-use names; RFC 5321 and RFC 6762 by default."""
    assert both("a@_x.example")[0].outcome is Outcome.MALFORMED
    rules = AddressRules(underscore=True, special_use=frozenset({"local"}))
    for sender in ("a@_x.example", "a@corp.local"):
        assert both(sender, rules=rules)[0].outcome is Outcome.MX
    assert both("a@x.onion", rules=rules)[0].outcome is Outcome.SPECIAL_USE


def test_exempt_domains_are_not_asked_about():
    """Special-use names among them, and what is below an exempt name."""
    policy = presets.DEFAULT.exempting(["gone.example", "local"])
    for sender in ("a@gone.example", "a@x.gone.example", "a@corp.local"):
        verdict, asked = both(sender, policy=policy)
        assert (verdict.outcome, verdict.accepted, asked) == (Outcome.EXEMPT, True, [])
    assert both("a@mx.example", policy=policy)[0].outcome is Outcome.MX
    assert both("<>", policy=policy)[0].outcome is Outcome.NULL_REVERSE_PATH


def test_trusted_senders_are_not_asked_about():
    """As for authenticated clients."""
    resolver = ZoneResolver(ZONE)
    verdict = DomainVerifier(resolver).exempt("a@gone.example")
    assert (verdict.outcome, verdict.accepted) == (Outcome.EXEMPT, True)
    assert verdict.finding.evidence == ()
    assert not resolver.questions


def test_a_dry_run_tells_what_it_would_have_said():
    """While it accepts."""
    verdict, _ = both("a@gone.example", policy=presets.DEFAULT.dry_run())
    assert verdict.accepted
    assert str(verdict.would_be) == "501 a@gone.example... Sender domain must exist"
    usual, _ = both("a@gone.example")
    assert usual.would_be == usual.reply


def test_any_callable_is_a_policy():
    """The sender comes as printable ASCII, so that it can go into the reply."""

    def policy(sender, finding):
        return Reply(550, None, f"{sender} {finding.outcome.name}")

    verdict, _ = both('"a\r\n250 ok\x00ü"@x', policy=policy)
    assert str(verdict.reply) == '550 "a??250 ok??"@x MALFORMED'
    assert verdict.would_be == verdict.reply


# ---------------------------------------------------------------- memory


@pytest.mark.parametrize(("sender", "outcome", "code", "questions"), SENDERS)
def test_cold_and_warm_agree(sender, outcome, code, questions):
    """First, second and third verdict are the same; only the first one asks."""
    resolver = ZoneResolver(ZONE)
    verifier = DomainVerifier(resolver, cache=FindingCache(clock=SettableClock()))
    cold, known, warm = (verifier.verify(sender) for _ in range(3))
    assert len(resolver.questions) == questions
    for verdict in (known, warm):
        assert verdict.outcome is cold.outcome
        assert verdict.reason is cold.reason
        assert verdict.reply == cold.reply
        assert verdict.domain == cold.domain
        assert verdict.ttl == cold.ttl
        assert verdict.cached is (questions > 0)
        assert verdict.finding.evidence == ()


LOCAL = st.one_of(
    st.text(max_size=12),
    st.text(st.sampled_from('ab.@"\\ <>[]()%!\r\nü:,;'), max_size=12),
    st.sampled_from(["", "a" * 300, "a" * 600, "@x.example:a", '"a b"', "<a", "ü"]),
)
DOMAINS = st.sampled_from(
    [
        "mx.example",
        "MX.example",
        "mx.example.",
        "mx.example>",
        "gone.example",
        "none.example",
    ]
)


@given(LOCAL, DOMAINS, st.booleans())
def test_cold_and_warm_agree_for_any_local_part(local_part, domain, smtputf8):
    """The short way must never be the lenient way."""
    sender = f"{local_part}@{domain}"
    warm = DomainVerifier(ZoneResolver(ZONE))
    for _ in range(3):
        for known in ("mx.example", "gone.example", "none.example"):
            warm.verify(f"x@{known}")
    cold = DomainVerifier(ZoneResolver(ZONE)).verify(sender, smtputf8=smtputf8)
    for _ in range(2):
        again = warm.verify(sender, smtputf8=smtputf8)
        assert (again.outcome, again.reason) == (cold.outcome, cold.reason)
        assert (again.reply, again.domain) == (cold.reply, cold.domain)


def test_cold_and_warm_agree_after_a_flood():
    """What the store has dropped, both know, or neither."""
    cache = FindingCache(4)
    zone = {"b.d.example": {"MX": ["10 mx.d.example."]}}
    verifier = DomainVerifier(ZoneResolver(zone), cache=cache)
    for _ in range(2):
        verifier.verify("a@b.d.example")
    for n in range(4):
        cache.put(Finding(f"n{n}.example", Outcome.MX, ttl=60))
    cache.put(Finding("d.example", Outcome.NXDOMAIN, ttl=60))
    warm, cold = verifier.verify("a@b.d.example"), verifier.verify("<a@b.d.example>")
    assert warm.finding == cold.finding
    assert warm.cached


def test_verifiers_that_share_a_cache_keep_their_rules():
    """What one looks up and another does not never leaks between them."""
    cache = FindingCache()
    rules = AddressRules(underscore=True, special_use=frozenset({"local"}))
    loose = DomainVerifier(ZoneResolver(ZONE), cache=cache, rules=rules)
    strict = DomainVerifier(ZoneResolver(ZONE), cache=cache)
    exempting = DomainVerifier(
        ZoneResolver(ZONE),
        cache=cache,
        policy=presets.DEFAULT.exempting(["mx.example"]),
    )
    for _ in range(3):
        for sender in ("a@_x.example", "a@corp.local", "a@mx.example"):
            assert loose.verify(sender).outcome is Outcome.MX
        assert strict.verify("a@_x.example").outcome is Outcome.MALFORMED
        assert strict.verify("a@corp.local").outcome is Outcome.SPECIAL_USE
        assert exempting.verify("a@mx.example").outcome is Outcome.EXEMPT


def test_an_empty_cache_is_shared_too():
    """It is falsy, which must not matter."""
    cache = FindingCache()
    first = DomainVerifier(ZoneResolver(ZONE), cache=cache)
    second = DomainVerifier(ZoneResolver(ZONE), cache=cache, policy=presets.RFC)
    assert first.cache is second.cache is cache
    first.verify("a@mx.example")
    assert second.verify("a@mx.example").cached


def test_a_finding_expires_and_is_looked_up_again():
    """By the cache's clock."""
    clock = SettableClock()
    resolver = ZoneResolver("d.example. 60 MX 10 m.d.example.")
    verifier = DomainVerifier(resolver, cache=FindingCache(clock=clock))
    for _ in range(3):
        verifier.verify("a@d.example")
    clock.now += 59
    assert verifier.verify("a@d.example").ttl == 1
    clock.now += 1
    assert not verifier.verify("a@d.example").cached
    assert len(resolver.questions) == 2


class PlainCache:
    """A cache of the user's own: get and put."""

    def __init__(self):
        """Begin empty."""
        self.known = {}

    def get(self, domain):
        """Recall."""
        return self.known.get(domain)

    def put(self, finding):
        """Remember."""
        self.known[finding.domain] = finding
        return finding


def test_a_cache_of_the_users_own_will_do():
    """With its own flights, and no word on its size."""
    verifier = DomainVerifier(ZoneResolver(ZONE), cache=PlainCache())
    verifier.verify("a@mx.example")
    again = verifier.verify("a@mx.example")
    assert again.outcome is Outcome.MX
    assert verifier.stats().domains is None
    assert verifier.stats().remembered == 1


def test_a_domain_that_cannot_be_asked_again_stays_accepted():
    """RFC 8767: end to end, and the evidence has the failure."""
    clock, zone = SettableClock(), Zone("d.example. 60 MX 10 m.d.example.")
    verifier = DomainVerifier(ZoneResolver(zone), cache=FindingCache(clock=clock))
    verifier.verify("a@d.example")
    clock.now += 61
    zone.fault("d.example", "servfail")
    verdict = verifier.verify("a@d.example")
    assert verdict.accepted
    assert verdict.finding.stale
    assert isinstance(verdict.finding.evidence[0][1], Failure)


# ---------------------------------------------------------------- many


def test_a_list_is_judged_and_each_domain_asked_once():
    """In order if that is wanted."""
    resolver = ZoneResolver(ZONE)
    verifier = DomainVerifier(resolver)
    senders = [sender for sender, *_ in SENDERS] * 3
    verdicts = list(verifier.verify_many(iter(senders), ordered=True))
    assert [v.outcome for v in verdicts] == [row[1] for row in SENDERS] * 3
    assert len(resolver.questions) == len(set(resolver.questions))
    unordered = DomainVerifier(ZoneResolver(ZONE)).verify_many(senders)
    assert sorted(str(v.reply) for v in unordered) == sorted(
        str(v.reply) for v in verdicts
    )


def test_a_list_is_judged_in_a_loop():
    """From an iterable or an asynchronous one."""

    async def stream(senders):
        for sender in senders:
            yield sender
            await asyncio.sleep(0)

    async def judge(as_stream, in_flight):
        resolver = AsyncZoneResolver(ZONE)
        verifier = AsyncDomainVerifier(resolver)
        senders = [sender for sender, *_ in SENDERS] * 3
        given_ = stream(senders) if as_stream else senders
        verdicts = [v async for v in verifier.verify_many(given_, in_flight=in_flight)]
        assert len(resolver.questions) == len(set(resolver.questions))
        return sorted(v.outcome.name for v in verdicts)

    expected = sorted(row[1].name for row in SENDERS * 3)
    for as_stream in (True, False):
        for in_flight in (1, 2, 200):
            assert asyncio.run(judge(as_stream, in_flight)) == expected


def test_a_list_may_be_endless_and_be_left():
    """Nothing is read further ahead than needed."""
    verifier = DomainVerifier(ZoneResolver(ZONE))

    def endless():
        while True:
            yield "a@mx.example"

    verdicts = verifier.verify_many(endless(), ordered=True)
    assert [next(verdicts).outcome for _ in range(5)] == [Outcome.MX] * 5


# ---------------------------------------------------------------- herds


class Slow:
    """Answers when the door is opened, and counts."""

    def __init__(self):
        """Begin with the door shut."""
        self.door = threading.Event()
        self.calls = 0

    def resolve(self, question, deadline):
        """Wait for the door."""
        self.calls += 1
        self.door.wait(5)
        return (
            Records(60, ("192.0.2.1",))
            if question.qtype is RecordType.A
            else NoData(60)
        )


def test_a_herd_of_threads_makes_one_lookup():
    """All of them get its verdict."""
    resolver = Slow()
    verifier = DomainVerifier(resolver)
    verdicts = []
    threads = [
        threading.Thread(target=lambda: verdicts.append(verifier.verify("a@d.example")))
        for _ in range(64)
    ]
    for thread in threads:
        thread.start()
    limit = time.monotonic() + 5
    while verifier.stats().joined < 63 and time.monotonic() < limit:
        time.sleep(0.001)
    resolver.door.set()
    for thread in threads:
        thread.join()
    assert resolver.calls == 2  # MX, then A
    assert {v.outcome for v in verdicts} == {Outcome.IMPLICIT_MX}
    assert len(verdicts) == 64
    assert verifier.stats().under_way == 0


class Held:
    """An asynchronous resolver that answers when it is told to."""

    def __init__(self):
        """Begin without questions."""
        self.calls = 0
        self.answer = None

    async def resolve(self, question, deadline):
        """Wait for the answer."""
        self.calls += 1
        self.answer = self.answer or asyncio.get_running_loop().create_future()
        return await asyncio.shield(self.answer)


def test_a_cancelled_caller_disturbs_nobody():
    """Not even the one who came first: one lookup, and all others are served."""

    async def herd():
        resolver = Held()
        verifier = AsyncDomainVerifier(resolver)
        tasks = [
            asyncio.create_task(verifier.verify("a@d.example")) for _ in range(1_000)
        ]
        await asyncio.sleep(0.01)
        for task in tasks[::2]:  # the leader among them
            task.cancel()
        await asyncio.sleep(0)
        resolver.answer.set_result(Records(60, ("mx.d.example",)))
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert resolver.calls == 1
        cancelled = [r for r in results if isinstance(r, asyncio.CancelledError)]
        served = [r for r in results if not isinstance(r, asyncio.CancelledError)]
        assert (len(cancelled), len(served)) == (500, 500)
        assert {v.outcome for v in served} == {Outcome.MX}
        assert verifier.stats().under_way == 0

    asyncio.run(herd(), debug=True)


def test_loops_and_threads_share_a_lookup():
    """One cache, one flight: whoever leads, the others are told where they wait."""
    resolver, cache = Slow(), FindingCache()
    blocking = DomainVerifier(resolver, cache=cache)
    outcomes = []

    class NeverAsked:
        async def resolve(self, question, deadline):
            raise AssertionError

    async def join():
        verifier = AsyncDomainVerifier(NeverAsked(), cache=cache)
        verdicts = await asyncio.gather(
            *(verifier.verify("a@d.example") for _ in range(10))
        )
        outcomes.extend(v.outcome for v in verdicts)

    def lead():
        outcomes.append(blocking.verify("a@d.example").outcome)

    leader = threading.Thread(target=lead)
    leader.start()
    while not resolver.calls:
        time.sleep(0.001)
    loops = [threading.Thread(target=asyncio.run, args=(join(),)) for _ in range(2)]
    for thread in loops:
        thread.start()
    waiting = cache.flights
    limit = time.monotonic() + 5
    while time.monotonic() < limit:
        under_way = list(waiting._under_way.values())
        if under_way and len(under_way[0].waiters) == 21:
            break
        time.sleep(0.001)
    resolver.door.set()
    for thread in (leader, *loops):
        thread.join()
    assert outcomes == [Outcome.IMPLICIT_MX] * 21
    assert resolver.calls == 2


def test_a_verifier_outlives_its_loops():
    """asyncio.run again and again, once while a lookup was under way."""
    verifier = AsyncDomainVerifier(AsyncZoneResolver(ZONE))
    for _ in range(20):
        assert asyncio.run(verifier.verify("a@mx.example")).accepted

    held = Held()
    verifier = AsyncDomainVerifier(held, deadline=0.2)

    async def leave():
        task = asyncio.create_task(verifier.verify("a@d.example"))
        await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(leave())
    held.answer = None
    late = asyncio.run(verifier.verify("a@d.example"))
    assert late.deferred
    assert late.reason is FailureReason.TIMEOUT


def test_a_finding_that_has_just_landed_is_not_looked_up_again():
    """Between asking the cache and boarding, another flight may have landed."""
    resolver = ZoneResolver(ZONE)
    verifier = DomainVerifier(resolver)
    core = verifier._core
    landings = core.flights.landings
    verifier.verify("a@mx.example")

    def find(domain):
        found = []
        now = time.monotonic()
        flight, _ = core.flights.board(domain, found.append, now, now + 5)
        core.start(flight, landings, verifier._asker)
        return found[0].outcome

    assert find("mx.example") is Outcome.MX
    assert len(resolver.questions) == 1
    # And if it was about another domain, the lookup begins.
    assert find("a.example") is Outcome.IMPLICIT_MX
    assert len(resolver.questions) == 3


# ---------------------------------------------------------------- plug-ins


class Returns:
    """A resolver that returns whatever it is told to."""

    def __init__(self, result):
        """Keep the result."""
        self.result = result

    def resolve(self, question, deadline):
        """Return or raise it."""
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


BUGS = [
    None,
    "x",
    Records(float("nan"), ()),
    Records(-1, ()),
    NoData(float("inf")),
    NoData(60, "filtered"),
    NoData(60, False),
    NoData(60, []),
    NxDomain(60, "yes"),
    NxDomain(60, None),
    Records(60, ()),
    Records(60, ["192.0.2.1"]),
    Records(60, (5,)),
    Records(60, (MX(10, "mx.d.example."),)),
    ValueError("x"),
    OSError("x"),
    asyncio.CancelledError(),
]


@pytest.mark.parametrize("result", BUGS, ids=repr)
def test_a_broken_resolver_is_a_temporary_failure(result, caplog):
    """P01 to P06: logged, never a rejection, never remembered."""

    class AsyncReturns(Returns):
        async def resolve(self, question, deadline):
            return super().resolve(question, deadline)

    if not isinstance(result, asyncio.CancelledError):
        verifier = DomainVerifier(Returns(result))
        verdict = verifier.verify("a@d.example")
        assert verdict.deferred
        assert verdict.reason is FailureReason.RESOLVER_BUG
        assert not verifier.verify("a@d.example").cached
    twin = asyncio.run(AsyncDomainVerifier(AsyncReturns(result)).verify("a@d.example"))
    assert twin.deferred
    assert twin.reason is FailureReason.RESOLVER_BUG
    assert "resolver" in caplog.text


def test_a_resolver_that_is_not_asynchronous_is_a_bug():
    """Noticed at the first question, unless it is one of ours."""
    resolver = mock.Mock(resolve=ZoneResolver(ZONE).resolve)
    verdict = asyncio.run(AsyncDomainVerifier(resolver).verify("a@mx.example"))
    assert verdict.reason is FailureReason.RESOLVER_BUG


def test_an_interrupt_in_a_resolver_reaches_the_caller():
    """P10: and nothing is left behind."""
    verifier = DomainVerifier(Returns(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        verifier.verify("a@d.example")
    assert verifier.stats().under_way == 0


def test_a_resolver_that_hangs_is_left_alone():
    """P07: the deadline holds although the task will not be cancelled."""

    class Hangs:
        async def resolve(self, question, deadline):
            self.done = asyncio.get_running_loop().create_future()
            while True:
                try:
                    return await asyncio.shield(self.done)
                except asyncio.CancelledError:
                    continue

    async def main():
        resolver = Hangs()
        verdict = await AsyncDomainVerifier(resolver, deadline=0.05).verify(
            "a@d.example"
        )
        resolver.done.set_result(NoData(1))
        await asyncio.sleep(0.01)
        return verdict

    assert asyncio.run(main()).reason is FailureReason.TIMEOUT


def test_a_resolver_that_asks_its_verifier_does_not_wait_for_itself(caplog):
    """P09: about the same name; it is told at once, and once a question."""

    class Reentrant:
        verifier = None
        asked = 0

        def resolve(self, question, deadline):
            self.asked += 1
            inner = self.verifier.verify("a@d.example")
            assert inner.reason is FailureReason.RESOLVER_BUG
            return NoData(5)

    resolver = Reentrant()
    resolver.verifier = DomainVerifier(resolver, deadline=60)
    assert resolver.verifier.verify("a@d.example").outcome is Outcome.NODATA
    assert resolver.asked == 3
    assert "resolver asks the verifier that is asking it" in caplog.text


def test_the_deadline_is_one_for_all_questions():
    """A resolver that takes too long is not asked again."""

    class Slow:
        asked = 0

        def resolve(self, question, deadline):
            self.asked += 1
            time.sleep(0.05)
            return NoData(5)

    resolver = Slow()
    verdict = DomainVerifier(resolver, deadline=0.01).verify("a@d.example")
    assert verdict.reason is FailureReason.TIMEOUT
    assert resolver.asked == 1


def test_a_lookup_that_nobody_answers_is_given_up():
    """A mistake of ours; the thread must not take it for its own for ever."""

    class Mute(BlockingAsker):
        def ask(self, question, deadline, callback):
            pass

    asker = Mute(None)
    verifier = DomainVerifier(asker, deadline=0.01)
    for _ in range(2):
        verdict = verifier.verify("a@d.example")
        assert verdict.reason is FailureReason.RESOLVER_BUG
        assert verifier.stats().under_way == 0


# ---------------------------------------------------------------- the rest


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"deadline": 0}, "deadline must be above 0 and at most 150 s: 0"),
        ({"deadline": float("nan")}, "deadline must be"),
        ({"deadline": float("inf")}, "deadline must be"),
        ({"policy": "default"}, "not a policy: 'default'"),
        ({"policy": type(presets.DEFAULT)}, "not a policy: <class"),
        ({"deadline": "5"}, "deadline must be"),
        ({"cache": {}}, "not a cache: {}; take a FindingCache"),
        ({"rules": None}, "not AddressRules: None"),
        ({"resolver": "127.0.0.1"}, "not a resolver: '127.0.0.1'; servers are for"),
    ],
)
@pytest.mark.parametrize("kind", [DomainVerifier, AsyncDomainVerifier])
def test_bad_settings_are_refused(kind, settings, message):
    """At construction."""
    with pytest.raises(ValueError, match=message):
        kind(**settings)


def test_the_twins_take_their_own_stub_resolver():
    """The thread's one would block the loop, and the loop's one needs a loop."""
    with pytest.raises(ValueError, match="StubResolver is for DomainVerifier"):
        AsyncDomainVerifier(StubResolver(["127.0.0.1"]))
    with pytest.raises(ValueError, match="AsyncStubResolver is for AsyncDomain"):
        DomainVerifier(AsyncStubResolver(["127.0.0.1"]))


@pytest.mark.parametrize(
    "verifier",
    [DomainVerifier(ZoneResolver()), AsyncDomainVerifier(AsyncZoneResolver())],
    ids=["sync", "async"],
)
def test_verifiers_stay_where_they_are(verifier):
    """Sockets and locks cannot be carried elsewhere."""
    for carry in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            carry(verifier)


def test_a_verdict_can_be_pickled_and_shown():
    """X2: equal after the journey, short and ASCII when shown."""
    for sender, *_ in SENDERS:
        verifier = DomainVerifier(ZoneResolver(ZONE))
        for _ in range(3):
            verdict = verifier.verify(sender)
            assert repr(verdict).isascii()
            assert len(repr(verdict)) <= 400
            assert pickle.loads(pickle.dumps(verdict)) == verdict
            assert verdict != "x"


def test_statistics_count():
    """Lookups by outcome, senders that waited, domains that were known."""
    verifier = DomainVerifier(ZoneResolver(ZONE))
    for sender in (
        "a@mx.example",
        "a@gone.example",
        "a@mx.example",
        "b@mx.example",
        "<>",
    ):
        verifier.verify(sender)
    stats = verifier.stats()
    assert (stats.lookups, stats.remembered, stats.joined) == (2, 2, 0)
    assert stats.outcomes == {Outcome.MX: 1, Outcome.NXDOMAIN: 1}
    assert (stats.under_way, stats.domains) == (0, 2)


def test_the_log_has_the_domain_and_never_the_local_part(caplog):
    """One line, escaped, with fields for whoever wants them."""
    caplog.set_level(logging.DEBUG, "senderdomain")
    verifier = DomainVerifier(ZoneResolver(ZONE))
    hostile = '"secret\r\n\x1b[31m"@gone.example'
    for sender in ("secret@gone.example", hostile, "secret", "secret@mx.example"):
        verifier.verify(sender)
    assert [r.getMessage() for r in caplog.records] == [
        "sender domain gone.example: NXDOMAIN, 501",
        "sender domain -: MALFORMED, 501",
        "sender domain -: UNQUALIFIED, 501",
        "sender domain mx.example: MX, 250",
    ]
    assert "secret" not in caplog.text
    first = caplog.records[0]
    fields = (
        first.sender_domain,
        first.outcome,
        first.reason,
        first.code,
        first.action,
    )
    assert fields == ("gone.example", "NXDOMAIN", None, 501, "reject")
    assert [r.levelname for r in caplog.records] == ["INFO", "INFO", "INFO", "DEBUG"]
    caplog.clear()
    for _ in range(3):
        verifier.verify("secret@gone.example")
    assert [r.getMessage() for r in caplog.records] == [
        "sender domain gone.example: NXDOMAIN, 501"
    ] * 3
    caplog.clear()
    caplog.set_level(logging.WARNING, "senderdomain")
    verifier.verify("a@none.example")
    assert not caplog.records


def test_verifiers_are_context_managers(monkeypatch, tmp_path):
    """They close the resolver that they have made, and no other."""
    monkeypatch.setattr(
        "senderdomain.resolvers.stub.system_servers",
        lambda _: StubResolver(["127.0.0.1:1"]).servers,
    )
    with DomainVerifier(deadline=1) as verifier:
        assert verifier.policy is presets.DEFAULT
        assert verifier.verify("a@d.example").reason is FailureReason.RESOLVER_DOWN
    closed = verifier.verify("a@e.example")
    assert closed.deferred
    assert closed.finding.evidence[0][1].detail == "closed"

    async def main():
        async with AsyncDomainVerifier(deadline=1) as verifier:
            verdict = await verifier.verify("a@d.example")
            assert verdict.reason is FailureReason.RESOLVER_DOWN
        closed = await verifier.verify("a@e.example")
        assert closed.finding.evidence[0][1].detail == "closed"

    asyncio.run(main())
    mine = StubResolver(["127.0.0.1:1"])
    with DomainVerifier(mine) as verifier:
        pass
    assert verifier.verify("a@d.example").deferred
    mine.close()

    async def keep():
        theirs = AsyncStubResolver(["127.0.0.1:1"])
        async with AsyncDomainVerifier(theirs) as verifier:
            pass
        assert (await verifier.verify("a@d.example")).deferred
        theirs.close()

    asyncio.run(keep())


def test_a_verdict_is_about_one_question_at_the_most_per_type():
    """Evidence reads as it was asked."""
    verdict, _ = both("a@none.example")
    assert [str(question) for question, _ in verdict.finding.evidence] == [
        "none.example MX",
        "none.example A",
        "none.example AAAA",
    ]
    assert verdict.finding.evidence[0][0] == Question("none.example", RecordType.MX)
    assert verdict.action is Action.REJECT
    assert isinstance(verdict.finding, Finding)


def test_a_waiter_is_told_once():
    """The flight may land after its time."""

    async def main():
        told = []
        waiter = AtHome(asyncio.get_running_loop(), told.append)
        waiter.give_up_after(0, "d.example")
        await asyncio.sleep(0.01)
        waiter(Finding("d.example", Outcome.MX))
        return told

    assert [f.outcome for f in asyncio.run(main())] == [Outcome.TEMPFAIL]


def test_nobody_is_told_in_a_loop_that_is_closed():
    """Another loop of the same thread may hear of the finding later."""
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    future.add_done_callback(print)
    waiter = AtHome(loop, future.set_result)
    loop.close()
    waiter(Finding("d.example", Outcome.MX))
    assert future.done()


def test_who_finds_nobody_to_join_leads():
    """The other flight lands, in another thread, just when it is to be joined."""

    async def main():
        verifier = AsyncDomainVerifier(AsyncZoneResolver(ZONE))
        flights = verifier._core.flights
        plainly, calls = flights.lead, []

        def lead(*args):
            calls.append(args)
            return plainly(*args) if len(calls) > 1 else None

        with mock.patch.object(flights, "lead", lead):
            verdict = await verifier.verify("a@mx.example")
        assert len(calls) == 2
        return verdict

    assert asyncio.run(main()).outcome is Outcome.MX


def test_who_is_cancelled_as_the_answer_comes_is_no_mistake_of_ours(caplog):
    """A client may hang up at any moment."""

    class Late:
        def __init__(self):
            self.answer = asyncio.get_running_loop().create_future()

        def resolve(self, question, deadline):
            return self.answer

    async def main():
        resolver = Late()
        verifier = AsyncDomainVerifier(resolver)
        task = asyncio.ensure_future(verifier.verify("a@mx.example"))
        await asyncio.sleep(0.01)
        resolver.answer.set_result(NxDomain(60))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.01)
        assert len(verifier._core.flights) == 0
        return await verifier.verify("a@mx.example")

    assert asyncio.run(main()).rejected
    assert not caplog.records


def test_a_waiter_that_cannot_hear_is_no_secret():
    """Only a loop that is closed has nobody who waits."""
    loop = asyncio.new_event_loop()

    def broken(finding):
        raise RuntimeError("ours")

    with contextlib.closing(loop), pytest.raises(RuntimeError, match="ours"):
        AtHome(loop, broken)(Finding("d.example", Outcome.MX))


def test_a_waiter_that_has_been_cancelled_is_left_alone():
    """It waits no more, and nobody has told the flight."""
    loop = asyncio.new_event_loop()
    with contextlib.closing(loop):
        future = loop.create_future()
        future.cancel()
        AtHome(loop, future.set_result)(Finding("d.example", Outcome.MX))


def test_a_list_gives_what_is_ready_while_its_source_waits():
    """A source may wait for the verdict before it goes on."""

    async def main():
        verifier = AsyncDomainVerifier(AsyncZoneResolver(ZONE))
        seen = asyncio.Event()

        async def source():
            for sender in ("a@mx.example", "a@gone.example", "<>"):
                seen.clear()
                yield sender
                await seen.wait()

        outcomes = []
        async for verdict in verifier.verify_many(source()):
            outcomes.append(verdict.outcome)
            seen.set()
        return outcomes

    expected = [Outcome.MX, Outcome.NXDOMAIN, Outcome.NULL_REVERSE_PATH]
    assert asyncio.run(asyncio.wait_for(main(), 5)) == expected


def test_a_source_that_breaks_is_told():
    """After the verdicts of what it gave; and leaving early is no trouble."""

    async def main():
        verifier = AsyncDomainVerifier(AsyncZoneResolver(ZONE))

        def source():
            yield "a@mx.example"
            raise ValueError("broken source")

        verdicts = verifier.verify_many(source())
        assert (await anext(verdicts)).accepted
        with pytest.raises(ValueError, match="broken source"):
            await anext(verdicts)
        leaving = verifier.verify_many(["a@mx.example"] * 1_000, in_flight=5)
        assert (await anext(leaving)).accepted
        await leaving.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("in_flight", [0, -1])
def test_a_list_needs_room(in_flight):
    """At least one sender has to be under way."""
    with pytest.raises(ValueError, match="in_flight must be at least 1"):
        DomainVerifier(ZoneResolver(ZONE)).verify_many([], in_flight=in_flight)

    async def main():
        verifier = AsyncDomainVerifier(AsyncZoneResolver(ZONE))
        await anext(verifier.verify_many([], in_flight=in_flight))

    with pytest.raises(ValueError, match="in_flight must be at least 1"):
        asyncio.run(main())


def test_a_mock_is_a_resolver_like_any_other():
    """What it returns is no answer."""
    verdict = DomainVerifier(mock.Mock()).verify("a@d.example")
    assert verdict.reason is FailureReason.RESOLVER_BUG


def test_an_interrupted_leader_strands_nobody():
    """P10, while it waits for its answer."""

    class Interrupted(ZoneResolver, PumpedAsker):
        def ask(self, question, deadline, callback):
            pass

        def pump(self):
            raise KeyboardInterrupt

        def glance(self):
            pass

        def postpone(self, seconds):
            pass

        def session(self):
            return contextlib.nullcontext(self)

    verifier = DomainVerifier(Interrupted(ZONE), deadline=5)
    with pytest.raises(KeyboardInterrupt):
        verifier.verify("a@d.example")
    assert verifier.stats().under_way == 0


def test_a_closed_loop_does_not_keep_its_domains():
    """Whoever asks next begins anew, at once."""
    held = Held()
    verifier = AsyncDomainVerifier(held, deadline=30)
    loop = asyncio.new_event_loop()
    task = loop.create_task(verifier.verify("a@d.example"))
    loop.run_until_complete(asyncio.sleep(0.01))
    task._log_destroy_pending = False
    loop.close()
    held.answer = None

    async def main():
        waiting = asyncio.create_task(verifier.verify("a@d.example"))
        await asyncio.sleep(0.01)
        held.answer.set_result(Records(60, ("mx",)))
        return await waiting

    assert asyncio.run(main()).accepted
    task.get_coro().close()


def test_a_list_may_be_continued_in_another_thread():
    """As web frameworks do with generators."""
    with LoopbackDNS(ZONE) as server:
        resolver = StubResolver([server.server])
        verdicts = DomainVerifier(resolver).verify_many(
            ["a@mx.example", "a@a.example", "a@none.example"], in_flight=1
        )
        seen = []
        for _ in range(3):
            thread = threading.Thread(target=lambda: seen.append(next(verdicts)))
            thread.start()
            thread.join(5)
        assert len(seen) == 3
        verdicts.close()
        resolver.close()


def test_a_waiter_that_breaks_keeps_nobody_waiting(caplog):
    """The others are told."""
    flights, told = Flights(), []

    def broken(finding):
        raise ValueError("waiter")

    flight, _ = flights.board("d.example", broken, 0.0, 5.0)
    flights.board("d.example", told.append, 0.0, 5.0)
    flight.abandon()
    assert len(told) == 1
    assert "nobody heard of d.example" in caplog.text


def test_a_task_that_fails_too_late_is_not_complained_about(caplog):
    """Its exception was for nobody any more."""

    class Late:
        async def resolve(self, question, deadline):
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                raise ValueError("late") from None

    async def main():
        verdict = await AsyncDomainVerifier(Late(), deadline=0.05).verify("a@d.example")
        await asyncio.sleep(0.01)
        return verdict

    assert asyncio.run(main()).reason is FailureReason.TIMEOUT
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_a_list_joins_what_others_have_begun():
    """In a loop, where flights are shared."""

    async def main():
        resolver = Held()
        verifier = AsyncDomainVerifier(resolver)
        first = asyncio.create_task(verifier.verify("a@d.example"))
        await asyncio.sleep(0.01)

        async def judge():
            return [
                v async for v in verifier.verify_many(["b@d.example", "c@d.example"])
            ]

        second = asyncio.create_task(judge())
        await asyncio.sleep(0.01)
        resolver.answer.set_result(Records(60, ("mx",)))
        await first
        assert resolver.calls == 1
        return await second

    assert len(asyncio.run(main())) == 2


# ---------------------------------------------------------------- what reviewers found


class Exploding(Records):
    """Records that cannot be read."""

    @property
    def rrset(self):
        """Raise."""
        raise RuntimeError("no records")


@pytest.mark.parametrize(
    "answer",
    [
        Exploding(60, ()),
        Failure("servfail"),
        Records(60, (MX(10, "mx.example "),)),
        Records(60, (MX(10, "münchen.example"),)),
        Records(60, (MX(10, "mx.example."),)),
        NoData(60, "filtered"),
        NoData(60, 0),
        NxDomain(60, []),
    ],
    ids=[
        "raises",
        "text for a reason",
        "space",
        "8-bit",
        "final dot",
        "text for a doubt",
        "nought for no doubt",
        "neither aliased nor not",
    ],
)
def test_an_answer_against_the_contract_is_temporary(answer, caplog):
    """And whoever waits is told at once."""
    caplog.set_level(logging.DEBUG)

    class Odd:
        def resolve(self, question, deadline):
            return answer

    class AsyncOdd:
        async def resolve(self, question, deadline):
            return answer

    verdict = DomainVerifier(Odd(), deadline=60).verify("a@d.example")
    assert verdict.reason is FailureReason.RESOLVER_BUG
    twin = asyncio.run(
        AsyncDomainVerifier(AsyncOdd(), deadline=60).verify("a@d.example")
    )
    assert twin == verdict


def test_an_exchange_in_capitals_is_a_host():
    """What a resolver passes on as it came."""

    class Loud:
        def resolve(self, question, deadline):
            return Records(60, (MX(10, "MX.Example"),))

    assert DomainVerifier(Loud()).verify("a@d.example").outcome is Outcome.MX


def test_whoever_joins_a_lookup_keeps_a_deadline_of_their_own():
    """Two verifiers share a cache, and only one of them is patient."""
    go_on = threading.Event()

    class Slow:
        def resolve(self, question, deadline):
            go_on.wait(10)
            return NoData(60)

    cache = FindingCache()
    patient = DomainVerifier(Slow(), cache=cache, deadline=30)
    leader = threading.Thread(target=patient.verify, args=("a@d.example",))
    leader.start()
    while not patient.stats().under_way:
        time.sleep(0.001)
    hasty = DomainVerifier(ZoneResolver(ZONE), cache=cache, deadline=0.05)
    assert hasty.verify("a@d.example").reason is FailureReason.TIMEOUT
    twin = AsyncDomainVerifier(AsyncZoneResolver(ZONE), cache=cache, deadline=0.05)
    verdict = asyncio.run(twin.verify("a@d.example"))
    assert verdict.reason is FailureReason.TIMEOUT

    async def listed():
        return [v.reason async for v in twin.verify_many(["a@d.example"])]

    assert asyncio.run(listed()) == [FailureReason.TIMEOUT]
    assert leader.is_alive()
    go_on.set()
    leader.join()


def test_a_policy_that_raises_does_so_when_asked_and_not_in_the_log(caplog):
    """Whether there is a log changes nothing, and no verdict is lost."""
    caplog.set_level(logging.DEBUG)

    def policy(sender, finding):
        if sender == "b@mx.example":
            raise ZeroDivisionError
        return Reply(250, None, "ok")

    verifier = DomainVerifier(ZoneResolver(ZONE), policy=policy)
    senders = ["a@mx.example", "b@mx.example", "c@mx.example"]
    verdicts = list(verifier.verify_many(senders, ordered=True))
    assert [verdict.sender for verdict in verdicts] == senders
    assert verdicts[2].accepted
    with pytest.raises(ZeroDivisionError):
        verdicts[1].reply  # noqa: B018
    assert "policy failed for mx.example" in caplog.text


def test_a_source_is_free_once_its_list_is_closed():
    """Others may read on from it."""

    async def main():
        verifier = AsyncDomainVerifier(AsyncZoneResolver(ZONE))

        async def source():
            for n in range(1_000):
                yield f"a{n}@mx.example"
                await asyncio.sleep(0)

        senders = source()
        verdicts = verifier.verify_many(senders, in_flight=5)
        await anext(verdicts)
        await verdicts.aclose()
        await senders.aclose()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("kind", "resolver"),
    [
        (DomainVerifier, AsyncZoneResolver()),
        (AsyncDomainVerifier, ZoneResolver()),
        (AsyncDomainVerifier, BlockingAsker(ZoneResolver())),
    ],
)
def test_a_resolver_of_the_other_kind_is_refused(kind, resolver):
    """Or every sender would be deferred."""
    with pytest.raises(ValueError, match=r"Resolver is for|Asker is for"):
        kind(resolver)


@pytest.mark.parametrize("size", [513, 10_000_000])
def test_a_long_sender_is_refused_at_the_door(size):
    """Before anything is done that takes longer for it."""
    sender = "a@" + "b" * (size - 2)
    cache = FindingCache()
    cache.hot = mock.Mock(get=None)
    verdict = DomainVerifier(ZoneResolver(ZONE), cache=cache).verify(sender)
    assert verdict.reason is SyntaxFault.TOO_LONG


def test_a_bare_domain_that_was_seen_twice_is_logged_as_well(caplog):
    """The short way says what the long one does."""
    caplog.set_level(logging.INFO, "senderdomain")
    verifier = DomainVerifier(ZoneResolver(ZONE))
    verdicts = [verifier.verify_domain("gone.example") for _ in range(4)]
    assert [v.cached for v in verdicts] == [False, True, True, True]
    caplog.set_level(logging.WARNING, "senderdomain")
    assert verifier.verify_domain("gone.example").cached
    assert len(caplog.messages) == 4
    assert len({str(v.reply) for v in verdicts}) == 1
    assert verifier.verify_domain("x" * 1001).reason is SyntaxFault.TOO_LONG


def test_what_dmarc_means_by_non_existent_can_be_told():
    """By the rcode, or by what there is to find."""
    verifier = DomainVerifier(ZoneResolver(ZONE))
    told = {
        name: (finding.nonexistent_rfc8020, finding.nonexistent_broad)
        for name in ("mx.example", "none.example", "gone.example")
        for finding in [verifier.verify_domain(name).finding]
    }
    assert told == {
        "mx.example": (False, False),
        "none.example": (False, True),
        "gone.example": (True, True),
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_counts_although_a_thread_of_its_parent_was_just_counting():
    """The lock of that is held for ever otherwise."""
    verifier = DomainVerifier(ZoneResolver(ZONE))
    with verifier._core._lock:
        pid = os.fork()
        if not pid:
            signal.alarm(5)
            os._exit(0 if verifier.stats().lookups == 0 else 1)
    assert os.waitpid(pid, 0)[1] == 0
