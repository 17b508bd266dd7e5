"""
How long a program waits before it can ask.

Owns      what is imported and run, each time by a fresh Python.
Knows not why it takes that long.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from .. import paired, truth
from ..lab import Lab
from ..processes import python
from ..tables import number, spread, table

_BARE = "bare Python"
_IMPORT = "import senderdomain"
_NAME = "from senderdomain import DomainVerifier"
_VERDICT = "and the first verdict"

_FIRST = """
from senderdomain import DomainVerifier
from senderdomain.resolvers import StubResolver
with DomainVerifier(StubResolver(["127.0.0.1:{port}"])) as verifier:
    assert verifier.verify("{address}").outcome.name == "MX"
"""

_FIRST_ASYNC = """
import asyncio
from senderdomain import AsyncDomainVerifier
from senderdomain.resolvers import AsyncStubResolver
async def main():
    resolver = AsyncStubResolver(["127.0.0.1:{port}"])
    verifier = AsyncDomainVerifier(resolver)
    assert (await verifier.verify("{address}")).outcome.name == "MX"
    resolver.close()
asyncio.run(main())
"""


def _scripts(lab: Lab) -> dict[str, str]:
    known = truth.read(lab.knot.names, 0, 100)
    address = next(name.address for name in known if name.outcome == "MX")
    return {
        _BARE: "pass",
        _IMPORT: _IMPORT,
        _NAME: _NAME,
        _VERDICT: _FIRST.format(port=lab.knot.port, address=address),
        "the same with asyncio": _FIRST_ASYNC.format(
            port=lab.knot.port, address=address
        ),
        "import asyncio": "import asyncio",
        "import dns.resolver": "import dns.resolver",
        "import email_validator": "import email_validator",
        "import pycares": "import pycares",
        "import aiodns": "import aiodns",
    }


def measure(lab: Lab) -> Any:  # noqa: ANN401 - what can be written as JSON
    """Run each script many times, one after the other."""
    cpu: dict[str, list[float]] = {}
    wall: dict[str, list[float]] = {}
    for _ in range(lab.some(41, 1)):
        for label, script in _scripts(lab).items():
            cost = python("-I", "-c", script)
            if cost.status:
                msg = f"{label!r} failed"
                raise RuntimeError(msg)
            cpu.setdefault(label, []).append(1e3 * cost.cpu)
            wall.setdefault(label, []).append(1e3 * cost.wall)
    return {"cpu": cpu, "wall": wall}


def over_bare(data: Any, label: str) -> paired.Figure:  # noqa: ANN401
    """Tell the milliseconds of processor time over those of a bare Python."""
    bare = median(data["cpu"][_BARE])
    return paired.figure([each - bare for each in data["cpu"][label]])


def imported(data: Any) -> paired.Figure:  # noqa: ANN401
    """Tell what the import costs."""
    return over_bare(data, _IMPORT)


def first_verdict(data: Any) -> paired.Figure:  # noqa: ANN401
    """Tell what import and first verdict cost."""
    return over_bare(data, _VERDICT)


def show(data: Any) -> list[str]:  # noqa: ANN401
    """Write the table."""
    rows = (
        [
            label,
            number(median(values)),
            number(over_bare(data, label).middle),
            spread(over_bare(data, label)),
            number(median(data["wall"][label])),
        ]
        for label, values in data["cpu"].items()
    )
    header = ("script", "CPU ms", "over bare Python", "least - most", "ms by the clock")
    return [
        *table(header, rows),
        f"Medians of {len(data['cpu'][_BARE])} runs.",
        "",
    ]
