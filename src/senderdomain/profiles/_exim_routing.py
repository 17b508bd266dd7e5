"""
Exim's dnslookup router, for a sender that is verified.

Owns      what is asked, and what becomes of the answers.
Knows not how a sender is read, what is said about it.
"""

from __future__ import annotations

import re

from enum import Enum
from ipaddress import IPv4Address, ip_address
from typing import TypeVar

from .._dns import MX, Answer, DomainName, FailureReason, Question, RecordType, Steps
from .._finding import Finding, Outcome, TargetFault
from .._networks import Network
from .._profile import Receiver
from .._value import value
from ._exim_reading import is_dns_name
from ._inquiry import Heard, Inquiry, Status, res_query
from ._syntax import is_ipv4, is_ipv6

T = TypeVar("T")

# src/globals.c: dns_cname_loops, and once without having met an alias.
_MOST_LOOKUPS = 1 + 1

# Ours, and not Exim's: hosts of one domain whose addresses are asked for.
_MOST_HOSTS = 50

_ESCAPE = re.compile(r"\\([0-9]{3})")


class _Found(Enum):
    """What functions of src/host.c return."""

    ADDRESSES = "HOST_FOUND"
    OURSELVES = "HOST_FOUND_LOCAL"
    NOTHING = "HOST_FIND_FAILED"
    TROUBLE = "HOST_FIND_AGAIN"
    IGNORED = "HOST_IGNORED"


@value
class _Host:
    """
    What src/host.c knows of a host.

    Attributes:
        name: Of the host, for MX without escapes.
        preference: For MX.
        found: How it went.
        addresses: Those that are not ignored, IPv6 first.
        reason: For `_Found.TROUBLE`.
    """

    name: str
    preference: int
    found: _Found
    addresses: tuple[str, ...] = ()
    reason: FailureReason | None = None


def _is_ip_address(name: str) -> bool:
    return is_ipv4(name) or is_ipv6(name)


def _dns_basic_lookup(inquiry: Inquiry, name: str, qtype: RecordType) -> Steps[Heard]:
    if not is_dns_name(name):
        return Heard(Status.NOT_FOUND)
    if qtype is not RecordType.MX and _is_ip_address(name):
        return Heard(Status.NOT_FOUND)
    heard = yield from res_query(inquiry, name, qtype)
    if heard.status in (Status.GARBAGE, Status.NO_RECOVERY):
        # DNS_FAIL, which to all that follows is the same as DNS_AGAIN.
        return Heard(Status.TRY_AGAIN, reason=heard.reason)
    return heard


def _dns_lookup(inquiry: Inquiry, name: str, qtype: RecordType) -> Steps[Heard]:
    """src/dns.c: dns_lookup."""
    for _ in range(_MOST_LOOKUPS):
        heard = yield from _dns_basic_lookup(inquiry, name, qtype)
        if heard.status is not Status.ALIAS:
            return heard
        name = heard.alias
    return Heard(Status.TRY_AGAIN, reason=FailureReason.ALIAS_LOOP)


def _together(inquiry: Inquiry, lookups: list[Steps[T]]) -> Steps[list[T]]:
    """Make all *lookups* at the same time; what they ask is put down in *inquiry*."""
    done: dict[int, T] = {}
    asking: dict[int, Question] = {}

    def go_on(number: int, answer: Answer | None) -> None:
        """Take one lookup to its next question, or to its end."""
        asking.pop(number, None)
        try:
            lookup = lookups[number]
            step = next(lookup) if answer is None else lookup.send(answer)
        except StopIteration as stop:
            done[number] = stop.value
        else:
            assert isinstance(step, Question)
            asking[number] = step

    for number in range(len(lookups)):
        go_on(number, None)
    while asking:
        questions = list(dict.fromkeys(asking.values()))
        answers = dict((yield from inquiry.race(questions)))
        for number, question in list(asking.items()):
            go_on(number, answers[question])
    return [done[number] for number in range(len(lookups))]


