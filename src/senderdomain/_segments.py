"""
Where findings are kept, so that a flood pushes out nothing that is in use.

Owns      room: what comes in, what moves up, and what has to go.
Knows not how long a finding is believed, and what it says of a domain.

    found  -> probation -- second use --> protected, four fifths of the room
               |   ^                          |
        out <--'   '-- least recently used ---'

    failed -> a sixteenth of all room, on its own

So a name that is seen once can push out only another one of that kind, and a failure
only another failure.
"""

from __future__ import annotations

import threading

from cachetools import Cache

from ._finding import Outcome
from ._remembered import Remembered

# How many domains share a lock, at the most. The dicts in the segments grow, and close
# up, in one go, and to find the eldest in one means to pass the gaps of those that have
# gone: with so few, neither takes long. A dict of names that come and go has the power
# of two from three times its length on, and this size leaves little of that unused.
SHARE = 360

_TEMPFAIL = Outcome.TEMPFAIL  # looking it up takes longer than comparing with it


class Segments:
    """
    One share of the memory, and its lock.

    Whoever uses it holds the lock, but for ``in``.

    Args:
        size: Domains at the most.
        hot: What is in front of the protected segment: whoever has to leave that,
            leaves this too.

    Attributes:
        lock: Of this share.
    """

    __slots__ = (
        "_failed",
        "_hot",
        "_most_failed",
        "_most_protected",
        "_probation",
        "_protected",
        "_room",
        "_size",
        "lock",
    )

    def __init__(self, size: int, hot: dict[str, Remembered]) -> None:
        """See the class."""
        self._hot = hot
        self._size = size
        self._most_failed = size // 16
        self._most_protected = max(1, (size - self._most_failed) * 4 // 5)
        self.reset()

    def reset(self) -> None:
        """Begin anew, with a lock that nobody holds."""
        self.lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        # Least recently used first, as a dict keeps its order. Room is counted here.
        # What comes and goes with every lookup is in dicts as they are.
        self._failed: dict[str, Remembered] = {}
        self._probation: dict[str, Remembered] = {}
        self._protected: Cache[str, Remembered] = Cache(self._size)
        self._room = self._size - self._most_failed

    def __len__(self) -> int:
        """How many domains there are."""
        return len(self._failed) + len(self._probation) + len(self._protected)

    def __contains__(self, domain: str) -> bool:
        """Whether *domain* is there."""
        return (
            domain in self._probation
            or domain in self._protected
            or domain in self._failed
        )

    def get(self, domain: str) -> Remembered | None:
        """Tell what is known of *domain*."""
        known = self._probation.get(domain)
        if known is None and domain in self._protected:
            known = self._protected[domain]
        return known or self._failed.get(domain)

    def use(self, domain: str, known: Remembered) -> bool:
        """Note the use of what is *known*; tell whether it is protected from now on."""
        if domain in self._protected:
            del self._protected[domain]
            self._protected[domain] = known
        elif domain in self._probation:
            del self._probation[domain]
            self._move_up(domain, known)
        else:
            return False
        return True

    def keep(self, domain: str, known: Remembered) -> None:
        """Keep what is *known* of *domain* from now on."""
        if known.outcome is _TEMPFAIL and self._most_failed:
            self._keep_failure(domain, known)
        elif domain in self._probation:
            del self._probation[domain]
            self._move_up(domain, known)
        elif domain in self._protected:
            del self._protected[domain]
            self._hot.pop(domain, None)
            self._protected[domain] = known
        else:
            if domain in self._failed:
                del self._failed[domain]
            if self._room:
                self._room -= 1
            else:
                self._push_out()
            self._probation[domain] = known

    def drop(self, domain: str) -> None:
        """Forget *domain*."""
        if domain in self._protected:
            del self._protected[domain]
            self._room += 1
        elif self._probation.pop(domain, None) is not None:
            self._room += 1
        self._failed.pop(domain, None)
        self._hot.pop(domain, None)

    def _keep_failure(self, domain: str, known: Remembered) -> None:
        self.drop(domain)
        if len(self._failed) >= self._most_failed:
            del self._failed[next(iter(self._failed))]
        self._failed[domain] = known

    def _push_out(self) -> None:
        if self._probation:
            del self._probation[next(iter(self._probation))]
        else:  # in a memory for one domain
            domain, _ = self._protected.popitem()
            self._hot.pop(domain, None)

    def _move_up(self, domain: str, known: Remembered) -> None:
        if len(self._protected) >= self._most_protected:
            demoted, before = self._protected.popitem()
            self._hot.pop(demoted, None)
            self._probation[demoted] = before
        self._protected[domain] = known
