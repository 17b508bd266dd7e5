"""
qpsmtpd, ``resolvable_fromhost``.

Owns      the profiles of qpsmtpd.
Knows not other servers.
"""

from __future__ import annotations

import re

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from socket import inet_aton

from .._address import Mailbox
from .._dns import (
    MAX_LABEL,
    MX,
    DomainName,
    Failure,
    FailureReason,
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
from ._inquiry import Inquiry, on_the_wire
from ._qpsmtpd_address import NOBODY, QpsmtpdAddress, parse, path_in
from ._syntax import is_ipv6, literal, malformed, unescaped, unqualified, with_brackets

# Of each domain. qpsmtpd itself goes on to the last.
_MAX_HOSTS = 50

# config.sample/invalid_resolvable_fromhost.
_INVALID = tuple(
    map(
        IPv4Network,
        ("127.0.0.0/8", "0.0.0.0/8", "224.0.0.0/4", "169.254.0.0/16", "10.0.0.0/8"),
    )
)

_IPV4_LITERAL = re.compile(r"\[(?:[0-9]{1,3}\.){3}[0-9]{1,3}\]").fullmatch
_NUMBERS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,5}){0,3}").fullmatch
_MAX_NUMBER = 255
_DIGITS_AND_DOTS = re.compile(r"[0-9.]*[0-9]").fullmatch
_MOST_REVERSED = 4
_ESCAPED = re.compile(r"\\(?:([0-9]{3})|(.))", re.DOTALL)
_ODD = re.compile(r"[^a-z0-9_-]")


@value
class QpsmtpdReading:
    """lib/Qpsmtpd/SMTP.pm: mail_parse_respond, mail_pre_respond."""

    def read(
        self,
        path: str,
        receiver: Receiver,  # noqa: ARG002 - it treats its own domains like others
        *,
        smtputf8: bool,  # noqa: ARG002 - it has never heard of that
    ) -> Mailbox | Finding:
        """See `Reading.read`."""
        text = path_in(with_brackets(path))
        if text is None:
            return malformed(SyntaxFault.DOMAIN, "Syntax error in parameters")
        address = parse(text)
        if address is None:
            unparsed = "could not parse your mail from command"
            return malformed(SyntaxFault.LOCAL_PART, unparsed)
        if address == NOBODY:
            return Finding(NO_DOMAIN, Outcome.NULL_REVERSE_PATH)
        if address.host in ("", "0"):  # "0" is false in Perl
            return unqualified()
        if _IPV4_LITERAL(address.host):
            return literal()
        return _named(address)

    def address(self, path: str) -> str:
        """See `Reading.address`: lib/Qpsmtpd/Address.pm, format."""
        address = parse(path_in(with_brackets(path)) or "")
        return str(address or NOBODY)

    def argument(self, path: str) -> str:
        """See `Reading.argument`."""
        return path


def _named(address: QpsmtpdAddress) -> Mailbox | Finding:
    if ":" in address.host:  # asked for, escaped or reversed, and never there
        return Finding(NO_DOMAIN, Outcome.NXDOMAIN)
    name = _as_net_dns_reads(address.host)
    if any(len(unescaped(label)) > MAX_LABEL for label in name.split(".")):
        # Net::DNS dies of that, and whatever a plugin dies of is accepted.
        return Finding(NO_DOMAIN, Outcome.EXEMPT)
    return Mailbox(address.user or "", DomainName(name))


def _as_net_dns_reads(host: str) -> str:
    """Net/DNS/Domain.pm, new: takes octets for Latin-1, and the name for escaped."""

    def escaped(label: str) -> str:
        """Write one label as Net::DNS asks for it."""
        read = _ESCAPED.sub(lambda m: _octet(m[1]) if m[1] else m[2], label)
        lower = read.encode("latin-1").lower().decode("latin-1")  # of ASCII only
        return _ODD.sub(lambda m: f"\\{ord(m[0]):03}", lower)

    octets = host.encode().decode("latin-1")
    return ".".join(map(escaped, octets.split(".")))


def _octet(digits: str) -> str:
    return chr(int(digits)) if int(digits) <= _MAX_NUMBER else ""


def _asked(name: str, receiver: Receiver) -> str:
    """Net/DNS/Resolver/Base.pm, query; Net/DNS/Question.pm, _dns_addr."""
    if "." not in name and ":" not in name and receiver.search_list:
        return f"{name}.{receiver.search_list[0]}"
    if _DIGITS_AND_DOTS(name):
        parts = name.split(".")[:_MOST_REVERSED]
        return ".".join([*reversed(parts), "in-addr", "arpa"])
    return name


def _is_valid(address: str) -> bool:
    """
    plugins/resolvable_fromhost, ip_is_valid.

    inet_aton(3) of Perl looks IPv4-mapped addresses up, and knows no other ones of
    IPv6; nothing is in no network.
    """
    try:
        ipv4 = IPv4Address(inet_aton(address))
    except OSError:
        mapped = IPv6Address(address).ipv4_mapped if is_ipv6(address) else None
        if mapped is None:
            return True
        ipv4 = mapped
    return not any(ipv4 in network for network in _INVALID)


def _is_ip(name: str) -> bool:
    """Net/IP.pm: ip_is_ipv4, which has one to four numbers, and ip_is_ipv6."""
    if is_ipv6(name):
        return True
    numbers = name.split(".") if _NUMBERS(name) else ["256"]
    return all(int(number) <= _MAX_NUMBER for number in numbers)


