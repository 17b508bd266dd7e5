"""What is remembered, and for how long (RFC 2308, 8020, 8767, 9520)."""

from __future__ import annotations

import threading

import pytest

from hypothesis import given
from hypothesis import strategies as st

from senderdomain import (
    DomainName,
    FailureReason,
    Finding,
    FindingCache,
    Outcome,
)
from senderdomain._remembered import (
    FIRST_BACK_OFF,
    LAST_BACK_OFF,
    MAX_NEGATIVE_TTL,
    MAX_STALE,
    MAX_TTL,
    STALE_BACK_OFF,
)

D = DomainName("d.example")


def found(outcome=Outcome.MX, ttl=60, domain=D, **more):
    """Make a finding as a lookup would."""
    return Finding(DomainName(domain), outcome, ttl=ttl, **more)


def failed(reason=FailureReason.TIMEOUT, domain=D):
    """Make the finding of a lookup that came to nothing."""
    return Finding(domain, Outcome.TEMPFAIL, reason)


TTLS = [
    # outcome               ttl       remembered for
    (Outcome.MX, 60, 60),
    (Outcome.MX, 10**9, MAX_TTL),
    (Outcome.IMPLICIT_MX, 10**9, MAX_TTL),
    (Outcome.NULL_MX, 10**9, MAX_NEGATIVE_TTL),
    (Outcome.UNUSABLE_MX, 10**9, MAX_NEGATIVE_TTL),
    (Outcome.NODATA, 10**9, MAX_NEGATIVE_TTL),
    (Outcome.NXDOMAIN, 10**9, MAX_NEGATIVE_TTL),
    (Outcome.NXDOMAIN, 60, 60),
]


@pytest.mark.parametrize(("outcome", "ttl", "kept"), TTLS)
def test_a_finding_lives_as_long_as_its_ttl_and_no_longer(clock, outcome, ttl, kept):
    """What TTLs claim beyond the limits is not believed."""
    cache = FindingCache(clock=clock)
    assert cache.put(found(outcome, ttl)).ttl == kept
    clock.advance(kept - 1)
    recalled = cache.get(D)
    assert recalled == Finding(D, outcome, ttl=0, cached=True)
    clock.advance(1)
    assert cache.get(D) is None


def test_a_ttl_of_zero_is_for_this_use_only(clock):
    """RFC 1035, section 3.2.1; it takes what was known before with it."""
    cache = FindingCache(clock=clock)
    cache.put(found(ttl=60))
    cache.put(found(ttl=0))
    assert cache.get(D) is None
    assert len(cache) == 0


def test_limits_can_be_set(clock):
    """By whoever owns the cache."""
    cache = FindingCache(max_ttl=10, max_negative_ttl=5, clock=clock)
    assert cache.put(found(ttl=60)).ttl == 10
    assert cache.put(found(Outcome.NODATA, 60)).ttl == 5


@pytest.mark.parametrize(
    "settings",
    [
        {"maxsize": 0},
        {"max_ttl": -1},
        {"max_negative_ttl": -1},
        {"max_stale": -1},
        {"jitter": -0.1},
        {"jitter": 0.51},
    ],
)
def test_bad_limits_are_refused(settings):
    """At construction, not at the first message."""
    with pytest.raises(ValueError, match=r"maxsize|seconds|jitter"):
        FindingCache(**settings)


def test_the_store_is_bounded(clock):
    """The least recently used goes."""
    cache = FindingCache(2, clock=clock)
    for name in ("a.example", "b.example"):
        cache.put(found(domain=name))
    cache.get(DomainName("a.example"))
    cache.put(found(domain="c.example"))
    assert len(cache) == 2
    assert cache.get(DomainName("b.example")) is None
    cache.clear()
    assert len(cache) == 0
    assert not cache.hot


def test_what_is_seen_twice_becomes_hot(clock):
    """A flood of names that are seen once does not get in."""
    cache = FindingCache(8, clock=clock)
    for n in range(8):
        cache.put(found(domain=f"d{n}.example"))
    assert not cache.hot
    for n in range(8):
        cache.get(DomainName(f"d{n}.example"))
    assert 1 <= len(cache.hot) <= 4
    hot = next(iter(cache.hot))
    cache.put(found(Outcome.NXDOMAIN, domain=hot))
    assert hot not in cache.hot


def test_what_is_hot_is_remembered_whatever_the_store_has_dropped(clock):
    """Whoever takes the short way must not know more than the others."""
    cache = FindingCache(4, clock=clock)
    cache.put(found())
    known = cache.get(D)
    for n in range(4):
        cache.put(found(domain=f"n{n}.example"))
    assert cache.hot[D]
    assert cache.get(D) == known
    # Nor does a failure replace it while it is fresh, and afterwards it helps out.
    assert cache.put(failed()).outcome is Outcome.MX
    clock.advance(60)
    assert cache.get(D) is None
    assert cache.put(failed()).stale


