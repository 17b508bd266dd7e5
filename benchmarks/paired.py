"""
Medians, spreads and ratios.

Owns      how figures of several rounds become one.
Knows not what they measure.

Absolute figures belong to one machine and one hour. A ratio is taken within a round,
between runs that were neighbours, and then the median of the rounds is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Figure:
    """
    A figure and how far it moved.

    Attributes:
        middle: The median.
        least: The least of all rounds.
        most: The most of all rounds.
    """

    middle: float
    least: float
    most: float


def figure(values: Sequence[float]) -> Figure:
    """Make one figure of those of all rounds."""
    return Figure(median(values), min(values), max(values))


def of(rows: Rows, contender: str, field: str) -> dict[int, float]:
    """Find one field of one contender, by round."""
    return {row["round"]: row[field] for row in rows if row["contender"] == contender}


def best(
    rows: Rows, prefix: str, field: str, choose: Callable[[list[float]], float]
) -> dict[int, float]:
    """Find the best figure of a family of contenders, by round."""
    found: dict[int, list[float]] = {}
    for row in rows:
        if row["contender"].startswith(prefix):
            found.setdefault(row["round"], []).append(row[field])
    return {number: choose(values) for number, values in found.items()}


def ratio(over: Mapping[int, float], under: Mapping[int, float]) -> Figure | None:
    """Divide round by round; None if they have no round in common."""
    both = [over[number] / under[number] for number in over if under.get(number)]
    return figure(both) if both else None


def difference(whole: Mapping[int, float], part: Mapping[int, float]) -> Figure | None:
    """Subtract round by round; None if they have no round in common."""
    both = [whole[number] - part[number] for number in whole if number in part]
    return figure(both) if both else None
