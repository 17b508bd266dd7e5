"""
Haraka, ``mail_from.is_resolvable``.

Owns      the profiles of Haraka.
Knows not other servers.
"""

from __future__ import annotations

import re

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

from .._address import Mailbox
from .._dns import (
    MX,
    Answer,
    DomainName,
    Failure,
    FailureReason,
    Question,
    Records,
    RecordType,
    Steps,
)
from .._domain import NO_DOMAIN
from .._finding import Finding, Outcome, SyntaxFault, TargetFault
from .._profile import Profile, Receiver, replies
from .._reply import Reply
from .._value import value
from ._haraka_address import HarakaError, parse
from ._haraka_names import (
    asked_by_get_mx,
    domain_to_ascii,
    is_askable,
    is_onion,
    to_ascii,
)
from ._inquiry import FORMERR, NOTIMP, NXDOMAIN, REFUSED, SERVFAIL, Inquiry
from ._syntax import (
    is_ipv4,
    is_ipv6,
    literal,
    malformed,
    octets_of,
    unescaped,
    unqualified,
)

# Of each domain. Haraka itself asks for the addresses of all, at the same time.
_MAX_HOSTS = 50

# index.js: re_bogus_ip.
_BOGUS_IPV4 = re.compile(r"0\.0\.0\.0|255\.255\.255\.255|127\.").match

# ipaddr.js 2.5.0, lib/ipaddr.js: whatever range() does not call "unicast".
_BOGUS_IPV6 = tuple(
    map(
        IPv6Network,
        (
            "::/128",
            "::1/128",
            "::ffff:0:0/96",
            "::ffff:0:0:0/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",  # Teredo, benchmarking, AMT, ORCHID, ... included
            "2001:db8::/32",
            "2002::/16",
            "2620:4f:8000::/48",
            "3fff::/20",
            "5f00::/16",
            "fc00::/7",
            "fe80::/10",
            "fec0::/10",
            "ff00::/8",
        ),
    )
)

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")

# c-ares, src/lib/record/ares_dns_mapping.c: ares_dns_query_reply_tostatus. All other
# codes are as good as NOERROR.
_BY_RCODE = {
    FORMERR: "EFORMERR",
    SERVFAIL: "ESERVFAIL",
    NXDOMAIN: "",
    NOTIMP: "ENOTIMP",
    REFUSED: "EREFUSED",
}
_BY_REASON = {
    FailureReason.TIMEOUT: "ETIMEOUT",
    FailureReason.REFUSED: "EREFUSED",
    FailureReason.MALFORMED: "EBADRESP",
    FailureReason.TRUNCATED: "ECONNREFUSED",  # its only server, over TCP
    FailureReason.RESOLVER_DOWN: "ECONNREFUSED",
    FailureReason.ALIAS_LOOP: "",  # NOERROR, and none of the records asked for
}


@value
class HarakaReading:
    """connection.js: cmd_mail; haraka-email-address."""

    def read(
        self,
        path: str,
        receiver: Receiver,  # noqa: ARG002 - it treats its own domains like others
        *,
        smtputf8: bool,  # noqa: ARG002 - nor does it look whether that was asked for
    ) -> Mailbox | Finding:
        """See `Reading.read`."""
        try:
            address = parse(_decoded(path))
        except HarakaError as error:
            return malformed(error.fault, str(error))
        if not address.host:
            return unqualified()
        if address.host.startswith("["):
            return literal()
        host = address.host.lower()
        if not host.isascii():
            host = domain_to_ascii(host)
            if not host:
                return malformed(SyntaxFault.IDN, "invalid IDN domain")
        name = asked_by_get_mx(host)
        if not name:  # Node.js makes that a question about the root
            return Finding(NO_DOMAIN, Outcome.NODATA)
        return Mailbox(address.user, DomainName(name))

    def address(self, path: str) -> str:
        """See `Reading.address`: lib/address.js, format."""
        text = _decoded(path)
        try:
            address = parse(text)
        except HarakaError:
            return self.argument(text)
        whole = f"{address.user}@{address.host}" if address.host else address.user
        return self.argument(whole)

    def argument(self, path: str) -> str:
        """See `Reading.argument`: haraka-utils, sanitize."""
        return _CONTROLS.sub("", path)


