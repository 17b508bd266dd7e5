"""
Exim's parser, and its words for what it cannot read.

Owns      src/parse.c: the address in what may be a whole mailbox of a header, with
          phrase, comments and source route.
Knows not what becomes of an address that can be read.
"""

from __future__ import annotations

import re

from .._finding import SyntaxFault
from .._value import value

# exim.h: EXIM_EMAILADDR_MAX; and how much of an address is shown, in octets.
_MAX_ADDRESS = 256
_SHOWN_LONG, _SHOWN_REST = 64, 32

SPACE = b" \t\n\v\f\r"
_SPACES = re.compile(rb"[ \t\n\v\f\r]*").match
_DOTS = re.compile(rb"\.+").match
_LITERAL = re.compile(rb"\[[!-Z^-~]*\]").match

# macros.h: mac_iscntrl_or_special. Octets above 127 are as good as letters.
_ATOM = re.compile(
    rb'(?:\\.|[^\x00-\x20"(),.:;<>@\[\\\]\x7f])*(?:\\\Z)?', re.DOTALL
).match
_QUOTED = re.compile(rb'"(?:\\.|[^"\\])*"', re.DOTALL).match

# parse.c, read_domain: how many octets follow is in the first one's upper bits; what
# they mean is not looked at. Letters are those of the C locale.
_LABEL = re.compile(rb"(?:(?!-)[A-Za-z0-9-]+)?").match
_LEADS = (rb"[\xc0-\xdf]", rb"[\xe0-\xef]", rb"[\xf0-\xf7]", rb"[\xf8-\xfb]")
_UTF8 = b"|".join(
    lead + rb"[\x80-\xbf]{%d}" % octets
    for octets, lead in enumerate((*_LEADS, rb"[\xfc\xfd]"), 1)
)
_UTF8_LABEL = re.compile(rb"(?:(?!-)(?:[A-Za-z0-9-]|" + _UTF8 + rb")+)?").match
_LEAD = re.compile(rb"[\xc0-\xff]").match


class ParseError(Exception):
    """What `parse_extract_address` says of what it cannot read."""

    def __init__(self, fault: SyntaxFault, error: bytes) -> None:
        self.fault = fault
        self.error = error


@value
class Extracted:
    """
    An address without its decoration.

    Attributes:
        local_part: Quotes included.
        domain: None if there is none.
    """

    local_part: bytes
    domain: bytes | None = None

    @property
    def address(self) -> bytes:
        """Both of them."""
        return self.local_part + (b"" if self.domain is None else b"@" + self.domain)