class _Lookup:
    """The questions of plugins/resolvable_fromhost about one domain."""

    def __init__(self, domain: DomainName, receiver: Receiver) -> None:
        self.inquiry = Inquiry(domain)
        self.doubt: FailureReason | None = None
        self.absent = Outcome.NXDOMAIN
        self._receiver = receiver

    def records(self, name: str, qtype: RecordType) -> Steps[tuple[MX | str, ...]]:
        """Ask; what is no answer with records is nothing, whyever."""
        name = _asked(name, self._receiver) if name else ""
        if not on_the_wire(name):  # the root: nobody has anything there
            return ()
        answer = yield from self.inquiry.ask(name, qtype)
        match answer:
            case Records() | Failure(beyond=Records()):
                records = answer if isinstance(answer, Records) else answer.beyond
                assert records is not None
                return records.rrset
            case Failure(reason):
                self.doubt = self.doubt or reason
            case NxDomain():
                pass
            case _:
                self.absent = Outcome.NODATA
        return ()

    def fault_of(self, exchange: str) -> Steps[TargetFault | None]:
        """mx_address_resolves: looks at the first address, IPv4 first."""
        name = unescaped(exchange)
        if _is_ip(name):
            return None if _is_valid(name) else TargetFault.SPECIAL_ADDRESS
        addresses: list[MX | str] = []
        for qtype in (RecordType.A, RecordType.AAAA):
            addresses += yield from self.records(exchange, qtype)
        if not addresses:
            return TargetFault.NO_ADDRESS if exchange else TargetFault.NULL
        valid = _is_valid(str(addresses[0]))
        return None if valid else TargetFault.SPECIAL_ADDRESS


def qpsmtpd_plan(domain: DomainName, receiver: Receiver) -> Steps[Finding]:
    """plugins/resolvable_fromhost: check_dns."""
    lookup = _Lookup(domain, receiver)
    inquiry = lookup.inquiry
    mx = yield from lookup.records(domain, RecordType.MX)
    exchanges = [each.exchange for each in mx if isinstance(each, MX)]
    faults: list[TargetFault] = []
    for exchange in exchanges[:_MAX_HOSTS]:
        fault = yield from lookup.fault_of(exchange)
        if fault is None:
            return inquiry.finding(Outcome.MX)
        faults.append(fault)
    if len(exchanges) > _MAX_HOSTS:
        return inquiry.finding(Outcome.TEMPFAIL, FailureReason.QUESTION_LIMIT)
    if faults:
        return inquiry.finding(Outcome.UNUSABLE_MX, faults[0])
    found: list[MX | str] = []
    for qtype in (RecordType.A, RecordType.AAAA):
        found += yield from lookup.records(domain, qtype)
    if found:  # valid or not: "a" is noted before that is looked at
        return inquiry.finding(Outcome.IMPLICIT_MX)
    if lookup.doubt is not None:
        return inquiry.finding(Outcome.TEMPFAIL, lookup.doubt)
    return inquiry.finding(lookup.absent)


# lib/Qpsmtpd/DSN.pm: temp_resolver_failed, addr_bad_from_system.
_FAILED = Reply(450, None, "Temporary address resolution failure (#4.4.3)")
_BAD = Reply(450, None, "FQDN required in the envelope sender (#4.1.8)")

QPSMTPD = Profile(
    "qpsmtpd",
    replies(
        Reply(250, None, "{addr}, sender OK - how exciting to get mail from you!"),
        {
            Outcome.NULL_MX: _BAD,
            Outcome.UNUSABLE_MX: _BAD,
            Outcome.UNQUALIFIED: _BAD,
            Outcome.NODATA: _FAILED,
            Outcome.NXDOMAIN: _FAILED,
            Outcome.TEMPFAIL: _FAILED,
            Outcome.MALFORMED: Reply(501, None, "{detail}"),
        },
    ),
    about="qpsmtpd 0.94, resolvable_fromhost",
    reading=QpsmtpdReading(),
    plan=qpsmtpd_plan,
    patience=75.0,
    pedigree="""\
qpsmtpd 0.94 (plugins/resolvable_fromhost, check_dns; lib/Qpsmtpd/Address.pm) with
Net::DNS 1.36; reject 1, reject_type temp, IPv6 built in, and the networks of
config.sample/invalid_resolvable_fromhost.
Differs from the RFCs: what does not exist is temporary, always; a failed MX look-up
falls back to the addresses (RFC 5321, section 5.1); a null MX (RFC 7505) is one more
host without address; the implicit MX may be any address, of an MX only the first one
counts, and of IPv6 none is bogus but IPv4-mapped ones of bogus IPv4 addresses; a label
of 64 octets is accepted, as Net::DNS dies of it; single labels are asked for in the
first domain of the search list; "[undefined]" anywhere makes a null sender; between two
labels any octet will do; there is no SMTPUTF8, but 8-bit local parts pass if they begin
in ASCII.
One question may take 75 s (5, 10, 20 and 40), and 30 s more over TCP. Hosts are asked
for one after the other; here the first 50 of a domain only.
Unsure: whether anybody has a MX below in-addr.arpa, where it asks for numbers; IPv6
addresses as host names, which here are never found.""",
)

QPSMTPD_PERM = replace(
    QPSMTPD,
    name="qpsmtpd-perm",
    replies={
        cause: replace(reply, code=550, text=str(reply.text).replace("(#4.", "(#5."))
        if reply.code == 450  # noqa: PLR2004
        else reply
        for cause, reply in QPSMTPD.replies.items()
    },
    about="qpsmtpd 0.94 with reject_type perm",
    pedigree=f"""\
{QPSMTPD.pedigree}
reject_type perm: trouble with the DNS is permanent, too.""",
)
