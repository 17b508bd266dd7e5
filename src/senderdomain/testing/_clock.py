"""
A clock that a test sets.

Owns      time, in a test.
Knows not who looks at it.
"""

from __future__ import annotations


class SettableClock:
    """
    A monotonic clock that stands still until it is told to go on.

    It takes the place of `time.monotonic` in a `FindingCache`, and so drives TTLs,
    the back-off after failures, and how long stale findings can be used.

    Args:
        now: Seconds.

    Attributes:
        now: Seconds.
    """

    def __init__(self, now: float = 1_000.0) -> None:
        """See the class; the default is not 0, which nobody may take for granted."""
        self.now = now

    def __call__(self) -> float:
        """Tell the time, in seconds."""
        return self.now

    def advance(self, seconds: float) -> None:
        """
        Let time pass.

        Raises:
            ValueError: If it would go back, which a monotonic clock does not.
        """
        if not seconds >= 0:
            msg = f"a monotonic clock cannot go back: {seconds!r} s"
            raise ValueError(msg)
        self.now += seconds

    def __repr__(self) -> str:
        """Show the time."""
        return f"<{type(self).__name__}: {self.now} s>"
