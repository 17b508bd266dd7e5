"""
CPU time, measured so that somebody else's load does not count.

A limit here is a promise (docs/threat-model.md) with a wide margin. The least of
several tries counts: what is slow because of its length is slow each time.
"""

from __future__ import annotations

import gc
import time
import tracemalloc

from collections.abc import Callable

TRIES = 5


def seconds(work: Callable[[], object], *, times: int = 1, tries: int = TRIES) -> float:
    """Measure CPU seconds of this thread for one *work*, the least of *tries*."""
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
    once = time.thread_time() - start
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
