"""
Questions that wait for their turn, when all places are taken.

Owns      who gets the next place.
Knows not sockets, lookups.

Who has least time left goes first: who has come first, and the next question of a
lookup before the first one of another. Who has waited for half of its time has no turn
any more: what is left must do for an answer.

But name servers that never answer can be made to take all places at once: a thousand
senders below one domain will do. So there are some extra places for those who have few,
who had nothing to do with it.
"""

from __future__ import annotations

import time

from collections import Counter
from collections.abc import Collection, Iterator
from heapq import heappop, heappush
from itertools import chain, count
from typing import TypeAlias

from .._crowd import PAUSE_FOR_EACH, parent_of
from ._pending import Pending

# How many extra places there are, as a share of the ordinary ones.
_SHARE = 4

# Questions below one parent domain that are few, those that wait included.
_FEW = 16

# Seconds between two looks at all questions, unless `PAUSE_FOR_EACH` makes it more. Who
# comes meanwhile counts until the next one, answered or not.
_BETWEEN_LOOKS = 0.005

# By deadline, and by number where that is the same.
_Entry: TypeAlias = tuple[float, int, Pending]


class Backlog:
    """
    Questions without a place.

    Args:
        places: How many there are for everybody.

    Attributes:
        size: How many questions wait; may be more than that after an interrupt. It is
            kept, and not counted, for it is looked at with every question.
        extra: How many have an extra place, see `Pending.extra`; counted again now and
            then, should one have been forgotten.
    """

    def __init__(self, places: int) -> None:
        """See the class."""
        self._places = places
        self._most = places + places // _SHARE
        self._numbers = count()
        self._counts: Counter[str] = Counter()
        self._look_at = float("-inf")
        self.clear()

    def clear(self) -> None:
        """Let nobody wait any longer."""
        # Both are heaps. What is gone stays in them until it would be next.
        self._few: list[_Entry] = []
        self._many: list[_Entry] = []
        self._gone: set[Pending] = set()
        self.size = self.extra = 0

    def __iter__(self) -> Iterator[Pending]:
        """Give all of them, in no order."""
        for _, _, pending in chain(self._few, self._many):
            if pending not in self._gone:
                yield pending

    def add(self, pending: Pending, placed: Collection[Pending]) -> None:
        """Let *pending* wait; *placed* are those that have a place."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look(placed, now)
        # Who is let in late has no time for an answer, and keeps others out.
        pending.due = (now + pending.deadline) / 2
        self.size += 1
        entry = (pending.deadline, next(self._numbers), pending)
        heappush(self._few if self._has_few(pending) else self._many, entry)

    def _has_few(self, pending: Pending) -> bool:
        parent = parent_of(pending.question.qname)
        number = self._counts[parent] = self._counts.get(parent, 0) + 1
        return number <= _FEW

    def _look(self, placed: Collection[Pending], now: float) -> None:
        # See again who has few: who has come first must not be behind who comes now.
        self._counts = Counter([parent_of(each.question.qname) for each in placed])
        few: list[_Entry] = []
        many: list[_Entry] = []
        for entry in sorted((*self._few, *self._many)):
            if entry[2] not in self._gone:
                (few if self._has_few(entry[2]) else many).append(entry)
        size, extra = len(few) + len(many), sum(each.extra for each in placed)
        pause = PAUSE_FOR_EACH * (len(placed) + size)
        self._look_at = now + max(_BETWEEN_LOOKS, pause)
        gone: set[Pending] = set()
        # No interrupt comes between these.
        self._few, self._many, self._gone = few, many, gone
        self.size, self.extra = size, extra

    def take(self, placed: int) -> Pending | None:
        """Take who is to have the next place, if there is one; *placed* have theirs."""
        few, many = self._first(self._few), self._first(self._many)
        if placed - self.extra < self._places:
            queue = self._few if few and (not many or few < many) else self._many
            extra = False
        else:
            queue, extra = self._few, True
        if not queue or placed >= self._most:
            return None
        pending = self._pop(queue)
        pending.extra = extra
        self.extra += extra
        return pending

    def take_late(self, now: float) -> Pending | None:
        """Take one for whom it is too late, if there is one."""
        for queue in (self._few, self._many):
            first = self._first(queue)
            if first and first[2].due <= now:
                return self._pop(queue)
        return None

    def give_back(self, pending: Pending) -> None:
        """Take the extra place that *pending* has had."""
        pending.extra = False
        self.extra -= 1
        self._counts[parent_of(pending.question.qname)] -= 1

    def _first(self, queue: list[_Entry]) -> _Entry | None:
        while queue and queue[0][2] in self._gone:
            self._gone.discard(heappop(queue)[2])
        return queue[0] if queue else None

    def _pop(self, queue: list[_Entry]) -> Pending:
        _, _, pending = heappop(queue)
        self.size -= 1
        return pending

    def remove(self, pending: Pending) -> None:
        """Let *pending*, which is one of them, wait no longer."""
        self._gone.add(pending)
        self.size -= 1

    def postpone(self, seconds: float) -> None:
        """Give all of them so much more time."""
        for queue in (self._few, self._many):
            for at, (deadline, number, pending) in enumerate(queue):
                pending.postpone(seconds)
                queue[at] = (deadline + seconds, number, pending)