def test_what_is_hot_does_not_push_itself_out(clock):
    """It takes no room that it does not have already."""
    cache = FindingCache(4, clock=clock)
    for name in ("a.example", "b.example"):
        cache.put(found(domain=name))
        cache.get(DomainName(name))
    cache.get(DomainName("a.example"))
    assert sorted(cache.hot) == ["a.example", "b.example"]


@pytest.mark.parametrize("others", [("b", "c", "d"), ("b",) * 2])
def test_what_leaves_the_protected_segment_is_no_longer_hot(clock, others):
    """Nobody may take the short way to what the long one does not know."""
    cache = FindingCache(4 if len(set(others)) > 1 else 1, clock=clock)
    cache.put(found(domain="a.example"))
    cache.get(DomainName("a.example"))
    assert "a.example" in cache.hot
    for name in others:
        cache.put(found(domain=f"{name}.example"))
        cache.put(found(domain=f"{name}.example"))
    assert "a.example" not in cache.hot


def test_use_counts_among_what_is_protected(clock):
    """The least recently used one has to leave, not the first that came."""
    cache = FindingCache(4, clock=clock)
    for name in ("a.example", "b.example", "c.example"):
        cache.put(found(domain=name))
        cache.get(DomainName(name))
    cache.get(DomainName("a.example"))
    cache.put(found(domain="d.example"))
    cache.get(DomainName("d.example"))
    cache.put(found(domain="e.example"))
    left = [cache.get(DomainName(f"{name}.example")) is not None for name in "abcde"]
    assert left == [True, False, True, True, True]


@pytest.mark.parametrize(("late", "delay"), [(299.5, 10), (300, FIRST_BACK_OFF)])
def test_failures_are_in_a_row_for_300_seconds(clock, late, delay):
    """RFC 9520 does not say how long; to the second, so that it can be documented."""
    cache = FindingCache(clock=clock)
    cache.put(failed())
    clock.advance(FIRST_BACK_OFF + late)
    cache.put(failed())
    clock.advance(delay - 0.5)
    assert cache.get(D) is not None
    clock.advance(0.5)
    assert cache.get(D) is None


@pytest.mark.parametrize(("early", "stale"), [(0.5, True), (0, False)])
def test_stale_use_is_over_after_a_day(clock, early, stale):
    """To the second."""
    cache = FindingCache(clock=clock)
    cache.put(found(ttl=60))
    clock.now = int(clock.now) + 60 + MAX_STALE - early
    assert cache.put(failed()).stale is stale


@pytest.mark.parametrize("last", [found(ttl=0), failed()])
def test_what_is_forgotten_is_no_longer_hot(clock, last):
    """A TTL of zero, or a failure when the time is over."""
    cache = FindingCache(16, max_stale=0, clock=clock)
    cache.put(found(Outcome.NXDOMAIN))
    cache.get(D)
    assert D in cache.hot
    clock.advance(60)
    cache.put(last)
    assert D not in cache.hot
    assert len(cache) == (last.outcome is Outcome.TEMPFAIL)


def test_failures_have_a_place_of_their_own_and_are_not_hot(clock):
    """A sixteenth, the newest of them; a success takes its failure away."""
    cache = FindingCache(32, clock=clock)
    names = [DomainName(f"d{n}.example") for n in range(4)]
    for name in names:
        cache.put(failed(domain=name))
        cache.get(name)
    assert len(cache) == 2
    assert [cache.get(name) is not None for name in names] == [False, False, True, True]
    assert not cache.hot
    cache.put(found(domain=names[3]))
    assert len(cache) == 2
    cache.put(failed(domain=names[0]))
    assert cache.get(names[2]) is not None
    cache.put(found(ttl=0, domain=names[2]))
    assert cache.get(names[2]) is None


def test_the_words_of_a_failure_are_kept(clock):
    """A profile puts them into its reply; those of what was found are not its own."""
    cache = FindingCache(clock=clock)
    cache.put(Finding(D, Outcome.TEMPFAIL, FailureReason.TIMEOUT, detail="words"))
    assert cache.get(D).detail == "words"
    cache.put(found(ttl=1))
    clock.advance(2)
    cache.put(Finding(D, Outcome.TEMPFAIL, FailureReason.TIMEOUT, detail="words"))
    assert (cache.get(D).stale, cache.get(D).detail) == (True, "")


