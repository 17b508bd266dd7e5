"""
What a verifier is given to go by.

Owns      what of it is refused, and what kind of policy it is.
Knows not what a verifier does with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._domain import AddressRules
from ._policy import Policy

if TYPE_CHECKING:
    from ._profile import Profile

# Seconds. A client waits for 300 (RFC 5321, section 4.5.3.2.2), and the rest of the
# server takes its time too.
MAX_DEADLINE = 150


def profile_of(policy: Policy) -> Profile | None:
    """Tell if *policy* reads and asks in its own way."""
    # Whoever has one has loaded its module; all others need not.
    if not hasattr(policy, "plan"):
        return None
    from ._profile import Profile  # noqa: PLC0415

    return policy if isinstance(policy, Profile) else None


def check(policy: object, cache: object, rules: object, deadline: object) -> None:
    """
    Refuse what no verifier can go by.

    Raises:
        ValueError: If one of them cannot be used; it says which to take.
    """
    if not callable(policy) or isinstance(policy, type):
        msg = f"not a policy: {policy!r}; take one of senderdomain.presets"
        raise ValueError(msg)  # noqa: TRY004 - all bad configuration is ValueError
    if cache is not None and not all(hasattr(cache, name) for name in ("get", "put")):
        msg = f"not a cache: {cache!r}; take a FindingCache"
        raise ValueError(msg)
    if not isinstance(rules, AddressRules):
        msg = f"not AddressRules: {rules!r}"
        raise ValueError(msg)  # noqa: TRY004 - all bad configuration is ValueError
    if not isinstance(deadline, int | float) or not 0 < deadline <= MAX_DEADLINE:
        msg = f"deadline must be above 0 and at most {MAX_DEADLINE} s: {deadline!r}"
        raise ValueError(msg)
