"""
Who is let through to a resolver in trouble, and what is believed of what it says.

Owns      breaker, canary and crowd of one verifier: which lookups they hear of, what
          the operator is told.
Knows not their rules: see `_breaker`, `_denials`, `_crowd`; who drives a lookup.

    start --- crowded, or the resolver is out of order -------------> TEMPFAIL
      |-- probe: ask the canary -- no answer -----------------------> TEMPFAIL
      '-- lookup -- failure, or denial in doubt -- weigh -- doubt --> TEMPFAIL
               '-- anything else --------------------'--------------> as found

When all is well this costs two comparisons at the start and one call at the end.
"""

from __future__ import annotations

import threading
import time

from collections.abc import Callable
from dataclasses import replace

from ._breaker import Breaker
from ._cache import Cache
from ._canary import Canary
from ._crowd import Crowd
from ._dns import DomainName, Failure, FailureReason, Steps
from ._finding import Finding, Outcome
from ._flight import Flight, tempfail
from ._flights import Flights
from ._fork import after_fork
from ._notices import Notices
from ._report import Health
from ._safeguards import Safeguards

# What a resolver that works does not do to one domain after the other. Whatever else
# goes wrong (a loop of aliases, failed validation) is the domain's, and proves that the
# resolver is there.
TROUBLE = frozenset(
    {
        FailureReason.TIMEOUT,
        FailureReason.SERVFAIL,
        FailureReason.REFUSED,
        FailureReason.MALFORMED,
        FailureReason.RESOLVER_DOWN,
        FailureReason.RESOLVER_BUG,
    }
)

_TEMPFAIL = Outcome.TEMPFAIL  # looking it up takes longer than comparing with it
_DENIALS = frozenset({Outcome.NXDOMAIN, Outcome.NODATA})


