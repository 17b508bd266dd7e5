"""
What a sender is, and whether that decides already.

Owns      who reads: the rules of RFC 5321 or the profile of a server; the operator's
          exemptions.
Knows not caches, lookups, verdicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ._address import (
    Mailbox,
    Malformed,
    Sender,
    as_text,
    parse_domain,
    parse_reverse_path,
    settled,
)
from ._domain import AddressRules
from ._finding import Finding, Outcome, SyntaxFault
from ._header import mailbox_in_header
from ._policy import Policy, TablePolicy

if TYPE_CHECKING:
    from ._profile import Profile

Parsed: TypeAlias = tuple[str, Sender | Finding]
"""A sender as it was given, made text, and what it turned out to be."""


class Reader:
    """
    Reads senders.

    Args:
        policy: Says who is exempt.
        rules: Which names are acceptable.
        profile: Reads reverse-paths in its own way.

    Attributes:
        exempts: Whether anybody is exempt.
    """

    def __init__(
        self, policy: Policy, rules: AddressRules, profile: Profile | None
    ) -> None:
        """See the class."""
        self._rules = rules
        self._profile = profile
        self._table = policy if isinstance(policy, TablePolicy) else None
        self.exempts = self._table is not None and bool(self._table.exempt)

    def parse(self, reverse_path: str | bytes, smtputf8: bool) -> Parsed:  # noqa: FBT001
        """Parse a reverse-path."""
        sender: Sender | Finding
        if self._profile is not None:
            sender = self._profile.read(reverse_path, smtputf8=smtputf8)
        else:
            sender = parse_reverse_path(
                reverse_path, smtputf8=smtputf8, rules=self._rules
            )
        return as_text(reverse_path), sender

    def parse_domain(self, domain: str | bytes) -> Parsed:
        """Parse a bare domain."""
        return as_text(domain), parse_domain(domain, rules=self._rules)

    def parse_header(self, field: str | bytes) -> Parsed:
        """Parse the body of a ``From:`` field; the sender is its mailbox."""
        mailbox = mailbox_in_header(field)
        if mailbox is None:
            return as_text(field), Malformed(SyntaxFault.HEADER)
        return self.parse(mailbox, smtputf8=True)  # RFC 6532: no parameter needed

    def settled(self, sender: Sender | Finding) -> Finding | None:
        """Decide what the operator or syntax decide; None for what is looked up."""
        if self.exempts and isinstance(sender, Mailbox):
            assert self._table is not None  # who else would exempt anybody?
            if self._table.exempts(sender.domain):
                return Finding(sender.domain, Outcome.EXEMPT)
        if isinstance(sender, Finding):
            return sender
        if self._profile is not None and isinstance(sender, Mailbox):
            return None
        return settled(sender, self._rules)
