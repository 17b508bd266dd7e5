"""
Where the time goes, cold and warm: ``python -m benchmarks profile --output DIR``.

Owns      what is run, and the page that shows it.
Knows not how samples are taken.

Two views, for none of them is right alone: samples of the stack, which leave the
program as fast as it is, and the tracer `cProfile`, which counts calls.
"""

from __future__ import annotations

import cProfile
import pstats

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from senderdomain import DomainVerifier
from senderdomain.resolvers import StubResolver

from . import sampler, truth
from .contenders import ours
from .inside import call
from .job import Job
from .lab import Lab
from .sampler import Samples
from .tables import number, table

# Functions in a table.
_SHOWN = 30

# Domains that are remembered, and how often each is asked for.
_WARM_DOMAINS = 1_000

TITLES = {
    "cold": "Cold, 50 tasks",
    "warm": "Warm, `verify`",
}


def measure(lab: Lab, output: Path) -> str:
    """Take both profiles in processes of their own, and write the page."""
    wanted = {
        "names": str(lab.knot.names),
        "port": lab.knot.port,
        "count": lab.some(60_000, 500),
        "runs": lab.some(5, 1),
        "repeats": lab.some(2_000, 20),
        "output": str(output),
    }
    lines = ["## Where the time goes", ""]
    for name, title in TITLES.items():
        found = call("profiling", name, wanted)
        lines += [f"### {title}", "", *_show(found), f"![{title}]({name}-flame.svg)"]
        lines += [""]
    return "\n".join(lines).rstrip() + "\n"


def cold(wanted: dict[str, Any]) -> dict[str, Any]:
    """Profile lookups, 50 at the same time."""
    count = wanted["count"]

    def job(start: int) -> Job:
        known = truth.read(Path(wanted["names"]), start, count + 200)
        return Job(wanted["port"], known[:count], known[count:], 50)

    jobs = iter([job(0) for _ in range(wanted["runs"] + 1)])
    return _profiled(wanted, "cold", lambda: ours.tasks(next(jobs)))


def warm(wanted: dict[str, Any]) -> dict[str, Any]:
    """Profile what is remembered."""
    known = truth.read(Path(wanted["names"]), 0, _WARM_DOMAINS)
    resolver = StubResolver([f"127.0.0.1:{wanted['port']}"])
    with DomainVerifier(resolver) as verifier:
        for _ in range(3):
            for name in known:
                verifier.verify(name.address)

        def run() -> None:
            verify = verifier.verify
            for _ in range(wanted["repeats"]):
                # Strings whose hash nobody knows yet.
                for name in known:
                    verify("user@" + name.domain)

        return _profiled(wanted, "warm", run)


def _profiled(
    wanted: dict[str, Any], name: str, run: Callable[[], object]
) -> dict[str, Any]:
    samples = Samples()
    with samples.taken():
        for _ in range(wanted["runs"]):
            run()
    sampler.save(samples, TITLES[name], Path(wanted["output"]) / f"{name}-flame.svg")
    tracer = cProfile.Profile()
    tracer.runcall(run)
    return {
        "own": _most(samples.own()),
        "below": dict(samples.below()),
        "total": samples.seen.total(),
        "traced": _traced(pstats.Stats(tracer)),
    }


def _most(counted: Counter[str]) -> list[tuple[str, int]]:
    return counted.most_common(_SHOWN)


def _traced(stats: pstats.Stats) -> list[tuple[str, int, float, float]]:
    # Of the standard library, but typeshed does not know this attribute.
    found: dict[Any, Any] = stats.stats  # type: ignore[attr-defined]
    rows = [
        (_where(path, line, name), calls, own, below)
        for (path, line, name), (_, calls, own, below, _) in found.items()
    ]
    return sorted(rows, key=lambda row: row[2], reverse=True)[:_SHOWN]


def _where(path: str, line: int, name: str) -> str:
    return name if path == "~" else f"{Path(path).stem}:{line} {name}"


def _show(found: dict[str, Any]) -> list[str]:
    total = found["total"] or 1
    own = (
        [
            f"`{name}`",
            f"{100 * count / total:.1f}",
            f"{100 * found['below'][name] / total:.1f}",
        ]
        for name, count in found["own"]
    )
    spent = sum(row[2] for row in found["traced"]) or 1
    traced = (
        [
            f"`{name}`",
            f"{calls:,}",
            f"{100 * seconds / spent:.1f}",
            number(1e9 * seconds / calls),
        ]
        for name, calls, seconds, _ in found["traced"]
    )
    return [
        f"By samples, {total:,} of them: percent in the function itself, and with",
        "all that it calls.",
        "",
        *table(("function", "itself", "with what it calls"), own),
        "By `cProfile`, which makes small functions look expensive: percent of",
        f"those {_SHOWN} functions.",
        "",
        *table(("function", "calls", "itself", "ns a call"), traced),
    ]
