"""
Places kept for whoever has few, when all others are taken.

Owns      which questions get one.
Knows not sockets, lookups.

Name servers that never answer can be made to take all places at once: a thousand
senders below one domain will do. The others wait for their turn, but not those who had
nothing to do with it.
"""

from __future__ import annotations

import time

from collections import Counter
from collections.abc import Collection

from .._crowd import parent_of
from .._dns import Question
from ._pending import Pending

# How many more places there are, as a share of the ordinary ones.
_SHARE = 4

# Places below one parent domain that are few.
_FEW = 16

# Seconds between two looks at all questions under way, or so many times what a look
# takes, if that is more. What is given out meanwhile counts as taken until the next
# one, whether it has been answered or not.
_BETWEEN_LOOKS = 0.005
_REST = 50


class Reserve:
    """
    Gives out the last places.

    Args:
        ordinary: How many places there are for everybody.
    """

    def __init__(self, ordinary: int) -> None:
        """See the class."""
        self._most = ordinary + ordinary // _SHARE
        self._taken: Counter[str] = Counter()
        self._look_at = float("-inf")

    def admits(self, question: Question, pending: Collection[Pending]) -> bool:
        """
        Tell whether *question* gets a place although the ordinary ones are taken.

        Args:
            question: To be put.
            pending: Those that have a place.
        """
        if len(pending) >= self._most:
            return False
        now = time.monotonic()
        if now >= self._look_at:
            self._taken = Counter(parent_of(each.question.qname) for each in pending)
            took = time.monotonic() - now
            self._look_at = now + max(_BETWEEN_LOOKS, _REST * took)
        parent = parent_of(question.qname)
        if self._taken[parent] >= _FEW:
            return False
        self._taken[parent] += 1
        return True