@value
class EximPlan:
    """
    src/routers/dnslookup.c; for MX and addresses src/host.c: host_find_bydns.

    Attributes:
        ignored: ignore_target_hosts.
    """

    ignored: tuple[Network, ...]

    def __call__(self, domain: DomainName, receiver: Receiver) -> Steps[Finding]:
        """Ask for MX, then for AAAA and A of each host, or of the domain itself."""
        inquiry = Inquiry(domain)
        heard = yield from _dns_lookup(inquiry, domain, RecordType.MX)
        match heard.status:
            case Status.FOUND:
                assert heard.records is not None
                names = _hosts_of(heard.records.rrset)
                hosts = yield from self._addresses(inquiry, _first(names))
                finding = _through_mx(inquiry, hosts, receiver)
                rejected = finding.outcome is Outcome.UNUSABLE_MX
                if rejected and len(names) > _MOST_HOSTS:
                    # Exim looks at all of them.
                    return _later(inquiry, FailureReason.QUESTION_LIMIT)
                return finding
            case Status.NO_DATA:
                (host,) = yield from self._addresses(inquiry, {domain: 0})
                return _through_addresses(inquiry, host, receiver)
            case Status.NOT_FOUND:
                return inquiry.finding(Outcome.NXDOMAIN)
            case _:
                return _later(inquiry, heard.reason)

    def _addresses(self, inquiry: Inquiry, names: dict[str, int]) -> Steps[list[_Host]]:
        lookups = [
            # What is asked is put down once, by whoever races.
            _dns_lookup(Inquiry(inquiry.domain), name, qtype)
            for name in names
            for qtype in (RecordType.AAAA, RecordType.A)
        ]
        heard = yield from _together(inquiry, lookups)
        return [
            self._host(name, preference, *pair)
            for (name, preference), *pair in zip(
                names.items(), heard[::2], heard[1::2], strict=True
            )
        ]

    def _host(self, name: str, preference: int, aaaa: Heard, a: Heard) -> _Host:
        """set_address_from_dns, which looks at the A last."""
        found = [
            address
            for heard in (aaaa, a)
            if heard.records is not None
            for address in heard.records.rrset
            if isinstance(address, str)
        ]
        addresses = tuple(address for address in found if not self._ignores(address))
        if addresses:
            return _Host(name, preference, _Found.ADDRESSES, addresses)
        if a.status is Status.FOUND:  # a failed AAAA is forgotten then
            return _Host(name, preference, _Found.IGNORED)
        for heard in (aaaa, a):
            if heard.status in (Status.TRY_AGAIN, Status.NO_RECOVERY):
                return _Host(name, preference, _Found.TROUBLE, reason=heard.reason)
        return _Host(name, preference, _Found.NOTHING)

    def _ignores(self, text: str) -> bool:
        # src/host.c, host_is_in_net: IPv4-mapped addresses are IPv4 ones.
        address = ip_address(text)
        if not isinstance(address, IPv4Address):
            address = address.ipv4_mapped or address
        return any(address in network for network in self.ignored)


def _unescaped(escape: re.Match[str]) -> str:
    # src/string.c, string_copy_dnsdomain: what dn_expand(3) writes with a backslash and
    # not as a number is lost, since patch 82_02 of Debian.
    octet = chr(int(escape[1]))
    return "" if octet in '".;\\()@$' else octet


def _hosts_of(rrset: tuple[MX | str, ...]) -> dict[str, int]:
    """The names of hosts and their preferences, best first, each of them once."""
    hosts: dict[str, int] = {}
    for record in sorted(
        (record for record in rrset if isinstance(record, MX)),
        key=lambda record: record.preference,
    ):
        name = _ESCAPE.sub(_unescaped, record.exchange)
        hosts.setdefault(name, record.preference)
    return hosts


def _first(hosts: dict[str, int]) -> dict[str, int]:
    return dict(list(hosts.items())[:_MOST_HOSTS])


def _scan_for_local_hosts(hosts: list[_Host], receiver: Receiver) -> _Found:
    """src/host.c: host_scan_for_local_hosts."""
    addresses = [
        (host.preference, ":" not in address, str(ip_address(address)))
        for host in hosts
        for address in host.addresses
    ]
    found = _Found.NOTHING
    # Of the same preference IPv6 comes first, and what comes before us is enough.
    for preference, _, address in sorted(addresses, key=lambda each: each[:2]):
        if address in receiver.addresses:
            best = preference == hosts[0].preference
            return _Found.OURSELVES if best else found
        found = _Found.ADDRESSES
    return found


def _through_mx(
    inquiry: Inquiry, every_host: list[_Host], receiver: Receiver
) -> Finding:
    # They are cut out of the list as if they did not exist, but for the very last.
    hosts = [host for host in every_host if host.found is not _Found.IGNORED]
    hosts = hosts or every_host[-1:]
    found = _scan_for_local_hosts(hosts, receiver)
    if found is _Found.ADDRESSES:
        return inquiry.finding(Outcome.MX)
    if found is _Found.OURSELVES:
        said = "lowest numbered MX record points to local host"
        return inquiry.finding(Outcome.UNUSABLE_MX, TargetFault.OWN_HOST, said)
    for host in hosts:
        if host.found is _Found.TROUBLE:
            return _later(inquiry, host.reason)
    name = hosts[0].name  # decides what is said of them all
    if not any(host.name for host in hosts):
        return inquiry.finding(Outcome.NULL_MX)
    if _is_ip_address(name):
        return inquiry.finding(Outcome.UNUSABLE_MX, TargetFault.ADDRESS)
    fault = TargetFault.NO_ADDRESS if name else TargetFault.NULL
    return inquiry.finding(Outcome.UNUSABLE_MX, fault)


def _through_addresses(inquiry: Inquiry, host: _Host, receiver: Receiver) -> Finding:
    if host.found is _Found.TROUBLE:
        return _later(inquiry, host.reason)
    found = _scan_for_local_hosts([host], receiver)
    if found is _Found.ADDRESSES:
        return inquiry.finding(Outcome.IMPLICIT_MX)
    if found is _Found.OURSELVES:
        said = "remote host address is the local host"
        return inquiry.finding(Outcome.UNUSABLE_MX, TargetFault.OWN_HOST, said)
    if host.found is _Found.IGNORED:
        return inquiry.finding(Outcome.UNUSABLE_MX, TargetFault.SPECIAL_ADDRESS)
    return inquiry.finding(Outcome.NODATA)


def _later(inquiry: Inquiry, reason: FailureReason | None) -> Finding:
    return inquiry.finding(Outcome.TEMPFAIL, reason)
