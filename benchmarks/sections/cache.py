"""
The cache by itself: its memory, and its worst moment.

Owns      a cache full of findings, a clock of its own, and what is timed.
Knows not how the cache works inside.
"""

from __future__ import annotations

import gc
import os
import time

from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import cachetools

from senderdomain import FindingCache, Outcome
from senderdomain._dns import DomainName
from senderdomain._finding import Finding

from .. import truth
from ..inside import call
from ..lab import Lab
from ..tables import number, table
from ..truth import Name

# Domains that expire in the same second, in a cache with room for twice as many, and
# the operations afterwards that are timed.
_EXPIRING = 100_000
_AFTERWARDS = 20_000

_HOUR = 3600
_MINUTES = 300


class _Clock:
    """Seconds that pass when we say so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def measure(lab: Lab) -> Any:  # noqa: ANN401 - what can be written as JSON
    """Measure memory once, the worst moment several times."""
    domains = lab.some(1_000_000, 10_000)
    path = lab.directory / "many"
    truth.write(truth.names(domains), path)
    wanted = {"domains": domains, "names": str(path)}
    octets = {
        label: call("sections.cache", function, wanted)
        for label, function in _STORES.items()
    }
    expiring = {"expiring": lab.some(_EXPIRING, 2_000)}
    return {
        "domains": domains,
        "octets": octets,
        "moments": [
            call("sections.cache", "moment", expiring) for _ in range(lab.rounds)
        ],
    }


OURS = "`FindingCache`"

_STORES = {
    OURS: "ours",
    "a list of the names": "keys",
    "`dict` to an outcome": "plain",
    "`cachetools.TTLCache` to an outcome": "timed",
}


def resident() -> int:
    """Tell how many octets of memory this process has."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def findings(names: Iterable[Name]) -> Iterator[Finding]:
    """Make findings as a lookup does, each with a name of its own."""
    for name in names:
        domain = DomainName(name.domain[:3] + name.domain[3:])
        outcome = Outcome[name.outcome]
        ttl = _HOUR if outcome in (Outcome.MX, Outcome.IMPLICIT_MX) else _MINUTES
        yield Finding(domain, outcome, None, ttl)


def filled(wanted: dict[str, Any]) -> FindingCache:
    """Fill half of a cache within half of an hour, so that TTLs end all the time."""
    clock = _Clock()
    domains = wanted["domains"]
    cache = FindingCache(2 * domains, clock=clock)
    step = _HOUR / 2 / domains
    for finding in findings(truth.stream(Path(wanted["names"]))):
        cache.put(finding)
        clock.now += step
    return cache


def ours(wanted: dict[str, Any]) -> float:
    """Octets of a domain in our cache."""
    _warm_up(wanted)
    before = resident()
    cache = filled(wanted)
    return (resident() - before) / len(cache)


def _warm_up(wanted: dict[str, Any]) -> None:
    # What is loaded or kept once is no part of a domain.
    FindingCache(1).put(next(_stream(wanted)))


def _stream(wanted: dict[str, Any]) -> Iterator[Finding]:
    # Names come from a file one by one: a list of them would leave memory behind
    # that the store then uses, and looks cheap.
    return findings(truth.stream(Path(wanted["names"])))


def keys(wanted: dict[str, Any]) -> float:
    """Octets of a name in a list: what any store of names needs."""
    before = resident()
    kept = [finding.domain for finding in _stream(wanted)]
    return (resident() - before) / len(kept)


def plain(wanted: dict[str, Any]) -> float:
    """Octets of a domain in a dictionary that never forgets."""
    before = resident()
    kept = {finding.domain: finding.outcome for finding in _stream(wanted)}
    return (resident() - before) / len(kept)


def timed(wanted: dict[str, Any]) -> float:
    """Octets of a domain in the cache that most people would take."""
    kept: Any = cachetools.TTLCache(wanted["domains"], _HOUR)
    before = resident()
    for finding in _stream(wanted):
        kept[finding.domain] = finding.outcome
    return (resident() - before) / len(kept)


def moment(wanted: dict[str, Any]) -> dict[str, float]:
    """Let many expire together, and time each operation from then on."""
    many = wanted["expiring"]
    made = list(findings(truth.names(2 * many)))
    clock = _Clock()
    cache = FindingCache(2 * many, clock=clock)
    for finding in made[:many]:
        cache.put(finding)
        cache.get(finding.domain)
    clock.now += 2 * _HOUR
    wall, cpu = [], []
    for old, new in zip(made[:_AFTERWARDS], made[many:], strict=False):
        start, start_cpu = time.perf_counter_ns(), time.thread_time_ns()
        cache.get(old.domain)
        cache.put(new)
        cpu.append(time.thread_time_ns() - start_cpu)
        wall.append(time.perf_counter_ns() - start)
    return {
        "worst ms": max(wall) / 1e6,
        "worst CPU ms": max(cpu) / 1e6,
        "median us": median(wall) / 1e3,
    }


def show(data: Any) -> list[str]:  # noqa: ANN401
    """Write both tables."""
    header = ("store", f"octets a domain, {data['domains']:,} domains")
    rows = ([label, number(octets)] for label, octets in data["octets"].items())
    lines = table(header, rows)
    fields = list(data["moments"][0])
    lines += [
        f"After {_EXPIRING:,} domains have expired in the same second: the worst of",
        f"{_AFTERWARDS:,} pairs of one `get` and one `put`, in every round. By the",
        "clock, it also counts when the kernel lets somebody else run.",
        "",
    ]
    moments = [[number(each[field]) for field in fields] for each in data["moments"]]
    return lines + table(fields, moments)
