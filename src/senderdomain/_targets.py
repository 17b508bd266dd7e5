"""
How deep a lookup goes, and which targets of mail it takes for usable.

Owns      the depths, and the operator's rules for mail exchangers.
Knows not what is asked, and when: see `_lookup`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from ._dns import (
    Answer,
    Failure,
    FailureReason,
    NoData,
    NxDomain,
    Records,
    is_host,
)
from ._domain import AddressRules, domain_name
from ._finding import SyntaxFault, TargetFault
from ._value import value

if TYPE_CHECKING:
    from ._networks import Network

# RFC 5321 does not say how many MX to try; rspamd looks at three. Two questions for
# each, and the MX: seven for one verdict, whatever a stranger's zone has in it.
MAX_HOSTS = 3

ABSENT = frozenset({TargetFault.NONEXISTENT, TargetFault.NO_ADDRESS})
"""What one address family cannot decide alone."""

_ANY_NAME = AddressRules(underscore=True)


class Depth(Enum):
    """How much of RFC 5321, section 5.1, must hold for a domain to be accepted."""

    EXISTS = "it has an MX that names a host, or an address"
    EXCHANGES = "and one of these hosts has an address"
    ROUTABLE = "and one of these addresses is globally reachable"

    __hash__ = object.__hash__

    @property
    def is_deep(self) -> bool:
        """Whether mail exchangers are looked up."""
        return self is not Depth.EXISTS


@value
class TargetRules:
    """
    Which mail exchangers are usable, from `Depth.EXCHANGES` on.

    A rule is a domain, for it and every name below it, or a network or an address,
    in the notation of `ipaddress`.

    Attributes:
        deny: Not usable.
        allow: Usable, wherever its address is; comes before *deny*.
        own: The receiving host itself, by its names and addresses.
        own_usable: Whether a domain may have its mail sent to the receiving host.
        any_bad: One unusable target condemns the domain, as do the access lists of
            Postfix and Sendmail; otherwise one usable target saves it.
        max_hosts: Exchanges looked up, the most preferred first. A verdict takes at
            most one question more than twice as many.

    Raises:
        ValueError: If a rule is neither, or *max_hosts* below 1.
    """

    deny: frozenset[str] = frozenset()
    allow: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    own_usable: bool = True
    any_bad: bool = False
    max_hosts: int = MAX_HOSTS

    def __post_init__(self) -> None:
        """Refuse what could never match."""
        hosts: object = self.max_hosts
        if type(hosts) is not int or hosts < 1:
            msg = f"max_hosts must be a number of at least 1: {hosts!r}"
            raise ValueError(msg)
        flags: tuple[object, ...] = self.any_bad, self.own_usable
        if not all(isinstance(flag, bool) for flag in flags):
            msg = f"any_bad and own_usable are True or False: {flags!r}"
            raise ValueError(msg)
        for name in ("deny", "allow", "own"):
            given: object = getattr(self, name)
            if isinstance(given, str) or not isinstance(given, Iterable):
                msg = f"{name} must be a set of names and networks: {{{given!r}}}"
                raise ValueError(msg)  # noqa: TRY004 - as all bad configuration
            object.__setattr__(self, name, frozenset(given))
            _Rules(getattr(self, name))


class _Rules:
    """Names and networks, ready to be compared."""

    def __init__(self, rules: Iterable[str]) -> None:
        from ipaddress import ip_network  # noqa: PLC0415 - only deep lookups need it

        self.names: set[str] = set()
        networks: list[Network] = []
        for rule in rules:
            given: object = rule
            if not isinstance(given, str):
                msg = f"neither a domain nor a network: {rule!r}"
                raise ValueError(msg)  # noqa: TRY004 - as all bad configuration
            try:
                networks.append(ip_network(rule, strict=False))
            except ValueError:
                name = domain_name(rule, _ANY_NAME)
                if isinstance(name, SyntaxFault):
                    msg = f"neither a domain nor a network: {rule!r}"
                    raise ValueError(msg) from None  # noqa: TRY004 - as above
                self.names.add(name)
        self.networks = tuple(networks)

    def has_name(self, name: str) -> bool:
        """Whether *name* or one above it is among them."""
        while name:
            if name in self.names:
                return True
            _, _, name = name.partition(".")
        return False

    def has_address(self, address: str) -> bool:
        """Whether *address* is in one of the networks."""
        from ._networks import is_within  # noqa: PLC0415 - only deep lookups need it

        return bool(self.networks) and is_within(address, self.networks)


DEFAULT_TARGETS = TargetRules()


class Judge:
    """
    Decides about targets.

    Args:
        depth: How much is asked of them.
        rules: What the operator says.
    """

    def __init__(self, depth: Depth, rules: TargetRules) -> None:
        """Make the rules ready."""
        self.kind = depth, rules
        self._depth = depth
        self.rules = rules
        self._deny = _Rules(rules.deny)
        self._allow = _Rules(rules.allow)
        self._own = _Rules(rules.own)

    @classmethod
    def at(cls, depth: Depth, rules: TargetRules) -> Judge | None:
        """
        Make one if there is anything to judge at *depth*.

        Raises:
            ValueError: If *rules* are given that could not have any effect.
        """
        given: tuple[object, object] = depth, rules
        if not isinstance(given[0], Depth) or not isinstance(given[1], TargetRules):
            msg = f"not a Depth and TargetRules: {depth!r}, {rules!r}"
            raise ValueError(msg)  # noqa: TRY004 - all bad configuration is ValueError
        if depth.is_deep:
            return cls(depth, rules)
        if rules != DEFAULT_TARGETS:
            msg = "nobody looks at targets at Depth.EXISTS; take Depth.EXCHANGES"
            raise ValueError(msg)
        return None

    def of_name(self, exchange: str) -> TargetFault | bool | None:
        """
        Decide about an exchange by its name.

        Returns:
            What is wrong with it; True if it is usable as it is; None if its
            addresses have to tell.
        """
        if not exchange:
            return TargetFault.NULL
        if not is_host(exchange):
            return TargetFault.NOT_A_HOST
        if exchange.replace(".", "").isdigit():
            return TargetFault.ADDRESS  # RFC 1035, section 3.3.9: a domain name
        return self._by_rule(exchange)

    def _by_rule(self, name: str) -> TargetFault | bool | None:
        if self._allow.has_name(name):
            return True
        if self._own.has_name(name):
            return self._of_own() or True
        return TargetFault.DENIED if self._deny.has_name(name) else None

    def _of_own(self) -> TargetFault | None:
        return None if self.rules.own_usable else TargetFault.OWN_HOST

    def of_answer(
        self, name: str, answer: Answer
    ) -> TargetFault | FailureReason | None:
        """
        Decide about a target by what its name has in one address family.

        Args:
            name: The target, which may be an alias of another host.
            answer: To the question for its addresses.

        Returns:
            What is wrong with it, or why nobody knows; None if it is usable.
        """
        match answer:
            case Records():
                rules = map(self._by_rule, (name, *answer.aliases))
                ruled = next((rule for rule in rules if rule is not None), None)
                if ruled is not None:
                    return ruled if isinstance(ruled, TargetFault) else None
                found = [self._of_address(str(each)) for each in answer.rrset]
                faults = [fault for fault in found if fault is not None]
                bad = bool(faults) if self.rules.any_bad else len(faults) == len(found)
                return faults[0] if bad else None
            case NoData(doubt=doubt):
                return doubt or TargetFault.NO_ADDRESS
            case NxDomain():
                return TargetFault.NONEXISTENT
            case Failure(reason):
                return reason
            case _ as never:
                assert_never(never)

    def _of_address(self, address: str) -> TargetFault | None:
        if self._allow.has_address(address):
            return None
        if self._own.has_address(address):
            return self._of_own()
        if self._deny.has_address(address):
            return TargetFault.DENIED
        if self._depth is Depth.ROUTABLE:
            from ._networks import is_reachable  # noqa: PLC0415 - see above

            if not is_reachable(address):
                return TargetFault.SPECIAL_ADDRESS
        return None
