"""
Resolvers that answer from a `Zone`.

Owns      the way from a question to the zone and back, and the list of questions.
Knows not what the zone says, and what the answer means: `_wire` reads it, as it does
          what comes from a socket.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from .._dns import Answer, Failure, FailureReason, Question
from .._wire import decode, query, question_section
from ._zone import Zone, ZoneDict

_SILENCE = Failure(FailureReason.TIMEOUT, "silence")


class _FromZone:
    """What both resolvers have in common."""

    def __init__(self, zone: Zone | str | ZoneDict = "") -> None:
        self.zone = zone if isinstance(zone, Zone) else Zone(zone)
        self.questions: list[Question] = []

    def __repr__(self) -> str:
        """Show the zone, and how many questions there were."""
        asked = len(self.questions)
        return f"<{type(self).__name__}: {self.zone!r}, {asked} questions>"

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a master file; see `Zone.from_file`."""
        return cls(Zone.from_file(path))

    def fault(self, name: str, kind: str, *, qtype: str = "ANY") -> None:
        """Let questions for *name* fail; see `Zone.fault`."""
        self.zone.fault(name, kind, qtype=qtype)

    def _answer(self, question: Question) -> Answer:
        self.questions.append(question)
        message = self.zone.respond(b"\0\0" + query(question_section(question)))
        return _SILENCE if message is None else decode(message, question)


class ZoneResolver(_FromZone):
    """
    Answers from a zone.

    Args:
        zone: A `Zone`, or what one is made of.

    Attributes:
        zone: The zone.
        questions: The questions that were asked, in order.

    Raises:
        ValueError: If the zone cannot be read.
    """

    def resolve(self, question: Question, deadline: float, /) -> Answer:  # noqa: ARG002
        """See `Resolver.resolve`."""
        return self._answer(question)


class AsyncZoneResolver(_FromZone):
    """`ZoneResolver` for asyncio: the same, with ``await``."""

    async def resolve(
        self,
        question: Question,
        deadline: float,  # noqa: ARG002
        /,
    ) -> Answer:
        """See `AsyncResolver.resolve`."""
        return self._answer(question)
