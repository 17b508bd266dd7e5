"""
The whole of a verification, but for the waiting: parse, recall, look up, judge.

Owns      the order of these steps, what is counted and what is logged.
Knows not sockets, event loops, threads; what an answer means, what a policy says.

    sender -> parse -> settled by syntax, exempt or remembered? ---> Verdict
                         '---> board a flight: look up ---> Finding ---> Verdict
"""

from __future__ import annotations

import logging
import threading
import time

from ._address import as_text
from ._ask import Impatient
from ._cache import Cache, Clock, FindingCache
from ._dns import Exchanged, Question, Steps
from ._domain import NO_DOMAIN, AddressRules
from ._finding import Finding, Outcome
from ._flight import OVERDUE, Carrier, Flight
from ._flights import Flights
from ._fork import after_fork
from ._guard import Guard
from ._lookup import first_question, lookup, next_step
from ._policy import Policy
from ._reader import Parsed, Reader
from ._remembered import Remembered
from ._report import LOG, Stats, log
from ._safeguards import UNGUARDED, Guarding
from ._settings import check, profile_of
from ._targets import Judge
from ._verdict import Verdict
from ._warm import short_ways

# What a profile asks one after the other at the most, but for a few: one question
# without an answer leaves time for the others.
_PROFILE_QUESTIONS = 4


_is_logged = LOG.isEnabledFor


class Core:
    """
    What the verifiers have in common.

    Args:
        policy: Chooses the replies.
        cache: Remembers; a `FindingCache` of its own if None.
        rules: Which names are acceptable.
        deadline: Seconds for a verdict.
        judge: Of the targets, for lookups deeper than `Depth.EXISTS`.
        guarding: Against trouble with the DNS, and the name that this takes.

    Raises:
        ValueError: If one of them cannot be used.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the settings of both verifiers
        self,
        policy: Policy,
        cache: Cache | None,
        rules: AddressRules,
        deadline: float,
        judge: Judge | None,
        guarding: Guarding,
    ) -> None:
        """See the class."""
        check(policy, cache, rules, deadline)
        # An empty cache is falsy: "cache or FindingCache()" would not share it.
        cache = FindingCache() if cache is None else cache
        self.policy = policy
        self.cache = cache
        self.deadline = deadline
        self.flights = cache.flights if isinstance(cache, FindingCache) else Flights()
        # What is exempt here may be on record elsewhere, so that a hit in a shared
        # cache proves nothing: then all senders go the long way.
        hot: dict[str, Remembered] = {}
        clock: Clock = time.monotonic
        self._judge = judge
        self._profile = profile_of(policy)
        reader = Reader(policy, rules, self._profile)
        self.reader = reader
        if isinstance(cache, FindingCache):
            # What only a profile takes for missing says nothing of what is below it.
            cache.serve(self._kind_of_lookup(), parents=self._profile is None)
            clock = cache.clock
            # A profile's own way of reading must not be cut short either.
            long_way = reader.exempts or self._profile is not None
            hot = {} if long_way else cache.hot
        self._hits = 0
        self.warm, self.warm_domain, self._warm_hits = short_ways(hot, clock, policy)
        guarding = UNGUARDED if self._profile is not None else guarding
        self.guard = Guard(*guarding, cache, self.flights)
        self.reset()
        after_fork(self)
        self._outcomes = dict.fromkeys(Outcome, 0)
        self._joined = 0

    def reset(self) -> None:
        """Make a new lock, for a forked child."""
        self._lock = threading.Lock()

    def _kind_of_lookup(self) -> object:
        """Tell what two verifiers must have in common to share findings."""
        if self._profile is not None:
            if self._judge is not None:
                msg = f"{self._profile.name!r} is as deep as the server it is made for"
                raise ValueError(msg)
            return self._profile.plan, self._profile.receiver
        return self._judge and self._judge.kind

    def recall(self, parsed: Parsed) -> Verdict | None:
        """Judge whom syntax, the operator or memory have decided about."""
        text, found = parsed
        if type(found) is not Finding:
            remembered = self.cache.get(found)
            if remembered is None:
                return None
            self._hits += 1
            found = remembered
        return self.judge(text, found)

    def exempt(self, reverse_path: str | bytes) -> Verdict:
        """Judge whom the operator trusts: nothing is parsed, and nothing asked."""
        return self.judge(as_text(reverse_path), Finding(NO_DOMAIN, Outcome.EXEMPT))

    def join(self, flight: Flight, now: float) -> float:
        """Count one more who waits for *flight*; give the seconds for which to wait."""
        with self._lock:
            self._joined += 1
        # Who leads may have a later deadline.
        return min(flight.deadline, now + self.deadline) + OVERDUE - now

    def keep(self, finding: Finding, /) -> Finding:
        """See `Pilot.keep`."""
        finding = self.cache.put(finding)
        # As with hits, no other thread gets its turn within this line.
        self._outcomes[finding.outcome] += 1
        return finding

    def start(
        self,
        flight: Flight,
        landings: int,
        carrier: Carrier,
        *,
        listed: bool = False,
    ) -> None:
        """
        Let *flight* look its domain up, and remember what is found.

        Args:
            flight: One that the caller leads.
            landings: Of the flights, before the cache was asked. If there were
                more since, the cache may know by now.
            carrier: Carries the questions.
            listed: It is one of a list, which may wait for name servers as it likes.
        """
        guard = self.guard
        if not listed and flight.begun >= guard.crowd.due and guard.is_crowded(flight):
            return
        if self.flights.landings != landings:
            known = self.cache.get(flight.domain)
            if known is not None:
                flight.land(known)
                return
        breaker = guard.breaker
        if breaker.open and guard.is_closed_to(flight):
            return
        if self._profile is None and not breaker.open:
            flight.answers = breaker.answers
            flight.ask_first(first_question(flight.domain), carrier, self)
        else:
            self._start_steps(flight, carrier)

    def hear(
        self, flight: Flight, evidence: tuple[Exchanged, ...], /
    ) -> Finding | Question | Steps[Finding]:
        """See `Pilot.hear`."""
        step = next_step(evidence, self._judge)
        if type(step) is Finding:
            guard = self.guard
            return guard.hear(step, flight) or guard.weigh(step, flight)
        if type(step) is Question:
            return step
        return self.guard.looked_after(flight, step)

    def _start_steps(self, flight: Flight, carrier: Carrier) -> None:
        profile = self._profile
        if profile is None:
            steps = lookup(flight.domain, self._judge)
        else:
            steps = profile.plan(flight.domain, profile.receiver)
            patience = min(profile.patience, self.deadline / _PROFILE_QUESTIONS)
            carrier = Impatient(carrier, patience)
        flight.start(self.guard.guarded(flight, steps), carrier, self)

    def judge(self, text: str, finding: Finding, start: float | None = None) -> Verdict:
        """Make a verdict of *finding*, and log it; *start* is `time.monotonic`."""
        verdict = Verdict()
        verdict.sender = text
        verdict._known = finding
        verdict._policy = self.policy
        verdict._time = 0.0 if start is None else time.monotonic() - start
        if _is_logged(logging.INFO):
            log(verdict)
        return verdict

    def stats(self) -> Stats:
        """Tell what has been done so far."""
        outcomes = {outcome: n for outcome, n in self._outcomes.items() if n}
        cache = self.cache
        return Stats(
            sum(outcomes.values()),
            self._joined,
            self._hits + self._warm_hits(),
            outcomes,
            len(self.flights),
            len(cache) if isinstance(cache, FindingCache) else None,
            self.guard.health(),
        )
