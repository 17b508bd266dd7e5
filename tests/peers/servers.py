"""
The servers, by the names that their recordings have.

Owns      which root each of them needs.
Knows not how they are configured.
"""

from __future__ import annotations

from pathlib import Path

from . import exim, postfix, sendmail

ROOTS = {
    **dict.fromkeys(postfix.FLAVOURS, "postfix"),
    **dict.fromkeys(sendmail.FLAVOURS, "sendmail"),
    **dict.fromkeys(exim.FLAVOURS, "exim"),
}
"""Server -> the root that it is in."""

_PREPARE = {
    "postfix": postfix.prepare,
    "sendmail": sendmail.prepare,
    "exim": exim.prepare,
}


def prepare(root: Path, server: str) -> list[str]:
    """Configure *server* in *root*; tell what to run there."""
    return _PREPARE[ROOTS[server]](root, server)
