"""
Single flight: one lookup for one domain at a time, whoever asks for it.

Owns      who waits for which lookup.
Knows not how a lookup goes on: see `_flight`.
"""

from __future__ import annotations

import threading

from ._dns import DomainName
from ._flight import OVERDUE, Flight, Loop, Waiter
from ._fork import after_fork


def _is_lost(flight: Flight, now: float) -> bool:
    # Its loop is closed; or it is overdue, and its thread must be dead, or have been
    # interrupted between two steps.
    loop = flight.loop
    return (loop is not None and loop.is_closed()) or flight.deadline + OVERDUE < now


class Flights:
    """
    All lookups under way; shared by the verifiers that share a cache.

    Attributes:
        landings: How many have ended.
        youngest: When the youngest one has begun that was answered (`time.monotonic`).
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.landings = 0
        self.youngest = float("-inf")
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
        while True:
            flight = self.lead(domain, waiter, now, deadline, loop)
            if flight is not None:
                return flight, True
            with self._lock:
                flight = self._under_way.get(domain)
                if flight is not None:  # otherwise it has landed just now
                    flight.waiters.append(waiter)
                    return flight, False

    def lead(
        self,
        domain: DomainName,
        waiter: Waiter,
        now: float,
        deadline: float,
        loop: Loop | None = None,
    ) -> Flight | None:
        """Do as `board`, unless another flight is under way: then there is none."""
        with self._lock:
            flight = self._under_way.get(domain)
            if flight is not None and not _is_lost(flight, now):
                return None
            flight = Flight(self, domain, now, deadline, loop, waiter)
            self._under_way[domain] = flight
            return flight

    def abandon(self, domain: DomainName, waiter: Waiter) -> None:
        """End the flight that *waiter*, who has been interrupted, has led, if any."""
        with self._lock:
            flight = self._under_way.get(domain)
            if flight is None or flight.leader is not waiter:
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
