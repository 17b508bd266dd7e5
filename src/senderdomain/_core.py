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

from ._address import Mailbox, as_text
from ._ask import impatient
from ._cache import Cache, Clock, FindingCache
from ._dns import DomainName
from ._domain import NO_DOMAIN, AddressRules
from ._finding import Finding, Outcome
from ._flight import OVERDUE, Ask, Drop, Flight, Flights, Loop, Waiter
from ._fork import after_fork
from ._guard import Guard
from ._lookup import lookup
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
        self.parse = reader.parse
        self.parse_domain = reader.parse_domain
        self.parse_header = reader.parse_header
        self._settled = reader.settled
        if isinstance(cache, FindingCache):
            # What only a profile takes for missing says nothing of what is below it.
            cache.serve(self._kind_of_lookup(), parents=self._profile is None)
            clock = cache.clock
            # A profile's own way of reading must not be cut short either.
            long_way = reader.exempts or self._profile is not None
            hot = {} if long_way else cache.hot
        self._hits = [0]
        self.warm, self.warm_domain = short_ways(hot, clock, policy, self._hits)
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
        text, sender = parsed
        finding = self._settled(sender)
        if finding is None:
            assert isinstance(sender, Mailbox)  # all else is settled
            finding = self.cache.get(sender.domain)
            if finding is None:
                return None
            self._hits[0] += 1
        return self.judge(text, finding)

    def exempt(self, reverse_path: str | bytes) -> Verdict:
        """Judge whom the operator trusts: nothing is parsed, and nothing asked."""
        return self.judge(as_text(reverse_path), Finding(NO_DOMAIN, Outcome.EXEMPT))

    def board(
        self,
        domain: DomainName,
        waiter: Waiter,
        flights: Flights,
        now: float,
        loop: Loop | None = None,
    ) -> tuple[Flight, float | None]:
        """
        Wait for the lookup of *domain* from *now* on; see `Flights.board`.

        Returns:
            The flight; and None if the caller has to start it, otherwise the seconds
            for which to wait, as who leads may have a later deadline.
        """
        deadline = now + self.deadline
        flight, leads = flights.board(domain, waiter, now, deadline, loop)
        if leads:
            return flight, None
        with self._lock:
            self._joined += 1
        return flight, min(flight.deadline, deadline) + OVERDUE - now

    def _keep(self, finding: Finding) -> Finding:
        # The outcome of a lookup, as it is to be believed.
        finding = self.cache.put(finding)
        with self._lock:
            self._outcomes[finding.outcome] += 1
        return finding

    def start(self, flight: Flight, landings: int, ask: Ask, drop: Drop) -> None:
        """Do as `start_listed`, unless too many wait for the same name servers."""
        guard = self.guard
        if flight.begun < guard.crowd.due or not guard.is_crowded(flight):
            self.start_listed(flight, landings, ask, drop)

    def start_listed(self, flight: Flight, landings: int, ask: Ask, drop: Drop) -> None:
        """
        Let *flight* look its domain up, and remember what is found.

        Args:
            flight: One that the caller leads.
            landings: Of the flights, before the cache was asked. If there were
                more since, the cache may know by now.
            ask: Puts the questions.
            drop: Takes them back.
        """
        if self.flights.landings != landings:
            known = self.cache.get(flight.domain)
            if known is not None:
                flight.land(known)
                return
        guard, profile = self.guard, self._profile
        if guard.breaker.open and guard.is_closed_to(flight):
            return
        if profile is None:
            steps = lookup(flight.domain, self._judge)
        else:
            steps = profile.plan(flight.domain, profile.receiver)
            patience = min(profile.patience, self.deadline / _PROFILE_QUESTIONS)
            ask = impatient(ask, patience)
        flight.start(guard.guarded(flight, steps), ask, drop, self._keep)

    def judge(self, text: str, finding: Finding, start: float | None = None) -> Verdict:
        """Make a verdict of *finding*, and log it; *start* is `time.monotonic`."""
        elapsed = 0.0 if start is None else time.monotonic() - start
        verdict = Verdict(text, finding, self.policy, elapsed)
        if _is_logged(logging.INFO):
            log(verdict)
        return verdict

    def stats(self) -> Stats:
        """Tell what has been done so far."""
        with self._lock:
            outcomes = {outcome: n for outcome, n in self._outcomes.items() if n}
        cache = self.cache
        return Stats(
            sum(outcomes.values()),
            self._joined,
            self._hits[0],
            outcomes,
            len(self.flights),
            len(cache) if isinstance(cache, FindingCache) else None,
            self.guard.health(),
        )
