"""
Sendmail, ruleset check_mail, from 8.9 to 8.17; FEATURE(badmx).

Owns      the profiles of sendmail.
Knows not other servers.
"""

from __future__ import annotations

import re

from collections.abc import Mapping
from dataclasses import replace

from .._dns import MX, DomainName, FailureReason, RecordType, Steps
from .._finding import Finding, Outcome, SyntaxFault, TargetFault
from .._policy import Cause
from .._profile import Profile, Receiver, replies
from .._reply import Reply, Stage
from ._inquiry import Heard, Inquiry, Status, res_query
from ._sendmail_reading import SendmailReading

# sendmail.h: how often dns_getcanonname begins anew at an alias.
_MAX_ALIASES = 11

_MODERN = (RecordType.AAAA, RecordType.A, RecordType.MX)


class _Canonical:
    """sendmail/domain.c: dns_getcanonname."""

    def __init__(
        self, inquiry: Inquiry, receiver: Receiver, qtypes: tuple[RecordType, ...]
    ) -> None:
        self._inquiry = inquiry
        self._qtypes = qtypes
        self._search = receiver.search_list
        self.name: str = inquiry.domain
        self.doubt: FailureReason | None = None

    def find(self) -> Steps[bool]:
        """Find the canonical name; whether there is one."""
        for _ in range(_MAX_ALIASES + 1):
            found = yield from self._find_unaliased()
            if found is not None:
                return found
        self.doubt = None  # "CNAME loop" is EX_CONFIG, and so for good
        return False

    def _find_unaliased(self) -> Steps[bool | None]:
        # None: begin anew, as this name is an alias.
        whole = [""] if "." in self.name or not self._search else []
        for suffix in [*whole, *(f".{domain}" for domain in self._search)]:
            for qtype in self._qtypes:
                name = f"{self.name}{suffix}"
                heard = yield from res_query(self._inquiry, name, qtype)
                if heard.aliases:
                    self.name = heard.aliases[0]
                    return None
                # A record that runs over the end is taken for one.
                if heard.status in (Status.FOUND, Status.GARBAGE):
                    self.name = name
                    return True
                if heard.status is Status.TRY_AGAIN:
                    self.doubt = self.doubt or heard.reason
                    if suffix:
                        return False
                if heard.status is Status.NOT_FOUND:
                    break
        return False


def sendmail_plan(
    domain: DomainName,
    receiver: Receiver,
    *,
    qtypes: tuple[RecordType, ...] = _MODERN,
    badmx: bool = False,
) -> Steps[Finding]:
    """cf/m4/proto.m4: check_mail, whose map "resolve" is the host map."""
    inquiry = Inquiry(domain)
    if domain.endswith("."):
        return (yield from _literal(inquiry))
    canonical = _Canonical(inquiry, receiver, qtypes)
    found = yield from canonical.find()
    if not found:
        if canonical.doubt:
            return inquiry.finding(Outcome.TEMPFAIL, canonical.doubt)
        return inquiry.finding(Outcome.NXDOMAIN)
    if badmx:
        return (yield from _bad_mx(inquiry, canonical.name))
    return inquiry.finding(Outcome.MX)


def badmx_plan(domain: DomainName, receiver: Receiver) -> Steps[Finding]:
    """The same with FEATURE(badmx)."""
    return sendmail_plan(domain, receiver, badmx=True)


def old_plan(domain: DomainName, receiver: Receiver) -> Steps[Finding]:
    """The same without IPv6."""
    return sendmail_plan(domain, receiver, qtypes=(RecordType.A, RecordType.MX))


def _literal(inquiry: Inquiry) -> Steps[Finding]:
    # map.c: host_map_lookup asks gethostbyaddr for the name of an address.
    name = inquiry.domain.removesuffix(".")
    heard = yield from res_query(inquiry, name, RecordType.PTR)
    if heard.status is Status.FOUND:
        return inquiry.finding(Outcome.ADDRESS_LITERAL)
    if heard.status is Status.TRY_AGAIN:
        return inquiry.finding(Outcome.TEMPFAIL, heard.reason)
    return inquiry.finding(Outcome.NXDOMAIN)


