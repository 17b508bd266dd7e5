"""
Servers that nobody has recorded: maddy, mox, netqmail, Plan 9, James.

Owns      their profiles, from their sources.
Knows not other servers.
"""

from __future__ import annotations

from .._dns import (
    MX,
    Answer,
    DomainName,
    Failure,
    FailureReason,
    Records,
    RecordType,
    Steps,
)
from .._exchanges import through_exchanges
from .._finding import Finding, Outcome
from .._lookup import lookup
from .._profile import Profile, Receiver, replies
from .._reply import Reply, Stage
from .._targets import Depth, Judge, TargetRules
from ._inquiry import Inquiry, on_the_wire
from ._plain_reading import PlainReading


def maddy_plan(domain: DomainName, receiver: Receiver) -> Steps[Finding]:
    """internal/check/dns/dns.go: requireMXRecord, on Go's own resolver."""
    inquiry = Inquiry(domain)
    for suffix in ("", *(f".{each}" for each in receiver.search_list)):
        if not on_the_wire(f"{domain}{suffix}"):
            continue
        answer = yield from inquiry.ask(f"{domain}{suffix}", RecordType.MX)
        if isinstance(answer, Records):
            exchanges = [r.exchange for r in answer.rrset if isinstance(r, MX)]
            null = "" in exchanges  # any of them
            return inquiry.finding(Outcome.NULL_MX if null else Outcome.MX)
        if isinstance(answer, Failure):
            # net.DNSError.Temporary is true of time-outs and SERVFAIL only.
            if answer.reason in (FailureReason.REFUSED, FailureReason.MALFORMED):
                return inquiry.finding(Outcome.NXDOMAIN)
            return inquiry.finding(Outcome.TEMPFAIL, answer.reason)
    return inquiry.finding(Outcome.NXDOMAIN)


_EXCHANGES = Judge(Depth.EXCHANGES, TargetRules(max_hosts=50))


def mox_plan(domain: DomainName, _receiver: Receiver) -> Steps[Finding]:
    """smtpserver/mx.go: checkMXRecords."""
    inquiry = Inquiry(domain)
    answer = yield from inquiry.ask(domain, RecordType.MX)
    if isinstance(answer, Failure):
        return inquiry.finding(Outcome.TEMPFAIL, answer.reason)
    if isinstance(answer, Records):
        exchanges = [r.exchange for r in answer.rrset if isinstance(r, MX)]
        if exchanges == [""]:  # at any preference
            return inquiry.finding(Outcome.NULL_MX)
        question = inquiry.evidence[0][0]
        return (yield from through_exchanges(domain, question, answer, _EXCHANGES))
    return (yield from _addresses(inquiry, (RecordType.A, RecordType.AAAA)))


def _addresses(inquiry: Inquiry, qtypes: tuple[RecordType, ...]) -> Steps[Finding]:
    reason: FailureReason | None = None
    for qtype in qtypes:
        answer = yield from inquiry.ask(inquiry.domain, qtype)
        if isinstance(answer, Records):
            return inquiry.finding(Outcome.IMPLICIT_MX)
        if isinstance(answer, Failure):
            reason = reason or answer.reason
    if reason is not None:
        return inquiry.finding(Outcome.TEMPFAIL, reason)
    return inquiry.finding(Outcome.NXDOMAIN)


