"""
Postfix, ``reject_unknown_sender_domain``.

Owns      the profiles of Postfix.
Knows not other servers.
"""

from __future__ import annotations

import re

from dataclasses import replace

from .._address import Mailbox
from .._dns import MX, DomainName, FailureReason, RecordType, Steps
from .._finding import Finding, Outcome, SyntaxFault, TargetFault
from .._profile import Profile, Receiver, replies
from .._reply import Reply, Stage
from .._value import value
from ._inquiry import Heard, Inquiry, Status, res_query
from ._syntax import (
    a_labels,
    is_ipv4,
    is_ipv6,
    is_utf8,
    literal,
    local,
    malformed,
    unqualified,
    unquoted,
    without_brackets,
)

# src/dns/dns_lookup.c: names of one chain that are asked.
_MAX_ALIASES = 10

# src/util/valid_hostname.h; the DNS itself ends at 253.
_MAX_HOSTNAME = 255

# src/util/valid_hostname.c: letters, digits, "_", hyphens not at the ends.
_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_HOSTNAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*").fullmatch


def _is_hostname(name: str) -> bool:
    numeric = name.replace(".", "").isdigit()
    return bool(_HOSTNAME(name)) and len(name) <= _MAX_HOSTNAME and not numeric


@value
class PostfixReading:
    """src/smtpd/smtpd.c: extract_addr, src/trivial-rewrite/resolve.c: resolve_addr."""

    def read(
        self, path: str, receiver: Receiver, *, smtputf8: bool
    ) -> Mailbox | Finding:
        """See `Reading.read`."""
        if not is_utf8(path):
            return malformed(SyntaxFault.NOT_UTF8)
        address = _internal(_unrouted(path))
        # src/smtpd/smtpd_resolve.c compares addresses in one case.
        local_part, domain = _split((address or "").casefold(), receiver)
        # allow_min_user = no, and what is not one address.
        if address is None or "-" in (address[:1], local_part[:1]):
            return malformed(SyntaxFault.LOCAL_PART)
        if domain is None:
            return unqualified()  # becomes a mailbox of the server itself
        if domain[:1] == "[":
            return _literal(domain[1:].removesuffix("]"))
        if not domain.isascii() and not smtputf8:
            return malformed(SyntaxFault.NO_SMTPUTF8)
        return _domain(local_part, domain, receiver)

    def argument(self, path: str) -> str:
        """See `Reading.argument`; Postfix never does."""
        return path

    def address(self, path: str) -> str:
        """See `Reading.address`: without source route, quotes and comments."""
        return _CONTROL.sub(" ", _internal(_unrouted(path)) or "")


def _unrouted(path: str) -> str:
    text = without_brackets(path)
    return text.partition(":")[2] if text[:1] == "@" and ":" in text else text


