"""
The address parser of Haraka: haraka-email-address 3.1.6.

Owns      its grammar, and its errors with their positions.
Knows not the DNS, replies.
"""

from __future__ import annotations

import re

from typing import NoReturn

from .._finding import SyntaxFault
from .._value import value

# lib/address.js, parse: octets, unless "postel" is on.
_MAX_PATH = 256
_MAX_LOCAL = 64

# RFC 1035, section 2.3.4.
_MAX_LABEL = 63

# lib/cursor.js.
_OTHER = r"\u0080-\U0010ffff"
_LET_DIG = rf"[0-9A-Za-z{_OTHER}]"
_ATEXT = re.compile(rf"[0-9A-Za-z!#$%&'*+\-/=?^_`{{|}}~{_OTHER}]+").match
_SUB_DOMAIN = re.compile(rf"{_LET_DIG}(?:[-0-9A-Za-z{_OTHER}]*{_LET_DIG})?").match
_QTEXT = re.compile(rf"[\x20-\x21\x23-\x5b\x5d-\x7e{_OTHER}]+").match
_QUOTED_PAIR = re.compile(r"\\[\x20-\x7e]").match
_DCONTENT = re.compile(r"[\x21-\x5a\x5e-\x7e]*").match
_SNUM = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"(?:{_SNUM}\.){{3}}{_SNUM}").fullmatch
_TAG = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?").fullmatch
_IPV6_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}").fullmatch

_IPV6_GROUPS = 8
_IPV6_GROUPS_BESIDE_GAP = 6


class HarakaError(Exception):
    """What is wrong with an address, in the words of the parser."""

    def __init__(self, fault: SyntaxFault, text: str) -> None:
        """Keep both."""
        super().__init__(text)
        self.fault = fault


@value
class HarakaAddress:
    """
    An address that was read.

    Attributes:
        user: Quotes included.
        host: As given; "" for the bare postmaster and for nobody.
    """

    user: str
    host: str