def netqmail_plan(domain: DomainName, _receiver: Receiver) -> Steps[Finding]:
    """dns.c: dns_mxip, of the patch MFCHECK."""
    inquiry = Inquiry(domain)
    answer = yield from inquiry.ask(domain, RecordType.MX)
    if isinstance(answer, Failure):
        return inquiry.finding(Outcome.TEMPFAIL, answer.reason)
    if not isinstance(answer, Records):
        return (yield from _addresses(inquiry, (RecordType.A,)))
    found: list[Answer] = []
    for record in answer.rrset[: _EXCHANGES.rules.max_hosts]:
        assert isinstance(record, MX)
        if record.exchange:
            found.append((yield from inquiry.ask(record.exchange, RecordType.A)))
        if found and isinstance(found[-1], Records):
            return inquiry.finding(Outcome.MX)
    soft = next((each for each in found if isinstance(each, Failure)), None)
    if soft is not None:
        return inquiry.finding(Outcome.TEMPFAIL, soft.reason)
    if len(answer.rrset) > _EXCHANGES.rules.max_hosts:
        return inquiry.finding(Outcome.TEMPFAIL, FailureReason.QUESTION_LIMIT)
    return inquiry.finding(Outcome.UNUSABLE_MX)


def plan9_plan(domain: DomainName, _receiver: Receiver) -> Steps[Finding]:
    """upas/smtp/rmtdns.c: what cannot be found out passes."""
    finding = yield from lookup(domain)
    return finding


def james_plan(domain: DomainName, _receiver: Receiver) -> Steps[Finding]:
    """DNSJavaService.findMXRecords: trouble and absence are one."""
    inquiry = Inquiry(domain)
    answer = yield from inquiry.ask(domain, RecordType.MX)
    if isinstance(answer, Records):
        return inquiry.finding(Outcome.MX)
    if isinstance(answer, Failure):
        return inquiry.finding(Outcome.NXDOMAIN)
    finding = yield from _addresses(inquiry, (RecordType.A, RecordType.AAAA))
    if finding.outcome is Outcome.TEMPFAIL:
        return inquiry.finding(Outcome.NXDOMAIN)
    return finding


def _syntax(code: int, status: str | None, text: str) -> Reply:
    return Reply(code, status, text, enhanced=status is not None, stage=Stage.MAIL)


def _dns(code: int, status: str | None, text: str) -> Reply:
    return Reply(code, status, text, enhanced=status is not None)


_MADDY_FAILED = "DNS error during policy check"

MADDY = Profile(
    "maddy",
    replies(
        _dns(250, "X.0.0", "Roger, accepting mail from {arg}"),
        {
            Outcome.NULL_MX: _dns(
                501, "X.7.27", "Domain in MAIL FROM has null MX record"
            ),
            Outcome.NODATA: _dns(550, "X.7.0", _MADDY_FAILED),
            Outcome.NXDOMAIN: _dns(550, "X.7.0", _MADDY_FAILED),
            Outcome.ADDRESS_LITERAL: _dns(550, "X.7.0", _MADDY_FAILED),
            Outcome.TEMPFAIL: _dns(450, "X.7.0", _MADDY_FAILED),
            Outcome.UNQUALIFIED: _dns(501, "X.1.8", "No domain part in address"),
            Outcome.MALFORMED: _syntax(501, "X.1.8", "Malformed sender address"),
        },
    ),
    about="maddy 0.9, require_mx_record with fail_action reject",
    reading=PlainReading(idn=False),
    plan=maddy_plan,
    pedigree="""\
maddy 0.9.4, internal/check/dns/dns.go, requireMXRecord, on Go's own resolver; the
default of fail_action is quarantine. With defer_sender_reject, the default, it is said
at RCPT: let the receiver check there.
Differs from the RFCs: an address is no implicit MX (RFC 5321, section 5.1); REFUSED,
NOTIMP and FORMERR count as absence; one "." among the MX makes a null MX; every
internationalized domain fails, as U-labels are looked up; the search list is used.
Differs here: maddy sends 450 with 5.7.0, which no reply may have (RFC 2034, section 4).
Unsure: the words for what is accepted and for bad syntax; nobody has recorded one.""",
)

_MOX_GONE = _dns(550, "X.7.27", "mailfrom domain not configured for mail")

