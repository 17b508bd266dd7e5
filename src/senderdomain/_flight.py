"""
Single flight: one lookup for one domain at a time, whoever asks for it.

Owns      who waits for which lookup, and how a lookup goes on when an answer is in.
Knows not what is looked up, by what kind of resolver, in which thread or loop.

A flight belongs to nobody. It is driven by answers, not by a caller, so a caller
that is cancelled or gives up takes nothing away from the others.

    board -> Flight -> start -> Question -> ask -> (answer) -> Question -> ask ...
                                      -> Finding  -> land -> every waiter
"""

from __future__ import annotations

import threading

from collections.abc import Callable
from typing import Protocol, TypeAlias

from ._dns import (
    Answer,
    DomainName,
    Exchanged,
    Failure,
    FailureReason,
    Question,
    Steps,
)
from ._finding import Finding, Outcome
from ._fork import after_fork
from ._notices import complain
from ._race import Race

# Seconds after its deadline when a flight is given up for lost.
OVERDUE = 0.1

Waiter: TypeAlias = Callable[[Finding], None]
Callback: TypeAlias = Callable[[Answer], None]
Drop: TypeAlias = Callable[[Callback], None]
Keep: TypeAlias = Callable[[Finding], Finding]


class Loop(Protocol):
    """As much as has to be known of an event loop."""

    def is_closed(self) -> bool:
        """Whether nothing happens in it any more."""
        ...


class Ask(Protocol):
    """
    Puts a question to a resolver and returns.

    *callback* gets the answer: at once, or later and in the thread and loop of the
    caller, and in any case soon after *deadline* (`time.monotonic`).
    """

    def __call__(
        self, question: Question, deadline: float, callback: Callback, /
    ) -> None:
        """See the class."""
        ...


def tempfail(domain: DomainName, reason: FailureReason) -> Finding:
    """Make the finding that nothing could be found."""
    return Finding(domain, Outcome.TEMPFAIL, reason)


def reentrant(domain: DomainName) -> Finding:
    """Log that a lookup waits for itself, and make the finding that ends it."""
    complain("resolver asks the verifier that is asking it, about %s", domain)
    return tempfail(domain, FailureReason.RESOLVER_BUG)


