"""
What extended DNS errors say about an answer (RFC 8914).

Owns      which of them explain a missing answer.
Knows not messages.
"""

from __future__ import annotations

from collections.abc import Iterable

from ._dns import FailureReason

# RFC 8914, section 4.
_BOGUS = range(6, 13)
_DOUBTS = {
    # Somebody's filter says so, not the owner of the name.
    FailureReason.FILTERED: frozenset({4, *range(15, 19)}),
    FailureReason.BOGUS: frozenset(_BOGUS),
    # Stale: nobody knows whether it is so now.
    FailureReason.SERVFAIL: frozenset({3, 19}),
}
_MOST_SHOWN = 4


def is_bogus(errors: Iterable[int] | None) -> bool:
    """Whether validation has failed, by one of the info-codes *errors*."""
    return any(error in _BOGUS for error in errors or ())


def doubt_of(errors: list[int] | None) -> FailureReason | None:
    """Say why absence is not proven, if one of the info-codes *errors* does."""
    for reason, codes in _DOUBTS.items():
        if any(error in codes for error in errors or ()):
            return reason
    return None


def ede_shown(errors: list[int] | None) -> str:
    """Show the first of the info-codes *errors*."""
    return f"EDE {', '.join(map(str, (errors or [])[:_MOST_SHOWN]))}"
