"""
Name servers that never answer: how many lookups may wait for those of one parent.

Owns      which parents hold too many places, and for how long they are remembered.
Knows not what is looked up, and what who is turned away is told; no clock.

A *parent* is the last two labels of a name. Only lookups that are slower than others
count: name servers that are well answer within milliseconds, and thousands of lookups
at once below one parent are no trouble. But a parent that has had too many slow ones is
held to its limit with all of its lookups from then on, until one of them comes to a
good end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from typing import TypeAlias

from ._flight import OVERDUE, Flight

UnderWay: TypeAlias = Callable[[], Collection[Flight]]

# Seconds by which a lookup is slower than one that was answered, so that nobody is slow
# where all wait for the same: a resolver, or an event loop that is busy. And seconds
# after which it is slow in any case.
SLOW = 0.5
STUCK = 2.0

# Seconds between two looks at all lookups under way, or so many for each of them, if
# that is more: some tens of times what it takes to look at one.
_BETWEEN_LOOKS = 0.05
PAUSE_FOR_EACH = 50e-6

# Seconds for which a crowded parent is remembered.
_REMEMBERED = 30.0

# Parents remembered: more would be an attack of another kind.
_MAX_REMEMBERED = 1024

# Beyond so many times the limit on all slow lookups, nobody gets in.
_FULL = 4


def parent_of(domain: str) -> str:
    """Take the last two labels."""
    head, dot, last = domain.rpartition(".")
    return head.rpartition(".")[2] + dot + last


class Crowd:
    """
    Counts slow lookups.

    Args:
        slow: Slow lookups after which a parent may have one only; no limit if 0.
        per_parent: Slow lookups below one parent; no limit if 0.

    Attributes:
        due: When there is something to look at: what begins before that may do so.
    """

    def __init__(self, slow: int, per_parent: int) -> None:
        """Begin with nobody."""
        self._slow = slow or float("inf")
        self._per_parent = per_parent or float("inf")
        self._slow_ones: Counter[str] = Counter()
        self._total = 0
        self._held: dict[str, float] = {}  # parent -> until when
        self._look_at = float("-inf")
        self.due = float("-inf") if slow or per_parent else float("inf")

    def refuses(
        self, domain: str, now: float, under_way: UnderWay, youngest: float
    ) -> str | None:
        """
        Tell whether a lookup must not begin.

        Args:
            domain: What would be looked up.
            now: Seconds.
            under_way: Gives all lookups; not called each time.
            youngest: When the youngest lookup has begun that was answered.

        Returns:
            The parent that has too many, or ``"all"``; None if it may begin.
        """
        if now >= self._look_at:
            self._look(domain, now, under_way(), youngest)
        if self._total >= self._slow * _FULL:
            return "all"
        parent = parent_of(domain)
        limit = 1 if self._total >= self._slow else self._per_parent
        if self._slow_ones[parent] >= limit:
            self._hold(parent, now)
            return parent
        if parent in self._held:
            self._slow_ones[parent] += 1
        return None

    @property
    def holds(self) -> bool:
        """Whether a good answer may set a parent free."""
        return bool(self._held)

    def _hold(self, parent: str, now: float) -> None:
        if len(self._held) >= _MAX_REMEMBERED:
            self._held.clear()
        self._held[parent] = now + _REMEMBERED

    def let_go(self, domain: str) -> None:
        """Note a good answer: the parent's name servers are there."""
        if self._held and self._held.pop(parent_of(domain), None) is not None:
            self._look_at = float("-inf")

    def _look(
        self, domain: str, now: float, under_way: Collection[Flight], youngest: float
    ) -> None:
        held = self._held
        for parent in [parent for parent, until in held.items() if until <= now]:
            del held[parent]
        slow: Counter[str] = Counter()
        self._total = 0
        horizon = max(youngest - SLOW, now - STUCK)
        for flight in under_way:
            if flight.deadline + OVERDUE < now:
                continue  # lost: it holds no place
            if flight.begun <= horizon:
                slow[parent_of(flight.domain)] += 1
                self._total += 1
            elif held and flight.domain != domain:
                parent = parent_of(flight.domain)
                slow[parent] += parent in held
        self._slow_ones = slow
        self._look_at = now + max(_BETWEEN_LOOKS, PAUSE_FOR_EACH * len(under_way))
        most = max(slow.values(), default=0)
        too_many = most >= self._per_parent or self._total >= self._slow
        self.due = float("-inf") if held or too_many else self._look_at
