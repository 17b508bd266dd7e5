"""
Warnings that a stranger can cause, once a minute each.

Owns      what has been said lately, and how often it was left unsaid since.
Knows not what happened.
"""

from __future__ import annotations

import logging
import threading
import time

from collections.abc import Callable

from ._fork import after_fork

_LOG = logging.getLogger("senderdomain")

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

    def warn(self, cause: str, message: str, *values: object) -> None:
        """Log a warning about *cause*, as `logging` has it, if it may be."""
        more = self.may_say(cause)
        if more is not None:
            _LOG.warning(message + "%s", *values, more, stacklevel=2)


# The second piece of state in a module, beside the list in `_fork`: the log belongs to
# the process, and so does the minute.
_NOTICES = Notices()


def complain(
    message: str,
    *values: object,
    error: BaseException | None = None,
    level: int = logging.ERROR,
) -> None:
    """
    Log what has gone wrong, unless the same was logged less than a minute ago.

    Args:
        message: The cause, and what is logged, as `logging` has it.
        values: For the message; not part of the cause.
        error: Whose traceback is logged, too. Its type is part of the cause.
        level: As `logging` has it.
    """
    more = _NOTICES.may_say(message + (type(error).__name__ if error else ""))
    if more is not None:
        _LOG.log(level, message + "%s", *values, more, exc_info=error, stacklevel=2)