MOX = Profile(
    "mox",
    replies(
        _dns(250, "X.1.0", "looking good"),
        {
            Outcome.NULL_MX: _MOX_GONE,
            Outcome.UNUSABLE_MX: _MOX_GONE,
            Outcome.NODATA: _MOX_GONE,
            Outcome.NXDOMAIN: _MOX_GONE,
            Outcome.TEMPFAIL: _dns(
                451, "X.4.0", "cannot verify mx records for mailfrom domain"
            ),
            Outcome.UNQUALIFIED: _syntax(501, "X.5.4", "bad address syntax"),
            Outcome.MALFORMED: _syntax(501, "X.5.4", "bad address syntax"),
        },
    ),
    about="mox, its check of MX records",
    reading=PlainReading(),
    plan=mox_plan,
    pedigree="""\
mox, smtpserver/mx.go, checkMXRecords, of August 2026; on by default for incoming mail.
Differs from the RFCs: a domain that does not exist, and one whose exchanges do not, get
the status of a null MX (RFC 7505, section 4.2). It looks at every exchange, we at 50.
Unsure: the words for what is accepted and for bad syntax; nobody has recorded one.""",
)

_NETQMAIL_GONE = _dns(
    553, None, "sorry, your envelope sender domain must exist (#5.7.1)"
)

NETQMAIL = Profile(
    "netqmail",
    replies(
        _dns(250, None, "ok"),
        {
            Outcome.UNUSABLE_MX: _NETQMAIL_GONE,
            Outcome.NODATA: _NETQMAIL_GONE,
            Outcome.NXDOMAIN: _NETQMAIL_GONE,
            Outcome.TEMPFAIL: _dns(451, None, "DNS temporary failure (#4.3.0)"),
            Outcome.MALFORMED: _syntax(555, None, "syntax error (#5.5.4)"),
        },
    ),
    about="netqmail with the patch MFCHECK",
    reading=PlainReading(skips_own=False),
    plan=netqmail_plan,
    pedigree="""\
netqmail 1.06 with the patch MFCHECK, qmail-smtpd.c, mfcheck, and dns.c, dns_mxip.
Differs from the RFCs: IPv6 does not count (RFC 5321, section 5.2). It looks at every
exchange, we at fifty.
Unsure: internationalized domains, bad syntax; nobody has recorded one.""",
)

_PLAN9_GONE = _dns(554, "X.1.8", "Sender domain must exist: {addr}")

PLAN9 = Profile(
    "plan9",
    replies(
        _dns(250, None, "sender is {addr}"),
        {
            Outcome.NODATA: _PLAN9_GONE,
            Outcome.NXDOMAIN: _PLAN9_GONE,
            Outcome.MALFORMED: _syntax(501, None, "Bad sender address syntax"),
        },
    ),
    about="Plan 9, smtpd -r",
    reading=PlainReading(skips_own=False),
    plan=plan9_plan,
    pedigree="""\
Plan 9 from Bell Labs, 4th edition, upas/smtp/smtpd.c and rmtdns.c.
Differs from the RFCs: null MX is not known (RFC 7505), and trouble in the DNS passes.
Unsure: all but the words of the rejection; nobody has recorded one.""",
)

_JAMES_GONE = _dns(
    501, "X.1.7", "sender {arg} contains a domain with no valid MX records"
)

JAMES = Profile(
    "james",
    replies(
        _dns(250, "X.1.0", "Sender {arg} OK"),
        {
            Outcome.NODATA: _JAMES_GONE,
            Outcome.NXDOMAIN: _JAMES_GONE,
            Outcome.MALFORMED: _syntax(501, "X.1.7", "Syntax error in sender address"),
        },
    ),
    about="Apache James, ValidSenderDomainHandler",
    reading=PlainReading(skips_own=False),
    plan=james_plan,
    pedigree="""\
Apache James 3, ValidSenderDomainHandler and DNSJavaService.findMXRecords.
Differs from the RFCs: trouble in the DNS counts as absence, and mail is lost (RFC 5321,
section 5.1); null MX is not known (RFC 7505); 501 is no matter of syntax here.
Unsure: the words for what is accepted and for bad syntax; nobody has recorded one.""",
)
