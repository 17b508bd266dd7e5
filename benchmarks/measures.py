"""
How each goal's figure is found among the data of a section.

Owns      ratios between contenders, paired within a round.
Knows not goals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import paired
from .contenders import DNSPERF, OURS
from .paired import Figure, Rows
from .sections import cache, warm


def cpu(over: str, under: str) -> Callable[[Any], Figure | None]:
    """CPU of one contender over that of another."""

    def measured(data: Any) -> Figure | None:  # noqa: ANN401
        rows: Rows = data["rows"]
        return paired.ratio(paired.of(rows, over, "cpu"), paired.of(rows, under, "cpu"))

    return measured


def best_cpu(family: str, ours: str) -> Callable[[Any], Figure | None]:
    """CPU of the best of a family over that of ours."""

    def measured(data: Any) -> Figure | None:  # noqa: ANN401
        rows: Rows = data["rows"]
        best = paired.best(rows, family, "cpu", min)
        return paired.ratio(best, paired.of(rows, ours, "cpu"))

    return measured


def best_rate(ours: str, family: str) -> Callable[[Any], Figure | None]:
    """Verdicts a second of ours over the best of a family."""

    def measured(data: Any) -> Figure | None:  # noqa: ANN401
        rows: Rows = data["rows"]
        best = paired.best(rows, family, "rate", max)
        return paired.ratio(paired.of(rows, ours, "rate"), best)

    return measured


def share_of_ceiling(data: Any) -> Figure | None:  # noqa: ANN401
    """Questions a second over those of dnsperf."""
    rows: Rows = data["rows"]
    rates = paired.of(rows, OURS, "rate")
    each = paired.of(rows, OURS, "questions")
    asked = {number: rate * each[number] for number, rate in rates.items()}
    return paired.ratio(asked, paired.of(rows, DNSPERF, "rate"))


def questions(data: Any) -> Figure | None:  # noqa: ANN401
    """Questions for a verdict."""
    asked = paired.of(data["rows"], OURS, "questions")
    return paired.figure(list(asked.values())) if asked else None


def over_dict(label: str) -> Callable[[Any], Figure]:
    """Time of a warm call over that of a look-up in a dictionary."""
    return lambda data: warm.over(data, label, warm.DICT)


def validator_over_verify(data: Any) -> Figure:  # noqa: ANN401
    """Time of email-validator's warm call over that of ours."""
    return warm.over(data, warm.EMAIL_VALIDATOR, warm.VERIFY)


def octets(data: Any) -> Figure:  # noqa: ANN401
    """Octets for a domain in the fullest cache."""
    return paired.figure([data["octets"][cache.OURS]])


def worst(data: Any) -> Figure:  # noqa: ANN401
    """Milliseconds of processor time of the worst operation."""
    return paired.figure([each["worst CPU ms"] for each in data["moments"]])


def herd(data: Any) -> Figure:  # noqa: ANN401
    """Questions for a herd: the most of all herds counts."""
    asked = [each["questions"] for each in data]
    return Figure(max(asked), min(asked), max(asked))


def warm_list(of: Callable[[list[int]], int]) -> Callable[[Any], Figure]:
    """Addresses a second of the command, warm, for the list with *of* its domains."""

    def measured(data: Any) -> Figure:  # noqa: ANN401
        chosen = of([each["domains"] for each in data["command"]])
        return paired.figure(
            [each["warm rate"] for each in data["command"] if each["domains"] == chosen]
        )

    return measured
