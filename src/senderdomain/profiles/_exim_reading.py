"""
What Exim makes of the argument of MAIL before it asks the DNS.

Owns      the way from octets to a name that can be asked for.
Knows not the syntax (see `_exim_parse`), what is asked and said.
"""

from __future__ import annotations

import re

from .._address import MAX_PATH, Mailbox
from .._dns import DomainName, FailureReason
from .._domain import NO_DOMAIN
from .._finding import Finding, Outcome, TargetFault
from .._profile import Receiver
from .._reply import printable
from .._value import value
from ._exim_parse import SPACE, Extracted, ParseError, Parser, too_long
from ._inquiry import on_the_wire
from ._syntax import (
    a_labels,
    local,
    malformed,
    octets_of,
    unqualified,
    without_brackets,
)

# What is longer than any path has lost its end before it gets here: see `as_text`.
_CUT = MAX_PATH // 2 - 1

# globals.c: check_dns_names_pattern.
_DNS_LABEL = r"(?![/-])[A-Za-z0-9/_-]+(?<![/-])"
is_dns_name = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*").fullmatch
"""Whether Exim asks for a name at all (src/dns.c: dns_basic_lookup)."""


def _octets(path: str) -> bytes:
    # src/smtp_in.c, smtp_read_command: of the line, and of the argument.
    return octets_of(path).strip(SPACE)


def _extracted(path: str, *, utf8: bool) -> Extracted:
    text = _octets(path)
    parser = Parser(text, utf8=utf8)
    try:
        return parser.extract()
    except ParseError:
        if _CUT in (len(path), len(text)) and parser.at == len(text):
            raise too_long(text.lstrip(b"<")) from None
        raise


def _said(error: bytes) -> str:
    return printable(error.decode("utf-8", "replace"))


@value
class EximReading:
    """src/smtp_in.c, MAIL; src/parse.c; src/deliver.c: deliver_split_address."""

    def read(
        self, path: str, receiver: Receiver, *, smtputf8: bool
    ) -> Mailbox | Finding:
        """See `Reading.read`."""
        if "\0" in path:
            return _no_path("NUL characters are not allowed in SMTP commands")
        if not _octets(path):
            return _no_path("MAIL must have an address operand")
        try:
            found = _extracted(path, utf8=smtputf8)
        except ParseError as refused:
            return malformed(refused.fault, _said(refused.error))
        if found.domain is not None:
            return _routed(found.local_part, found.domain, receiver)
        if found.local_part:
            return unqualified()
        return Finding(NO_DOMAIN, Outcome.NULL_REVERSE_PATH)

    def address(self, path: str) -> str:
        """See `Reading.address`: what is left when all decoration is taken away."""
        try:
            return _extracted(path, utf8=True).address.decode("utf-8", "replace")
        except ParseError:
            return without_brackets(path)

    def argument(self, path: str) -> str:
        """See `Reading.argument`; src/smtp_in.c takes a tab for a space."""
        return path.strip(SPACE.decode()).replace("\t", " ")


def _no_path(said: str) -> Finding:
    return Finding(NO_DOMAIN, Outcome.MALFORMED, detail=said)


def _routed(local_part: bytes, domain: bytes, receiver: Receiver) -> Mailbox | Finding:
    # "mail domain is syntactically invalid": routing fails, and no word of why.
    invalid = Finding(NO_DOMAIN, Outcome.MALFORMED, TargetFault.NOT_A_HOST)
    try:
        text = domain.lower().decode("utf-8")
    except UnicodeDecodeError:
        return invalid
    if text in receiver.local_domains:  # compared as it is written, U-labels too
        return local(text)
    name = (a_labels(text, idna2008=True) or "").removesuffix(
        "."
    )  # a full stop of another script
    # parse.c, parse_find_at: an "@" after nothing but backslashes is overlooked.
    if not is_dns_name(name) or not local_part.strip(b"\\"):
        return invalid
    if not on_the_wire(name):
        # Of names with U-labels libidn2 sees that. Of others the resolver refuses to
        # ask, which is taken for trouble (NO_RECOVERY).
        later = Finding(NO_DOMAIN, Outcome.TEMPFAIL, FailureReason.MALFORMED)
        return later if text.isascii() else invalid
    return Mailbox(local_part.decode("utf-8", "replace"), DomainName(name.lower()))
