"""
Pieces of address syntax that several servers have in common.

Owns      brackets, quotes, U-labels, address literals, as servers treat them.
Knows not what any one server makes of them all together.
"""

from __future__ import annotations

import re

from unicodedata import category

from .._dns import MAX_LABEL, DomainName
from .._domain import NO_DOMAIN
from .._finding import Finding, Outcome, SyntaxFault
from .._names import MAX_WIRE_NAME

_QUOTES = re.compile(r'"((?:[^"\\]|\\.)*)"|\\(.)', re.DOTALL)
_ESCAPE = re.compile(r"\\([0-9]{3})")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)


def without_brackets(path: str) -> str:
    """*path* without the angle brackets, if it has both."""
    return path[1:-1] if path[:1] == "<" and path[-1:] == ">" else path


def with_brackets(path: str) -> str:
    """*path* for a server that insists on brackets, whose caller has left them out."""
    return path if "<" in path or ">" in path else f"<{path}>"


def unquoted(text: str) -> str:
    """*text* with quotes and backslashes taken away, as programs store an address."""
    return _QUOTES.sub(lambda m: _QUOTED_PAIR.sub(r"\1", m[1] or m[2] or ""), text)


def octets_of(path: str) -> bytes:
    """The octets that a client has sent, or would have to send for *path*."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no octet
        return path.encode("utf-8", "surrogatepass")


def unescaped(name: str) -> str:
    """*name* with the octets that are escaped as in a master file, as Latin-1."""
    return _ESCAPE.sub(lambda match: chr(int(match[1])), name)


def is_utf8(text: str) -> bool:
    """Whether all octets of *text* are UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def a_labels(domain: str, *, idna2008: bool = False) -> str | None:
    """
    *domain* with its U-labels made A-labels (UTS 46).

    Args:
        domain: Any text.
        idna2008: As libidn2 does; otherwise as ICU does, which lets more pass.

    Returns:
        None if one of the labels cannot be converted.
    """
    if domain.isascii():
        return domain
    if len(domain) > MAX_WIRE_NAME:  # before the conversion, whose cost grows faster
        return None
    import idna  # noqa: PLC0415 - most senders never need it

    try:
        labels = idna.uts46_remap(domain, std3_rules=False).split(".")
        if idna2008:
            return ".".join(
                label if label.isascii() else idna.alabel(label).decode("ascii")
                for label in labels
            )
    except ValueError:
        return None
    # UTS 46, section 4.1: no label begins with a combining mark.
    if any(
        len(label) > MAX_LABEL or category(label[0])[0] == "M"
        for label in labels
        if label
    ):
        return None
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"
        for label in labels
    )


def is_ipv4(text: str) -> bool:
    """Whether *text* is an IPv4 address."""
    from ipaddress import IPv4Address  # noqa: PLC0415 - literals are rare

    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def is_ipv6(text: str) -> bool:
    """Whether *text* is an IPv6 address."""
    from ipaddress import IPv6Address  # noqa: PLC0415 - literals are rare

    try:
        IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


def malformed(fault: SyntaxFault, detail: str = "") -> Finding:
    """Say that a sender is not well formed."""
    return Finding(NO_DOMAIN, Outcome.MALFORMED, fault, detail=detail)


def unqualified() -> Finding:
    """Say that a sender has no domain."""
    return Finding(NO_DOMAIN, Outcome.UNQUALIFIED)


def literal() -> Finding:
    """Say that a sender has an address literal instead of a domain."""
    return Finding(NO_DOMAIN, Outcome.ADDRESS_LITERAL)


def local(domain: str) -> Finding:
    """Say that a sender's domain is the server's own."""
    return Finding(DomainName(domain), Outcome.EXEMPT)