class Parser:
    """
    src/parse.c; each method has the name of its function there.

    Args:
        text: What is to be read, without zero octets.
        utf8: allow_utf8_domains, which the SMTPUTF8 parameter sets.
    """

    def __init__(self, text: bytes, *, utf8: bool) -> None:
        self._text = text
        self._label = _UTF8_LABEL if utf8 else _LABEL
        self._utf8 = utf8
        self.at = 0
        self._ends = 0  # of what has been read last, comments not counted

    @property
    def _here(self) -> bytes:
        return self._text[self.at : self.at + 1]

    def _read(self, match: re.Match[bytes] | None) -> bytes:
        assert match is not None
        self.at = match.end()
        return match[0]

    def _skip_comment(self) -> None:
        self._ends = self.at
        self._read(_SPACES(self._text, self.at))
        while self._here == b"(":
            level = 1
            while level and self.at < len(self._text):
                self.at += 1
                level += {b"(": 1, b")": -1}.get(self._here, 0)
                if self._here == b"\\":
                    self.at += 1
            self.at = min(self.at + 1, len(self._text))
            self._read(_SPACES(self._text, self.at))

    def _read_local_part(self, *, empty: bool = False) -> bytes:
        read = b""
        while True:
            before = len(read)
            self._skip_comment()
            if self._here == b'"':
                quoted = _QUOTED(self._text, self.at)
                if quoted is None:
                    self.at = len(self._text)
                    raise ParseError(
                        SyntaxFault.LOCAL_PART, b"unmatched doublequote in local part"
                    )
                read += self._read(quoted)
            else:
                read += self._read(_ATOM(self._text, self.at))
            self._skip_comment()
            if len(read) == before and self._here != b".":
                if not read and not empty:
                    raise ParseError(
                        SyntaxFault.LOCAL_PART, b"missing or malformed local part"
                    )
                return read
            if self._here != b".":
                return read
            read += self._read(_DOTS(self._text, self.at))

    def _read_domain(self, *, literals: bool = False) -> bytes:
        self._skip_comment()
        if self._here == b"[":
            return self._read_literal(allowed=literals)
        labels = []
        while True:
            label = self._read(self._label(self._text, self.at))
            if self._utf8 and _LEAD(self._text, self.at):
                raise ParseError(SyntaxFault.NOT_UTF8, b"invalid UTF-8 byte sequence")
            labels.append(label)
            self._skip_comment()
            if not label:
                raise ParseError(SyntaxFault.DOMAIN, b"domain missing or malformed")
            if self._here != b".":
                return b".".join(labels)
            self.at += 1
            self._skip_comment()

    def _read_literal(self, *, allowed: bool) -> bytes:
        # Whatever stands in it: allow_domain_literals is off.
        if not allowed:
            raise ParseError(
                SyntaxFault.ADDRESS_LITERAL, b"domain literals not allowed"
            )
        match = _LITERAL(self._text, self.at)
        if match is None:
            raise ParseError(SyntaxFault.ADDRESS_LITERAL, b"malformed domain literal")
        literal = self._read(match)
        self._skip_comment()
        return literal

    def _read_route(self) -> None:
        commas = False
        while self._here == b"@":
            self.at += 1
            self._read_domain()
            if self._here != b",":
                break
            self.at += 1
            commas = True
            self._skip_comment()
        if self._here != b":":
            error = b"colon expected after route list" if commas else b"no local part"
            raise ParseError(SyntaxFault.SOURCE_ROUTE, error)
        self.at += 1
        self._skip_comment()

    def _read_addr_spec(self, end: bytes, *, routed: bool) -> Extracted:
        local_part = self._read_local_part()
        if self._here == b"@":
            self.at += 1
            return Extracted(local_part, self._read_domain())
        if self._here != end:
            error = b'"@" or "." expected after "%s"' % local_part
            raise ParseError(SyntaxFault.LOCAL_PART, error)
        if routed:
            error = b"domain missing in source-routed address"
            raise ParseError(SyntaxFault.SOURCE_ROUTE, error)
        return Extracted(local_part)

    def _read_bracketed(self) -> Extracted:
        self._skip_comment()
        routed = self._here == b"@"
        if routed:
            self._read_route()
        if self._here == b">" and not routed:
            found = Extracted(b"")
        else:
            found = self._read_addr_spec(b">", routed=routed)
        if not self._here:
            raise ParseError(SyntaxFault.BRACKETS, b"'>' missing at end of address")
        if self._here != b">":
            raise self._stray()
        self._ends = self.at
        self.at += 1
        return found

    def _stray(self) -> ParseError:
        rest = self._text[self.at :][:_SHOWN_REST]
        so_far = self._text[: self.at]
        error = b"malformed address: %s may not follow %s" % (rest, so_far)
        fault = SyntaxFault.DOMAIN if b"@" in so_far else SyntaxFault.LOCAL_PART
        return ParseError(fault, error)

    def extract(self) -> Extracted:
        """parse_extract_address: with allow_null, without groups."""
        self._skip_comment()
        begins = self.at
        word = self._read_local_part(empty=True)
        if self._here not in (b"@", b"<", b"", b";"):
            self._read_phrase()
        if self._here == b"<":
            self.at += 1
            begins = self.at
            found = self._read_bracketed()
        elif self._here != b"@":
            if not word:
                raise ParseError(SyntaxFault.LOCAL_PART, b"empty address")
            found = Extracted(word)
        elif word:
            self.at += 1
            found = Extracted(word, self._read_domain(literals=True))
        else:
            self._read_route()
            found = self._read_addr_spec(b"", routed=True)
        ends = self._ends
        self._skip_comment()
        if self._here:
            raise self._stray()
        if len(self._text[begins:ends].rstrip(SPACE)) > _MAX_ADDRESS:
            raise too_long(found.address)
        return found

    def _read_phrase(self) -> None:
        while self._here != b"<":
            try:
                self._read_local_part()
            except ParseError as refused:
                error = refused.error + b' (expected word or "<")'
                raise ParseError(refused.fault, error) from None


def too_long(address: bytes) -> ParseError:
    """Make the error for an address that could be read, were it not for its length."""
    error = b"address is ridiculously long: %s..." % address[:_SHOWN_LONG]
    return ParseError(SyntaxFault.TOO_LONG, error)
