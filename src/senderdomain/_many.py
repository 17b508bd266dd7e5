"""
Many senders at once: a window of lookups under way, and the verdicts that are ready.

Owns      how far a list is read ahead of its verdicts.
Knows not how the lookups are driven: its user does that.
"""

from __future__ import annotations

import time

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from ._ask import Asker, PumpedAsker
from ._core import Core
from ._finding import Finding
from ._flight import Loop, Waiter
from ._flights import Flights
from ._verdict import Verdict

if TYPE_CHECKING:
    from ._loop import AtHome

# Lookups under way for one list.
IN_FLIGHT = 200

# Seconds without attention that make a difference to a deadline.
_NOTICEABLE = 0.05

# How often to send questions, and look for answers, while more senders are to be had:
# after so many senders, and whenever nobody has looked for so many seconds. But each of
# so many senders after a pause of that length is asked for at once: the next pause may
# be near. A look costs a fifth of a verdict.
_GLANCE_EVERY = 32
_GLANCE_SECONDS = 0.001

# Verdicts kept at the most until one before them is ready, where order matters.
MAX_AHEAD = 10_000

Numbered: TypeAlias = tuple[int, Verdict]


def check_in_flight(in_flight: int) -> None:
    """Raise ValueError if nothing could ever be under way."""
    if in_flight < 1:
        msg = f"in_flight must be at least 1: {in_flight}"
        raise ValueError(msg)


class Window:
    """
    The verdicts of one list.

    Args:
        core: Decides.
        asker: Puts the questions.
        flights: Under way.
        smtputf8: See `parse_reverse_path`.

    """

    def __init__(
        self, core: Core, asker: Asker, flights: Flights, *, smtputf8: bool
    ) -> None:
        """See the class."""
        self._flying: dict[int, None] = {}  # in the order of their numbers
        self._core = core
        self._carrier = asker
        self._flights = flights
        self._smtputf8 = smtputf8
        self._ready: deque[Numbered] = deque()

    def launch(
        self,
        number: int,
        reverse_path: str | bytes,
        at_home: Callable[[Waiter], AtHome] | None = None,
        loop: Loop | None = None,
    ) -> None:
        """Begin with a sender; in a *loop*, *at_home* wraps the waiter."""
        core = self._core
        landings = core.flights.landings
        warm = core.warm  # see `DomainVerifier.verify`
        verdict = warm(reverse_path)
        if verdict is not None:
            self._ready.append((number, verdict))
            return
        parsed = text, domain = core.reader.parse(reverse_path, self._smtputf8)
        verdict = core.recall(parsed)
        if verdict is not None:
            self._ready.append((number, verdict))
            return
        assert isinstance(domain, str)  # all else is recalled
        self._flying[number] = None
        now = time.monotonic()
        waiter: Waiter = partial(self._landed, number, text, now)
        home = None if at_home is None else at_home(waiter)
        flight, leads = self._flights.board(
            domain, home or waiter, now, now + core.deadline, loop
        )
        if leads:
            core.start(flight, landings, self._carrier, listed=True)
            return
        patience = core.join(flight, now)
        if home is not None:
            home.give_up_after(patience, domain)

    def _landed(self, number: int, text: str, start: float, finding: Finding) -> None:
        del self._flying[number]
        self._ready.append((number, self._core.judge(text, finding, start)))

    @property
    def flying(self) -> int:
        """How many senders wait for a lookup."""
        return len(self._flying)

    def lead(self, number: int) -> int:
        """How far *number* is ahead of the first that waits for a lookup."""
        return number - next(iter(self._flying), number)

    @property
    def outstanding(self) -> int:
        """How many senders have been taken and not yet given back."""
        return len(self._flying) + len(self._ready)

    def ready(self) -> Iterator[Numbered]:
        """Take the verdicts that are there."""
        while self._ready:
            yield self._ready.popleft()


class PumpedWindow(Window):
    """
    A `Window` without an event loop: nothing happens while its user is busy, or the
    source of the senders.

    Args:
        core: Decides.
        asker: Puts the questions; it and the flights are the window's own.
        smtputf8: See `parse_reverse_path`.
    """

    def __init__(self, core: Core, asker: PumpedAsker, *, smtputf8: bool) -> None:
        """See the class."""
        super().__init__(core, asker, Flights(), smtputf8=smtputf8)
        self._asker = asker
        self._unattended = 0.0
        self._glance_after = 0.0
        self._taken = self._waited_for = 0

    def is_time(self) -> bool:
        """Whether to send, and look for answers: now and then, and after a wait."""
        self._taken += 1
        quickly = self._taken - self._waited_for
        if (
            quickly > _GLANCE_EVERY
            and quickly % _GLANCE_EVERY
            and self._unattended < self._glance_after
        ):
            return False
        self._glance_after = self._unattended + _GLANCE_SECONDS
        return True

    def taken(
        self, reverse_paths: Iterable[str | bytes]
    ) -> Iterator[tuple[int, str | bytes]]:
        """Number the senders, and let their source take as much time as it likes."""
        source = enumerate(reverse_paths)
        while True:
            start = time.monotonic()
            try:
                numbered = next(source)
            except StopIteration:
                return
            finally:
                waited = time.monotonic() - start
                self._unattended += waited
                if waited > _GLANCE_SECONDS:
                    self._waited_for = self._taken
                if self._unattended > _NOTICEABLE:
                    self._make_up()
            yield numbered

    def ready(self) -> Iterator[Numbered]:
        """Take the verdicts that are there, and as much time as you like."""
        for verdict in super().ready():
            start = time.monotonic()
            yield verdict
            self._unattended += time.monotonic() - start
            if self._unattended > _NOTICEABLE:
                self._make_up()

    def _make_up(self) -> None:
        # Nobody looked for answers: that time does not count.
        self._asker.postpone(self._unattended)
        self._flights.postpone(self._unattended)
        self._unattended = self._glance_after = 0.0


def in_order(numbered: Iterator[Numbered]) -> Iterator[Verdict]:
    """Put verdicts into the order of their numbers, 0, 1, 2, ..."""
    early: dict[int, Verdict] = {}
    turn = 0
    for number, verdict in numbered:
        early[number] = verdict
        while turn in early:
            yield early.pop(turn)
            turn += 1
