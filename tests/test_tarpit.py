"""Name servers that never answer: they hold up their own domains, and nobody else's."""

from __future__ import annotations

import asyncio
import math
import threading
import time

from types import SimpleNamespace

import pytest

from tests.hostile.profile import amount
from tests.trouble import AsyncWorld, World, clock_now, denying, good, lines

from senderdomain import (
    AsyncDomainVerifier,
    DomainName,
    DomainVerifier,
    Failure,
    FailureReason,
    FindingCache,
    Outcome,
    Question,
    RecordType,
    Safeguards,
)
from senderdomain._crowd import Crowd, parent_of
from senderdomain.resolvers import AsyncStubResolver, Timing, _backlog
from senderdomain.resolvers._backlog import Backlog
from senderdomain.resolvers._pending import Pending
from senderdomain.testing import LoopbackDNS, Zone

OVERLOAD = FailureReason.OVERLOAD


def flights(count, parent="tarpit.example", begun=0.0, deadline=5.0):
    """Give lookups under way."""
    return [
        SimpleNamespace(domain=f"n{n}.{parent}", begun=begun, deadline=deadline)
        for n in range(count)
    ]


def refuses(crowd, domain, now, under_way):
    """Ask *crowd*; some other lookup has taken no time."""
    return crowd.refuses(domain, now, lambda: under_way, now)


# ---------------------------------------------------------------- the crowd alone


@pytest.mark.parametrize(
    ("domain", "parent"),
    [
        ("a.b.example.org", "example.org"),
        ("example.org", "example.org"),
        ("org", "org"),
    ],
)
def test_a_parent_is_the_last_two_labels(domain, parent):
    """No list of public suffixes is needed, and none can be out of date."""
    assert parent_of(domain) == parent


@pytest.mark.parametrize("count", [0, 15, 16, 17, 1_000])
def test_16_slow_lookups_below_one_parent_are_enough(count):
    """The next one is turned away; those of others are not."""
    crowd = Crowd(256, 16)
    under_way = flights(count)
    refused = refuses(crowd, "x.tarpit.example", 1.0, under_way)
    assert refused == ("tarpit.example" if count >= 16 else None)
    assert refuses(crowd, "x.other.example", 1.0, under_way) is None


def test_lookups_that_have_just_begun_do_not_count():
    """Name servers that are well answer within milliseconds, thousands at once."""
    crowd = Crowd(256, 16)
    assert refuses(crowd, "x.tarpit.example", 0.4, flights(5_000)) is None


def test_nobody_is_slow_while_nothing_can_end():
    """An event loop that has begun 20,000 lookups has not looked for answers yet."""
    crowd = Crowd(256, 16)
    many = flights(1_000)
    for now in (0.1, 0.5, 1.0, 1.5):
        assert crowd.refuses("x.tarpit.example", now, lambda: many, -math.inf) is None
    assert crowd.refuses("x.tarpit.example", 2.0, lambda: many, -math.inf)


def test_nobody_is_slow_where_everybody_is():
    """A machine that has no time to spare: each lookup takes nearly a second."""
    crowd = Crowd(256, 16)
    many = [f for n in range(2_000) for f in flights(1, begun=0.1 + 0.9 * n / 2_000)]
    assert crowd.refuses("x.tarpit.example", 1.0, lambda: many, 0.1) is None
    # Now there is one that has not taken so long.
    refused = crowd.refuses("x.tarpit.example", 1.1, lambda: many, 0.7)
    assert refused == "tarpit.example"


def test_there_is_nothing_to_look_at_most_of_the_time():
    """All lookups are looked at 20 times a second at the most."""
    crowd = Crowd(256, 16)
    assert crowd.due == float("-inf")
    refuses(crowd, "d.example", 1.0, [])
    assert crowd.due == 1.05
    refuses(crowd, "d.example", 1.05, flights(15))
    assert crowd.due == 1.05 + 0.05
    refuses(crowd, "d.example", 1.1, flights(16))
    assert crowd.due == float("-inf")  # a parent is crowded: everybody is asked


def test_10_000_lookups_are_looked_at_less_often():
    """Twice a second, so that it takes little of the time."""
    crowd = Crowd(0, 16)
    under_way = flights(10_000, begun=1.0)
    assert refuses(crowd, "d.example", 1.0, under_way) is None
    assert crowd.due == 1.5


