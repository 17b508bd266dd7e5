"""
The name that certainly exists: asked when everything else is denied.

Owns      who asks it, who waits for its answer, what is forgotten when it is denied
          too; what the operator is told.
Knows not when denials are in doubt: see `_denials`; who drives a lookup.

There is one question at a time. It is put by the very lookup that has met one denial
too many, and the others in the same loop or list wait for that; there is no thread for
it. Those in other threads do not wait, and are deferred.
"""

from __future__ import annotations

import threading

from collections.abc import Callable
from typing import cast

from ._cache import Cache
from ._denials import Denials, Doubt
from ._dns import (
    Answer,
    DomainName,
    Failure,
    FailureReason,
    Question,
    Records,
    RecordType,
    Steps,
)
from ._finding import Finding, Outcome
from ._flight import OVERDUE, Flight
from ._flights import Flights
from ._fork import after_fork
from ._notices import Notices

# Seconds, or half of the deadline if that is less: with less time left, an answer that
# does not come would say nothing about the canary.
_TIME_TO_ANSWER = 1.0

# What a lookup is sent that waits for another one, with `yield ()`; nobody reads it.
_AWAKE = Failure(FailureReason.OVERLOAD)


class _Inquiry:
    """The canary is being asked."""

    __slots__ = ("ended", "flight", "waiting")

    def __init__(self, flight: Flight) -> None:
        self.flight = flight
        self.waiting: list[Flight] = []
        self.ended = False


class Canary:
    """
    Asks a name that certainly exists.

    Args:
        name: None for none.
        cache: Forgets what is not proved any more.
        flights: Those that are not of lists of threads.
        notices: Tells whether a line may be written.
        clock: As `Flight.deadline` has it.

    Attributes:
        doubted: Denials that were not believed.
    """

    def __init__(
        self,
        name: DomainName | None,
        cache: Cache,
        flights: Flights,
        notices: Notices,
        clock: Callable[[], float],
    ) -> None:
        """See the class."""
        self.name = name
        self.denials = Denials()
        self.doubted = 0
        self._cache = cache
        self._flights = flights
        self._notices = notices
        self._clock = clock
        self.reset()
        after_fork(self)

    def reset(self) -> None:
        """Make a new lock, for a forked child, in which nobody asks."""
        self._lock = threading.Lock()
        self._inquiry: _Inquiry | None = None

    def ask(self, name: DomainName) -> Steps[Answer]:
        """Ask for an A record, and if there is none for an MX; give the last answer."""
        for qtype in (RecordType.A, RecordType.MX):
            answer = cast("Answer", (yield Question(name, qtype)))
            if isinstance(answer, Records | Failure):
                break
        return answer

    def decide(self, flight: Flight) -> Steps[bool]:
        """Tell whether the denial in doubt that *flight* has met is proved."""
        if self.name is None:
            self._notices.warn(
                "no canary", "one name after the other is denied, and no canary is set"
            )
            return True
        with self._lock:
            doubt = self._doubt(flight)
            inquiry = self._inquiry
        if doubt is Doubt.NONE:
            return True
        if doubt is Doubt.ASK and inquiry is not None:
            yield from self._inquire(self.name, inquiry)
        elif doubt is Doubt.ASKED and inquiry is not None and self._waits(flight):
            inquiry.waiting.append(flight)
            while not inquiry.ended:
                yield ()
        else:
            self.doubted += 1
            return False
        self.doubted += self.denials.storm
        return not self.denials.storm

    def _doubt(self, flight: Flight) -> Doubt:
        now = self._clock()
        doubt = self.denials.doubt(now)
        if doubt is not Doubt.ASK:
            return doubt
        time_to_answer = min(_TIME_TO_ANSWER, (flight.deadline - flight.begun) / 2)
        if flight.deadline - now < time_to_answer:
            return Doubt.STORM  # the next one may ask
        self.denials.ask(now, flight.deadline + OVERDUE)
        self._inquiry = _Inquiry(flight)
        return doubt

    def _waits(self, flight: Flight) -> bool:
        # Whoever waits is woken by the one who asks, and so has to be driven by the
        # same loop, or to be in the same list. A thread alone has nobody to wait for.
        assert self._inquiry is not None
        asking = self._inquiry.flight
        if asking._flights is not flight._flights or asking.loop is not flight.loop:
            return False
        return flight.loop is not None or flight._flights is not self._flights

    def _inquire(self, name: DomainName, inquiry: _Inquiry) -> Steps[None]:
        there = False
        try:
            there = isinstance((yield from self.ask(name)), Records)
        finally:  # nobody must wait for a lookup that nobody drives any more
            self._learn(name, there=there)
            inquiry.ended = True
            for flight in inquiry.waiting:
                flight._go_on(_AWAKE)

    def _learn(self, name: DomainName, *, there: bool) -> None:
        now = self._clock()
        with self._lock:
            self._inquiry = None
            storm = self.denials.storm
            lasted = now - self.denials.since
            suspects = [] if there else self.denials.missing(now)
            if there:
                self.denials.there(now)
        for domain in suspects:  # with a TTL of 0, it replaces what is remembered
            self._cache.put(Finding(domain, Outcome.NXDOMAIN))
        if not storm and not there:
            self._notices.warn(
                "storm",
                "one name after the other is denied, and %s, which exists, cannot be"
                " found: until it is, missing domains are deferred",
                name,
            )
        elif storm and there:
            self._notices.warn(
                "end of storm",
                "%s is found again after %.0f s: missing domains are refused",
                name,
                lasted,
            )
