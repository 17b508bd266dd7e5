"""
Courier, ``BOFHCHECKDNS``.

Owns      the profile of Courier.
Knows not other servers.
"""

from __future__ import annotations

from enum import Enum

from .._address import Mailbox
from .._dns import (
    MX,
    DomainName,
    Failure,
    FailureReason,
    NoData,
    NxDomain,
    Records,
    RecordType,
    Steps,
)
from .._domain import NO_DOMAIN
from .._finding import Finding, Outcome, SyntaxFault, TargetFault
from .._profile import Profile, Receiver, replies
from .._reply import Reply
from .._value import value
from ._courier_address import (
    as_sender,
    domain_of,
    is_number,
    is_same,
    path_in,
    to_ascii,
    to_unicode,
)
from ._inquiry import NOERROR, NXDOMAIN, Inquiry, on_the_wire
from ._syntax import is_ipv6, malformed, unescaped, with_brackets

# Of each domain. Courier itself asks for the addresses of all.
_MAX_HOSTS = 50

# rfc1035/rfc1035search.c, rfc1035_resolve_cname: aliases that it follows.
_MAX_ALIASES = 10


@value
class CourierReading:
    """module.esmtp/courieresmtpd.c: mailfrom; submit.C: getsender, getrcpts."""

    def read(
        self,
        path: str,
        receiver: Receiver,  # noqa: ARG002 - it treats its own domains like others
        *,
        smtputf8: bool,  # noqa: ARG002 - nor does it look whether that was asked for
    ) -> Mailbox | Finding:
        """See `Reading.read`."""
        inside = path_in(with_brackets(path))
        if inside is None:
            return malformed(SyntaxFault.BRACKETS)
        sender = as_sender(inside)
        domain = domain_of(sender)
        if domain is None:
            return malformed(SyntaxFault.DOMAIN)
        if not domain:
            return Finding(NO_DOMAIN, Outcome.NULL_REVERSE_PATH)
        name = to_ascii(domain)
        if name is None or not on_the_wire(name):
            return Finding(NO_DOMAIN, Outcome.TEMPFAIL, FailureReason.MALFORMED)
        if _is_ip(domain) or not is_same(to_unicode(name), domain):
            # No answer is about the name that it looks for in there.
            return Finding(NO_DOMAIN, Outcome.NXDOMAIN)
        return Mailbox(sender.rpartition("@")[0], DomainName(name))

    def address(self, path: str) -> str:
        """See `Reading.address`; with the domain that replies name."""
        sender = as_sender(path_in(with_brackets(path)) or "")
        domain = domain_of(sender)
        return f"{sender.rpartition('@')[0]}@{domain}" if domain else sender

    def argument(self, path: str) -> str:
        """See `Reading.argument`."""
        return path


def _is_ip(name: str) -> bool:
    """rfc1035_aton."""
    return is_number(name) or is_ipv6(name)


class _End(Enum):
    """How the search for records of one type ends: RFC1035_MX_... and rcodes."""

    FOUND = "records"
    ABSENT = "NOERROR or NXDOMAIN, and no records"
    SOFT = "another rcode, or no answer"
    RECURSIVE = "RFC1035_ERR_CNAME_RECURSIVE"


@value
class _Heard:
    """What has been found, or why nothing was."""

    end: _End
    records: Records | None = None
    outcome: Outcome = Outcome.NODATA
    reason: FailureReason = FailureReason.SERVFAIL


def _resolve(inquiry: Inquiry, name: str, qtype: RecordType) -> Steps[_Heard]:
    """rfc1035_resolve_cname: asks again at the end of a chain without records."""
    aliases = 0
    while True:
        if not on_the_wire(name):
            return _Heard(_End.ABSENT)  # the root: there is nothing
        answer = yield from inquiry.ask(name, qtype)
        match answer:
            case Records():
                aliases += len(answer.aliases)
                return _Heard(
                    _End.FOUND if aliases <= _MAX_ALIASES else _End.RECURSIVE, answer
                )
            case NoData(aliases=chain) if chain and aliases < _MAX_ALIASES:
                name = chain[-1]
                aliases += 1
            case NoData(aliases=chain):
                return _Heard(_End.RECURSIVE if chain else _End.ABSENT)
            case NxDomain():
                return _Heard(_End.ABSENT, outcome=Outcome.NXDOMAIN)
            case _:
                return _failed(answer)


def _failed(failure: Failure) -> _Heard:
    if failure.rcode == NXDOMAIN:
        return _Heard(_End.ABSENT, outcome=Outcome.NXDOMAIN)
    if failure.reason is FailureReason.ALIAS_LOOP:
        return _Heard(_End.RECURSIVE)
    if failure.rcode == NOERROR:
        return _Heard(_End.ABSENT)
    return _Heard(_End.SOFT, reason=failure.reason)


def _add_arecords(inquiry: Inquiry, name: str) -> Steps[_Heard]:
    """rfc1035mxlist.c, add_arecords: one family is enough, also to be believed."""
    heard = []
    for qtype in (RecordType.AAAA, RecordType.A):
        one = yield from _resolve(inquiry, name, qtype)
        if one.end is _End.RECURSIVE:
            return one
        heard.append(one)
    ends = [one.end for one in heard]
    if _End.FOUND in ends:
        return _Heard(_End.FOUND)
    if ends == [_End.SOFT, _End.SOFT]:
        return heard[0]
    return _Heard(_End.ABSENT)