def test_a_parent_that_was_crowded_gets_16_places_and_no_more():
    """Also for lookups that have just begun, until half a minute has passed."""
    crowd = Crowd(256, 16)
    assert refuses(crowd, "x.tarpit.example", 1.0, flights(16))
    fresh = flights(10, begun=6.0, deadline=11.0)
    answers = [refuses(crowd, f"y{n}.tarpit.example", 6.0, fresh) for n in range(8)]
    assert answers == [None] * 6 + ["tarpit.example"] * 2
    assert refuses(crowd, "x.tarpit.example", 36.1, flights(100, begun=36.0)) is None


def test_a_good_answer_sets_a_parent_free():
    """A hundred domains below com.example may be slow, and one is not."""
    crowd = Crowd(256, 16)
    assert refuses(crowd, "x.com.example", 1.0, flights(16, "com.example"))
    crowd.let_go("good.com.example")
    fresh = flights(100, "com.example", begun=1.0, deadline=6.0)
    assert refuses(crowd, "y.com.example", 1.01, fresh) is None
    crowd.let_go("good.com.example")
    assert not crowd.holds


def test_beyond_256_slow_lookups_each_parent_has_one():
    """So that many dead parents cannot keep out those that are well."""
    crowd = Crowd(256, 16)
    under_way = [f for n in range(26) for f in flights(10, f"t{n}.example")]
    assert refuses(crowd, "x.t3.example", 1.0, under_way) == "t3.example"
    assert refuses(crowd, "x.other.example", 1.0, under_way) is None


def test_beyond_four_times_as_many_nobody_gets_in():
    """Each of them holds memory, and a socket's attention."""
    crowd = Crowd(256, 16)
    under_way = [f for n in range(1_024) for f in flights(1, f"t{n}.example")]
    assert refuses(crowd, "x.other.example", 1.0, under_way) == "all"


def test_lookups_that_are_lost_hold_no_place():
    """Their thread is dead; they stay on the list until somebody asks again."""
    crowd = Crowd(256, 16)
    assert refuses(crowd, "x.tarpit.example", 5.2, flights(16)) is None


@pytest.mark.parametrize(
    ("slow", "per_parent"), [(0, 0), (0, 16), (256, 0)], ids=["none", "parent", "all"]
)
def test_0_is_no_limit(slow, per_parent):
    """Each of them by itself."""
    crowd = Crowd(slow, per_parent)
    many = flights(10_000)
    refused = refuses(crowd, "x.tarpit.example", 1.0, many)
    assert (refused is not None) is bool(slow or per_parent)
    assert Crowd(slow, per_parent).due == (
        -math.inf if slow or per_parent else math.inf
    )


def test_the_memory_for_parents_is_bounded():
    """Who has that many is held otherwise."""
    crowd = Crowd(0, 16)
    for n in range(1_100):
        now = n * 0.1 + 1.0
        slow = flights(16, f"t{n}.example", begun=now - 1, deadline=now + 4)
        assert refuses(crowd, f"x.t{n}.example", now, slow)
        assert len(crowd._held) <= 301  # 30 s of them
    crowd = Crowd(0, 1)
    slow = [f for n in range(1_100) for f in flights(1, f"t{n}.example")]
    for n in range(1_100):
        assert refuses(crowd, f"x.t{n}.example", 1.0, slow)
    assert len(crowd._held) <= 1_024


# ---------------------------------------------------------------- in a verifier


class Tarpit(AsyncWorld):
    """Name servers that answer at once, but for those below ``tarpit.example``."""

    def __init__(self):
        """Begin with nobody waiting."""
        super().__init__(good)
        self.waiting = 0
        self.most = 0

    async def resolve(self, question, deadline, /):
        """Never come back for some."""
        if question.qname.endswith("tarpit.example"):
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            try:
                await asyncio.Event().wait()
            finally:
                self.waiting -= 1
        return await super().resolve(question, deadline)


