"""
Findings, remembered for as long as the DNS allows.

Owns      how long a finding is believed (RFC 2308, 8767, 9520), what is kept of
          it, and which names one NXDOMAIN answers for (RFC 8020).
Knows not policies, senders, how a finding is made.

    put -> store: cachetools.LRUCache, behind one lock
             |  second hit
             v
           hot: a dict that is read without a lock

A flood of names that are seen once cannot push out what is in use: it never gets
into *hot*, and what is there is remembered whether the store still has it or not.
Time is monotonic, and comes from outside.
"""

from __future__ import annotations

import threading
import time

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, TypeAlias

from ._dns import DomainName
from ._domain import SPECIAL_USE
from ._finding import Finding, Outcome
from ._flight import Flights
from ._fork import after_fork
from ._remembered import (
    MAX_NEGATIVE_TTL,
    MAX_STALE,
    MAX_TTL,
    OURS,
    POSITIVE,
    Remembered,
    after_failure,
)

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
        maxsize: Domains remembered at the most, and half as many again that are in
            use; each costs some 200 octets.
        max_ttl: Seconds that an existing domain is believed at the most.
        max_negative_ttl: Seconds for a missing one.
        max_stale: Seconds for which an existing domain that cannot be asked
            again stays accepted after its time; 0 for never.
        clock: For tests.

    Raises:
        ValueError: If a number is out of range.
    """

    def __init__(
        self,
        maxsize: int = 65_536,
        *,
        max_ttl: int = MAX_TTL,
        max_negative_ttl: int = MAX_NEGATIVE_TTL,
        max_stale: int = MAX_STALE,
        clock: Clock = time.monotonic,
    ) -> None:
        """See the class."""
        if maxsize < 1:
            msg = f"maxsize must be at least 1: {maxsize}; a size of 1 hardly caches"
            raise ValueError(msg)
        if min(max_ttl, max_negative_ttl, max_stale) < 0:
            msg = "max_ttl, max_negative_ttl and max_stale are seconds, 0 or more"
            raise ValueError(msg)
        self.clock = clock
        self.flights = Flights()  # who shares the memory shares the lookups
        self.hot: dict[str, Remembered] = {}
        self._kind: tuple[object, ...] = ()
        self._parents = True
        self._most_hot = max(1, maxsize // 2)
        # RFC 2308, section 5: absence is not believed for longer than presence.
        self._limits = (max_ttl, min(max_negative_ttl, max_ttl), max_stale)
        import cachetools  # noqa: PLC0415 - so that importing us stays cheap

        self._store: cachetools.LRUCache[str, Remembered]
        self._store = cachetools.LRUCache(maxsize)
        self._lock = threading.Lock()
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
        Make a new lock, for a forked child.

        What is remembered stays, unless a thread of the parent was just at it.
        """
        if self._lock.locked():
            self._store = type(self._store)(self._store.maxsize)
            self.hot.clear()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many domains are in the store, expired ones included."""
        return len(self._store)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._store.clear()
            self.hot.clear()

    def get(self, domain: DomainName, /) -> Finding | None:
        """See `Cache.get`."""
        now = self.clock()
        with self._lock:
            known = self._known(domain)
            if known is not None and known.expires > now:
                self._promote(domain, known)
                return known.finding(domain, now)
            if self._parents and domain.count(".") > 1:
                known = self._missing_parent(domain, now)
                return None if known is None else known.finding(domain, now)
        return None

    def _known(self, domain: DomainName) -> Remembered | None:
        # The store does not see the use of what is hot, and may have dropped it.
        known = self._store.get(domain)
        return self.hot.get(domain) if known is None else known

    def _promote(self, domain: DomainName, known: Remembered) -> None:
        # A hit in *hot* must prove that every verifier which shares this cache
        # would look the name up, whatever its rules for names are.
        if "_" in domain or domain.rpartition(".")[2] in SPECIAL_USE:
            return
        if len(self.hot) >= self._most_hot and domain not in self.hot:
            self.hot.clear()
        self.hot[domain] = known

    def _missing_parent(self, domain: str, now: float) -> Remembered | None:
        # RFC 8020, section 2: there is nothing below a name that does not exist.
        # Behind an alias it was another name that did not.
        _, _, parent = domain.partition(".")
        while "." in parent:
            known = self._store.get(parent)
            if (
                known is not None
                and known.outcome is Outcome.NXDOMAIN
                and known.expires > now
                and not known.aliased
            ):
                return known
            _, _, parent = parent.partition(".")
        return None

    def put(self, finding: Finding, /) -> Finding:
        """
        See `Cache.put`.

        A failure comes back as it is, or as the stale finding that is to be used
        instead of it: stale may only accept.
        """
        with self._lock:
            if finding.outcome is Outcome.TEMPFAIL:
                return self._put_failure(finding, self.clock())
            return self._put_success(self._limited(finding), self.clock())

    def _put_success(self, finding: Finding, now: float) -> Finding:
        if finding.ttl == 0:  # RFC 1035, section 3.2.1: for this use only
            self._store.pop(finding.domain, None)
            self.hot.pop(finding.domain, None)
            return finding
        expires = int(now) + finding.ttl
        self._remember(
            finding.domain,
            self._shared(
                expires,
                finding.outcome,
                finding.reason,
                finding.aliased,
                detail=finding.detail,
            ),
        )
        return finding

    def _remember(self, domain: DomainName, known: Remembered) -> None:
        self._store[domain] = known
        self.hot.pop(domain, None)

    def _put_failure(self, finding: Finding, now: float) -> Finding:
        domain = finding.domain
        before = self._known(domain)
        if before is not None and before.expires > now and not before.failures:
            return before.finding(domain, now)  # another lookup has succeeded
        known = after_failure(finding, before, now, self._limits[2])
        if known.outcome is Outcome.TEMPFAIL:
            if finding.reason not in OURS:
                self._remember(domain, known)
            return finding
        # Whoever's trouble it is, it is not asked again at once (RFC 8767, s5).
        self._remember(domain, known)
        return Finding(domain, known.outcome, None, 0, finding.evidence, stale=True)

    def _limited(self, finding: Finding) -> Finding:
        positive, negative, _ = self._limits
        limit = positive if finding.outcome in POSITIVE else negative
        if finding.ttl <= limit:
            return finding
        return Finding(
            finding.domain,
            finding.outcome,
            finding.reason,
            limit,
            finding.evidence,
            aliased=finding.aliased,
            detail=finding.detail,
        )
