"""
Cold verdicts: every contender looks up names that it has not seen before.

Owns      the three races: as it comes, pinned to cores, with a long way.
Knows not how a contender works, nor how a round is run.
"""

from __future__ import annotations

import os

from collections.abc import Sequence
from typing import Any

from .. import contenders, paired, rounds
from ..contenders import DNSPERF, Contender
from ..delay import delayed as delay
from ..lab import Lab
from ..tables import number, spread, table

# For pinning: one core for the client, one for the server.
_CORES = 2

# One of each library, for a smoke run.
_SMOKE = (
    "ours sync verify",
    "ours sync verify_many",
    contenders.OURS,
    "email-validator",
    "email-validator caching",
    "dnspython sync",
    "dnspython async, 50",
    "checkdmarc",
    "aiodns, 50",
    "pycares epoll, 50",
    "pycares thread, 50",
    contenders.BARE,
    contenders.BARE_POLL,
)
_SMOKE_DELAYED = ("ours async, 500", "pycares epoll, 500")

# With 20 ms for each, warming up takes its time.
_WARMING = 50


def _chosen(
    lab: Lab, from_all: Sequence[Contender], smoke: Sequence[str]
) -> list[Contender]:
    return [each for each in from_all if not lab.smoke or each.label in smoke]


def cold(lab: Lab) -> Any:  # noqa: ANN401 - what can be written as JSON
    """Let the kernel choose the cores."""
    place = rounds.Place(lab.knot, lab.knot.port)
    taking_part = _chosen(lab, contenders.COLD, _SMOKE)
    return {"rows": rounds.interleaved(place, taking_part, lab.rounds, lab.names)}


def pinned(lab: Lab) -> Any:  # noqa: ANN401
    """Take some of them, on a core each."""
    smoke = (contenders.OURS, contenders.BARE)
    return on_a_core_each(lab, _chosen(lab, contenders.PINNED, smoke))


def on_a_core_each(lab: Lab, taking_part: Sequence[Contender]) -> Any:  # noqa: ANN401
    """Give the client the first core and the server the second."""
    if (os.cpu_count() or 1) < _CORES:
        return {"rows": [], "why": "this machine has one core"}
    place = rounds.Place(lab.knot, lab.knot.port, core=0)
    lab.knot.pin(1)
    try:
        return {"rows": rounds.interleaved(place, taking_part, lab.rounds, lab.names)}
    finally:
        lab.knot.pin(None)


def delayed(lab: Lab) -> Any:  # noqa: ANN401
    """Put 20 ms between question and answer."""
    taking_part = _chosen(lab, contenders.DELAYED, _SMOKE_DELAYED)
    with delay(lab.directory, lab.knot.port) as proxy:
        place = rounds.Place(
            lab.knot, proxy.port, outstanding=4000, warming=lab.some(_WARMING, 10)
        )
        asked = lab.knot.questions()
        rows = rounds.interleaved(place, taking_part, lab.rounds, lab.names)
        cost = 1e6 * proxy.cpu() / (lab.knot.questions() - asked)
    return {"rows": rows, "language": proxy.language, "proxy us": cost}


def summary(rows: paired.Rows) -> dict[str, dict[str, paired.Figure]]:
    """Make one figure of all rounds, by contender and field."""
    labels = dict.fromkeys(row["contender"] for row in sorted(rows, key=_at))
    fields = ("rate", "cpu", "questions", "wrong", "rss")
    return {
        label: {
            field: paired.figure(list(paired.of(rows, label, field).values()))
            for field in fields
        }
        for label in labels
    }


def _at(row: Any) -> int:  # noqa: ANN401 - a row from JSON
    return _ORDER.get(row["contender"], len(_ORDER))


_LABELS = [each.label for each in [*contenders.COLD, *contenders.DELAYED]]
_ORDER = {label: at for at, label in enumerate(dict.fromkeys(_LABELS))}

_HEADER = (
    "contender",
    "verdicts/s",
    "least - most",
    "CPU us",
    "least - most",
    "questions",
    "wrong",
    "MiB",
)


def show(data: Any) -> list[str]:  # noqa: ANN401
    """Write the table of one race."""
    if not data["rows"]:
        return [f"Left out: {data['why']}.", ""]
    wrong = {
        label: sum(paired.of(data["rows"], label, "wrong").values())
        for label in summary(data["rows"])
    }
    lines = (
        [
            label,
            number(figures["rate"].middle),
            spread(figures["rate"]),
            number(figures["cpu"].middle),
            spread(figures["cpu"]),
            f"{figures['questions'].middle:.2f}",
            f"{wrong[label]:.0f}",
            number(figures["rss"].middle / (1 << 20)),
        ]
        for label, figures in summary(data["rows"]).items()
    )
    return [
        *table(_HEADER, lines),
        "CPU, user and system of the client, and questions are for one verdict.",
        f"`{DNSPERF}` only asks: its verdicts are answers, its wrong ones lost.",
        "",
    ]


def show_delayed(data: Any) -> list[str]:  # noqa: ANN401
    """Write the table, and what the proxy could have done."""
    ceiling = paired.of(data["rows"], DNSPERF, "rate")
    most = number(paired.figure(list(ceiling.values())).middle)
    return [
        *show(data),
        f"The proxy is written in {data['language']} and takes",
        f"{data['proxy us']:.1f} us CPU for a question. With 4,000 under way dnsperf",
        f"got {most} answers a second through it, on the cores that all share.",
        "",
    ]