async def attacked(verifier, names, callers, honest):
    """Let *callers* ask for all *names*; give verdicts, and seconds of the others."""
    verdicts, took = [], []
    source = iter(names)

    async def attack():
        for name in source:
            start = time.perf_counter()
            verdict = await verifier.verify(f"a@{name}")
            verdicts.append((verdict, time.perf_counter() - start))
            await asyncio.sleep(0)

    async def be_honest():
        for n in range(honest):
            start = time.perf_counter()
            verdict = await verifier.verify(f"a@h{n}.honest.example")
            assert verdict.accepted, verdict.reason
            took.append(time.perf_counter() - start)
            await asyncio.sleep(0.002)

    await asyncio.gather(be_honest(), *(attack() for _ in range(callers)))
    return verdicts, sorted(took)


class Slow(AsyncWorld):
    """A resolver that takes its time for everything."""

    async def resolve(self, question, deadline, /):
        """Answer late."""
        await asyncio.sleep(0.6)
        return await super().resolve(question, deadline)


def test_a_resolver_that_is_slow_with_everything_keeps_nobody_out():
    """Hundreds of tasks wait for it all the time, many of them below one parent."""
    verifier = AsyncDomainVerifier(Slow(good))

    async def ask(number):
        for turn in range(3):
            verdict = await verifier.verify(f"a@n{number}.t{turn}.busy.example")
            assert verdict.accepted, verdict.reason

    async def run():
        await asyncio.gather(*(ask(number) for number in range(300)))

    asyncio.run(run())
    assert verifier.stats().health.crowded == 0


