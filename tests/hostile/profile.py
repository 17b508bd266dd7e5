"""
How much the tests of a hostile world do.

Owns      the two profiles: a little of everything, for each change; and all of it, on
          demand (`python -m tests.hostile`).
Knows not what is tested.
"""

from __future__ import annotations

import os

from typing import TypeVar

VARIABLE = "SENDERDOMAIN_PROFILE"
FAST, FULL = "fast", "full"

T = TypeVar("T")


def profile() -> str:
    """Tell which profile the environment asks for."""
    found = os.environ.get(VARIABLE, FAST)
    if found not in {FAST, FULL}:
        msg = f"{VARIABLE} is {found!r}; there are {FAST!r} and {FULL!r}"
        raise ValueError(msg)
    return found


def amount(fast: T, full: T) -> T:
    """Choose what the profile takes of two amounts."""
    return full if profile() == FULL else fast