@pytest.mark.parametrize("name", ["_x.example", "x.local", "x.localhost"])
def test_what_some_would_not_look_up_never_becomes_hot(clock, name):
    """A hit there must be right for every verifier that shares the cache."""
    cache = FindingCache(clock=clock)
    cache.put(found(domain=name))
    assert cache.get(DomainName(name)) is not None
    assert not cache.hot


def test_failures_are_asked_again_ever_less_often(clock):
    """RFC 9520, section 3.2: 5 s, doubled up to 60 s; a success ends it."""
    cache = FindingCache(clock=clock)
    delays = []
    for _ in range(6):
        assert cache.put(failed()) == failed()
        known = cache.get(D)
        assert (known.outcome, known.reason, known.ttl) == (
            Outcome.TEMPFAIL,
            FailureReason.TIMEOUT,
            0,
        )
        delay = 0
        while cache.get(D) is not None:
            clock.advance(1)
            delay += 1
        delays.append(delay)
    assert delays == [FIRST_BACK_OFF, 10, 20, 40, LAST_BACK_OFF, LAST_BACK_OFF]
    cache.put(found(ttl=1))
    clock.advance(MAX_STALE + 2)
    cache.put(failed())
    clock.advance(FIRST_BACK_OFF)
    assert cache.get(D) is None


OURS = [
    FailureReason.OVERLOAD,
    FailureReason.RESOLVER_BUG,
    FailureReason.RESOLVER_DOWN,
]


@pytest.mark.parametrize("reason", OURS)
def test_our_own_trouble_is_not_held_against_the_domain(clock, reason):
    """It is forgotten at once."""
    cache = FindingCache(clock=clock)
    assert cache.put(failed(reason)) == failed(reason)
    assert len(cache) == 0
    cache.put(found(ttl=60))
    clock.advance(61)
    # Nor asked again at once, if there is something to go by.
    assert cache.put(failed(reason)).outcome is Outcome.MX
    assert cache.get(D).stale
    clock.advance(STALE_BACK_OFF)
    assert cache.get(D) is None


def test_a_failure_does_not_undo_another_lookup(clock):
    """Two may be under way; what one has found is fresh."""
    cache = FindingCache(clock=clock)
    for outcome in (Outcome.MX, Outcome.NXDOMAIN):
        cache.put(found(outcome))
        assert cache.put(failed()).outcome is outcome
        assert cache.get(D).outcome is outcome


def test_failures_are_forgiven_in_time(clock):
    """One a week after the last is not one in a row."""
    cache = FindingCache(clock=clock)
    for _ in range(5):
        cache.put(failed())
        clock.advance(LAST_BACK_OFF)
    clock.advance(7 * 86_400)
    cache.put(failed())
    clock.advance(FIRST_BACK_OFF)
    assert cache.get(D) is None


def test_stale_use_ends_when_it_has_to(clock):
    """Whatever the back-off would be."""
    cache = FindingCache(max_stale=2, clock=clock)
    cache.put(found(ttl=60))
    clock.advance(60)
    assert cache.put(failed()).stale
    clock.advance(2)
    assert cache.get(D) is None


def test_a_forked_child_has_its_own_lock(clock):
    """And a store that no thread of the parent was just changing."""
    cache = FindingCache(clock=clock)
    cache.put(found())
    cache.get(D)
    cache.reset()
    assert cache.get(D) is not None
    for segments in cache._segments:
        segments.lock.acquire()
    cache.reset()
    assert cache.get(D) is None
    assert not cache.hot


@pytest.mark.parametrize("outcome", [Outcome.MX, Outcome.IMPLICIT_MX])
def test_a_stale_finding_helps_out(clock, outcome):
    """RFC 8767, section 5: for a day, and asked again every 30 s at the most."""
    cache = FindingCache(clock=clock)
    cache.put(found(outcome, ttl=60))
    clock.advance(61)
    assert cache.get(D) is None
    used = cache.put(failed())
    assert (used.outcome, used.stale, used.ttl) == (outcome, True, 0)
    clock.advance(STALE_BACK_OFF - 1)
    assert cache.get(D) == Finding(D, outcome, cached=True, stale=True)
    clock.advance(1)
    assert cache.get(D) is None
    clock.advance(MAX_STALE - 120)
    assert cache.put(failed()).outcome is outcome
    clock.advance(120)
    assert cache.put(failed()).outcome is Outcome.TEMPFAIL


@pytest.mark.parametrize(
    "outcome",
    [Outcome.NXDOMAIN, Outcome.NODATA, Outcome.NULL_MX, Outcome.UNUSABLE_MX],
)
def test_a_stale_finding_never_rejects(clock, outcome):
    """Stale may only accept."""
    cache = FindingCache(clock=clock)
    cache.put(found(outcome, ttl=60))
    clock.advance(61)
    assert cache.put(failed()).outcome is Outcome.TEMPFAIL