def test_10_000_names_of_one_tarpit_hold_16_places(caplog, record_experiment):
    """Q2: after the first quarter of a second; who is turned away is forgotten."""
    resolver = Tarpit()
    verifier = AsyncDomainVerifier(resolver, deadline=2)

    async def run():
        # The first of them find nobody who is slow yet.
        first = [
            asyncio.ensure_future(verifier.verify(f"a@f{n}.tarpit.example"))
            for n in range(50)
        ]
        await asyncio.sleep(0.6)
        assert (await verifier.verify("a@honest.example")).accepted
        await asyncio.sleep(0.06)
        assert resolver.waiting == 50
        names = (f"n{n}.tarpit.example" for n in range(amount(3_000, 10_000)))
        result = await attacked(verifier, names, amount(200, 1_000), 50)
        assert resolver.most == 50
        await asyncio.gather(*first)
        # All places are free, and the parent is still known.
        again = [
            asyncio.ensure_future(verifier.verify(f"a@g{n}.tarpit.example"))
            for n in range(100)
        ]
        await asyncio.sleep(0.1)
        assert resolver.waiting == 16
        await asyncio.gather(*again)
        return result

    verdicts, took = asyncio.run(run())
    assert {verdict.reason for verdict, _ in verdicts} == {OVERLOAD}
    assert all(verdict.deferred for verdict, _ in verdicts)
    # They wait for nothing, as nothing is asked for them.
    assert not any(verdict.finding.evidence for verdict, _ in verdicts)
    slowest = took[len(took) * 99 // 100 - 1]
    assert slowest < 0.25
    record_experiment(
        promise="Q2",
        what="names of a tarpit beyond 16 slow ones, and honest senders beside them",
        count=len(verdicts),
        result=f"all turned away; p99 of the honest {1000 * slowest:.1f} ms",
    )
    assert verifier.stats().under_way == 0
    assert verifier.stats().health.crowded == len(verdicts) + 84
    (line,) = lines(caplog)
    assert line == ("too many slow lookups below tarpit.example: others are deferred")
    assert verifier.cache.get("n2000.tarpit.example") is None


def test_the_rest_of_the_server_goes_on_over_real_sockets():
    """A thousand places are taken at once, before anybody is slow."""

    class Silent(Zone):
        def play(self, wire, *, over_tcp=False):
            asked, steps = super().play(wire, over_tcp=over_tcp)
            return asked, () if "tarpit" in asked else steps

    zone = Silent({"*.honest.example": {"MX": ["10 mx.honest.example."]}})

    async def run(server):
        resolver = AsyncStubResolver([server.server], timing=Timing(max_in_flight=200))
        verifier = AsyncDomainVerifier(resolver, deadline=1.5)
        names = (f"n{n}.tarpit.example" for n in range(amount(2_000, 10_000)))
        try:
            return await attacked(verifier, names, amount(400, 1_000), 200)
        finally:
            resolver.close()

    with LoopbackDNS(zone) as server:
        verdicts, took = asyncio.run(run(server))
    assert all(verdict.deferred for verdict, _ in verdicts)
    assert took[len(took) * 99 // 100 - 1] < 0.25  # and not 1.5


def test_thousands_below_one_parent_are_welcome_if_they_are_answered():
    """The names of a large provider, or of a benchmark."""
    world = AsyncWorld(good)
    world.delay = 0.05
    verifier = AsyncDomainVerifier(world)

    async def run():
        return await asyncio.gather(
            *(verifier.verify(f"a@c{n}.provider.example") for n in range(3_000))
        )

    assert all(verdict.accepted for verdict in asyncio.run(run()))
    assert not verifier.stats().health.crowded


def test_slow_but_honest_name_servers_are_not_locked_out():
    """They take a second each, far away; the first good answer sets them free."""
    world = AsyncWorld(denying)
    world.delay = 0.9
    verifier = AsyncDomainVerifier(world)

    async def run():
        first = [
            asyncio.ensure_future(verifier.verify(f"a@f{n}.com.example"))
            for n in range(30)
        ]
        await asyncio.sleep(0.6)
        world.delay = 0
        assert (await verifier.verify("a@near.example")).rejected
        world.delay = 0.9
        await asyncio.sleep(0.06)
        turned_away = await verifier.verify("a@x.com.example")
        assert (await asyncio.gather(*first))[0].outcome is Outcome.NXDOMAIN
        many = [verifier.verify(f"a@g{n}.com.example") for n in range(30)]
        return turned_away, await asyncio.gather(*many)

    turned_away, many = asyncio.run(run())
    assert turned_away.reason is OVERLOAD
    assert {verdict.outcome for verdict in many} == {Outcome.NXDOMAIN}


def test_a_list_is_its_owners_own_patience():
    """200 dead domains of one parent at a time are what he has asked for."""
    resolver = Tarpit()
    verifier = AsyncDomainVerifier(resolver, deadline=0.5)

    async def run():
        senders = [f"a@n{n}.tarpit.example" for n in range(200)]
        return [v.reason async for v in verifier.verify_many(senders, in_flight=40)]

    assert set(asyncio.run(run())) <= {FailureReason.TIMEOUT, FailureReason.OUTAGE}
    assert not verifier.stats().health.crowded


def test_threads_are_counted_together():
    """Each of them waits for one lookup; beyond 16, they do not."""
    stop = threading.Event()

    def hang(question):
        if question.qname.endswith("tarpit.example"):
            stop.wait(10)
            return Failure(FailureReason.TIMEOUT)
        return good(question)

    verifier = DomainVerifier(World(hang))
    threads = [
        threading.Thread(target=verifier.verify, args=(f"a@n{n}.tarpit.example",))
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    while verifier.stats().under_way < 16:
        time.sleep(0.001)
    time.sleep(0.6)
    assert verifier.verify("a@honest.example").accepted
    time.sleep(0.06)
    turned_away = verifier.verify("a@x.tarpit.example")
    assert verifier.verify("a@other.example").accepted
    stop.set()
    for thread in threads:
        thread.join()
    assert turned_away.reason is OVERLOAD
    assert turned_away.deferred


def test_a_stale_finding_is_better_than_being_turned_away():
    """Stale may only accept, and that it does."""
    clock, resolver = clock_now(), Tarpit()
    verifier = AsyncDomainVerifier(
        resolver, cache=FindingCache(clock=clock), deadline=0.9
    )

    async def run():
        verifier.cache.put((await verifier.verify("a@ok.example")).finding)
        known = (await verifier.verify("a@ok.example")).finding
        assert known.outcome is Outcome.MX
        waiting = [
            asyncio.ensure_future(verifier.verify(f"a@n{n}.ok.example"))
            for n in range(16)
        ]
        clock.advance(400)
        await asyncio.sleep(0.6)
        assert (await verifier.verify("a@quick.example")).accepted
        await asyncio.sleep(0.06)
        stale = await verifier.verify("a@ok.example")
        await asyncio.gather(*waiting)
        return stale

    resolver.mood = good

    async def hang(question, deadline, /):
        if question.qname.endswith(".ok.example"):
            await asyncio.Event().wait()
        return good(question)

    resolver.resolve = hang
    stale = asyncio.run(run())
    assert stale.accepted
    assert stale.finding.stale


def test_who_wants_no_limit_has_none():
    """As before there was one."""
    resolver = Tarpit()
    unlimited = Safeguards(slow=0, slow_per_parent=0)
    verifier = AsyncDomainVerifier(resolver, deadline=0.8, safeguards=unlimited)

    async def run():
        first = [
            asyncio.ensure_future(verifier.verify(f"a@f{n}.tarpit.example"))
            for n in range(30)
        ]
        await asyncio.sleep(0.6)
        late = await verifier.verify("a@x.tarpit.example")
        await asyncio.gather(*first)
        return late

    assert asyncio.run(run()).reason is not OVERLOAD


# ---------------------------------------------------------------- the last places


def asked(name, deadline=5.0):
    """Give a question that waits, or is under way."""
    question = Question(DomainName(name), RecordType.MX)
    return Pending(question, deadline, print, 1)


def placed(count, parent="tarpit.example"):
    """Give questions under way."""
    return [asked(f"n{n}.{parent}") for n in range(count)]


def test_the_last_places_are_for_those_who_have_few():
    """A quarter more than there are for everybody."""
    backlog, taken = Backlog(100), placed(100)
    mine = asked("x.tarpit.example")
    others = [asked(f"x{n}.other.example") for n in range(50)]
    for each in [mine, *others]:
        backlog.add(each, taken)
    # From the 17th on, the other one has many, too.
    got = [backlog.take(100 + n) for n in range(20)]
    assert got == [*others[:16], *[None] * 4]
    assert all(each.extra for each in others[:16])
    third, fourth = asked("third.example"), asked("fourth.example")
    backlog.add(third, taken)
    backlog.add(fourth, taken)
    assert backlog.take(124) is third
    assert backlog.take(125) is None
    assert [*backlog] == [fourth, mine, *others[16:]]
    assert backlog.size == 36
    backlog.clear()
    assert ([*backlog], backlog.size, backlog.extra) == ([], 0, 0)


def test_an_ordinary_place_is_for_whoever_has_least_time_left():
    """Whether it has many or few."""
    backlog = Backlog(100)
    first, second = asked("a.tarpit.example", 1.0), asked("b.example", 2.0)
    third, fourth = asked("b.tarpit.example", 3.0), asked("c.example", 4.0)
    for each in (first, second, third, fourth):
        backlog.add(each, placed(100))
    assert [backlog.take(99) for _ in range(5)] == [first, second, third, fourth, None]
    assert not any(each.extra for each in (first, second, third, fourth))


def test_an_ordinary_place_stays_one_while_the_extra_ones_are_taken():
    """A busy parent has its turn, however many of others wait."""
    backlog = Backlog(100)
    many = asked("a.busy.example", 1.0)
    others = [asked(f"n{n}.o{n}.example", 2.0) for n in range(50)]
    for each in (many, *others):
        backlog.add(each, placed(100, "busy.example"))
    assert [backlog.take(100 + n) for n in range(26)] == [*others[:25], None]
    assert backlog.take(124) is many  # one of the ordinary ones has become free
    backlog.give_back(others[0])
    assert backlog.take(124) is others[25]  # an extra one


def test_who_has_come_first_is_not_behind_who_comes_now(monkeypatch):
    """What is many is seen again with each look, for those who wait as well."""
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(_backlog, "time", clock)
    backlog, now = Backlog(100), 0.0
    early = [asked(f"x{n}.busy.example", 1.0) for n in range(20)]
    for each in early:
        backlog.add(each, placed(100))
    assert [backlog.take(100 + n) for n in range(17)] == [*early[:16], None]
    now = 0.01
    backlog.add(asked("y.busy.example", 2.0), placed(100))
    got = [backlog.take(116 + n) for n in range(6)]
    assert got[:4] == early[16:]
    assert str(got[4].question.qname) == "y.busy.example"
    assert got[5] is None


def test_who_has_gone_has_no_turn():
    """In whichever queue it was, and also if it would be next."""
    backlog = Backlog(100)
    few = [asked(f"n{n}.o{n}.example", 1.0 + n) for n in range(3)]
    many = [asked(f"n{n}.tarpit.example", 1.5 + n) for n in range(3)]
    for each in (*few, *many):
        backlog.add(each, placed(100))
    for each in (few[0], few[2], many[1]):
        backlog.remove(each)
    assert [*backlog] == [few[1], many[0], many[2]]
    assert backlog.size == 3
    assert [backlog.take(99) for _ in range(4)] == [many[0], few[1], many[2], None]
    assert backlog.size == 0


def test_a_look_forgets_who_has_gone(monkeypatch):
    """Otherwise they would stay until they are next."""
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(_backlog, "time", clock)
    backlog, now = Backlog(100), 0.0
    gone, left, late = (asked(f"{name}.example") for name in ("a", "b", "c"))
    backlog.add(gone, placed(100))
    backlog.add(left, placed(100))
    backlog.remove(gone)
    now = 0.01
    backlog.add(late, placed(100))
    assert [each[2] for each in backlog._few] == [left, late]
    assert backlog.size == 2


@pytest.mark.parametrize("parent", ["tarpit.example", "other.example"])
def test_who_is_given_more_time_keeps_it_while_waiting(parent, monkeypatch):
    """A list's user was busy, say; who comes later may have less."""
    monkeypatch.setattr(_backlog, "time", SimpleNamespace(monotonic=lambda: 0.0))
    backlog = Backlog(100)
    first, second = asked(f"a.{parent}", 1.0), asked(f"b.{parent}", 5.0)
    backlog.add(first, placed(100))
    backlog.postpone(10.0)
    assert first.deadline == 11.0
    backlog.add(second, placed(100))
    assert backlog.take(99) is second
    assert backlog.take_late(10.0) is None
    assert backlog.take_late(10.5) is first
    assert backlog.take_late(10.5) is None


def test_an_extra_place_that_is_given_back_counts_no_more():
    """A busy parent that is answered quickly has few all the time."""
    backlog = Backlog(100)
    for number in range(40):
        each = asked(f"x{number}.busy.example")
        backlog.add(each, placed(100))
        assert backlog.take(100) is each
        assert each.extra
        backlog.give_back(each)
    assert backlog.extra == 0


def test_more_than_can_be_answered_costs_no_more_than_that(monkeypatch):
    """20 + 5 places, an answer takes a second, and 40 questions come in one."""
    now, placed_, done, told = 0.0, [], 0, 0
    monkeypatch.setattr(_backlog, "time", SimpleNamespace(monotonic=lambda: now))
    backlog = Backlog(20)
    for tick in range(1_900):
        now = tick / 100
        for each in [p for p in placed_ if p.answered_at <= now]:
            placed_.remove(each)
            done += each.deadline > now
            if each.pending.extra:
                backlog.give_back(each.pending)
        if tick < 1_400 and tick * 40 % 100 < 40:
            new = asked(f"x{tick}.t{tick}.example", now + 5)
            backlog.add(new, [p.pending for p in placed_])
        while (late := backlog.take_late(now)) is not None:
            told += late.deadline > now
        while (turn := backlog.take(len(placed_))) is not None:
            placed_.append(
                SimpleNamespace(
                    pending=turn, deadline=turn.deadline, answered_at=now + 1
                )
            )
    assert done + told == 560
    assert done > 25 * 14


class Watched(list):
    """Questions under way, which note when they are looked at."""

    def __init__(self, items, now):
        """Note it in ``looks``."""
        super().__init__(items)
        self.now, self.looks = now, []

    def __iter__(self):
        """Be looked at."""
        if self.now[0] not in self.looks:
            self.looks.append(self.now[0])
        return super().__iter__()


@pytest.mark.parametrize(
    ("count", "looks"), [(50, [0.0, 0.005, 0.01, 0.015]), (200, [0.0, 0.01])]
)
def test_the_more_have_a_place_the_less_often_they_are_looked_at(
    count, looks, monkeypatch
):
    """So that it takes little of the time; one question a millisecond wants to know."""
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr(_backlog, "time", clock)
    taken, backlog = Watched(placed(count), now), Backlog(100)
    for milliseconds in range(19):
        now[0] = milliseconds / 1000
        backlog.add(asked("x.other.example"), taken)
    assert taken.looks == looks
