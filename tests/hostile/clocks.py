"""
CPU time, measured so that somebody else's load does not count.

A limit here is a promise (docs/threat-model.md) with a wide margin. The least of
several tries counts: what is slow because of its length is slow each time. Seconds are
those of a machine that calls `CALLS` functions of Python in one of them; a slower one
is measured with its own yardstick.
"""

from __future__ import annotations

import gc
import time
import tracemalloc

from collections.abc import Callable
from functools import lru_cache

TRIES = 5
CALLS = 12_500_000

_FEW_CALLS = 50_000


@lru_cache(1)
def slowness() -> float:
    """How many times as long as `CALLS` has it calls take here; 1 at the least."""

    def nothing(number: int) -> int:
        return number + 1

    def work() -> None:
        for number in range(_FEW_CALLS):
            nothing(number)

    return max(1.0, _measured(work, 1, TRIES) * CALLS / _FEW_CALLS)


def seconds(work: Callable[[], object], *, times: int = 1, tries: int = TRIES) -> float:
    """Measure CPU seconds of this thread for one *work*, the least of *tries*."""
    return _measured(work, times, tries) / slowness()


def _measured(work: Callable[[], object], times: int, tries: int) -> float:
    least = float("inf")
    enabled = gc.isenabled()
    gc.disable()
    try:
        for _ in range(tries):
            start = time.thread_time()
            for _ in range(times):
                work()
            least = min(least, (time.thread_time() - start) / times)
    finally:
        if enabled:
            gc.enable()
    return least


def within(limit: float, work: Callable[[], object]) -> float:
    """Measure once, and again only if that was more than *limit* seconds."""
    start = time.thread_time()
    work()
    once = (time.thread_time() - start) / slowness()
    return once if once <= limit else min(once, seconds(work))


def peak(work: Callable[[], object]) -> int:
    """Measure the octets that *work* holds at most."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
