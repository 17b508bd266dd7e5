"""
From what a client sent to a sender that is well formed, or is known not to be.

Owns      the syntax of a reverse-path (RFC 5321, section 4.1.2; RFC 6531), and what
          it settles without the DNS.
Knows not domain names (see `_domain`), the DNS, caches, policies.

    "<" [source-route ":"] local-part "@" (domain | "[" address-literal "]") ">"

Every input of the right type has a result; every pattern here is linear, and
nothing longer than `MAX_PATH` is looked at.
"""

from __future__ import annotations

import re

from typing import TypeAlias, assert_never

from ._dns import MAX_LABEL, DomainName
from ._domain import (
    DEFAULT_RULES,
    NO_DOMAIN,
    SPECIAL_USE,
    AddressRules,
    domain_name,
)
from ._finding import Finding, Outcome, SyntaxFault
from ._value import value

# Octets. A path has 256 (RFC 5321, section 4.5.3.1.3), which a client may
# exceed; a MAIL command line has 512 (section 4.5.3.1.4), and whatever is longer
# cannot have come in one.
MAX_PATH = 512

# RFC 5321, section 4.1.2. RFC 6531, section 3.3, adds all of non-ASCII, so that what
# is not allowed makes the shorter list: controls, space and the specials.
_ATEXT = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]"
_UTEXT = r"[^\x00- \"(),.:;<>@\[\\\]\x7f]"
_ATOMS = rf"{_ATEXT}+(?:\.{_ATEXT}+)*"
ATOMS = re.compile(_ATOMS).fullmatch

# Nearly every sender, and what all the rules make of it: itself. Characters once found
# are not looked at again, so that it takes little time; not so groups, which Python
# cannot do before 3.11.5. Labels may be too long. No name of the Internet ends in a
# label that begins with a digit, and no address in another one.
_PLAIN_LABEL = r"[a-z0-9]++(?:-++[a-z0-9]++)*"
_SPECIAL = "|".join(sorted(SPECIAL_USE))
_PLAIN = re.compile(
    rf"{_ATEXT}++(?:\.{_ATEXT}++)*@"
    rf"((?:{_PLAIN_LABEL}\.)+(?!(?:{_SPECIAL})\Z)[a-z]{_PLAIN_LABEL})"
).fullmatch

_DOT_STRING = re.compile(rf"{_UTEXT}+(?:\.{_UTEXT}+)*").fullmatch
_QUOTED = re.compile(r'"(?:[^\x00-\x1f"\\\x7f]|\\[ -~])*"').match

# RFC 5321, section 4.1.3: a tag, a colon, and anything printable but brackets.
_TAGGED = re.compile(r"[A-Za-z0-9-]*[A-Za-z0-9]:[!-Z^-~]+").fullmatch
MAX_OCTET = 255
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}").fullmatch


@value
class Mailbox:
    """
    A local part and, unless the sender is unqualified, a domain.

    Attributes:
        local_part: As the client wrote it, quotes included.
        domain: A-labels, lower case, no final dot; "" if there was none.
    """

    local_part: str
    domain: DomainName


@value
class NullReversePath:
    """The sender of bounces, ``<>`` (RFC 5321, section 4.5.5)."""


@value
class AddressLiteral:
    """
    A mailbox at an address, such as ``a@[192.0.2.1]`` (RFC 5321, s4.1.3).

    Attributes:
        local_part: As the client wrote it, quotes included.
        literal: What stands between the brackets.
    """

    local_part: str
    literal: str


@value
class Malformed:
    """
    Not a reverse-path.

    Attributes:
        fault: The first thing found wrong with it.
    """

    fault: SyntaxFault


Sender: TypeAlias = Mailbox | NullReversePath | AddressLiteral | Malformed


def check_type(given: object) -> None:
    """Raise TypeError for what is neither text nor octets."""
    if not isinstance(given, str | bytes):
        msg = f"a sender is str or bytes, not {type(given).__name__}"
        raise TypeError(msg)