# It asks about each; we do not.
_MAX_HOSTS = 50

# cf/feature/badmx.m4: the last octet has one digit only, and 127.1.2.3 passes.
_ILLEGAL = re.compile(r"(?:(?:[0-9]{1,3}\.){3}[0-9])?\.").fullmatch
_INVALID = re.compile(r"127\.|10\.|0\.0\.0\.0").match


def _bad_mx(inquiry: Inquiry, name: str) -> Steps[Finding]:
    heard = yield from res_query(inquiry, name, RecordType.MX)
    if heard.status is Status.TRY_AGAIN:
        return inquiry.finding(Outcome.TEMPFAIL, TargetFault.UNKNOWN, name)
    exchanges = _exchanges(heard, name)
    if len(exchanges) > _MAX_HOSTS:
        limit = FailureReason.QUESTION_LIMIT
        return inquiry.finding(Outcome.TEMPFAIL, limit, name)
    if any(_ILLEGAL(f"{exchange}.") for exchange in exchanges):
        return inquiry.finding(Outcome.UNUSABLE_MX, TargetFault.ADDRESS, name)
    bad = False
    for exchange in exchanges:
        heard = yield from res_query(inquiry, exchange, RecordType.A)
        first = exchange if heard.records is None else str(heard.records.rrset[0])
        bad = bad or _INVALID(first) is not None
    if bad:
        return inquiry.finding(Outcome.UNUSABLE_MX, TargetFault.SPECIAL_ADDRESS, name)
    return inquiry.finding(Outcome.MX)


def _exchanges(heard: Heard, name: str) -> list[str]:
    # domain.c: getmxrr, and bestmx falls back to the domain itself.
    if heard.records is None or heard.records.null_mx:
        return [name]
    found = (r.exchange for r in heard.records.rrset if isinstance(r, MX))
    return list(dict.fromkeys(found))


def _table(
    gone: Reply, later: Reply, *, enhanced: bool = True
) -> Mapping[Cause, Reply]:
    """Make the replies of all versions, which differ in *gone* and *later*."""

    def at_mail(code: int, status: str, text: str) -> Reply:
        """Make a reply that is given at MAIL whatever the stage of the check."""
        return Reply(code, status, text, enhanced, stage=Stage.MAIL)

    needed = "Domain name required for sender address {addr}"
    real = "Real domain name required for sender address"
    return replies(
        Reply(250, "X.1.0", "{arg}... Sender ok", enhanced),
        {
            Outcome.NODATA: gone,
            Outcome.NXDOMAIN: gone,
            Outcome.TEMPFAIL: later,
            Outcome.UNQUALIFIED: Reply(
                553, "X.5.4", f"{{prefix}}... {needed}", enhanced
            ),
            Outcome.MALFORMED: at_mail(553, "X.1.3", "{arg}... {detail}"),
            SyntaxFault.DOMAIN: at_mail(553, "X.1.2", "{arg}... {detail}"),
            SyntaxFault.LOCAL_PART: at_mail(553, "X.0.0", "{arg}... {detail}"),
            SyntaxFault.CONTROL: at_mail(501, "X.1.7", _CONTROL),
            SyntaxFault.TOO_LONG: at_mail(553, "X.1.0", "{arg}... {detail}"),
            SyntaxFault.NO_SMTPUTF8: at_mail(501, "X.1.7", _EIGHT_BITS),
            SyntaxFault.ADDRESS_LITERAL: Reply(
                553, "X.5.4", f"{{prefix}}... {real}", enhanced
            ),
        },
    )


_CONTROL = 'Syntax error in mailbox address "{detail}" (non-printable character)'
_EIGHT_BITS = '8-bit character in mailbox address "{detail}"'


