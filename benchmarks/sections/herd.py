"""
Many callers ask for the same cold domain at the same moment.

Owns      how many of them there are, and who counts the questions: the server.
Knows not how they come to share one lookup.
"""

from __future__ import annotations

import asyncio
import threading
import time

from typing import Any

from senderdomain import AsyncDomainVerifier, DomainVerifier
from senderdomain.resolvers import AsyncStubResolver, StubResolver

from .. import truth
from ..delay import delayed
from ..inside import call
from ..lab import Lab
from ..tables import number, table

# (label, function, how many)
_HERDS = (
    ("tasks", "tasks", 1_000),
    ("tasks", "tasks", 10_000),
    ("threads", "threads", 1_000),
)


def measure(lab: Lab) -> Any:  # noqa: ANN401 - what can be written as JSON
    """Send each herd to names of its own, with a round trip of 20 ms."""
    found = []
    known = truth.read(lab.knot.names, 0, 1000)
    wanted = iter([name for name in known if name.outcome == "MX"])
    with delayed(lab.directory, lab.knot.port) as proxy:
        for number_of_round in range(lab.rounds):
            for label, function, many in _HERDS:
                herd = {
                    "port": proxy.port,
                    "address": next(wanted).address,
                    "many": lab.some(many, many // 10),
                }
                before = lab.knot.questions()
                result = call("sections.herd", function, herd)
                result |= {"label": label, "many": herd["many"]}
                result["round"] = number_of_round
                result["questions"] = lab.knot.questions() - before
                found.append(result)
    return found


def tasks(herd: dict[str, Any]) -> dict[str, Any]:
    """Be a herd of tasks."""

    async def main() -> dict[str, Any]:
        resolver = AsyncStubResolver([f"127.0.0.1:{herd['port']}"])
        verifier = AsyncDomainVerifier(resolver)
        start = time.perf_counter()
        verdicts = await asyncio.gather(
            *[verifier.verify(herd["address"]) for _ in range(herd["many"])]
        )
        wall = time.perf_counter() - start
        resolver.close()
        return _result([verdict.outcome.name for verdict in verdicts], wall)

    return asyncio.run(main())


def threads(herd: dict[str, Any]) -> dict[str, Any]:
    """Be a herd of threads, all of which wait at one barrier."""
    said: list[str] = []
    barrier = threading.Barrier(herd["many"] + 1)
    resolver = StubResolver([f"127.0.0.1:{herd['port']}"])
    with DomainVerifier(resolver) as verifier:

        def ask() -> None:
            barrier.wait()
            said.append(verifier.verify(herd["address"]).outcome.name)

        workers = [threading.Thread(target=ask) for _ in range(herd["many"])]
        for worker in workers:
            worker.start()
        barrier.wait()
        start = time.perf_counter()
        for worker in workers:
            worker.join()
        wall = time.perf_counter() - start
    resolver.close()
    return _result(said, wall)


def _result(said: list[str], wall: float) -> dict[str, Any]:
    return {"wrong": sum(each != "MX" for each in said), "wall": wall}


def show(data: Any) -> list[str]:  # noqa: ANN401
    """Write the table."""
    herds: dict[tuple[str, int], list[Any]] = {}
    for each in data:
        herds.setdefault((each["label"], each["many"]), []).append(each)
    rows = (
        [
            f"{many:,} {label}",
            f"{max(each['questions'] for each in found)}",
            number(1e3 * min(each["wall"] for each in found)),
            number(1e3 * max(each["wall"] for each in found)),
            f"{sum(each['wrong'] for each in found)}",
        ]
        for (label, many), found in herds.items()
    )
    header = ("herd", "questions, the most", "ms, the least", "ms, the most", "wrong")
    return table(header, rows)