def as_text(given: str | bytes) -> str:
    """
    *given* as text, octets that are not UTF-8 as lone surrogates (PEP 383).

    What is longer than any path keeps its beginning only, so that nobody has to
    carry a stranger's megabytes around.

    Raises:
        TypeError: If it is neither.
    """
    if type(given) is str and len(given) <= MAX_PATH:
        return given
    check_type(given)
    if len(given) > MAX_PATH:
        given = given[: MAX_PATH // 2 - 1]
    if isinstance(given, str):
        return given
    return given.decode("utf-8", "surrogateescape")


def plain_domain(reverse_path: str) -> DomainName | None:
    """
    Give the domain of a sender such as nearly all are.

    Returns:
        What `parse_reverse_path` and `settled` would give, whatever the rules; None
        for every other sender.
    """
    plain = _PLAIN(reverse_path) if len(reverse_path) <= MAX_PATH else None
    # Where all of it is not longer than a label may be, no label is too long.
    if plain is None or len(plain[1]) > MAX_LABEL:
        return None
    return DomainName(plain[1])


def parse_reverse_path(
    given: str | bytes, *, smtputf8: bool = False, rules: AddressRules = DEFAULT_RULES
) -> Sender:
    """
    Parse the argument of ``MAIL FROM``, with or without angle brackets.

    Args:
        given: As the client sent it; any text or octets at all.
        smtputf8: The client gave the SMTPUTF8 parameter (RFC 6531, s3.4).
        rules: Which names are acceptable.

    Returns:
        What it is; nothing is raised for any text or octets.

    Raises:
        TypeError: If *given* is neither.
    """
    path = given if type(given) is str else as_text(given)
    if len(given) > MAX_PATH:
        return Malformed(SyntaxFault.TOO_LONG)
    if path.startswith("<") or path.endswith(">"):
        if len(path) < len("<>") or path[0] + path[-1] != "<>":
            return Malformed(SyntaxFault.BRACKETS)
        path = path[1:-1]
    if not path:
        return NullReversePath()
    fault = None if path.isascii() else _encoding_fault(path, smtputf8)
    if fault is not None:
        return Malformed(fault)
    return _routed(path, rules) if path[0] == "@" else _mailbox(path, rules)


def _encoding_fault(text: str, smtputf8: bool) -> SyntaxFault | None:  # noqa: FBT001
    if not smtputf8:  # RFC 6531, section 3.5
        return SyntaxFault.NO_SMTPUTF8
    try:
        octets = len(text.encode())
    except UnicodeEncodeError:
        return SyntaxFault.NOT_UTF8
    return SyntaxFault.TOO_LONG if octets > MAX_PATH else None


def _routed(path: str, rules: AddressRules) -> Sender:
    # A source route MUST be accepted and SHOULD be ignored (RFC 5321, appendix C).
    route, colon, mailbox = path.partition(":")
    hops = route.split(",")
    if not colon or not mailbox or not all(_is_hop(hop, rules) for hop in hops):
        return Malformed(SyntaxFault.SOURCE_ROUTE)
    return _mailbox(mailbox, rules)


def _is_hop(hop: str, rules: AddressRules) -> bool:
    return hop[:1] == "@" and isinstance(domain_name(hop[1:], rules), str)


def _mailbox(path: str, rules: AddressRules) -> Sender:
    # The last unquoted "@" splits. A local part without quotes has none.
    quoted = _QUOTED(path)
    if quoted:
        local_part, rest = quoted[0], path[quoted.end() :]
        at, domain = rest[:1], rest[1:]
        if at not in ("", "@"):
            return Malformed(SyntaxFault.LOCAL_PART)
    else:
        local_part, at, domain = path.partition("@")
        if not _DOT_STRING(local_part):
            return Malformed(SyntaxFault.LOCAL_PART)
    if not at:
        return Mailbox(local_part, NO_DOMAIN)
    return parse_domain(domain, local_part=local_part, rules=rules)


def parse_domain(
    given: str | bytes,
    *,
    local_part: str = "",
    rules: AddressRules = DEFAULT_RULES,
) -> Sender:
    """
    Parse what stands to the right of the ``@``: a domain or an address literal.

    Args:
        given: U-labels and A-labels alike.
        local_part: For the result.
        rules: Which names are acceptable.

    Returns:
        A `Mailbox`, an `AddressLiteral` or what is wrong.
    """
    text = as_text(given)
    if len(given) > MAX_PATH:
        return Malformed(SyntaxFault.TOO_LONG)
    if text.startswith("["):
        if text.endswith("]") and _is_literal(text[1:-1]):
            return AddressLiteral(local_part, text[1:-1])
        return Malformed(SyntaxFault.ADDRESS_LITERAL)
    name = domain_name(text, rules)
    return (
        Malformed(name) if isinstance(name, SyntaxFault) else Mailbox(local_part, name)
    )


def _is_literal(text: str) -> bool:
    if _IPV4(text):
        return all(int(octet) <= MAX_OCTET for octet in text.split("."))
    if text[:5].lower() == "ipv6:":
        return _is_ipv6(text[5:])
    # An IPv6 address without its tag would pass for a tag and its content.
    return _TAGGED(text) is not None and not _is_ipv6(text.partition("%")[0])


def _is_ipv6(text: str) -> bool:
    import ipaddress  # noqa: PLC0415 - literals are rare

    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text  # a zone index has no place in mail (RFC 5321, s4.1.3)


def settled(sender: Sender, rules: AddressRules = DEFAULT_RULES) -> Finding | None:
    """
    Decide what can be decided without the DNS.

    Returns:
        A finding, or None for a `Mailbox` whose domain has to be looked up.
    """
    match sender:
        case Mailbox(_, domain):
            if not rules.looks_up(domain):
                return Finding(domain, Outcome.SPECIAL_USE)
            # RFC 5321, section 2.3.5: fully qualified names only.
            return None if "." in domain else Finding(domain, Outcome.UNQUALIFIED)
        case NullReversePath():
            return Finding(NO_DOMAIN, Outcome.NULL_REVERSE_PATH)
        case AddressLiteral():
            return Finding(NO_DOMAIN, Outcome.ADDRESS_LITERAL)
        case Malformed(fault):
            return Finding(NO_DOMAIN, Outcome.MALFORMED, fault)
        case _ as never:
            assert_never(never)
