"""
Findings, remembered for as long as the DNS allows.

Owns      how long a finding is believed (RFC 2308, 8767, 9520), what is kept of
          it, and which names one NXDOMAIN answers for (RFC 8020).
Knows not policies, senders, how a finding is made.

    put -> Segments: probation -> protected (cachetools), behind a lock
                                      |
                                      v
                                     hot: a dict that is read without a lock

A flood of names that are seen once cannot push out what is in use. Time is monotonic,
and comes from outside.
"""

from __future__ import annotations

import time

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ._dns import DomainName
from ._domain import SPECIAL_USE
from ._finding import Finding, Outcome
from ._flights import Flights
from ._fork import after_fork
from ._remembered import (
    JITTER,
    MAX_JITTER,
    MAX_NEGATIVE_TTL,
    MAX_STALE,
    MAX_TTL,
    OURS,
    POSITIVE,
    Remembered,
    after_failure,
)

if TYPE_CHECKING:
    from ._segments import Segments

# Emptying and growing a dict is done in one go, too: a few milliseconds for so many.
_MOST_HOT = 131_072

_TEMPFAIL = Outcome.TEMPFAIL  # looking it up takes longer than comparing with it

# Jitter is taken from the hash of the domain. That is always the same for a domain,
# and different in each process: nobody outside can tell, nothing has to be drawn, and
# in whole seconds, the findings of one second can still be shared.
_DICE = 0xFF

Clock: TypeAlias = Callable[[], float]
"""Seconds from any point in the past, never going back: `time.monotonic`."""


class Cache(Protocol):
    """
    Remembers findings; shared by any number of verifiers and threads.

    Must not raise, and must be safe to call from several threads at once.
    """

    def get(self, domain: DomainName, /) -> Finding | None:
        """Recall what is known of *domain*, if it is still to be believed."""
        ...

    def put(self, finding: Finding, /) -> Finding:
        """Remember *finding*; give back what is to be believed from now on."""
        ...