def test_stale_use_can_be_switched_off(clock):
    """By a limit of 0 s."""
    cache = FindingCache(max_stale=0, clock=clock)
    cache.put(found(ttl=60))
    clock.advance(61)
    assert cache.put(failed()).outcome is Outcome.TEMPFAIL


PARENTS = [
    # known name          outcome            aliased  asked                  answered
    ("b.example", Outcome.NXDOMAIN, False, "a.b.example", True),
    ("b.example", Outcome.NXDOMAIN, False, "x.y.a.b.example", True),
    ("b.example", Outcome.NXDOMAIN, False, "ab.example", False),
    ("b.example", Outcome.NXDOMAIN, True, "a.b.example", False),
    ("b.example", Outcome.NODATA, False, "a.b.example", False),
    ("a.b.example", Outcome.NXDOMAIN, False, "b.example", False),
]


@pytest.mark.parametrize(("known", "outcome", "aliased", "asked", "answered"), PARENTS)
def test_below_a_missing_name_there_is_nothing(
    clock, known, outcome, aliased, asked, answered
):
    """RFC 8020, section 2, unless another name was missing behind an alias."""
    cache = FindingCache(clock=clock)
    cache.put(found(outcome, domain=known, aliased=aliased))
    recalled = cache.get(DomainName(asked))
    assert answered == (recalled is not None)
    if recalled:
        assert (recalled.domain, recalled.outcome) == (asked, Outcome.NXDOMAIN)
    clock.advance(61)
    assert cache.get(DomainName(asked)) is None


def test_evidence_is_not_kept(clock):
    """A hostile answer of 64 KiB does not stay."""
    cache = FindingCache(clock=clock)
    evidence = (("question", "answer"),)
    assert cache.put(found(evidence=evidence)).evidence == evidence
    assert cache.put(found(ttl=10**6, evidence=evidence)).evidence == evidence
    assert cache.get(D).evidence == ()


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"), st.sampled_from(list(Outcome)[:7]), st.integers(0, 10**5)
        ),
        st.tuples(st.just("wait"), st.integers(0, 10**5), st.none()),
    ),
    max_size=30,
)


@given(STEPS)
def test_histories_obey_the_laws(steps):
    """C1: no life beyond the caps, stale only accepts, absence is never invented."""
    now = [0.0]
    cache = FindingCache(clock=lambda: now[0])
    last_proven = None
    may_be_old = (Outcome.TEMPFAIL, Outcome.MX, Outcome.IMPLICIT_MX)
    for kind, first, second in steps:
        if kind == "wait":
            now[0] += first
            continue
        if first is Outcome.TEMPFAIL:
            used = cache.put(failed())
            if used.outcome not in may_be_old:
                assert used.outcome is last_proven[0]
                assert now[0] < last_proven[1]
        else:
            used = cache.put(found(first, second))
            assert 0 <= used.ttl <= MAX_TTL
            last_proven = (first, now[0] + used.ttl)
        known = cache.get(D)
        if known and known.outcome not in (
            Outcome.TEMPFAIL,
            Outcome.MX,
            Outcome.IMPLICIT_MX,
        ):
            assert known.outcome is last_proven[0]
            assert now[0] < last_proven[1]


def test_threads_can_share_it():
    """cachetools alone would be corrupted."""
    cache = FindingCache(50)
    errors = []

    def work(seed):
        try:
            for n in range(2_000):
                name = DomainName(f"d{(n * seed) % 97}.example")
                cache.put(found(domain=name))
                cache.get(name)
        except Exception as error:  # noqa: BLE001 - any is a failure
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(cache) <= 50


@pytest.mark.parametrize("jitter", [-0.1, 0.6, 1])
def test_a_jitter_is_a_share_of_half_at_the_most(jitter):
    """More would make memory useless."""
    assert FindingCache(jitter=0.5).get("d.example") is None
    with pytest.raises(ValueError, match="jitter is a share"):
        FindingCache(jitter=jitter)


def test_failures_push_out_failures_only():
    """A sixteenth of the room is theirs."""
    cache = FindingCache(maxsize=32)
    cache.put(Finding("good.example", Outcome.MX, None, 300))
    for n in range(100):
        reason = FailureReason.TIMEOUT
        cache.put(Finding(f"d{n}.example", Outcome.TEMPFAIL, reason))
    assert len(cache) == 3
    assert cache.get("good.example").outcome is Outcome.MX
    assert cache.get("d99.example").outcome is Outcome.TEMPFAIL
    assert cache.get("d0.example") is None
