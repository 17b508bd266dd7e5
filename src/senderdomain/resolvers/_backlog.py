"""
Questions that wait for their turn, when all places are taken.

Owns      who gets the next place.
Knows not sockets, lookups.

Name servers that never answer can be made to take all places at once: a thousand
senders below one domain will do. Whoever has many places waits for one of them to
become free. For those who have few there are some more, so that they do not wait for
what they had nothing to do with. In both cases, who has less time left goes first:
who has come first, and the next question of a lookup before the first one of another.
"""

from __future__ import annotations

import time

from collections import Counter
from collections.abc import Collection, Iterator
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TypeAlias

from .._crowd import PER_LOOKUP, parent_of
from ._pending import Pending

# How many more places there are, as a share of the ordinary ones.
_SHARE = 4

# Places below one parent domain that are few.
_FEW = 16

# Seconds between two looks at all who have a place, unless `PER_LOOKUP` makes it more.
# Who comes meanwhile counts until the next one, answered or not.
_BETWEEN_LOOKS = 0.005

# By deadline, and by number where that is the same; a heap.
_Queue: TypeAlias = list[tuple[float, int, Pending]]


class Backlog:
    """
    Questions without a place.

    Args:
        places: How many there are for everybody.

    Attributes:
        size: How many questions wait; more than that after an interrupt.
    """

    def __init__(self, places: int) -> None:
        """See the class."""
        self.size = 0
        self._places = places
        self._most = places + places // _SHARE
        self._few: _Queue = []
        self._many: _Queue = []
        self._numbers = count()
        self._counts: Counter[str] = Counter()
        self._look_at = float("-inf")

    def __iter__(self) -> Iterator[Pending]:
        """Give all of them, in no order."""
        for _, _, pending in (*self._few, *self._many):
            yield pending

    def add(self, pending: Pending, placed: Collection[Pending]) -> None:
        """Let *pending* wait; *placed* are those that have a place."""
        now = time.monotonic()
        if now >= self._look_at:
            few = [each for _, _, each in self._few]
            names = [each.question.qname for each in (*placed, *few)]
            self._counts = Counter(map(parent_of, names))
            self._look_at = now + max(_BETWEEN_LOOKS, PER_LOOKUP * len(names))
        parent = parent_of(pending.question.qname)
        number = self._counts[parent] = self._counts.get(parent, 0) + 1
        queue = self._few if number <= _FEW else self._many
        self.size += 1
        heappush(queue, (pending.deadline, next(self._numbers), pending))

    def take(self, placed: int) -> Pending | None:
        """Take who is to have the next place, if there is one; *placed* have theirs."""
        few, many = self._few, self._many
        queue = few
        if placed < self._places and many:
            queue = few if few and few[0] < many[0] else many
        if not queue or placed >= self._most:
            return None
        return self._pop(queue)

    def take_late(self, now: float) -> Pending | None:
        """Take one who has no time left, if there is one."""
        for queue in (self._few, self._many):
            if queue and queue[0][0] <= now:
                return self._pop(queue)
        return None

    def _pop(self, queue: _Queue) -> Pending:
        _, _, pending = heappop(queue)
        self.size -= 1
        return pending

    def remove(self, pending: Pending) -> None:
        """Let *pending*, which is one of them, wait no longer."""
        for queue in (self._few, self._many):
            queue[:] = [each for each in queue if each[2] is not pending]
            heapify(queue)
        self.size -= 1

    def postpone(self, seconds: float) -> None:
        """Give all of them so much more time."""
        for queue in (self._few, self._many):
            for at, (deadline, number, pending) in enumerate(queue):
                pending.postpone(seconds)
                queue[at] = (deadline + seconds, number, pending)

    def clear(self) -> None:
        """Let nobody wait any longer."""
        self._few.clear()
        self._many.clear()
        self.size = 0