def octets(text: str) -> int:
    """How many octets *text* has in UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def parse(text: str) -> HarakaAddress:
    """
    Read a path: lib/address.js, parse.

    Raises:
        HarakaError: If it is none.
    """
    if text in ("", "<>"):
        return HarakaAddress("", "")
    size = octets(text)
    if size > _MAX_PATH:
        given = f"RFC-5321 path exceeds {_MAX_PATH} octets ({size} given)"
        raise HarakaError(SyntaxFault.TOO_LONG, given)
    if text.lower() in ("postmaster", "<postmaster>"):
        return HarakaAddress("postmaster", "")
    address = _Cursor(text).envelope()
    if octets(address.user) > _MAX_LOCAL:
        exceeds = f"RFC-5321 local-part exceeds {_MAX_LOCAL} octets"
        raise HarakaError(SyntaxFault.LOCAL_PART, exceeds)
    return address


class _Cursor:
    """lib/cursor.js and lib/envelope.js."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _fail(
        self, fault: SyntaxFault, expected: str, at: int | None = None
    ) -> NoReturn:
        # JavaScript counts in code units of UTF-16.
        before = self._text[: self._at if at is None else at]
        position = len(before.encode("utf-16-le", "surrogatepass")) // 2
        where = f"Invalid RFC-5321 address at position {position}: {expected}"
        raise HarakaError(fault, where)

    def _expect(self, char: str, fault: SyntaxFault) -> None:
        if self._peek() != char:
            self._fail(fault, f"expected {_IN_JSON[char]}")
        self._at += 1

    def _moved_by(self, match: re.Match[str] | None) -> bool:
        if match is not None:
            self._at = match.end()
        return match is not None

    def envelope(self) -> HarakaAddress:
        """Read all of it: parseEnvelopeAddress."""
        address = self._path() if self._peek() == "<" else self._mailbox()
        if self._at < len(self._text):
            self._fail(SyntaxFault.BRACKETS, "trailing input after address")
        return address

    def _path(self) -> HarakaAddress:
        self._expect("<", SyntaxFault.BRACKETS)
        if self._peek() == "@":
            self._route()
        address = self._mailbox()
        self._expect(">", SyntaxFault.DOMAIN)
        return address

    def _route(self) -> None:
        while True:
            self._expect("@", SyntaxFault.SOURCE_ROUTE)
            self._domain()
            if self._peek() != ",":
                break
            self._at += 1
        if self._peek() != ":":
            self._fail(SyntaxFault.SOURCE_ROUTE, 'expected ":" after source route')
        self._at += 1

    def _mailbox(self) -> HarakaAddress:
        start = self._at
        if self._peek() == '"':
            self._quoted_string()
        else:
            self._dot_string()
        user = self._text[start : self._at]
        self._expect("@", SyntaxFault.LOCAL_PART)
        start = self._at
        if self._peek() == "[":
            self._literal()
        else:
            self._domain()
        return HarakaAddress(user, self._text[start : self._at])

    def _dot_string(self) -> None:
        if not self._moved_by(_ATEXT(self._text, self._at)):
            self._fail(SyntaxFault.LOCAL_PART, "expected atom in local-part")
        while self._peek() == ".":
            self._at += 1
            if not self._moved_by(_ATEXT(self._text, self._at)):
                self._fail(SyntaxFault.LOCAL_PART, 'expected atom after "."')

    def _quoted_string(self) -> None:
        self._at += 1
        while (char := self._peek()) != '"':
            if not char:
                self._fail(SyntaxFault.LOCAL_PART, "unterminated quoted-string")
            elif char == "\\":
                if not self._moved_by(_QUOTED_PAIR(self._text, self._at)):
                    self._fail(SyntaxFault.LOCAL_PART, "invalid quoted-pair")
            elif not self._moved_by(_QTEXT(self._text, self._at)):
                invalid = "invalid character in quoted-string"
                self._fail(SyntaxFault.LOCAL_PART, invalid)
        self._at += 1

    def _domain(self) -> None:
        self._label()
        while self._peek() == ".":
            self._at += 1
            self._label()

    def _label(self) -> None:
        start = self._at
        if not self._moved_by(_SUB_DOMAIN(self._text, start)):
            self._fail(SyntaxFault.DOMAIN, "expected sub-domain")
        if octets(self._text[start : self._at]) > _MAX_LABEL:
            exceeds = f"sub-domain label exceeds {_MAX_LABEL} octets"
            self._fail(SyntaxFault.DOMAIN, exceeds)

    def _literal(self) -> None:
        """lib/literals.js, parseAddressLiteral."""
        fault = SyntaxFault.ADDRESS_LITERAL
        start = self._at
        self._at += 1
        self._moved_by(_DCONTENT(self._text, self._at))
        char = self._peek()
        if not char:
            self._fail(fault, "unterminated address literal")
        if char != "]":
            self._fail(fault, "invalid character in address literal")
        if not _is_literal(self._text[start + 1 : self._at]):
            self._fail(fault, "invalid address literal", start)
        self._at += 1


_IN_JSON = {char: f'"{char}"' for char in "<>@"}


def _is_literal(body: str) -> bool:
    """lib/literals.js, validateLiteralBody."""
    if _IPV4(body):
        return True
    tag, _, content = body.partition(":")
    if not _TAG(tag) or not content:
        return False
    return tag.lower() != "ipv6" or _is_ipv6(content)


def _is_ipv6(text: str) -> bool:
    """lib/literals.js, validateIPv6."""
    if text.count("::") > 1:
        return False
    head, colon, tail = text.rpartition(":")
    if "." in text:
        if not colon or not _IPV4(tail):
            return False
        text = f"{head}:0:0"
    left, gap, right = text.partition("::")
    groups = [side.split(":") for side in (left, right) if side]
    flat = [group for side in groups for group in side]
    if not all(map(_IPV6_GROUP, flat)):
        return False
    return len(flat) <= _IPV6_GROUPS_BESIDE_GAP if gap else len(flat) == _IPV6_GROUPS
