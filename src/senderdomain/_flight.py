"""
One lookup under way, and those who wait for it.

Owns      how a lookup goes on when an answer is in, and how all are told in the end.
Knows not what is looked up, by what kind of resolver, in which thread or loop; what
          other lookups are under way: see `_flights`.

A flight belongs to nobody. It is driven by answers, not by a caller, so a caller
that is cancelled or gives up takes nothing away from the others.

    board -> Flight -> start -> Question -> ask -> (answer) -> Question -> ask ...
                                      -> Finding  -> land -> every waiter
"""

from __future__ import annotations

import threading

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeAlias

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
from ._notices import complain
from ._race import Race

if TYPE_CHECKING:
    from ._flights import Flights

# Seconds after its deadline when a flight is given up for lost.
OVERDUE = 0.1

Waiter: TypeAlias = Callable[[Finding], None]
Callback: TypeAlias = Callable[[Answer], None]


class Loop(Protocol):
    """As much as has to be known of an event loop."""

    def is_closed(self) -> bool:
        """Whether nothing happens in it any more."""
        ...


class Carrier(Protocol):
    """What carries the questions of a flight to a resolver."""

    def ask(self, question: Question, deadline: float, callback: Callback, /) -> None:
        """
        Put *question* and return.

        *callback* gets the answer: at once, or later and in the thread and loop of the
        caller, and in any case soon after *deadline* (`time.monotonic`).
        """
        ...

    def drop(self, callback: Callback, /) -> None:
        """Take back the question whose answer *callback* would get, if that can be."""
        ...


class Pilot(Protocol):
    """Who knows what the answers mean."""

    def hear(
        self, flight: Flight, evidence: tuple[Exchanged, ...], /
    ) -> Finding | Question | Steps[Finding]:
        """Give what the answers say of the domain, what to ask next, or more steps."""
        ...

    def keep(self, finding: Finding, /) -> Finding:
        """Remember a finding, and give back the one to be believed."""
        ...


def tempfail(domain: DomainName, reason: FailureReason) -> Finding:
    """Make the finding that nothing could be found."""
    return Finding(domain, Outcome.TEMPFAIL, reason)


class Flight:
    """
    One lookup under way.

    Attributes:
        domain: What is looked up.
        begun: When it was boarded first (`time.monotonic`).
        deadline: By when it must have landed (`time.monotonic`).
        loop: The event loop that drives it, if one does.
        thread: Otherwise the thread that does.
        leader: Who has boarded first.
        waiters: Who waits for it.
        answers: Of the breaker, when the lookup began.
    """

    __slots__ = (
        "_answers",
        "_carrier",
        "_evidence",
        "_flights",
        "_going",
        "_pilot",
        "_question",
        "_race",
        "_steps",
        "answers",
        "begun",
        "deadline",
        "domain",
        "leader",
        "loop",
        "thread",
        "waiters",
    )

    _question: Question
    _steps: Steps[Finding]
    _carrier: Carrier
    _pilot: Pilot
    answers: int

    def __init__(  # noqa: PLR0913, PLR0917 - all that is known of it
        self,
        flights: Flights,
        domain: DomainName,
        begun: float,
        deadline: float,
        loop: Loop | None,
        waiter: Waiter,
    ) -> None:
        """Let *waiter* wait for `start`."""
        self._flights = flights
        self.domain = domain
        self.begun = begun
        self.deadline = deadline
        self.loop = loop
        self.thread = None if loop is not None else threading.get_ident()
        self.leader = waiter
        self.waiters = [waiter]
        self._race: Race | None = None

    def start(self, steps: Steps[Finding], carrier: Carrier, pilot: Pilot) -> None:
        """
        Drive *steps* until there is a finding.

        Args:
            steps: The lookup.
            carrier: Carries its questions.
            pilot: Keeps the finding.
        """
        self._carrier = carrier
        self._pilot = pilot
        try:
            self._begin(steps)
        except BaseException:
            self.abandon()
            raise

    def ask_first(self, question: Question, carrier: Carrier, pilot: Pilot) -> None:
        """
        Do as `start`, for a lookup whose questions depend on the answers alone.

        Args:
            question: The first one.
            carrier: See `start`.
            pilot: Hears the answers, and keeps the finding.
        """
        self._carrier = carrier
        self._pilot = pilot
        self._evidence: tuple[Exchanged, ...] = ()
        try:
            self._ask(question)
        except BaseException:
            self.abandon()
            raise

    def _ask(self, question: Question) -> None:
        self._question = question
        try:
            self._carrier.ask(question, self.deadline, self._heard)
        except Exception as error:  # noqa: BLE001 - as in _go_on
            self._broken(error)

    def _heard(self, answer: Answer) -> None:
        evidence = self._evidence = (*self._evidence, (self._question, answer))
        try:
            found = self._pilot.hear(self, evidence)
        except Exception as error:  # noqa: BLE001 - as in _go_on
            self._broken(error)
            return
        if type(found) is Finding:
            self.land(self._pilot.keep(found))
        elif type(found) is Question:
            self._ask(found)
        else:
            self._begin(found)

    def _broken(self, error: Exception) -> None:
        complain("lookup of %s failed, please report", self.domain, error=error)
        self.abandon()

    def _begin(self, steps: Steps[Finding]) -> None:
        self._steps = steps
        self._answers: list[Answer | Exchanged] = []
        self._going = False
        self._go_on(None)

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
                    self._carrier.ask(step, self.deadline, self._go_on)
                else:
                    assert isinstance(step, tuple)
                    self._run(step)
                if not self._answers:
                    return
                answer = self._answers.pop()
        except StopIteration as done:
            self.land(self._pilot.keep(done.value))
        except Exception as error:  # noqa: BLE001 - a mistake of ours costs no verdict
            self._answers.clear()
            self._broken(error)
        finally:
            self._going = False

    def _run(self, questions: tuple[Question, ...]) -> None:
        if questions or self._race is None:
            self._end_race()
            self._race = Race(questions, self._put, self._go_on)
        self._race.go_on()

    def _put(self, question: Question, callback: Callback) -> None:
        try:
            self._carrier.ask(question, self.deadline, callback)
        except Exception as error:  # noqa: BLE001 - as in _go_on
            complain(
                "question about %s failed, please report", self.domain, error=error
            )
            callback(Failure(FailureReason.RESOLVER_BUG, type(error).__name__))

    def _end_race(self) -> None:
        if self._race is not None:
            self._race.end(self._carrier.drop)

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
                if not self._is_gone(error):
                    message = "nobody heard of %s, please report"
                    complain(message, self.domain, error=error)
        if self._race is not None:
            self._end_race()

    def _is_gone(self, error: Exception) -> bool:
        # Nobody waits in a loop that is closed, nor where a future has been cancelled
        # whose task is about to leave.
        from asyncio import InvalidStateError  # noqa: PLC0415 - see __init__

        loop = self.loop
        closed = loop is not None and loop.is_closed()
        return closed or isinstance(error, InvalidStateError)

    def leave(self, waiter: Waiter) -> None:
        """Tell *waiter*, who has been cancelled, nothing."""
        with suppress(ValueError):  # it has been told, or is about to be
            self.waiters.remove(waiter)

    def is_ours(self) -> bool:
        """Whether this very thread drives it, and so would wait for itself."""
        return self.thread == threading.get_ident()
