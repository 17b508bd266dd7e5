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
    plain_domain,
    settled,
)
from ._dns import DomainName
from ._domain import AddressRules
from ._finding import Finding, Outcome, SyntaxFault
from ._header import mailbox_in_header
from ._policy import Policy, TablePolicy

if TYPE_CHECKING:
    from ._profile import Profile

Parsed: TypeAlias = "tuple[str, DomainName | Finding]"
"""
A sender as it was given, made text; and its domain, or what is known without the DNS.
"""


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
        self._is_plain = profile is None and not self.exempts

    def parse(self, reverse_path: str | bytes, smtputf8: bool) -> Parsed:  # noqa: FBT001
        """Parse a reverse-path."""
        if self._is_plain and type(reverse_path) is str:
            domain = plain_domain(reverse_path)
            if domain is not None:
                return reverse_path, domain
        sender: Sender | Finding
        if self._profile is not None:
            sender = self._profile.read(reverse_path, smtputf8=smtputf8)
        else:
            sender = parse_reverse_path(
                reverse_path, smtputf8=smtputf8, rules=self._rules
            )
        return as_text(reverse_path), self._settled(sender)

    def parse_domain(self, domain: str | bytes) -> Parsed:
        """Parse a bare domain."""
        sender = parse_domain(domain, rules=self._rules)
        return as_text(domain), self._settled(sender)

    def parse_header(self, field: str | bytes) -> Parsed:
        """Parse the body of a ``From:`` field; the sender is its mailbox."""
        mailbox = mailbox_in_header(field)
        if mailbox is None:
            return as_text(field), self._settled(Malformed(SyntaxFault.HEADER))
        return self.parse(mailbox, smtputf8=True)  # RFC 6532: no parameter needed

    def _settled(self, sender: Sender | Finding) -> DomainName | Finding:
        # What the operator or syntax decide; the domain of whom they do not.
        if isinstance(sender, Finding):
            return sender
        if isinstance(sender, Mailbox):
            if self._table is not None and self._table.exempts(sender.domain):
                return Finding(sender.domain, Outcome.EXEMPT)
            if self._profile is not None:
                return sender.domain
        finding = settled(sender, self._rules)
        if finding is None:
            assert isinstance(sender, Mailbox)  # all else is settled
            return sender.domain
        return finding