class Guard:
    """
    The safeguards of one verifier.

    Args:
        safeguards: The operator's.
        canary: Certainly exists; None for none.
        cache: Gives stale findings, and forgets what is not proved any more.
        flights: All lookups under way, but for lists of threads.
        clock: As `Flight.deadline` has it.
    """

    def __init__(
        self,
        safeguards: Safeguards,
        canary: DomainName | None,
        cache: Cache,
        flights: Flights,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """See the class."""
        self._notices = Notices(clock)
        self.breaker = Breaker(safeguards.failures)
        self.canary = Canary(canary, cache, flights, self._notices, clock)
        self.crowd = Crowd(safeguards.slow, safeguards.slow_per_parent)
        self._denials = self.canary.denials
        self._cache = cache
        self._flights = flights
        self._clock = clock
        self._refused = self._crowded = 0
        self._uneasy = False  # whether good answers are news
        self.reset()
        after_fork(self)

    def reset(self) -> None:
        """Make a new lock, for a forked child."""
        self._lock = threading.Lock()

    def is_crowded(self, flight: Flight) -> bool:
        """Turn *flight* away if too many wait for its parent's name servers."""
        now, youngest = self._clock(), self._flights.youngest
        with self._lock:
            parent = self.crowd.refuses(flight.domain, now, self._under_way, youngest)
            self._crowded += parent is not None
        self._look_around()
        if parent is None:
            return False
        message = "too many slow lookups below %s: others are deferred"
        self._notices.warn("crowd", message, parent)
        self._defer(flight, FailureReason.OVERLOAD)
        return True

    def _under_way(self) -> list[Flight]:
        return [*self._flights._under_way.values()]

    def is_closed_to(self, flight: Flight) -> bool:
        """Turn *flight* away, as the resolver is out of order, but for one a second."""
        with self._lock:
            if self.breaker.lets_probe(self._clock()):
                return False
            self._refused += 1
        self._defer(flight, FailureReason.OUTAGE)
        return True

    def _defer(self, flight: Flight, reason: FailureReason) -> None:
        # What is stale may still be used: the cache knows.
        flight.land(self._cache.put(tempfail(flight.domain, reason)))

    def guarded(self, flight: Flight, lookup: Steps[Finding]) -> Steps[Finding]:
        """Do the *lookup* of *flight*, and see to what comes of it."""
        breaker = self.breaker
        if breaker.open and not (yield from self._probe()):
            return tempfail(flight.domain, FailureReason.OUTAGE)
        flight.answers = breaker.answers
        return (yield from self.looked_after(flight, lookup))

    def looked_after(self, flight: Flight, lookup: Steps[Finding]) -> Steps[Finding]:
        """Do as `guarded`, for a *lookup* that has begun."""
        finding = yield from lookup
        return self.hear(finding, flight) or (yield from self.weigh(finding, flight))

    def hear(self, finding: Finding, flight: Flight) -> Finding | None:
        """
        Take note of what the lookup of *flight* has found.

        Returns:
            What is to be believed of it; None if that takes some weighing.
        """
        outcome, denials, flights = finding.outcome, self._denials, self._flights
        in_doubt = False
        if outcome in _DENIALS:
            in_doubt = denials.denied(finding.domain)
        elif outcome is _TEMPFAIL:
            return self._failed(finding, flight.answers)
        elif denials.history:
            denials.exists()
        if flight.begun > flights.youngest:  # noqa: PLR1730 - max() takes longer
            flights.youngest = flight.begun
        self.breaker.answers += 1
        return None if in_doubt or self._uneasy else finding

    def _probe(self) -> Steps[bool]:
        """
        Ask the canary before the domain of the one who is let through.

        An attacker may own any number of domains with dead name servers, of which most
        of those who are let through may be. He does not own the canary.

        Returns:
            Whether to go on with the domain.
        """
        name = self.canary.name
        if name is None:
            return True
        self._denials.asked += 1
        answer = yield from self.canary.ask(name)
        now = self._clock()
        if isinstance(answer, Failure) and answer.reason in TROUBLE:
            with self._lock:
                self.breaker.failed(name, self.breaker.answers, now)
            return False
        with self._lock:
            closed = self.breaker.cleared(now)
        self._look_around()
        if closed:
            self._tell_closed(now)
        return True

    def weigh(self, finding: Finding, flight: Flight) -> Steps[Finding]:
        """Believe a denial in doubt, or not; and see good news after bad ones."""
        now = self._clock()
        with self._lock:
            self.crowd.let_go(finding.domain)
            closed = self.breaker.answered(now)
        self._look_around()
        if closed:
            self._tell_closed(now)
        if finding.outcome in _DENIALS and self._denials.suspicious:
            proved = yield from self.canary.decide(flight)
            if not proved:
                return replace(
                    finding,
                    outcome=Outcome.TEMPFAIL,
                    reason=FailureReason.OUTAGE,
                    ttl=0,
                    aliased=False,
                )
        return finding

    def _look_around(self) -> None:
        self._uneasy = self.breaker.uneasy or self.crowd.holds

    def _failed(self, finding: Finding, answers: int) -> Finding:
        reason = finding.reason
        if reason is FailureReason.OVERLOAD:
            return finding  # ours, and nothing follows for the resolver
        now = self._clock()
        opened = closed = False
        with self._lock:
            if reason in TROUBLE:
                opened = self.breaker.failed(finding.domain, answers, now)
            else:
                closed = self.breaker.answered(now)
        self._look_around()
        if opened:
            assert isinstance(reason, FailureReason)
            self._notices.warn(
                "outage",
                "the resolver is out of order: all lookups fail, the last one with %s;"
                " new domains are deferred unasked, but for one a second",
                reason.value,
            )
        if closed:
            self._tell_closed(now)
        if self.breaker.open and reason in TROUBLE:
            return replace(finding, reason=FailureReason.OUTAGE)
        return finding

    def _tell_closed(self, now: float) -> None:
        lasted = now - self.breaker.since
        message = (
            "the resolver works again after %.1f s, in which %d lookups were spared"
        )
        self._notices.warn("end of outage", message, lasted, self._refused)

    def health(self) -> Health:
        """Tell how things are."""
        return Health(
            outage=self.breaker.open,
            transitions=self.breaker.transitions,
            refused=self._refused,
            storm=self._denials.storm,
            doubted=self.canary.doubted,
            canaries=self._denials.asked,
            crowded=self._crowded,
        )
