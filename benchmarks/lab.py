"""
What every section is given.

Owns      the settings of a run, and the server that the sections share.
Knows not sections.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .server import Knot


@dataclass(frozen=True, slots=True)
class Lab:
    """
    A place to measure in.

    Attributes:
        knot: The server.
        directory: For what a section has to write; it goes when the run ends.
        rounds: How often everything is repeated.
        names: That a fast contender is asked for in a round.
        smoke: Only see whether it works; figures do not matter.
    """

    knot: Knot
    directory: Path
    rounds: int
    names: int
    smoke: bool

    def some(self, many: int, few: int) -> int:
        """Choose *many*, or in a smoke run *few*."""
        return few if self.smoke else many
