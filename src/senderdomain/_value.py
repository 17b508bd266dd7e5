"""
Value classes through one decorator.

Owns      what "a value" means here: slotted, comparable, hashable, shown in short,
          and read-only for the type checker.
Knows not what the values mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")

_MAX_REPR = 400  # characters: it ends up in logs and assertions


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """
    Make *cls* an immutable value class.

    Immutability is held by the type checker and not at run time: a frozen
    dataclass costs two to four times as much to build, and values are built on
    every lookup.
    """
    made = dataclass(slots=True, unsafe_hash=True)(cls)
    whole = made.__repr__

    def in_short(self: T) -> str:
        """Show the fields, as `short` does."""
        return short(whole(self))

    made.__repr__ = in_short  # type: ignore[method-assign, assignment]
    return made


def short(text: str) -> str:
    """Make a repr ASCII, and cut it where it gets long."""
    text = text.encode("ascii", "backslashreplace").decode("ascii")
    return text if len(text) <= _MAX_REPR else f"{text[: _MAX_REPR - 4]}...)"
