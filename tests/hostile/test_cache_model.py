"""C2: the memory does what a simple model of it says, whatever happens to it."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from senderdomain import DomainName, FailureReason, Finding, FindingCache, Outcome
from senderdomain.testing import SettableClock

from .profile import amount

SIZE = 20  # one place for failures; 19 for findings, 15 of them protected
POSITIVE = (Outcome.MX, Outcome.IMPLICIT_MX)
NAMES = [
    *(f"d{n}.example" for n in range(26)),
    *(f"below.d{n}.example" for n in range(3)),
    "x.below.d1.example",
    "_x.example",
    "x.local",
]
names = st.sampled_from([DomainName(name) for name in NAMES])
proven = st.sampled_from(
    [
        Outcome.MX,
        Outcome.IMPLICIT_MX,
        Outcome.NXDOMAIN,
        Outcome.NODATA,
        Outcome.NULL_MX,
    ]
)
ours = (
    FailureReason.OUTAGE,
    FailureReason.OVERLOAD,
    FailureReason.RESOLVER_BUG,
    FailureReason.RESOLVER_DOWN,
)


class Entry:
    """What the model knows of a domain."""

    def __init__(self, outcome, expires, *, aliased=False, failures=0, proven=None):
        """Keep it."""
        self.outcome = outcome
        self.expires = expires
        self.aliased = aliased
        self.failures = failures
        self.proven = proven  # until when it was fresh, for a stale one


class Memory(RuleBasedStateMachine):
    """`FindingCache`, and lists that say the same slowly."""

    count = 0

    def __init__(self):
        """Begin with nothing."""
        super().__init__()
        self.clock = SettableClock(1_000.5)
        self.cache = FindingCache(SIZE, clock=self.clock)
        self.known = {}
        self.failed, self.probation, self.protected = [], [], []

    # The model.

    def forget(self, domain):
        """Take *domain* out of everything."""
        for segment in (self.failed, self.probation, self.protected):
            if domain in segment:
                segment.remove(domain)
        self.known.pop(domain, None)

    def move_up(self, domain):
        """Protect *domain*, as most recently used."""
        if domain in self.protected:
            self.protected.remove(domain)
        else:
            self.probation.remove(domain)
            if len(self.protected) == 15:
                self.probation.append(self.protected.pop(0))
        self.protected.append(domain)

    def keep(self, domain, entry):
        """Keep *entry*, whoever has to go for it."""
        if entry.outcome is Outcome.TEMPFAIL:
            self.forget(domain)
            if self.failed:
                self.forget(self.failed[0])
            self.failed.append(domain)
        elif domain in self.protected or domain in self.probation:
            self.move_up(domain)
        else:
            self.forget(domain)
            if len(self.probation) + len(self.protected) == 19:
                self.forget(self.probation[0])
            self.probation.append(domain)
        self.known[domain] = entry

    def recalled(self, domain):
        """Tell what is believed of *domain* now: its entry, or that of a parent."""
        entry = self.known.get(domain)
        if entry and entry.expires > self.clock():
            if domain not in self.failed:
                self.move_up(domain)
            return entry
        parent = domain.partition(".")[2]
        while "." in parent:
            entry = self.known.get(parent)
            if (
                entry
                and entry.outcome is Outcome.NXDOMAIN
                and entry.expires > self.clock()
                and not entry.aliased
            ):
                return entry
            parent = parent.partition(".")[2]
        return None

    # What happens.

    @rule(
        domain=names, outcome=proven, ttl=st.integers(0, 5_000), aliased=st.booleans()
    )
    def find(self, domain, outcome, ttl, aliased):
        """Let a lookup find something."""
        aliased = aliased and outcome is Outcome.NXDOMAIN
        used = self.cache.put(Finding(domain, outcome, None, ttl, aliased=aliased))
        life = min(ttl, 3_600 if outcome in POSITIVE else 300)
        assert (used.outcome, used.ttl, used.stale) == (outcome, life, False)
        if life == 0:
            self.forget(domain)
        else:
            expires = int(self.clock()) + life
            self.keep(domain, Entry(outcome, expires, aliased=aliased))

    @rule(domain=names, reason=st.sampled_from(list(FailureReason)))
    def fail(self, domain, reason):
        """Let a lookup come to nothing."""
        now = self.clock()
        used = self.cache.put(Finding(domain, Outcome.TEMPFAIL, reason))
        before = self.known.get(domain)
        if before and before.expires > now and not before.failures:
            assert used.outcome is before.outcome
            return
        failures, fresh = 0, None
        if before:
            failures = before.failures if now < before.expires + 300 else 0
            fresh = before.proven or before.expires
        wait = (5, 10, 20, 40, 60)[min(failures, 4)]
        if before and before.outcome in POSITIVE and now < fresh + 86_400:
            assert (used.outcome, used.stale) == (before.outcome, True)
            expires = min(now + max(wait, 30), fresh + 86_400)
            stale = Entry(before.outcome, expires, failures=failures + 1, proven=fresh)
            self.keep(domain, stale)
            return
        assert (used.outcome, used.reason) == (Outcome.TEMPFAIL, reason)
        if reason not in ours:
            self.keep(domain, Entry(used.outcome, now + wait, failures=failures + 1))

    @rule(domain=names)
    def recall(self, domain):
        """Ask the memory, the long way."""
        finding = self.cache.get(domain)
        entry = self.recalled(domain)
        assert (finding is None) == (entry is None)
        if finding:
            assert finding.domain == domain
            assert finding.outcome is entry.outcome
            assert finding.stale == (entry.proven is not None)
            left = 0 if entry.failures else int(entry.expires - self.clock())
            assert finding.ttl == left

    @rule(domain=names)
    def warm(self, domain):
        """Ask the memory, the short way."""
        known = self.cache.hot.get(domain)
        if known is not None:
            entry = self.known[domain]
            assert (known.outcome, known.expires) == (entry.outcome, entry.expires)
            assert domain in self.protected
            assert "_" not in domain
            assert not domain.endswith(".local")

    @rule(seconds=st.sampled_from([0, 0.4, 1, 4.9, 5, 30, 60, 299, 300, 3_600, 86_400]))
    def wait(self, seconds):
        """Let time pass."""
        self.clock.advance(seconds)

    @rule(locked=st.booleans())
    def fork(self, locked):
        """Become a child, while a thread of the parent had the lock or not."""
        (segments,) = self.cache._segments
        if locked:
            segments.lock.acquire()
            self.forget_all()
        self.cache.reset()

    @rule()
    def clear(self):
        """Forget everything."""
        self.cache.clear()
        self.forget_all()

    def forget_all(self):
        """Forget everything, in the model."""
        for domain in list(self.known):
            self.forget(domain)

    @invariant()
    def agree(self):
        """Both know the same domains, in the same order, and no more than fit."""
        (segments,) = self.cache._segments
        assert list(segments._failed) == self.failed
        assert list(segments._probation) == self.probation
        assert list(segments._protected) == self.protected
        assert len(self.cache) == len(self.known) <= SIZE
        assert len(self.cache.hot) <= SIZE // 2
        assert not segments.lock.locked()
        type(self).count += 1


def test_the_memory_is_as_its_model(record_experiment):
    """C2: no divergence, in what is said and in what has to go."""
    runs, steps = amount(100, 2_000), amount(50, 100)
    Memory.count = 0
    run_state_machine_as_test(
        Memory, settings=settings(max_examples=runs, stateful_step_count=steps)
    )
    record_experiment(
        promise="C2",
        what=f"histories of up to {steps} steps and a model; {Memory.count:,} in all",
        count=runs,
        result="0 divergences",
    )
