"""
What was aimed at, and how far it was reached.

Owns      the goals, each a ratio or a size, and the judgement of a run.
Knows not how figures are taken. No test and no exit status depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from . import contenders, measures
from .paired import Figure
from .sections import start, warm
from .tables import number, spread, table

Limits: TypeAlias = tuple[float, float | None]
_Measured: TypeAlias = Callable[[Any], Figure | None]


@dataclass(frozen=True, slots=True)
class Goal:
    """
    One thing to reach.

    Attributes:
        section: Whose figures it is about.
        what: In words.
        want: Whether more is better, or less.
        limits: The figure to reach, and a better one if there is one.
        measured: Finds the figure in the data of the section; None if it is not
            there.
        digits: Behind the point.
    """

    section: str
    what: str
    want: Literal[">=", "<="]
    limits: Limits
    measured: _Measured
    digits: int = 2

    def judge(self, figure: Figure) -> str:
        """Say what *figure* means."""
        goal, stretch = self.limits
        if stretch is not None and self._reaches(figure.middle, stretch):
            return "stretch met"
        return "met" if self._reaches(figure.middle, goal) else "**not met**"

    def _reaches(self, value: float, limit: float) -> bool:
        rounded = round(value, self.digits)
        return rounded >= limit if self.want == ">=" else rounded <= limit


_OURS = contenders.OURS
_VALIDATOR = "email-validator"
_CARES = "pycares"
_AT_LEAST: Literal[">="] = ">="
_AT_MOST: Literal["<="] = "<="

# What it is, whether more or less is wanted, the limits in each section, the figure.
_RACES: list[tuple[str, Literal[">=", "<="], dict[str, Limits], _Measured]] = [
    (
        "CPU of email-validator over ours, 50 in flight",
        _AT_LEAST,
        {"cold": (30, 40), "pinned": (20, 30)},
        measures.cpu(_VALIDATOR, _OURS),
    ),
    (
        "verdicts/s over the best of email-validator",
        _AT_LEAST,
        {"cold": (30, None), "pinned": (15, None)},
        measures.best_rate(_OURS, _VALIDATOR),
    ),
    (
        "CPU of the best of pycares over ours",
        _AT_LEAST,
        {"cold": (2, 2.5), "pinned": (2, 2.5)},
        measures.best_cpu(_CARES, _OURS),
    ),
    (
        "verdicts/s over the best of pycares",
        _AT_LEAST,
        {"cold": (1.7, 2), "pinned": (1.7, 2)},
        measures.best_rate(_OURS, _CARES),
    ),
    (
        "CPU over the bare asyncio loop",
        _AT_MOST,
        {"cold": (2.2, 1.8), "pinned": (2.2, 1.8)},
        measures.cpu(_OURS, contenders.BARE),
    ),
    (
        "share of the questions/s of dnsperf",
        _AT_LEAST,
        {"cold": (0.25, 0.33), "pinned": (0.25, 0.33)},
        measures.share_of_ceiling,
    ),
    (
        "CPU of `verify_many` over async, no worse but for 5 % of noise",
        _AT_MOST,
        {"cold": (1.05, None), "pinned": (1.05, None)},
        measures.cpu("ours sync verify_many", _OURS),
    ),
    (
        "CPU of dnspython over ours, one at a time",
        _AT_LEAST,
        {"cold": (5, None), "pinned": (5, None)},
        measures.cpu("dnspython sync", "ours sync verify"),
    ),
    (
        "questions for a verdict",
        _AT_MOST,
        {"cold": (1.19, None)},
        measures.questions,
    ),
    (
        "verdicts/s with 2,000 in flight over the best of pycares",
        _AT_LEAST,
        {"delayed": (3, 4)},
        measures.best_rate("ours async, 2000", _CARES),
    ),
]

_WARM = [
    Goal(
        "warm",
        "`verify_domain` over `dict[key]`",
        _AT_MOST,
        (8, 6),
        measures.over_dict(warm.VERIFY_DOMAIN),
        1,
    ),
    Goal(
        "warm",
        "`verify` over `dict[key]`",
        _AT_MOST,
        (12, 10),
        measures.over_dict(warm.VERIFY),
        1,
    ),
    Goal(
        "warm",
        "`await verify` over `dict[key]`",
        _AT_MOST,
        (15, 12),
        measures.over_dict(warm.AWAIT_VERIFY),
        1,
    ),
    Goal(
        "warm",
        "email-validator's caching resolver over `verify`",
        _AT_LEAST,
        (120, 150),
        measures.validator_over_verify,
        0,
    ),
]

_OTHERS = [
    Goal(
        "cache",
        "octets for a domain, of 1,000,000",
        _AT_MOST,
        (300, 180),
        measures.octets,
        0,
    ),
    Goal(
        "cache",
        "ms CPU of the worst operation as 100,000 expire",
        _AT_MOST,
        (5, 1),
        measures.worst,
    ),
    Goal(
        "start",
        "ms CPU of the import, over bare Python",
        _AT_MOST,
        (15, None),
        start.imported,
        1,
    ),
    Goal(
        "start",
        "ms CPU with the first verdict",
        _AT_MOST,
        (60, None),
        start.first_verdict,
        1,
    ),
    Goal(
        "herd",
        "lookups for a herd of one domain",
        _AT_MOST,
        (1, None),
        measures.herd,
        0,
    ),
    Goal(
        "command",
        "addresses/s of `check -i`, warm, 100,000 domains",
        _AT_LEAST,
        (100_000, None),
        measures.warm_list(max),
        0,
    ),
    Goal(
        "command",
        "addresses/s of `check -i`, warm, 10,000 domains",
        _AT_LEAST,
        (100_000, None),
        measures.warm_list(min),
        0,
    ),
]

GOALS = [
    *[
        Goal(section, f"{what}, {section}", want, limits, measured)
        for what, want, sections, measured in _RACES
        for section, limits in sections.items()
    ],
    *_WARM,
    *_OTHERS,
]


def show(data: Mapping[str, Any]) -> list[str]:
    """Write the table of all goals whose section has been measured."""
    rows = []
    for goal in GOALS:
        figure = _figure(goal, data)
        if figure is not None:
            least, best = goal.limits
            rows.append(
                [
                    goal.what,
                    f"{goal.want} {least:,}",
                    "" if best is None else f"{best:,}",
                    number(figure.middle),
                    spread(figure),
                    goal.judge(figure),
                ]
            )
    header = ("what", "goal", "stretch", "measured", "least - most", "")
    return table(header, rows)


def _figure(goal: Goal, data: Mapping[str, Any]) -> Figure | None:
    if not data.get(goal.section):
        return None
    return goal.measured(data[goal.section])
