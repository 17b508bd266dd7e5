"""
What a verifier tells about its work.

Owns      the numbers of `Stats`, and the line that a verdict leaves in the log.
Knows not how verdicts are reached.
"""

from __future__ import annotations

import logging

from collections.abc import Mapping
from dataclasses import field

from ._finding import Outcome
from ._reply import Action
from ._value import value
from ._verdict import Verdict

LOG = logging.getLogger("senderdomain")


@value
class Stats:
    """
    What a verifier has done so far.

    Attributes:
        lookups: Domains looked up in the DNS.
        joined: Senders that waited for a lookup which was already under way.
        remembered: Senders whose domain was remembered.
        outcomes: How the lookups ended.
        under_way: Lookups that have not ended yet.
        domains: Domains remembered, if the cache tells.
    """

    lookups: int
    joined: int
    remembered: int
    outcomes: Mapping[Outcome, int] = field(hash=False)
    under_way: int
    domains: int | None


def log(verdict: Verdict) -> None:
    """Log *verdict*: that it was not accepted, or for debugging that it was."""
    # The domain only, which is A-labels, and never the local part.
    finding = verdict.finding
    try:
        reply = verdict.reply
    except Exception:
        # Whoever asks for the reply gets this too; whether there is a log must not
        # change what verify does.
        LOG.exception("policy failed for %s", finding.domain or "-")
        return
    level = logging.DEBUG if reply.action is Action.ACCEPT else logging.INFO
    LOG.log(
        level,
        "sender domain %s: %s, %d",
        finding.domain or "-",
        finding.outcome.name,
        reply.code,
        extra={
            "sender_domain": finding.domain,
            "outcome": finding.outcome.name,
            "reason": finding.reason.value if finding.reason else None,
            "code": reply.code,
            "action": reply.action.value,
        },
    )
