"""
What a cold verdict is made of: from the bare loop to the whole, part by part.

Owns      the table of parts.
Knows not what the parts are: see `contenders.ladder`.
"""

from __future__ import annotations

from typing import Any

from .. import contenders, paired
from ..lab import Lab
from ..tables import number, spread, table
from . import race

_HEADER = ("", "CPU us", "least - most", "more", "least - most", "x bare loop")


def measure(lab: Lab) -> Any:  # noqa: ANN401 - what can be written as JSON
    """Run all rungs with client and server on a core each."""
    return race.on_a_core_each(lab, contenders.LADDER)


def show(data: Any) -> list[str]:  # noqa: ANN401
    """Write the table: each rung, and by how much it costs more than the one before."""
    rows = data["rows"]
    if not rows:
        return [f"Left out: {data['why']}.", ""]
    lines = []
    before: dict[int, float] = {}
    bare = paired.of(rows, contenders.LADDER[0].label, "cpu")
    for rung in contenders.LADDER:
        cpu = paired.of(rows, rung.label, "cpu")
        more, over = paired.difference(cpu, before), paired.ratio(cpu, bare)
        whole = paired.figure(list(cpu.values()))
        lines.append(
            [
                rung.label,
                number(whole.middle),
                spread(whole),
                number(more.middle) if more else "",
                spread(more) if more else "",
                number(over.middle) if over else "",
            ]
        )
        before = cpu
    wrong = sum(row["wrong"] for row in rows if row["contender"] != contenders.DNSPERF)
    return [
        *table(_HEADER, lines),
        "CPU, user and system of the client, for one verdict with 50 under way, client",
        "and server on a core each. The rungs below the whole are written for this",
        "table in as few calls as can be (`benchmarks/contenders/ladder.py`).",
        f"{wrong:.0f} verdicts were wrong.",
        "",
    ]