class FindingCache:
    """
    The cache in the process.

    Args:
        maxsize: Domains remembered at the most, once-seen ones and failures included;
            each costs some 130 octets.
        max_ttl: Seconds that an existing domain is believed at the most.
        max_negative_ttl: Seconds for a missing one.
        max_stale: Seconds for which an existing domain that cannot be asked
            again stays accepted after its time; 0 for never.
        jitter: By what share of its time an existing domain is forgotten early, at
            the most, and a failure early or late, so that what came in together does
            not go together. By default 0.1, and 0 with a clock of your own, so that
            a test knows when.
        clock: For tests.

    Raises:
        ValueError: If a number is out of range.
    """

    def __init__(  # noqa: PLR0913 - keywords, and nobody needs them all
        self,
        maxsize: int = 65_536,
        *,
        max_ttl: int = MAX_TTL,
        max_negative_ttl: int = MAX_NEGATIVE_TTL,
        max_stale: int = MAX_STALE,
        jitter: float | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        """See the class."""
        if jitter is None:
            jitter = JITTER if clock is time.monotonic else 0.0
        _check(maxsize, (max_ttl, max_negative_ttl, max_stale), jitter)
        self.clock = clock
        self.flights = Flights()  # who shares the memory shares the lookups
        self.hot: dict[str, Remembered] = {}
        self._kind: tuple[object, ...] = ()
        self._parents = True
        # RFC 2308, section 5: absence is not believed for longer than presence.
        self._limits = dict.fromkeys(Outcome, (min(max_negative_ttl, max_ttl), 0.0))
        self._limits |= dict.fromkeys(POSITIVE, (max_ttl, jitter / _DICE))
        self._max_stale = max_stale
        self._jitter = jitter / _DICE
        from ._segments import SHARE, Segments  # noqa: PLC0415 - it loads cachetools

        self._count = count = -(-maxsize // SHARE)
        sizes = [(maxsize + n) // count for n in range(count)]
        self._segments: list[Segments] = [Segments(size, self.hot) for size in sizes]
        # Less than is protected: what is hot does not show its use there.
        self._most_hot = min(max(1, maxsize // 2), _MOST_HOT)
        after_fork(self)
        # Most domains share their outcome and their second of expiry.
        self._shared = lru_cache(4096)(Remembered)

    def serve(self, kind: object, *, parents: bool = True) -> None:
        """
        Take findings of one *kind* of lookup from now on.

        Args:
            kind: What two verifiers must have in common to share findings.
            parents: Whether a missing name answers for those below it (RFC 8020).
                What other servers take for missing is not always missing.

        Raises:
            ValueError: If there have been others: one domain exists, and has no
                exchange with an address.
        """
        if self._kind != (kind,) and self._kind:
            msg = "a cache is for one depth, and for one profile; make another one"
            raise ValueError(msg)
        self._kind = (kind,)
        self._parents = parents

    def reset(self) -> None:
        """
        Make new locks, for a forked child.

        What is remembered stays, but for where a thread of the parent was just at it.
        """
        for segments in self._segments:
            if segments.lock.locked():
                segments.reset()
                self.hot.clear()

    def __len__(self) -> int:
        """How many domains are remembered, expired ones included."""
        return sum(map(len, self._segments))

    def clear(self) -> None:
        """Forget everything."""
        for segments in self._segments:
            with segments.lock:
                segments.clear()
                self.hot.clear()

    def get(self, domain: DomainName, /) -> Finding | None:
        """See `Cache.get`."""
        segments = self._segments[hash(domain) % self._count]
        if domain in segments:
            now = self.clock()
            with segments.lock:
                known = segments.get(domain)
                if known is not None and known.expires > now:
                    if segments.use(domain, known):
                        self._heat(domain, known)
                    return known.finding(domain, now)
        if self._parents and domain.count(".") > 1:
            return self._below_missing(domain)
        return None

    def _heat(self, domain: DomainName, known: Remembered) -> None:
        # A hit in *hot* must prove that every verifier which shares this cache
        # would look the name up, whatever its rules for names are.
        if "_" in domain or domain.rpartition(".")[2] in SPECIAL_USE:
            return
        if len(self.hot) >= self._most_hot and domain not in self.hot:
            self.hot.clear()
        self.hot[domain] = known

    def _below_missing(self, domain: DomainName) -> Finding | None:
        # RFC 8020, section 2: there is nothing below a name that does not exist.
        # Behind an alias it was another name that did not.
        _, _, parent = domain.partition(".")
        while "." in parent:
            segments = self._segments[hash(parent) % self._count]
            if parent in segments:
                now = self.clock()
                with segments.lock:
                    known = segments.get(parent)
                if (
                    known is not None
                    and known.outcome is Outcome.NXDOMAIN
                    and known.expires > now
                    and not known.aliased
                ):
                    return known.finding(domain, now)
            _, _, parent = parent.partition(".")
        return None

    def put(self, finding: Finding, /) -> Finding:
        """
        See `Cache.put`.

        A failure comes back as it is, or as the stale finding that is to be used
        instead of it: stale may only accept.
        """
        domain, outcome, ttl = finding.domain, finding.outcome, finding.ttl
        hashed = hash(domain)
        segments = self._segments[hashed % self._count]
        if outcome is _TEMPFAIL:
            with segments.lock:
                return self._put_failure(segments, finding, self.clock())
        limit, jitter = self._limits[outcome]
        if ttl > limit:
            ttl = limit
            finding = _limited(finding, limit)
        if ttl <= 0:  # RFC 1035, section 3.2.1: for this use only
            with segments.lock:
                segments.drop(domain)
            return finding
        if jitter:
            ttl -= int(ttl * jitter * (hashed >> 20 & _DICE))
        # A function that is kept in an attribute is faster called from a variable.
        clock, shared = self.clock, self._shared
        expires = int(clock()) + ttl
        if finding.reason is None and not finding.aliased and not finding.detail:
            known = shared(expires, outcome)
        else:
            known = self._special(expires, finding)
        with segments.lock:
            segments.keep(domain, known)
        return finding

    def _special(self, expires: int, finding: Finding) -> Remembered:
        return self._shared(
            expires,
            finding.outcome,
            finding.reason,
            finding.aliased,
            detail=finding.detail,
        )

    def _put_failure(self, segments: Segments, finding: Finding, now: float) -> Finding:
        domain = finding.domain
        before = segments.get(domain)
        if before is not None and before.expires > now and not before.failures:
            return before.finding(domain, now)  # another lookup has succeeded
        jitter = 1 + self._jitter * (2 * (hash(domain) >> 20 & _DICE) - _DICE)
        known = after_failure(finding, before, now, self._max_stale, jitter)
        stale = known.outcome is not Outcome.TEMPFAIL
        # Whoever's trouble it is, it is not asked again at once (RFC 8767, s5).
        if stale or finding.reason not in OURS:
            segments.keep(domain, known)
        if not stale:
            return finding
        return Finding(domain, known.outcome, None, 0, finding.evidence, stale=True)


def _check(maxsize: int, seconds: tuple[int, ...], jitter: float) -> None:
    if maxsize < 1:
        msg = f"maxsize must be at least 1: {maxsize}; a size of 1 hardly caches"
        raise ValueError(msg)
    if min(seconds) < 0:
        msg = "max_ttl, max_negative_ttl and max_stale are seconds, 0 or more"
        raise ValueError(msg)
    if not 0 <= jitter <= MAX_JITTER:
        msg = f"jitter is a share, from 0 to {MAX_JITTER}: {jitter}"
        raise ValueError(msg)


def _limited(finding: Finding, ttl: int) -> Finding:
    return Finding(
        finding.domain,
        finding.outcome,
        finding.reason,
        ttl,
        finding.evidence,
        aliased=finding.aliased,
        detail=finding.detail,
    )
