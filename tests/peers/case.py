"""
A sender, and what became of it: values that go into a namespace and come out again.

Owns      their spelling in JSON.
Knows not SMTP and servers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Case:
    """
    One sender.

    Attributes:
        id: Its name.
        sender: Octets, as they stand between ``<`` and ``>``.
        smtputf8: Say SMTPUTF8 if the server offers it.
    """

    id: str
    sender: bytes
    smtputf8: bool = False

    def to_json(self) -> dict[str, Any]:
        """Write it as `from_json` reads it."""
        return {
            "id": self.id,
            "raw_hex": self.sender.hex(),
            "smtputf8": self.smtputf8,
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Read it: the sender is in ``raw_hex``, or in ``sender`` if that is enough."""
        if "raw_hex" in fields:
            sender = bytes.fromhex(fields["raw_hex"])
        else:
            sender = fields["sender"].encode()
        return cls(fields["id"], sender, fields.get("smtputf8", False))


@dataclass(frozen=True)
class Answer:
    """
    What a server said to one sender.

    Attributes:
        stage: ``mail`` or ``rcpt``, whichever was refused; ``-`` if none was.
        code: Of the reply that refused; of the one to MAIL if none did.
        lines: Its text, line by line, without the code. What is not UTF-8 is in
            surrogates, as `os.fsdecode` has it.
        seconds: Until that reply.
    """

    stage: str
    code: int
    lines: tuple[str, ...]
    seconds: float = field(default=0.0, compare=False)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Read what `dataclasses.asdict` has made."""
        return cls(**{**fields, "lines": tuple(fields["lines"])})
