"""
How servers without ways of their own read a sender.

Owns      RFC 5321 as such servers follow it.
Knows not which servers those are.
"""

from __future__ import annotations

from .._address import Mailbox, parse_reverse_path, settled
from .._domain import SPECIAL_USE, AddressRules
from .._finding import Finding, Outcome, SyntaxFault
from .._profile import Receiver
from .._value import value
from ._syntax import local, malformed, without_brackets

_NAMES = AddressRules(underscore=True, special_use=SPECIAL_USE)


@value
class PlainReading:
    """
    RFC 5321, read as most servers do.

    Attributes:
        skips_own: Domains of the server itself are not looked up.
        idn: U-labels are looked up as A-labels; otherwise such names do not exist.
    """

    skips_own: bool = True
    idn: bool = True

    def read(
        self, path: str, receiver: Receiver, *, smtputf8: bool
    ) -> Mailbox | Finding:
        """See `Reading.read`."""
        sender = parse_reverse_path(path, smtputf8=smtputf8, rules=_NAMES)
        if isinstance(sender, Mailbox) and sender.domain:
            if self.skips_own and sender.domain in receiver.local_domains:
                return local(sender.domain)
            labels = sender.domain.split(".")
            if not self.idn and any(label[:4] == "xn--" for label in labels):
                return Finding(sender.domain, Outcome.NXDOMAIN)
            return sender
        finding = settled(sender, _NAMES)
        return malformed(SyntaxFault.DOMAIN) if finding is None else finding

    def argument(self, path: str) -> str:
        """See `Reading.argument`."""
        return path

    def address(self, path: str) -> str:
        """See `Reading.address`."""
        return without_brackets(path)
