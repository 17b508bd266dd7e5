"""
The short way: a plain sender whose domain was seen twice.

Owns      speed. The text after the last ``@`` is a key of the cache as it stands,
          which proves that it is canonical and was found valid.
Knows not everything else: it says None, and the long way leads to the same verdict.

These are closures and not methods, and say twice what they have in common: on a way
as short as this, an attribute or a call more is a tenth of all that is done.
"""

from __future__ import annotations

import logging

from collections.abc import Callable
from typing import TypeAlias

from ._address import ATOMS, MAX_PATH
from ._cache import Clock
from ._policy import Policy
from ._remembered import Remembered
from ._report import LOG, log
from ._verdict import Verdict

ShortWay: TypeAlias = Callable[[str | bytes], Verdict | None]
"""From what a client sent to a verdict, if that can be had at once."""

Hits: TypeAlias = Callable[[], int]
"""How often it could."""


def short_ways(
    hot: dict[str, Remembered], clock: Clock, policy: Policy
) -> tuple[ShortWay, ShortWay, Hits]:
    """
    Make the short ways for reverse-paths and for bare domains, and count their hits.

    Args:
        hot: Domains seen twice, of a cache.
        clock: By which they expire.
        policy: Chooses the replies.
    """
    warm, of_paths = _of_path(hot, clock, policy)
    warm_domain, of_domains = _of_domain(hot, clock, policy)
    return warm, warm_domain, lambda: of_paths() + of_domains()


def _of_path(
    hot: dict[str, Remembered], clock: Clock, policy: Policy
) -> tuple[ShortWay, Hits]:
    is_logged, info, longest = LOG.isEnabledFor, logging.INFO, MAX_PATH
    known_of, is_plain = hot.get, ATOMS
    hits = 0

    def warm(reverse_path: str | bytes) -> Verdict | None:
        """Judge a reverse-path whose local part is plainly well formed."""
        nonlocal hits
        if type(reverse_path) is not str or len(reverse_path) > longest:
            return None
        local_part, _, domain = reverse_path.rpartition("@")
        known = known_of(domain)
        if (
            known is None
            or known.expires <= (now := clock())
            or not (
                (local_part.isalnum() and local_part.isascii()) or is_plain(local_part)
            )
        ):
            return None
        hits += 1
        verdict = Verdict()
        verdict.sender = reverse_path
        verdict._known = known
        verdict._policy = policy
        verdict._time = now
        if is_logged(info):
            log(verdict)
        return verdict

    return warm, lambda: hits


def _of_domain(
    hot: dict[str, Remembered], clock: Clock, policy: Policy
) -> tuple[ShortWay, Hits]:
    is_logged, info = LOG.isEnabledFor, logging.INFO
    known_of = hot.get
    hits = 0

    def warm_domain(domain: str | bytes) -> Verdict | None:
        """Judge a bare domain; a key that is too long is none of those."""
        nonlocal hits
        if type(domain) is not str:
            return None
        known = known_of(domain)
        if known is None or known.expires <= (now := clock()):
            return None
        hits += 1
        verdict = Verdict()
        verdict.sender = domain
        verdict._known = known
        verdict._policy = policy
        verdict._time = now
        if is_logged(info):
            log(verdict)
        return verdict

    return warm_domain, lambda: hits
