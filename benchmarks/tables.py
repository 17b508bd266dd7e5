"""
Tables in Markdown.

Owns      how numbers and tables are written.
Knows not what they are about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .paired import Figure


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Write a table; all columns but the first stand to the right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return [_row(header), _row(rule), *map(_row, rows), ""]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def number(value: float) -> str:
    """Write a number with about three digits that mean something."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2  # noqa: PLR2004
    return f"{value:,.{digits}f}"


def spread(of: Figure) -> str:
    """Write how far a figure moved."""
    return f"{number(of.least)} - {number(of.most)}"


def times(of: Figure) -> str:
    """Write a ratio with its spread."""
    return f"{number(of.middle)} ({spread(of)})"