def _decoded(path: str) -> str:
    """Read octets as Node.js does, with U+FFFD for what is not UTF-8."""
    return octets_of(path.strip()).decode("utf-8", "replace")


def _error(answer: Failure) -> str:
    """Find the code that c-ares has for it; "" for ENODATA and ENOTFOUND."""
    if answer.rcode is not None and answer.reason is not FailureReason.ALIAS_LOOP:
        return _BY_RCODE.get(answer.rcode, "")
    return _BY_REASON.get(answer.reason, "ESERVFAIL")


def _records(answer: Answer) -> Records | None:
    # It reads what it asked for, whoever owns it.
    if isinstance(answer, Failure):
        return answer.beyond
    return answer if isinstance(answer, Records) else None


def _is_bogus(address: str) -> bool:
    if is_ipv4(address):
        return bool(_BOGUS_IPV4(address))
    return any(IPv6Address(address) in network for network in _BOGUS_IPV6)


def _addresses(inquiry: Inquiry, hosts: Iterable[str]) -> Steps[list[str]]:
    """Ask for the addresses of all *hosts* at the same time, and drop all errors."""
    names = [DomainName(host) for host in hosts]
    families = (RecordType.AAAA, RecordType.A)
    step = [Question(name, qtype) for name in names for qtype in families]
    exchanges = (yield from inquiry.race(step)) if step else []
    found = [_records(answer) for _, answer in exchanges]
    return [str(each) for records in found if records for each in records.rrset]


def _names(exchanges: list[str]) -> list[str]:
    """Take those of which c-ares asks for addresses, as it spells them."""
    names = (to_ascii(name).removesuffix(".") for name in exchanges)
    known = dict.fromkeys(names)
    return [name for name in known if is_askable(name) and not is_onion(name)]


def haraka_plan(
    domain: DomainName, _receiver: Receiver, *, allow_mx_ip: bool = False
) -> Steps[Finding]:
    """mail_from.is_resolvable, index.js: hook_mail; haraka-net-utils: get_mx."""
    inquiry = Inquiry(domain)
    if is_onion(domain):
        return inquiry.finding(Outcome.NXDOMAIN)
    if not is_askable(domain):
        doubt = FailureReason.MALFORMED
        return inquiry.finding(Outcome.TEMPFAIL, doubt, "EBADNAME")
    answer = yield from inquiry.ask(domain, RecordType.MX)
    mx = _records(answer)
    if mx is not None:
        return (yield from _of_exchanges(inquiry, mx, allow_mx_ip=allow_mx_ip))
    if isinstance(answer, Failure) and (code := _error(answer)):
        return inquiry.finding(Outcome.TEMPFAIL, answer.reason, code)
    return (yield from _implicit_mx(inquiry, allow_mx_ip=allow_mx_ip))


def mxip_plan(domain: DomainName, receiver: Receiver) -> Steps[Finding]:
    """The same with allow_mx_ip."""
    return haraka_plan(domain, receiver, allow_mx_ip=True)


def _implicit_mx(inquiry: Inquiry, *, allow_mx_ip: bool) -> Steps[Finding]:
    addresses = yield from _addresses(inquiry, [inquiry.domain])
    if not addresses:
        return inquiry.finding(Outcome.NODATA)
    if allow_mx_ip and not all(map(_is_bogus, addresses)):
        return inquiry.finding(Outcome.IMPLICIT_MX)
    # Its filter against IP addresses as MX takes these for such ones.
    return inquiry.finding(Outcome.UNUSABLE_MX, TargetFault.ADDRESS)


