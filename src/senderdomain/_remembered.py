"""
What is kept of a finding, and what becomes of it when the domain cannot be asked.

Owns      the limits of memory in time (RFC 2308, 8767, 9520).
Knows not where it is kept.
"""

from __future__ import annotations

from ._dns import DomainName, FailureReason
from ._finding import Finding, Outcome, Reason
from ._value import value

# Seconds. Freshness is cheap here; RFC 8767, section 4, would allow seven days.
MAX_TTL = 3600

# Seconds. RFC 2308, section 5, allows hours; the recursive resolver remembers too,
# and a second long memory only keeps out domains that were registered just now.
MAX_NEGATIVE_TTL = 300

# Seconds. RFC 9520, section 3.2: a failure MUST be remembered for 1 s or longer and
# MUST NOT be for more than 300 s; it should be asked again ever less often.
FIRST_BACK_OFF = 5
LAST_BACK_OFF = 60

# Seconds for which an expired finding in the sender's favour can still be used when
# the domain cannot be asked (RFC 8767, section 5), and until it is asked again.
MAX_STALE = 24 * 3600
STALE_BACK_OFF = 30

# Shares: what came in together must not be asked again together. A failure is still
# remembered for longer than 1 s with the greatest.
JITTER = 0.1
MAX_JITTER = 0.5

POSITIVE = frozenset({Outcome.MX, Outcome.IMPLICIT_MX})

# Trouble of ours, which says nothing about the domain.
OURS = frozenset(
    {
        FailureReason.OUTAGE,
        FailureReason.OVERLOAD,
        FailureReason.RESOLVER_BUG,
        FailureReason.RESOLVER_DOWN,
    }
)

# Seconds after which a failure is no longer one in a row (RFC 9520, section 3.2).
FORGIVEN_AFTER = 300


@value
class Remembered:
    """
    What is kept of a finding; shared by all domains with the same fate.

    Attributes:
        expires: Seconds on the cache's clock.
        outcome: As found.
        reason: As found.
        aliased: As found.
        failures: How many lookups in a row have failed.
        fresh_until: When the outcome stopped being fresh, for a stale one.
        detail: As found.
    """

    expires: float
    outcome: Outcome
    reason: Reason | None = None
    aliased: bool = False
    failures: int = 0
    fresh_until: float = 0
    detail: str = ""

    def finding(self, domain: DomainName, now: float) -> Finding:
        """Make a finding of it again, without the evidence."""
        ttl = max(0, int(self.expires - now))
        return Finding(
            domain,
            self.outcome,
            self.reason,
            0 if self.failures else ttl,
            cached=True,
            stale=self.fresh_until > 0,
            aliased=self.aliased,
            detail=self.detail,
        )


def after_failure(
    finding: Finding,
    before: Remembered | None,
    now: float,
    max_stale: int,
    jitter: float = 1.0,
) -> Remembered:
    """
    Decide what to believe after a lookup that came to nothing.

    Args:
        finding: `Outcome.TEMPFAIL`.
        before: What was known, stale by now.
        now: Seconds on the cache's clock.
        max_stale: Seconds; see `MAX_STALE`.
        jitter: What the back-off is multiplied by.
    """
    failures, fresh_until, outcome = 0, 0.0, finding.outcome
    if before is not None:
        if now < before.expires + FORGIVEN_AFTER:
            failures = before.failures
        if before.outcome in POSITIVE:
            fresh_until = before.fresh_until or before.expires
    back_off = jitter * min(FIRST_BACK_OFF << min(failures, 10), LAST_BACK_OFF)
    expires = now + back_off
    if before is not None and fresh_until and now < fresh_until + max_stale:
        outcome = before.outcome
        expires = min(now + max(back_off, STALE_BACK_OFF), fresh_until + max_stale)
    else:
        fresh_until = 0
    reason = finding.reason if outcome is Outcome.TEMPFAIL else None
    return Remembered(
        expires,
        outcome,
        reason,
        failures=failures + 1,
        fresh_until=fresh_until,
        detail=finding.detail if reason else "",
    )
