"""
What is measured, one module each.

Owns      the list of sections, in the order in which they run.
Knows not how a section measures. Each has ``measure(lab)``, which gives what can be
          written as JSON, and ``show(data)``, which makes lines of Markdown of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..lab import Lab
from . import cache, command, floor, growth, herd, race, start, warm


@dataclass(frozen=True, slots=True)
class Section:
    """
    One part of the report.

    Attributes:
        title: Its heading.
        measure: Takes the figures.
        show: Writes them down.
    """

    title: str
    measure: Callable[[Lab], Any]
    show: Callable[[Any], list[str]]


SECTIONS = {
    "cold": Section("Cold, not pinned", race.cold, race.show),
    "pinned": Section("Cold, client and server on a core each", race.pinned, race.show),
    "floor": Section("What a cold verdict is made of", floor.measure, floor.show),
    "delayed": Section(
        "Cold, with a round trip of 20 ms", race.delayed, race.show_delayed
    ),
    "warm": Section("Warm", warm.measure, warm.show),
    "cache": Section("The cache", cache.measure, cache.show),
    "start": Section("Start", start.measure, start.show),
    "herd": Section("A herd", herd.measure, herd.show),
    "command": Section("The command line, and lists", command.measure, command.show),
    "growth": Section("How cost grows", growth.measure, growth.show),
}