def _of_exchanges(
    inquiry: Inquiry, mx: Records, *, allow_mx_ip: bool
) -> Steps[Finding]:
    if mx.null_mx:
        return inquiry.finding(Outcome.NULL_MX)
    exchanges = [unescaped(each.exchange) for each in mx.rrset if isinstance(each, MX)]
    texts = [name for name in exchanges if is_ipv4(name) or is_ipv6(name)]
    if allow_mx_ip and not all(map(_is_bogus, texts)):
        return inquiry.finding(Outcome.MX)
    hosts = _names([name for name in exchanges if name and name not in texts])
    addresses = yield from _addresses(inquiry, hosts[:_MAX_HOSTS])
    if not all(map(_is_bogus, addresses)):
        return inquiry.finding(Outcome.MX)
    if len(hosts) > _MAX_HOSTS:
        limit = FailureReason.QUESTION_LIMIT
        return inquiry.finding(Outcome.TEMPFAIL, limit, "ETIMEOUT")
    return inquiry.finding(Outcome.UNUSABLE_MX, TargetFault.SPECIAL_ADDRESS)


_TROUBLE = "Temp. resolver error ({detail})"
_LITERAL = Reply(450, None, "Temp. resolver error (EBADNAME)")
_NONE = Reply(550, None, "No MX for your FROM address")
_UNUSABLE = Reply(550, None, "No valid MX for your FROM address")
_NULL_MX = Reply(550, "X.7.27", "Null MX: {ascii} does not send mail", enhanced=True)

HARAKA = Profile(
    "haraka",
    replies(
        Reply(250, None, "sender <{addr}> OK"),
        {
            Outcome.NULL_MX: _NULL_MX,
            Outcome.UNUSABLE_MX: _UNUSABLE,
            Outcome.NODATA: _NONE,
            Outcome.NXDOMAIN: _NONE,
            Outcome.TEMPFAIL: Reply(450, None, _TROUBLE),
            # It asks the DNS for it, and c-ares refuses to.
            Outcome.ADDRESS_LITERAL: _LITERAL,
            Outcome.MALFORMED: Reply(
                501, None, "Invalid MAIL FROM address {arg}: {detail}"
            ),
        },
    ),
    about="Haraka 3.3, mail_from.is_resolvable",
    reading=HarakaReading(),
    plan=haraka_plan,
    patience=1.0,
    pedigree="""\
Haraka 3.3.4, haraka-plugin-mail_from.is_resolvable 1.3.0 (index.js, hook_mail),
haraka-net-utils 1.9.3 (lib/get_mx.js), haraka-email-address 3.1.6, c-ares of Node.js
20; all as by default.
Differs from the RFCs: a domain without MX is refused even if it has an address (RFC
5321, section 5.1), as the filter for IP addresses in MX takes the implicit MX for one;
where the addresses cannot be found out for now, of the domain or of its MX, that is
final too, 550; the sender with an address literal is told to try again, for ever; an
undecodable A-label is never found, whatever the DNS has; U-labels are taken without
SMTPUTF8 (RFC 6531); "_" in a domain is a syntax error. NXDOMAIN is asked about three
times; all hosts of all MX are asked for, here the first 50 only. RFC 1918 passes.
Time-outs: the c-ares of Node.js 20 measures its servers and waits one second for those
that are quick otherwise, whatever net-utils.ini has (25 s); the plugin itself waits 5 s
for the MX, and 5 s for the hosts.
Unsure: commands of more than 512 octets, which Haraka does not read; what stands behind
the path; the finer points of bidirectional U-labels.""",
)

HARAKA_MXIP = replace(
    HARAKA,
    name="haraka-mxip",
    about="Haraka 3.3 with allow_mx_ip = true",
    plan=mxip_plan,
    pedigree=f"""\
{HARAKA.pedigree}
allow_mx_ip = true: domains with an address and no MX pass; and so does an MX that is
the text of an IP address.""",
)