def courier_plan(domain: DomainName, _receiver: Receiver) -> Steps[Finding]:
    """submit.C, checkdns; rfc1035mxlist.c, domxlistcreate."""
    inquiry = Inquiry(domain)
    heard = yield from _resolve(inquiry, domain, RecordType.MX)
    if heard.end is _End.FOUND:
        assert heard.records is not None
        return (yield from _of_exchanges(inquiry, heard.records))
    outcome = heard.outcome
    if heard.end is _End.ABSENT:
        heard = yield from _add_arecords(inquiry, domain)
        if heard.end is _End.FOUND:
            return inquiry.finding(Outcome.IMPLICIT_MX)
    if heard.end is _End.ABSENT:
        return inquiry.finding(outcome)
    return _in_doubt(inquiry, heard)


def _in_doubt(inquiry: Inquiry, heard: _Heard) -> Finding:
    recursive = heard.end is _End.RECURSIVE
    reason = FailureReason.ALIAS_LOOP if recursive else heard.reason
    return inquiry.finding(Outcome.TEMPFAIL, reason)


def _of_exchanges(inquiry: Inquiry, mx: Records) -> Steps[Finding]:
    """Ask for the hosts; it takes them in random order, and to the last."""
    exchanges = dict.fromkeys(
        each.exchange for each in mx.rrset if isinstance(each, MX)
    )
    addresses = {each for each in exchanges if _is_ip(unescaped(each))}
    # It takes no notice of names that it cannot convert.
    hosts = [
        each
        for each in exchanges
        if each not in addresses and unescaped(each).isascii()
    ]
    heard = []
    for host in hosts[:_MAX_HOSTS]:
        one = yield from _add_arecords(inquiry, host)
        if one.end is _End.RECURSIVE:
            return _in_doubt(inquiry, one)
        heard.append(one)
    ends = {one.end for one in heard}
    if addresses:  # any of them
        return inquiry.finding(Outcome.UNUSABLE_MX, TargetFault.ADDRESS)
    if _End.FOUND in ends:
        return inquiry.finding(Outcome.MX)
    if len(hosts) > _MAX_HOSTS:
        return inquiry.finding(Outcome.TEMPFAIL, FailureReason.QUESTION_LIMIT)
    if ends == {_End.SOFT}:
        return _in_doubt(inquiry, heard[0])
    # Where one host is not there, what the others are does not count.
    return inquiry.finding(Outcome.UNUSABLE_MX, TargetFault.NO_ADDRESS)


_SEE = "Invalid domain, see <URL:https://www.ietf.org/rfc/rfc1035.txt>"
_GONE = Reply(517, None, ("Domain does not exist: {domain}.", _SEE))
_RECURSIVE = Reply(
    517, None, ("RFC 1035 violation: recursive CNAME records for {domain}.", _SEE)
)
_ADDRESS = Reply(
    517, None, ("MX records for {domain} violate section 3.3.9 of RFC 1035.", _SEE)
)
_LATER = Reply(417, None, "DNS lookup failure: {domain}.  Try again later.")
_BRACKETS = Reply(554, None, "Syntax error - your mail software violates RFC 821.")

COURIER = Profile(
    "courier",
    replies(
        Reply(250, None, "Ok."),
        {
            Outcome.NXDOMAIN: _GONE,
            Outcome.NODATA: _GONE,
            Outcome.NULL_MX: _GONE,
            Outcome.UNUSABLE_MX: _GONE,
            TargetFault.ADDRESS: _ADDRESS,
            Outcome.TEMPFAIL: _LATER,
            FailureReason.ALIAS_LOOP: _RECURSIVE,
            Outcome.MALFORMED: Reply(517, None, "Syntax error."),
            SyntaxFault.BRACKETS: _BRACKETS,
        },
    ),
    about="Courier 1.0, BOFHCHECKDNS = 1",
    reading=CourierReading(),
    plan=courier_plan,
    patience=155.0,
    pedigree="""\
Courier 1.0.16 (Debian 12), BOFHCHECKDNS = 1, no bofh file, and no "domain" in
resolv.conf. Debian's source was not to be had: courier/submit.C (getsender, checkdns),
module.esmtp/esmtp.c (rfc822check) and courier-libs, rfc1035/rfc1035mxlist.c, are of
neighbouring versions.
Differs from the RFCs: the codes 517 and 417; a null MX (RFC 7505) is a host without
address; one MX that is the text of an IP address spoils all others; eleven aliases are
"recursive", and final; if one host does not exist, trouble with all others is final,
too, and so is trouble in one family if the other one has nothing; single labels,
address literals, source routes, the bare postmaster and quoted spaces are syntax
errors; IDNA is that of 2003, and whoever writes a U-label with capital letters, or with
what IDNA 2003 maps to something else, does not exist; SMTPUTF8 is not asked for.
One question may take 155 s (5, 25 and 125). All hosts of all MX are asked for, one
after the other, here the first 50 only. Code points that Unicode has had since 3.2 only
are trouble, 417. The version 1.4 answers 417 to a null MX.
Unsure: addresses in the additional section, which Courier takes and we ask for; trouble
with a name that its own answers are not about, which counts as its absence
here.""",
)
