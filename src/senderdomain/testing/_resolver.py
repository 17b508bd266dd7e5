"""
Resolvers that answer from a `Zone`.

Owns      what a client makes of the steps of a fault, without a socket and without
          waiting; the list of questions.
Knows not what the zone says, and what the answer means: `_wire` reads it, as it does
          what comes from a socket.
"""

from __future__ import annotations

import time

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from .._ask import ForThreads
from .._dns import Answer, Failure, FailureReason, Question
from .._wire import TRUNCATED, answers, decode, query, question_section
from ._exchange import Fault, Hangup, Pause
from ._zone import Types, Zone, ZoneDict

_SILENCE = Failure(FailureReason.TIMEOUT, "silence")
_TORN_DOWN = Failure(FailureReason.TRUNCATED, "TCP is closed")
_MALFORMED = FailureReason.MALFORMED
_ID = b"\x2a\x2a"
_LENGTH_SIZE = 2


class _Client:
    """One question, and the seconds that are left for it."""

    def __init__(self, zone: Zone, question: Question, seconds: float) -> None:
        self._zone = zone
        self._question = question
        self._section = question_section(question)
        self._seconds = seconds

    def answer(self) -> Answer:
        """Listen to datagrams, and go on listening where one is no answer."""
        failure = _SILENCE
        for message in self._heard(over_tcp=False):
            if message is None or not self._is_answer(message):
                continue
            answer = decode(message, self._question)
            if answer is TRUNCATED:
                return self._answer_over_tcp()
            if type(answer) is not Failure or answer.reason is not _MALFORMED:
                return answer
            failure = answer
        return failure

    def _heard(self, *, over_tcp: bool) -> Iterator[bytes | None]:
        """Yield what is sent before the time is over; None where it is hung up."""
        wire = query(_ID, self._section, edns=True)
        for step in self._zone.play(wire, over_tcp=over_tcp)[1]:
            if isinstance(step, Pause):
                self._seconds -= step.seconds
                if self._seconds <= 0:
                    return
            elif isinstance(step, Hangup):
                yield None
            elif isinstance(step, bytes):
                yield step

    def _answer_over_tcp(self) -> Answer:
        stream = b""
        for octets in self._heard(over_tcp=True):
            if octets is None:
                return _TORN_DOWN
            stream += octets
            size = int.from_bytes(stream[:_LENGTH_SIZE], "big") + _LENGTH_SIZE
            if len(stream) >= max(size, _LENGTH_SIZE):
                return self._read(stream[_LENGTH_SIZE:size])
        return _SILENCE

    def _read(self, message: bytes) -> Answer:
        if self._is_answer(message):
            return decode(message, self._question)
        return Failure(_MALFORMED, "not an answer")

    def _is_answer(self, message: bytes) -> bool:
        return message[:2] == _ID and answers(message, self._section)


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

    def put(self, name: str, types: Types) -> None:
        """Give a name other records; see `Zone.put`."""
        self.zone.put(name, types)

    def fault(self, name: str, kind: str | Fault, *, qtype: str = "ANY") -> None:
        """Let questions for *name* fail; see `Zone.fault`."""
        self.zone.fault(name, kind, qtype=qtype)

    def heal(self, name: str, *, qtype: str = "ANY") -> None:
        """Take back a fault; see `Zone.heal`."""
        self.zone.heal(name, qtype=qtype)

    def _answer(self, question: Question, deadline: float) -> Answer:
        self.questions.append(question)
        self.zone.questions.append(question)
        return _Client(self.zone, question, deadline - time.monotonic()).answer()


class ZoneResolver(_FromZone, ForThreads):
    """
    Answers from a zone, at once.

    A fault that takes time takes none here: what would come after the deadline is a
    timeout, what would come before it is there.

    Args:
        zone: A `Zone`, or what one is made of.

    Attributes:
        zone: The zone.
        questions: The questions that were asked, in order.

    Raises:
        ValueError: If the zone cannot be read.
    """

    def resolve(self, question: Question, deadline: float, /) -> Answer:
        """See `Resolver.resolve`."""
        return self._answer(question, deadline)


class AsyncZoneResolver(_FromZone):
    """`ZoneResolver` for asyncio: the same, with ``await``."""

    async def resolve(self, question: Question, deadline: float, /) -> Answer:
        """See `AsyncResolver.resolve`."""
        return self._answer(question, deadline)