class Flight:
    """
    One lookup under way.

    Attributes:
        domain: What is looked up.
        begun: When it was boarded first (`time.monotonic`).
        deadline: By when it must have landed (`time.monotonic`).
        loop: The event loop that drives it, if one does.
        thread: Otherwise the thread that does.
        waiters: Who waits for it.
    """

    # What most flights never need; see `Pending`.
    _race: Race | None = None
    _going = False

    begun: float
    _steps: Steps[Finding]
    _ask: Ask
    _drop: Drop
    _keep: Keep

    def __init__(
        self,
        flights: Flights,
        domain: DomainName,
        deadline: float,
        loop: Loop | None,
        waiter: Waiter,
    ) -> None:
        """Let *waiter* wait for `start`."""
        self._flights = flights
        self.domain = domain
        self.deadline = deadline
        self.loop = loop
        self.thread = None if loop is not None else threading.get_ident()
        self.waiters = [waiter]
        self._answers: list[Answer | Exchanged] = []

    def start(
        self,
        steps: Steps[Finding],
        ask: Ask,
        drop: Drop = lambda _: None,
        keep: Keep = lambda finding: finding,
    ) -> None:
        """
        Drive *steps* until there is a finding.

        Args:
            steps: The lookup.
            ask: Puts its questions.
            drop: Takes one back, of which the answer is not waited for any more.
            keep: Gets the finding, and gives back the one to be believed.
        """
        self._steps = steps
        self._ask = ask
        self._drop = drop
        self._keep = keep
        try:
            self._go_on(None)
        except BaseException:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Release all who wait: KeyboardInterrupt and the like must not strand them."""
        self.land(tempfail(self.domain, FailureReason.RESOLVER_BUG))

    def _go_on(self, answer: Answer | Exchanged | None) -> None:
        if self._going:  # called by who answers at once: the loop below hears it
            assert answer is not None
            self._answers.append(answer)
            return
        self._going = True
        try:
            while True:
                # A function for this alone would cost a tenth of all that is done here.
                step = self._steps.send(answer)  # type: ignore[arg-type] # None: begin
                if type(step) is Question:
                    self._ask(step, self.deadline, self._go_on)
                else:
                    assert isinstance(step, tuple)
                    self._run(step)
                if not self._answers:
                    return
                answer = self._answers.pop()
        except StopIteration as done:
            self.land(self._keep(done.value))
        except Exception as error:  # noqa: BLE001 - a mistake of ours costs no verdict
            complain("lookup of %s failed, please report", self.domain, error=error)
            self._answers.clear()
            self.land(tempfail(self.domain, FailureReason.RESOLVER_BUG))
        finally:
            self._going = False

    def _run(self, questions: tuple[Question, ...]) -> None:
        if questions or self._race is None:
            self._end_race()
            self._race = Race(questions, self._put, self._go_on)
        self._race.go_on()

    def _put(self, question: Question, callback: Callback) -> None:
        try:
            self._ask(question, self.deadline, callback)
        except Exception as error:  # noqa: BLE001 - as in _go_on
            complain(
                "question about %s failed, please report", self.domain, error=error
            )
            callback(Failure(FailureReason.RESOLVER_BUG, type(error).__name__))

    def _end_race(self) -> None:
        if self._race is not None:
            self._race.end(self._drop)

    def land(self, finding: Finding) -> None:
        """Tell all who wait."""
        self._flights.landed(self)
        # Whoever has been told is off the list, so that an interrupt in the midst of
        # it leaves the others for `abandon`.
        waiters = self.waiters
        waiters.reverse()
        while waiters:
            try:
                waiters.pop()(finding)
            except Exception as error:  # noqa: BLE001 - nor must one of the waiters
                # One that cannot be told must not keep the others waiting.
                complain("nobody heard of %s, please report", self.domain, error=error)
        if self._race is not None:
            self._end_race()

    def is_ours(self) -> bool:
        """Whether this very thread drives it, and so would wait for itself."""
        return self.thread == threading.get_ident()


def _is_lost(flight: Flight, now: float) -> bool:
    # Its loop is closed; or it is overdue, and its thread must be dead, or have been
    # interrupted between two steps.
    loop = flight.loop
    return (loop is not None and loop.is_closed()) or flight.deadline + OVERDUE < now


class Flights:
    """All lookups under way; shared by the verifiers that share a cache."""

    def __init__(self) -> None:
        """Begin with none."""
        self.landings = 0
        self.reset()
        after_fork(self)

    def reset(self) -> None:
        """Begin anew, as in a forked child: the parent flies on without it."""
        self._lock = threading.Lock()
        self._under_way: dict[DomainName, Flight] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._under_way)

    def board(
        self,
        domain: DomainName,
        waiter: Waiter,
        now: float,
        deadline: float,
        loop: Loop | None = None,
    ) -> tuple[Flight, bool]:
        """
        Let *waiter* wait for the finding about *domain*.

        Args:
            domain: What to look up.
            waiter: Called with the finding, from any thread.
            now: `time.monotonic`.
            deadline: For a new flight.
            loop: The event loop that would drive it.

        Returns:
            The flight, and whether it is new, so that the caller has to start it.
        """
        with self._lock:
            flight = self._under_way.get(domain)
            leads = flight is None or _is_lost(flight, now)
            if flight is None or leads:
                # The waiter comes first, for `abandon` to find it by.
                flight = Flight(self, domain, deadline, loop, waiter)
                flight.begun = now
                self._under_way[domain] = flight
            else:
                flight.waiters.append(waiter)
            return flight, leads

    def abandon(self, domain: DomainName, waiter: Waiter) -> None:
        """End the flight that *waiter*, who has been interrupted, has led, if any."""
        with self._lock:
            flight = self._under_way.get(domain)
            if flight is None or flight.waiters[0] is not waiter:
                return
        flight.abandon()

    def postpone(self, seconds: float) -> None:
        """Give all flights under way so much more time."""
        for flight in self._under_way.values():
            flight.deadline += seconds

    def landed(self, flight: Flight) -> None:
        """Take *flight* off the list; its waiters are the caller's to tell."""
        with self._lock:
            if self._under_way.get(flight.domain) is flight:
                del self._under_way[flight.domain]
            self.landings += 1
