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
from ._notices import complain
from ._reply import Action
from ._value import value
from ._verdict import Verdict

LOG = logging.getLogger("senderdomain")


@value
class Health:
    """
    What stands between a verifier and trouble with the DNS; see `Safeguards`.

    Attributes:
        outage: New domains are deferred unasked, for the resolver is out of order.
        transitions: How often that has begun or ended.
        refused: Lookups that were spared because of it.
        storm: Denials are not believed, for the canary is not found either.
        doubted: Denials that were not believed.
        canaries: How often the canary was asked.
        crowded: Lookups that were refused because too many slow ones were under way.
    """

    outage: bool
    transitions: int
    refused: int
    storm: bool
    doubted: int
    canaries: int
    crowded: int


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
        health: Of the resolver, as far as it can be told.
    """

    lookups: int
    joined: int
    remembered: int
    outcomes: Mapping[Outcome, int] = field(hash=False)
    under_way: int
    domains: int | None
    health: Health


def log(verdict: Verdict) -> None:
    """Log *verdict*: that it was not accepted, or for debugging that it was."""
    # The domain only, which is A-labels, and never the local part.
    finding = verdict.finding
    try:
        reply = verdict.reply
    except Exception as error:  # noqa: BLE001
        # Whoever asks for the reply gets this too; whether there is a log must not
        # change what verify does.
        complain("policy failed for %s", finding.domain or "-", error=error)
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