_DOMAIN_OF = "Domain of sender address {addr}"
_GONE = Reply(553, "X.1.8", f"{{prefix}}... {_DOMAIN_OF} does not exist", enhanced=True)
# err.c, fmtmsg: a prefix goes with 050, 250, 252, 450, 550 and 553 only.
_LATER = Reply(451, "X.1.8", f"{_DOMAIN_OF} does not resolve", enhanced=True)

SENDMAIL_8_17 = Profile(
    "sendmail",
    _table(_GONE, _LATER),
    about="sendmail 8.11.4 to 8.18, stock check_mail",
    reading=SendmailReading(),
    plan=sendmail_plan,
    pedigree="""\
Sendmail 8.17.1.9 (Debian 12), cf/m4/proto.m4, ruleset check_mail, of a host with IPv6;
the client is neither local nor authenticated.
Differs from the RFCs: addresses are asked first, so that a null MX or a broken MX is
not seen (RFC 5321, section 5.1; RFC 7505); FORMERR, and a chain of more than eleven
aliases, count as absence; names are completed from the search list, so that a wildcard
in the receiver's own domain makes every domain exist (RFC 5321, section 2.3.5); a name
without a dot is looked up only there; address literals need a name of their own (PTR).
Octets beyond ASCII lose their eighth bit in replies. With FEATURE(delay_checks)
everything but syntax is said at RCPT: let the receiver check there.
Differs here: sendmail cuts the words behind the prefix after 249 characters.
Unsure: names in /etc/hosts, which sendmail asks first.""",
)

SENDMAIL_8_17_BADMX = replace(
    SENDMAIL_8_17,
    name="sendmail-badmx",
    replies={
        **SENDMAIL_8_17.replies,
        TargetFault.UNKNOWN: Reply(
            450, "X.1.2", "{prefix}... MX lookup failure for {detail}", enhanced=True
        ),
        TargetFault.ADDRESS: Reply(
            550,
            "X.1.2",
            "{prefix}... Illegal MX record for host {detail}",
            enhanced=True,
        ),
        TargetFault.SPECIAL_ADDRESS: Reply(
            550,
            "X.1.2",
            "{prefix}... Invalid MX record for host {detail}",
            enhanced=True,
        ),
    },
    about="sendmail 8.16 and later with FEATURE(badmx)",
    plan=badmx_plan,
    pedigree=f"""\
{SENDMAIL_8_17.pedigree}
FEATURE(`badmx'), cf/feature/badmx.m4: one bad MX condemns all; of addresses as MX only
those are known whose last octet has one digit; "MX 0 ." alone passes, "MX 10 ." does
not; AAAA is never asked, and a target that does not exist passes; of several addresses
of a host it takes one by chance, and we the first. It looks at all MX, we at 50 at the
most.""",
)

SENDMAIL_8_11 = replace(
    SENDMAIL_8_17,
    name="sendmail-8.11",
    replies=_table(replace(_GONE, code=501), _LATER),
    about="sendmail 8.11.1 to 8.11.3",
    plan=old_plan,
    pedigree="""\
Sendmail 8.11.1, RELEASE_NOTES: 553 became 501 "to avoid problems with errors in the
MAIL address", and 553 again with 8.11.4; otherwise as 8.17, without IPv6.
Unsure: which types it asked; nobody has recorded one.""",
)

SENDMAIL_8_9 = replace(
    SENDMAIL_8_11,
    name="sendmail-8.9",
    replies={
        **_table(
            Reply(501, "X.1.8", "{prefix}... Sender domain must exist"),
            Reply(451, "X.1.8", "{prefix}... Sender domain must resolve"),
            enhanced=False,
        ),
        Outcome.UNQUALIFIED: Reply(553, "X.5.4", "{prefix}... Domain name required"),
        SyntaxFault.ADDRESS_LITERAL: Reply(
            553, "X.5.4", "{prefix}... Real domain name required"
        ),
    },
    about='sendmail 8.9, the first to say "Sender domain must exist"',
    pedigree="""\
Sendmail 8.9.0, cf/m4/proto.m4, ruleset check_mail; the words of article Q280118.
Without enhanced status codes, which came with 8.10.
Unsure: which types it asked; nobody has recorded one.""",
)
