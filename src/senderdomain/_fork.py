"""
What has to begin anew in a forked child (gunicorn, multiprocessing).

Owns      the list of what is told.
Knows not what it does then.

A lock that a thread of the parent holds at the fork is held for ever in the child,
where that thread does not exist.
"""

from __future__ import annotations

import os

from typing import Protocol
from weakref import WeakSet


class Resettable(Protocol):
    """Can begin anew."""

    def reset(self) -> None:
        """Make new locks, and forget what other threads were about to do."""
        ...


# The one piece of state in a module: the system's list of what to call in a child
# can only grow, so it has one entry for all of us. It keeps nobody alive.
_TOLD: WeakSet[Resettable] = WeakSet()


def after_fork(thing: Resettable) -> None:
    """Call *thing*'s ``reset`` in every child from now on, as long as it lives."""
    _TOLD.add(thing)


def _tell() -> None:
    for thing in list(_TOLD):
        thing.reset()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_tell)
