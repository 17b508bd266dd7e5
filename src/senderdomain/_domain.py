"""
Domain names as they may stand behind the ``@`` of a sender.

Owns      the syntax of a domain (RFC 5321, section 4.1.2), the conversion to A-labels
          (RFC 5891, UTS 46), special-use names. The only maker of `DomainName`.
Knows not mailboxes, the DNS.
"""

from __future__ import annotations

import re

from ._dns import DomainName
from ._finding import SyntaxFault
from ._value import value

# Octets of a domain: 255 on the wire of SMTP (RFC 5321, section 4.5.3.1.2), of
# which the DNS can hold 253 without the final dot (RFC 1035, section 2.3.4).
MAX_DOMAIN = 255
MAX_NAME = 253

# RFC 6761 (invalid, localhost), 6762 (local), 7686 (onion), 9476 (alt).
SPECIAL_USE = frozenset({"invalid", "localhost", "local", "onion", "alt"})

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LDH = re.compile(rf"{LABEL}(?:\.{LABEL})*").fullmatch
_LOOSE_LABEL = LABEL.replace("a-z0-9", "a-z0-9_")
_LDH_OR_UNDERSCORE = re.compile(rf"{_LOOSE_LABEL}(?:\.{_LOOSE_LABEL})*").fullmatch

NO_DOMAIN = DomainName("")


@value
class AddressRules:
    """
    Which names a sender's domain may have beyond RFC 5321.

    Attributes:
        underscore: Let ``_`` through, as Postfix and Sendmail do; RFC 5321,
            section 4.1.2, does not.
        special_use: Special-use names, and all names below them, that are looked
            up all the same: ``{"local"}`` where a private zone has that name.

    Raises:
        ValueError: If *special_use* is not a set of such names.
    """

    underscore: bool = False
    special_use: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Catch ``special_use="local"``, which would be five one-letter names."""
        given: object = self.special_use
        if isinstance(given, str):
            msg = f"special_use must be a set of names: {{{given!r}}}"
            raise ValueError(msg)  # noqa: TRY004 - all bad configuration is ValueError
        names = frozenset(name.lower().strip(".") for name in self.special_use)
        for name in names:
            if name.rpartition(".")[2] not in SPECIAL_USE:
                special = ", ".join(sorted(SPECIAL_USE))
                msg = f"{name!r} is looked up anyway; special are {special}"
                raise ValueError(msg)
        object.__setattr__(self, "special_use", names)

    def looks_up(self, domain: str) -> bool:
        """Whether *domain* is ordinary, or special and allowed."""
        if domain.rpartition(".")[2] not in SPECIAL_USE:
            return True
        return any(f".{domain}".endswith(f".{name}") for name in self.special_use)


DEFAULT_RULES = AddressRules()


def domain_name(text: str, rules: AddressRules) -> DomainName | SyntaxFault:
    """
    Check a domain, in U-labels or A-labels, and write it as the DNS has it.

    Args:
        text: Any text.
        rules: Which names are acceptable.

    Returns:
        The name, or what is wrong with it.
    """
    if not text.isascii():
        converted = _a_labels(text)
        if converted is None:
            return SyntaxFault.IDN
        text = converted
    # RFC 5321 has no final dot; servers take it, and it names the same domain.
    name = text.lower().removesuffix(".")
    valid = _LDH_OR_UNDERSCORE if rules.underscore else _LDH
    if not valid(name) or not is_possible(name):
        return SyntaxFault.DOMAIN
    return DomainName(name)


def is_possible(name: str) -> bool:
    """
    Whether valid labels make a name that the DNS can have.

    ``1.2.3.4`` is an address without its brackets and never a name.
    """
    return len(name) <= MAX_NAME and not name.replace(".", "").isdigit()


def _a_labels(text: str) -> str | None:
    # The limit comes before the conversion: its cost grows with the length
    # (CVE-2024-3651, CVE-2026-45409).
    if len(text.encode("utf-8", "surrogatepass")) > MAX_DOMAIN:
        return None
    import idna  # noqa: PLC0415 - most senders never need it

    try:
        # UTS 46, non-transitional; IDNA 2008 validity. Labels that are ASCII are what
        # they would be in a name of such labels only; those rules come later.
        labels = idna.uts46_remap(text, std3_rules=False).split(".")
        return ".".join(
            label if label.isascii() else idna.alabel(label).decode("ascii")
            for label in labels
        )
    except ValueError:
        return None