# src/global/tok822_parse.c: quoted strings, domain literals, operators, atoms.
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]?|[ \t\r\n]+|[.@%!:,;<>"]'
    r'|(?:\\.|[^ \t\r\n.@%!:,;<>"\[\\])+|\\',
    re.DOTALL,
)
_OPERATORS = frozenset(".@%!:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _internal(text: str) -> str | None:
    """Take quotes, comments and a phrase away; None if it is not one address."""
    parts: list[str] = []
    after_word = several = in_angle = ended = False
    for part in _TOKEN.findall(_uncommented(text)):
        if part.isspace():
            continue
        if part == '"' or (ended and part not in ">,;"):
            return None
        if part in ",;":  # at the end of a list of one, or in front of it
            ended = bool(parts)
            continue
        if part == "<":  # what stood before it was a phrase
            parts, after_word, several, in_angle = [], False, False, True
        elif part == ">":
            in_angle, ended = False, True
        elif part in _OPERATORS:
            parts.append(part)
            after_word = False
        else:
            several = several or after_word  # two words are two addresses
            parts.append(unquoted(part))
            after_word = True
    return None if in_angle or several else "".join(parts)


def _uncommented(text: str) -> str:
    """Take comments away, and with one that is not closed all that follows."""
    kept, depth, quoted, escaped = [], 0, False, False
    for character in text:
        depth += character == "(" and not quoted and not escaped
        if not depth:
            kept.append(character)
        elif character == ")" and not escaped:
            depth -= 1
        quoted ^= character == '"' and not escaped and not depth
        escaped = character == "\\" and not escaped
    return "".join(kept)


def _domain(local_part: str, domain: str, receiver: Receiver) -> Mailbox | Finding:
    name = a_labels(domain)
    if name is None or not _is_hostname(name):
        return malformed(SyntaxFault.DOMAIN)
    if name in receiver.local_domains:
        return local(name)
    return Mailbox(local_part, DomainName(name))


def _literal(text: str) -> Finding:
    tagged = text[:5].lower() == "ipv6:"
    if is_ipv6(text[5:]) if tagged else is_ipv4(text):
        return literal()
    return malformed(SyntaxFault.ADDRESS_LITERAL)


def _split(address: str, receiver: Receiver) -> tuple[str, str | None]:
    """Find the domain, through the routes that a local part can have."""
    local_part, at, domain = address.rpartition("@")
    if at and domain[-1:] == "." and domain[-2:-1] not in ("", "."):
        domain = domain[:-1]
    if at and domain.lower() not in receiver.local_domains:
        return local_part, domain
    rest = local_part if at else address
    if "@" in rest:
        return _split(rest, receiver)
    # swap_bangpath, then allow_percent_hack; both are on by default.
    if "!" in rest:
        site, _, user = rest.partition("!")
        return _split(f"{user}@{site}", receiver)
    if "%" in rest:
        user, _, site = rest.rpartition("%")
        return _split(f"{user}@{site}", receiver)
    return rest, domain if at else None


def _dns_lookup(inquiry: Inquiry, qtype: RecordType) -> Steps[Heard]:
    name: str = inquiry.domain
    for _ in range(_MAX_ALIASES):
        heard = yield from res_query(inquiry, name, qtype)
        if heard.status is not Status.ALIAS:
            return heard
        name = heard.alias
    return Heard(Status.NOT_FOUND)  # "Name server loop"


def postfix_plan(domain: DomainName, _receiver: Receiver) -> Steps[Finding]:
    """src/smtpd/smtpd_check.c: reject_unknown_mailhost."""
    inquiry = Inquiry(domain)
    doubt: FailureReason | None = None
    absent = Outcome.NXDOMAIN
    for qtype in (RecordType.MX, RecordType.A, RecordType.AAAA):
        heard = yield from _dns_lookup(inquiry, qtype)
        if heard.records is not None and qtype is RecordType.MX:
            return inquiry.finding(*_kind_of_mx(heard.records.rrset))
        if heard.records is not None:
            return inquiry.finding(Outcome.IMPLICIT_MX)
        if heard.status in (Status.TRY_AGAIN, Status.GARBAGE):
            doubt = doubt or heard.reason
        elif heard.status is not Status.NOT_FOUND:
            absent = Outcome.NODATA
    if doubt is not None:
        return inquiry.finding(Outcome.TEMPFAIL, doubt)
    return inquiry.finding(absent)


def _kind_of_mx(rrset: tuple[MX | str, ...]) -> tuple[Outcome, TargetFault | None]:
    exchanges = [record.exchange for record in rrset if isinstance(record, MX)]
    if "" in exchanges:  # at any preference, and among others
        return Outcome.NULL_MX, None
    # valid_rr_name: addresses, and "*" in front, are no names but pass.
    names = [name.removeprefix("*.") for name in exchanges]
    if any(is_ipv4(n) or is_ipv6(n) or _is_hostname(n) for n in names):
        return Outcome.MX, None
    return Outcome.UNUSABLE_MX, TargetFault.NOT_A_HOST


_REJECTED = "<{addr}>: Sender address rejected: "
_NOT_FOUND = Reply(450, "X.1.8", f"{_REJECTED}Domain not found", enhanced=True)
_INVALID = Reply(450, "X.1.8", f"{_REJECTED}Malformed DNS server reply", enhanced=True)
_NULL_MX = Reply(
    550,
    "X.7.27",
    f"{_REJECTED}Domain {{ascii}} does not accept mail (nullMX)",
    enhanced=True,
)
_SYNTAX = Reply(
    501, "X.1.7", "Bad sender address syntax", enhanced=True, stage=Stage.MAIL
)

POSTFIX = Profile(
    "postfix",
    replies(
        Reply(250, "X.1.0", "Ok", enhanced=True),
        {
            Outcome.NULL_MX: _NULL_MX,
            Outcome.UNUSABLE_MX: _INVALID,
            Outcome.NODATA: _NOT_FOUND,
            Outcome.NXDOMAIN: _NOT_FOUND,
            # defer_if_permit: nothing is said until RCPT.
            Outcome.TEMPFAIL: replace(_NOT_FOUND, stage=Stage.RCPT),
            Outcome.MALFORMED: _SYNTAX,
            SyntaxFault.NOT_UTF8: replace(
                _SYNTAX, code=500, status="X.5.2", text="Error: bad UTF-8 syntax"
            ),
        },
    ),
    about="Postfix 3, reject_unknown_sender_domain",
    reading=PostfixReading(),
    plan=postfix_plan,
    pedigree="""\
Postfix 3.7.11 (Debian 12), smtpd_sender_restrictions = reject_unknown_sender_domain,
all else as by default; src/smtpd/smtpd_check.c, reject_unknown_mailhost, in 3.12 the
same.
Differs from the RFCs: a failed MX look-up falls back to the addresses (RFC 5321,
section 5.1); FORMERR and alias loops count as absence; one "." among the MX makes a
null MX (RFC 7505, section 3); NXDOMAIN is asked about three times; the code for absence
is 450, and its words are those of trouble. Whoever has no domain is the server's own
mailbox.
With smtpd_delay_reject, the default, everything but syntax is said at RCPT: let the
receiver check there.
Unsure: comments, and whole lists of addresses, in the place of one address.""",
)

POSTFIX_550 = replace(
    POSTFIX,
    name="postfix-550",
    replies={
        **POSTFIX.replies,
        Outcome.UNUSABLE_MX: replace(_INVALID, code=550),
        Outcome.NODATA: replace(_NOT_FOUND, code=550),
        Outcome.NXDOMAIN: replace(_NOT_FOUND, code=550),
        Outcome.TEMPFAIL: _NOT_FOUND,
    },
    about="Postfix 3 with unknown_address_reject_code = 550",
    pedigree=f"""\
{POSTFIX.pedigree}
unknown_address_reject_code = 550 and unknown_address_tempfail_action = defer.""",
)
