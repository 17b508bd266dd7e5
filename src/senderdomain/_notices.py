"""
Warnings that a stranger can cause, once a minute each.

Owns      what has been said lately, and how often it was left unsaid since.
Knows not what happened.
"""

from __future__ import annotations

import threading
import time

from collections.abc import Callable

from ._fork import after_fork

# Seconds between two lines about the same cause.
EVERY = 60.0

# Causes are few and ours; this is in case that they are not.
_MAX_CAUSES = 64


class Notices:
    """
    Tells which lines may be written.

    Args:
        clock: For tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing said."""
        self._clock = clock
        self.reset()
        after_fork(self)

    def reset(self) -> None:
        """Make a new lock, for a forked child, whose log is another one."""
        self._lock = threading.Lock()
        self._said: dict[str, tuple[float, int]] = {}

    def may_say(self, cause: str) -> str | None:
        """
        Ask leave for a line about *cause*.

        Returns:
            None if there was one less than a minute ago. Otherwise what to put behind
            it: how many were left out since, or nothing.
        """
        now = self._clock()
        with self._lock:
            last, unsaid = self._said.get(cause, (-EVERY, 0))
            if now < last + EVERY and cause in self._said:
                self._said[cause] = last, unsaid + 1
                return None
            if len(self._said) >= _MAX_CAUSES:
                self._said.clear()
            self._said[cause] = now, 0
        return f" ({unsaid} more like this since)" if unsaid else ""
