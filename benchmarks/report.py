"""
The report: one page of Markdown.

Owns      the order of its parts, and the words around the tables.
Knows not how a section shows its figures.

It is included by ``docs/performance.md``, so its headings begin at the second level.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import goals, paired
from .contenders import BARE, BARE_POLL, OURS
from .sections import SECTIONS
from .tables import table, times

# Rounds below which a run is a short one.
_FULL = 5

_SHORT = "**A short run: some of the figures below rest on few rounds.**"
_SMOKE = (
    "**A smoke run: it shows that everything works, and says nothing about speed.**"
)


def write(results: Mapping[str, Any], plots: Mapping[str, str]) -> str:
    """
    Write the page.

    Args:
        results: As in ``results.json``.
        plots: By section, the file of its picture.
    """
    settings, data = results["settings"], results["sections"]
    smoke = any(each["smoke"] for each in settings.values())
    lines = ["## Figures", ""]
    if smoke:
        lines += [_SMOKE, ""]
    elif min((each["rounds"] for each in settings.values()), default=_FULL) < _FULL:
        lines += [_SHORT, ""]
    lines += [
        "Figures are medians of the rounds; ratios are taken within each round first.",
        "What is not a ratio belongs to this machine alone.",
        "",
        "### Goals",
        "",
        *goals.show(data),
        *_bare(data),
        "### Machine",
        "",
        *table(("", ""), results["machine"].items()),
    ]
    for name, section in SECTIONS.items():
        if name in data:
            lines += [f"### {section.title}", "", *section.show(data[name])]
            lines += [_taken(settings[name]), ""]
        if name in plots:
            lines += [f"![{section.title}]({plots[name]})", ""]
    return "\n".join(lines).rstrip() + "\n"


def _taken(settings: Mapping[str, Any]) -> str:
    rounds, names, code = (settings[each] for each in ("rounds", "names", "code"))
    return f"Rounds: {rounds}, with up to {names:,} names; code: `{code}`."


def _bare(data: Mapping[str, Any]) -> list[str]:
    rows = []
    for name in ("cold", "pinned"):
        measured = data.get(name, {}).get("rows", [])
        ours = paired.of(measured, OURS, "cpu")
        figures = [
            paired.ratio(ours, paired.of(measured, bare, "cpu"))
            for bare in (BARE, BARE_POLL)
        ]
        if None not in figures:
            rows.append([name, *[times(each) for each in figures if each]])
    if not rows:
        return []
    return [
        "The bare loops only send and parse. The goal is about the one that is of the",
        "same kind as ours, with tasks that wait for futures:",
        "",
        *table(("CPU of ours over", "bare asyncio", "bare poll"), rows),
    ]


def wrong_verdicts(sections: Mapping[str, Any]) -> int:
    """Count all wrong verdicts, wherever a section has noted them."""
    return _wrong(sections)


def _wrong(data: Any) -> int:  # noqa: ANN401 - what can be written as JSON
    if isinstance(data, list):
        return sum(map(_wrong, data))
    if not isinstance(data, dict):
        return 0
    # What dnsperf lost is no verdict.
    if data.get("contender") == "dnsperf":
        return 0
    own = data.get("wrong", 0)
    return int(own) + sum(map(_wrong, data.values()))
