"""
What an operator can say about outages and overload.

Owns      the limits, and the name of the canary.
Knows not what becomes of them: see `_guard`.
"""

from __future__ import annotations

from typing import TypeAlias

from ._address import Mailbox, parse_domain
from ._dns import DomainName
from ._value import value

Guarding: TypeAlias = "tuple[Safeguards, DomainName | None]"
"""Safeguards, and the canary that they come to."""

ROOT_SERVER = DomainName("a.root-servers.net")
"""
The canary of resolvers that ask the DNS of the Internet.

Every recursive resolver knows the addresses of the root name servers, or knows nothing.
"""


@value
class Safeguards:
    """
    What a verifier does when its resolver is in trouble, or somebody's name servers.

    Whatever it does is temporary: `FailureReason.OUTAGE` or `FailureReason.OVERLOAD`,
    of which nothing is remembered.

    Attributes:
        failures: So many lookups in a row have to fail until the resolver counts as
            out of order: new domains are not looked up then, but for one a second; 0
            for never.
        canary: A domain that certainly exists and has an MX or an A record. It is asked
            before anybody is refused when the DNS denies one name after the other, and
            before it is tried again after an outage. None for that of the resolver;
            ours have one, others may have it as their attribute ``canary``. ``""`` for
            none.
        slow: Lookups that take half a second longer than others, or two seconds in any
            case. Beyond so many, no parent domain may have more than one, and beyond
            four times as many nobody gets in; 0 for no limit.
        slow_per_parent: The same below one parent domain, which is the last two labels;
            0 for no limit. Lists are exempt.

    Raises:
        ValueError: If a number is negative, or the canary is not a domain name.
    """

    failures: int = 20
    canary: str | None = None
    slow: int = 256
    slow_per_parent: int = 16

    def __post_init__(self) -> None:
        """Refuse what cannot be counted, or asked."""
        for name in ("failures", "slow", "slow_per_parent"):
            number: object = getattr(self, name)
            if not isinstance(number, int) or number < 0:
                msg = f"{name} must be a whole number, 0 for none: {number!r}"
                raise ValueError(msg)
        if self.canary:
            object.__setattr__(self, "canary", _name(self.canary))

    def around(self, resolver: object) -> Guarding:
        """Find out which name *resolver* is to be asked; None for none."""
        name: object = self.canary
        if name is None:
            name = getattr(resolver, "canary", None)
        # A mock has any attribute.
        return self, (_name(name) if isinstance(name, str) and name else None)


def _name(domain: object) -> DomainName:
    parsed = parse_domain(domain) if isinstance(domain, str) else None
    if not isinstance(parsed, Mailbox):
        msg = f"canary must be a domain name, or '' for none: {domain!r}"
        raise ValueError(msg)  # noqa: TRY004 - all bad configuration is ValueError
    return parsed.domain


DEFAULT_SAFEGUARDS = Safeguards()

UNGUARDED: Guarding = Safeguards(0, "", 0, 0), None
