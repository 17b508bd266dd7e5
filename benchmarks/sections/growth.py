"""
How cost grows: with the cache, with what is under way, with the list.

Owns      the sizes, and what is measured at each.
Knows not why a curve is as it is.
"""

from __future__ import annotations

import random
import time

from pathlib import Path
from statistics import median
from typing import Any

from senderdomain import DomainVerifier
from senderdomain.resolvers import StubResolver

from .. import rounds, truth
from ..contenders import Contender
from ..inside import call
from ..lab import Lab
from ..tables import number, table
from . import cache

_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_IN_FLIGHT = (1, 5, 50, 200, 500, 1000, 2000, 5000)
_LISTS = (1_000, 10_000, 100_000, 1_000_000)

# Warm verdicts for one figure, and of how many runs the median is taken.
_VERDICTS = 20_000
_RUNS = 5


def measure(lab: Lab) -> Any:  # noqa: ANN401 - what can be written as JSON
    """Take one curve after the other."""
    sizes = _SIZES[: lab.some(len(_SIZES), 1)]
    lists = _LISTS[: lab.some(len(_LISTS), 1)]
    return {
        "cache": [_cached(lab, size) for size in sizes],
        "in flight": [
            _concurrent(lab, n) for n in _IN_FLIGHT[: lab.some(len(_IN_FLIGHT), 2)]
        ],
        "list": [_listed(lab, n) for n in lists],
    }


def _cached(lab: Lab, domains: int) -> Any:  # noqa: ANN401
    path = lab.directory / "many"
    truth.write(truth.names(domains), path)
    wanted = {"domains": domains, "names": str(path)}
    return call("sections.growth", "cached", wanted)


def _concurrent(lab: Lab, in_flight: int) -> dict[str, float]:
    contender = Contender("", "ours", "tasks", in_flight)
    names = lab.names if in_flight > 1 else lab.names // 4
    results = []
    for number_of_round in range(lab.rounds):
        place = rounds.Place(lab.knot, lab.knot.port)
        start = number_of_round * lab.names
        results.append(rounds.ask(place, contender, (start, names))[0])
    return _middle("in flight", in_flight, results)


def _listed(lab: Lab, length: int) -> dict[str, float]:
    # The names begin again after the last: then the list is partly warm.
    contender = Contender("", "ours", "verify_list", 200)
    place = rounds.Place(lab.knot, lab.knot.port)
    repeats = lab.rounds if length < _LISTS[-1] else 1
    results = [rounds.ask(place, contender, (0, length))[0] for _ in range(repeats)]
    return _middle("list", length, results)


def _middle(label: str, size: int, results: list[dict[str, Any]]) -> dict[str, float]:
    return {
        label: size,
        "cpu": median(1e6 * each["cpu"] / each["verdicts"] for each in results),
        "rate": median(each["verdicts"] / each["wall"] for each in results),
        "grown": median(each["grown"] for each in results),
        "wrong": sum(each["wrong"] for each in results),
    }


def cached(wanted: dict[str, Any]) -> dict[str, float]:
    """Fill a cache, and measure its memory, a warm verdict and one more `put`."""
    before = cache.resident()
    store = cache.filled(wanted)
    octets = (cache.resident() - before) / len(store)
    inside = truth.read(Path(wanted["names"]), 0, wanted["domains"])
    nobody = StubResolver(["127.0.0.1:9"])
    rng = random.Random(1)  # noqa: S311 - it must repeat
    warm = []
    with DomainVerifier(nobody, cache=store) as verifier:
        # Negative findings have expired by now.
        known = [name.domain for name in inside if name.outcome == "MX"]
        for domain in known:
            verifier.verify_domain(domain)  # from now on it is hot
        asked: list[str] = []
        for _ in range(_RUNS):
            asked = [f"user@{domain}" for domain in rng.choices(known, k=_VERDICTS)]
            start = time.process_time_ns()
            for address in asked:
                verifier.verify(address)
            warm.append((time.process_time_ns() - start) / _VERDICTS)
        wrong = sum(verifier.verify(each).outcome.name != "MX" for each in asked)
    findings = list(cache.findings(truth.names(_VERDICTS, seed=5)))
    start = time.process_time_ns()
    for finding in findings:
        store.put(finding)
    put = (time.process_time_ns() - start) / _VERDICTS
    return {
        "domains": wanted["domains"],
        "octets": octets,
        "warm ns": median(warm),
        "put ns": put,
        "wrong": wrong,
    }


def show(data: Any) -> list[str]:  # noqa: ANN401
    """Write the three tables."""
    sizes = (
        [f"{each['domains']:,}", *[number(each[f]) for f in _OF_CACHE]]
        for each in data["cache"]
    )
    lines = table(
        ("domains in the cache", "octets a domain", "warm `verify`, ns", "`put`, ns"),
        sizes,
    )
    for label, title in (
        ("in flight", "lookups under way"),
        ("list", "addresses in the list"),
    ):
        rows = (
            [
                f"{each[label]:,}",
                number(each["cpu"]),
                number(each["rate"]),
                number(each["grown"] / (1 << 20)),
            ]
            for each in data[label]
        )
        lines += table((title, "CPU us", "verdicts/s", "MiB on top"), rows)
    return [
        *lines,
        "CPU is for one verdict; memory is what came on top while it ran.",
        "A warm `verify` here goes to a random domain of the",
        "whole cache, which has room for twice as many: with many domains the caches",
        "of the processor miss.",
        f"Lists longer than {truth.ZONE_SIZE:,} addresses repeat their domains.",
        "",
    ]


_OF_CACHE = ("octets", "warm ns", "put ns")
