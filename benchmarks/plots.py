"""
Pictures of the figures.

Owns      bars for the races, curves for growth, and a style for light and dark pages.
Knows not how figures are taken.

The same figures make the same files: no date, no random identifiers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import paired
from .sections.race import summary

# Grey that can be read on white and on black, and two colours likewise.
_INK = "#808080"
_OURS = "#d9822b"
_THEIRS = "#5b8db8"

_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "senderdomain",
    "svg.fonttype": "none",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": _INK,
    "grid.alpha": 0.25,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def draw(data: Mapping[str, Any], directory: Path) -> dict[str, str]:
    """Draw what there is; gives the name of the file for each section."""
    import matplotlib as mpl  # noqa: PLC0415 - it takes a second to load

    mpl.use("svg")
    drawn = {}
    with mpl.rc_context(_STYLE):
        for name in ("cold", "pinned", "delayed"):
            if data.get(name, {}).get("rows"):
                drawn[name] = _race(data[name]["rows"], directory / f"{name}.svg")
        if "growth" in data:
            drawn["growth"] = _growth(data["growth"], directory / "growth.svg")
    return drawn


def _save(figure: Any, path: Path) -> str:  # noqa: ANN401 - of matplotlib
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    # Markdown linters and diffs do not like blanks at the ends of lines.
    text = path.read_text()
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n")
    return path.name


def _race(rows: paired.Rows, path: Path) -> str:
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    found = summary(rows)
    labels = list(found)[::-1]
    figure, axes = plt.subplots(
        1, 2, sharey=True, figsize=(9, 0.9 + 0.24 * len(labels))
    )
    for axis, (field, title) in zip(
        axes, (("rate", "verdicts/s"), ("cpu", "CPU us a verdict")), strict=True
    ):
        figures = [found[label][field] for label in labels]
        colours = [_OURS if label.startswith("ours") else _THEIRS for label in labels]
        middles = [each.middle for each in figures]
        spread = [
            [each.middle - each.least for each in figures],
            [each.most - each.middle for each in figures],
        ]
        axis.barh(labels, middles, color=colours, xerr=spread, ecolor=_INK)
        axis.set_xscale("log")
        axis.set_xlabel(f"{title}, logarithmic")
        axis.grid(axis="x")
    name = _save(figure, path)
    plt.close(figure)
    return name


def _growth(data: Mapping[str, Any], path: Path) -> str:
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    curves: Sequence[tuple[str, str, str, str, float]] = (
        ("cache", "domains", "warm ns", "warm verify, ns", 1),
        ("in flight", "in flight", "cpu", "cold verdict, CPU us", 1),
        ("list", "list", "cpu", "verdict of a list, CPU us", 1),
        ("cache", "domains", "octets", "octets a domain", 1),
        ("in flight", "in flight", "grown", "MiB on top", 1 << 20),
        ("list", "list", "grown", "MiB on top", 1 << 20),
    )
    figure, axes = plt.subplots(2, 3, figsize=(9, 5.4))
    for axis, (part, along, field, title, unit) in zip(axes.flat, curves, strict=True):
        sizes = [each[along] for each in data[part]]
        values = [each[field] / unit for each in data[part]]
        axis.plot(sizes, values, marker="o", color=_OURS)
        axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.set_xlabel(
            {"cache": "domains in the cache", "list": "addresses"}.get(
                part, "lookups under way"
            )
        )
        axis.set_ylabel(title)
        axis.grid()
    figure.tight_layout()
    name = _save(figure, path)
    plt.close(figure)
    return name
