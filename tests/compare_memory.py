"""
The experiments of tests/hostile on the caches of others.

    python -m tests.compare_memory

Owns      what stands in for the cache of another program in the same experiment.
Knows not which of them is right: they were made for other purposes.

email-validator keeps no verdicts of its own; its `caching_resolver` is dnspython's
`LRUCache`, which is here.
"""

from __future__ import annotations

import gc
import itertools
import random
import sys
import time

from collections.abc import Callable
from pathlib import Path

import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset

from cachetools import LRUCache, TTLCache

from senderdomain import DomainName, Finding, FindingCache, Outcome

DOMAINS, CAPACITY, HONEST = 10_000, 2_000, 10_000


class Ours:
    """`FindingCache`."""

    def __init__(self, size: int) -> None:
        """See the class."""
        self.now = 1_000.0
        self.cache = FindingCache(size, clock=lambda: self.now)

    def get(self, name: str) -> bool:
        """Whether *name* is remembered."""
        known = self.cache.hot.get(name)
        if known is not None and known.expires > self.now:
            return True
        return self.cache.get(DomainName(name)) is not None

    def put(self, name: str) -> None:
        """Remember *name*."""
        self.cache.put(Finding(DomainName(name), Outcome.MX, ttl=300))


class Lru(Ours):
    """`cachetools.LRUCache` of tuples."""

    def __init__(self, size: int) -> None:
        """See the class."""
        self.now = 1_000.0
        self.store = self.made(size)

    def made(self, size: int) -> LRUCache | TTLCache:
        """Make it."""
        return LRUCache(size)

    def get(self, name: str) -> bool:
        """Whether *name* is remembered."""
        return name in self.store and self.store[name] is not None

    def put(self, name: str) -> None:
        """Remember *name*."""
        self.store[name] = (Outcome.MX, self.now)


class Ttl(Lru):
    """`cachetools.TTLCache` of tuples."""

    def made(self, size: int) -> LRUCache | TTLCache:
        """Make it, with the same clock."""
        return TTLCache(size, 300, timer=lambda: self.now)


class Dnspython(Lru):
    """dnspython's `LRUCache` of answers with two MX, as email-validator has it."""

    def __init__(self, size: int) -> None:
        """See the class."""
        self.now = 1_000.0
        self.store = dns.resolver.LRUCache(size)

    def key(self, name: str) -> tuple:
        """Make the key that a resolver uses."""
        return dns.name.from_text(name), dns.rdatatype.MX, dns.rdataclass.IN

    def get(self, name: str) -> bool:
        """Whether *name* is remembered."""
        return self.store.get(self.key(name)) is not None

    def put(self, name: str) -> None:
        """Remember *name*, with its message, as a resolver does."""
        key = self.key(name)
        message = dns.message.make_response(dns.message.make_query(name, "MX"))
        records = "10 mx1.example.net.", "20 mx2.example.net."
        message.answer.append(dns.rrset.from_text(key[0], 300, "IN", "MX", *records))
        self.store.put(key, dns.resolver.Answer(*key, message))


def rate(kind: Callable[[int], Ours], ratio: int) -> float:
    """Tell the share of honest senders remembered, *ratio* of others to each."""
    draw, cache = random.Random(13), kind(CAPACITY)
    weights = list(itertools.accumulate(1 / n for n in range(1, DOMAINS + 1)))
    names = [f"honest{n}.example" for n in range(DOMAINS)]
    flood = itertools.count()
    hits = 0
    for number, name in enumerate(
        draw.choices(names, cum_weights=weights, k=2 * HONEST)
    ):
        hit = cache.get(name)
        hits += hit and number >= HONEST
        if not hit:
            cache.put(name)
        for _ in range(ratio if number >= HONEST else 0):
            other = f"x{next(flood)}.example"
            if not cache.get(other):
                cache.put(other)
    return hits / HONEST


def octets(kind: Callable[[int], Ours], count: int) -> float:
    """Tell the memory for each of *count* domains."""

    def resident() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    cache = kind(count)
    cache.put("warm.example")
    before = resident()
    for n in range(count):
        cache.put(f"d{n:06}.example")
    return (resident() - before) / count


def longest(kind: Callable[[int], Ours], count: int) -> float:
    """Tell the CPU ms of the longest insertion after *count* have expired."""
    cache = kind(count)
    for n in range(count):
        cache.put(f"d{n}.example")
    cache.now += 400
    gc.collect()
    gc.disable()
    worst = 0
    for n in range(count):
        name = f"x{n}.example"
        begin = time.thread_time_ns()
        cache.put(name)
        worst = max(worst, time.thread_time_ns() - begin)
    gc.enable()
    return worst / 1e6


def main() -> int:
    """Print a table."""
    kinds = {
        "FindingCache": Ours,
        "cachetools.LRUCache": Lru,
        "cachetools.TTLCache": Ttl,
        "dns.resolver.LRUCache": Dnspython,
    }
    print("cache | honest remembered: no flood, 10:1, 50:1 | octets | longest put, ms")
    for name, kind in kinds.items():
        slow = kind is Dnspython  # half a millisecond a message
        rates = [
            f"{rate(kind, ratio):.1%}" for ratio in ((0, 10) if slow else (0, 10, 50))
        ]
        size = 20_000 if slow else 100_000
        each, worst = octets(kind, size), longest(kind, size)
        print(f"{name} | {', '.join(rates)} | {each:.0f} | {worst:.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
