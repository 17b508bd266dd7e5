"""
Which host is asked, and how deep it looks: the options behind ``--preset``.

Owns      the options that make a policy, a depth and a receiver.
Knows not addresses, resolvers, how a verdict is shown.
"""

from __future__ import annotations

import argparse

from typing import Any

from .._ask import Resolver
from .._cache import FindingCache
from .._domain import AddressRules
from .._policy import TablePolicy
from .._profile import Profile, Receiver
from .._reply import Stage
from .._targets import Depth, TargetRules
from .._verifier import DEADLINE, DomainVerifier
from ..presets import PRESETS
from ._status import Mistake

ALL = "all"
"""The name of no preset: a table of all of them."""

# Domains that are remembered for a list; some 50 million octets if there are as many.
_DOMAINS = 1 << 18

_DEPTHS = {depth.name.lower(): depth for depth in Depth}
_STAGES = {stage.value: stage for stage in Stage}


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    choice = f"one of {', '.join(PRESETS)}, or {ALL}; default by default"
    add("--preset", default="default", metavar="NAME", help=choice)
    add("--enhanced", action="store_true", help="send enhanced status codes")
    add("--smtputf8", action="store_true", help="the client gave SMTPUTF8")
    add("--underscore", action="store_true", help="allow _ in domains")
    deadline = f"for a whole verdict; {DEADLINE:g} by default"
    add("--deadline", type=float, default=DEADLINE, metavar="SECONDS", help=deadline)
    _add_targets(parser)
    _add_receiver(parser)


def _add_targets(parser: argparse.ArgumentParser) -> None:
    group: Any = parser.add_argument_group(
        "mail exchangers", "For default, classic and rfc; servers know for themselves."
    )
    add = group.add_argument
    depth = f"one of {', '.join(_DEPTHS)}"
    add("--depth", type=str.lower, choices=_DEPTHS, metavar="DEPTH", help=depth)
    rule = "a domain, a network or an address; may be repeated"
    add("--deny", action="append", default=[], metavar="RULE", help=rule)
    add("--allow", action="append", default=[], metavar="RULE", help="the same")
    add("--any-bad", action="store_true", help="one bad exchanger condemns all")


def _add_receiver(parser: argparse.ArgumentParser) -> None:
    group: Any = parser.add_argument_group("the receiving host")
    add = group.add_argument
    add("--local-host", metavar="NAME", default="localhost", help="its own name")
    domain = "one that it takes mail for; may be repeated"
    add("--local-domain", action="append", default=[], metavar="DOMAIN", help=domain)
    address = "one of its own addresses; may be repeated"
    add("--local-address", action="append", default=[], metavar="IP", help=address)
    stage = "where the sender is checked: mail or rcpt"
    add("--stage", choices=_STAGES, default="mail", metavar="STAGE", help=stage)
    rcpt = "the argument of RCPT, which some servers name there"
    add("--rcpt", metavar="ADDRESS", default="<postmaster>", help=rcpt)


def policies(arguments: argparse.Namespace) -> dict[str, TablePolicy]:
    """Make the policies that were asked for, by their names."""
    name = arguments.preset
    _receiver(arguments)  # whoever needs it, it must be one
    if name == ALL:
        return {each: _fitted(PRESETS[each], arguments) for each in PRESETS}
    if name not in PRESETS:
        msg = f"no preset {name!r}; there are {', '.join(PRESETS)}, and {ALL}"
        raise Mistake(msg)
    policy = PRESETS[name]
    asked = arguments.depth, *arguments.deny, *arguments.allow, arguments.any_bad
    if isinstance(policy, Profile) and any(asked):
        msg = f"--depth, --deny, --allow, --any-bad: {name} knows for itself"
        raise Mistake(msg)
    return {name: _fitted(policy, arguments)}


def _fitted(policy: TablePolicy, arguments: argparse.Namespace) -> TablePolicy:
    if isinstance(policy, Profile):
        policy = policy.received_by(_receiver(arguments))
    else:
        policy = policy.exempting(arguments.local_domain)
        if _STAGES[arguments.stage] is Stage.RCPT:
            policy = policy.at_rcpt()
    return policy.with_enhanced_codes() if arguments.enhanced else policy


def _receiver(arguments: argparse.Namespace) -> Receiver:
    rcpt = arguments.rcpt
    try:
        return Receiver(
            host=arguments.local_host,
            local_domains=frozenset(arguments.local_domain),
            addresses=frozenset(arguments.local_address or Receiver().addresses),
            stage=_STAGES[arguments.stage],
            recipient=rcpt if rcpt.startswith("<") else f"<{rcpt}>",
        )
    except ValueError as error:
        raise Mistake(error) from None


def _own(arguments: argparse.Namespace) -> list[str]:
    return [*arguments.local_address, arguments.local_host]


def verifier(
    arguments: argparse.Namespace, resolver: Resolver, policy: TablePolicy
) -> DomainVerifier:
    """Make a verifier that goes by *policy*."""
    depth, targets = Depth.EXISTS, TargetRules()
    try:
        if not isinstance(policy, Profile):
            depth = _DEPTHS[arguments.depth or "exists"]
            targets = TargetRules(
                deny=frozenset(arguments.deny),
                allow=frozenset(arguments.allow),
                own=frozenset(_own(arguments) if depth.is_deep else ()),
                any_bad=arguments.any_bad,
            )
        return DomainVerifier(
            resolver,
            policy=policy,
            cache=FindingCache(_DOMAINS),
            rules=AddressRules(underscore=arguments.underscore),
            deadline=arguments.deadline,
            depth=depth,
            targets=targets,
        )
    except ValueError as error:
        raise Mistake(error) from None
