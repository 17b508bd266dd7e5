"""
A piece of the DNS in memory, answering as a recursive resolver would.

Owns      what is in a zone and what a resolver makes of it: aliases, wildcards, empty
          non-terminals, proven absence (RFC 1034, 2308, 4592, 6672).
Knows not sockets. dnspython reads master files and writes messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self, TypeAlias, cast

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset

from .._dns import RecordType
from ._master import DEFAULT_TTL, Node, parsed

ZoneDict: TypeAlias = Mapping[str, Mapping[str, Iterable[str]]]
"""Name -> record type -> RDATA as in a master file; no types: an empty name."""

# Octets; what a TCP length can say.
MAX_MESSAGE = 65_535

# The SOA of a world that has none: absence is believed for a minute.
_SOA = dns.rrset.from_text(
    ".", 60, "IN", "SOA", "nobody.invalid. nobody.invalid. 1 3600 600 86400 60"
)
_MAX_ALIASES = 64

# What can be wrong with a name. The rcode is sent without records; None is silence.
FAULTS: Mapping[str, int | None] = {
    "servfail": dns.rcode.SERVFAIL,
    "refused": dns.rcode.REFUSED,
    "formerr": dns.rcode.FORMERR,
    "notimp": dns.rcode.NOTIMP,
    "timeout": None,
}


_QTYPES = (*(qtype.name for qtype in RecordType), "ANY")
_QTYPES_SHOWN = ", ".join(_QTYPES)


class Zone:
    """
    Names and their records, as text in the format of a master file, or as a dict.

    Names are absolute: the origin is the root unless ``$ORIGIN`` says otherwise.

    Args:
        source: ``"example.org. MX 10 mx.example.org."`` and so on, line by line, or
            ``{"example.org": {"MX": ["10 mx.example.org."]}}``.

    Raises:
        ValueError: If it cannot be read; the message has the line and the reason.
    """

    def __init__(self, source: str | ZoneDict = "") -> None:
        """See the class."""
        text = source if isinstance(source, str) else _as_text(source)
        self._nodes = parsed(text, "zone")
        if not isinstance(source, str):
            for name in source:
                self._nodes.setdefault(_name(name), {})
        self._exists = _with_ancestors(self._nodes)
        self._faults: dict[dns.name.Name, dict[int, int | None]] = {}

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """
        Read a master file.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If it is not a master file.
        """
        zone = cls()
        zone._nodes = parsed(Path(path).read_text(encoding="utf-8"), str(path))
        zone._exists = _with_ancestors(zone._nodes)
        return zone

    def __repr__(self) -> str:
        """Show how many names there are."""
        return f"<{type(self).__name__} of {len(self._nodes)} names>"

    def fault(self, name: str, kind: str, *, qtype: str = "ANY") -> None:
        """
        Let questions for *name* fail.

        Args:
            name: The name.
            kind: One of `FAULTS`.
            qtype: Only questions for ``MX``, ``A`` or ``AAAA``; all by default.

        Raises:
            ValueError: If there is no such fault or type.
        """
        if kind not in FAULTS:
            msg = f"no fault {kind!r}; there are {', '.join(FAULTS)}"
            raise ValueError(msg)
        if qtype not in _QTYPES:
            msg = f"no question for {qtype!r} is ever asked; there are {_QTYPES_SHOWN}"
            raise ValueError(msg)
        faults = self._faults.setdefault(_name(name), {})
        faults[dns.rdatatype.from_text(qtype)] = FAULTS[kind]

    def respond(self, wire: bytes) -> bytes | None:
        """
        Answer one DNS message with one, or with silence.

        Raises:
            dns.exception.DNSException: If *wire* is not a query.
        """
        query = dns.message.from_wire(wire)
        response = dns.message.make_response(query, recursion_available=True)
        question = query.question[0]
        faults = self._faults.get(question.name, {})
        fault = faults.get(question.rdtype, faults.get(dns.rdatatype.ANY, -1))
        if fault is None:
            return None
        if fault >= 0:
            response.set_rcode(dns.rcode.Rcode(fault))
        else:
            self._fill(response, question.name, question.rdtype)
        return response.to_wire(max_size=MAX_MESSAGE, prefer_truncation=True)

    def _fill(
        self,
        response: dns.message.Message,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
    ) -> None:
        for _ in range(_MAX_ALIASES):
            node = self._node(name)
            if node is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
                break
            if rdtype in node:
                response.answer.append(_rrset(name, node[rdtype]))
                return
            target = self._alias(response, name, node)
            if target is None:
                break
            name = target
        else:
            response.set_rcode(dns.rcode.SERVFAIL)
            return
        response.authority.append(self._soa(name))

    def _node(self, name: dns.name.Name) -> Node | None:
        if name in self._exists:
            return self._nodes.get(name, {})
        closest = name
        while closest not in self._exists and closest != dns.name.root:
            closest = closest.parent()
        if dns.rdatatype.DNAME in self._nodes.get(closest, {}):
            return {}  # the name is one that the DNAME makes
        # RFC 4592, section 3.3.1: below the closest name that exists, the wildcard
        # stands for all that do not.
        return self._nodes.get(dns.name.Name((b"*", *closest.labels)))

    def _alias(
        self, response: dns.message.Message, name: dns.name.Name, node: Node
    ) -> dns.name.Name | None:
        if dns.rdatatype.CNAME in node:
            alias = node[dns.rdatatype.CNAME]
            response.answer.append(_rrset(name, alias))
            return _target(alias)
        for owner in _ancestors(name)[1:]:
            if dns.rdatatype.DNAME in self._nodes.get(owner, {}):
                subtree = self._nodes[owner][dns.rdatatype.DNAME]
                return _renamed(response, name, owner, subtree)
        return None

    def _soa(self, name: dns.name.Name) -> dns.rrset.RRset:
        for zone in _ancestors(name):
            if dns.rdatatype.SOA in self._nodes.get(zone, {}):
                return _rrset(zone, self._nodes[zone][dns.rdatatype.SOA])
        return _SOA


def _rrset(name: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))


def _renamed(
    response: dns.message.Message,
    name: dns.name.Name,
    owner: dns.name.Name,
    subtree: dns.rdataset.Rdataset,
) -> dns.name.Name | None:
    # RFC 6672, section 3.1: the DNAME, and the CNAME that it makes.
    response.answer.append(_rrset(owner, subtree))
    try:
        target = name.relativize(owner).concatenate(_target(subtree))
    except dns.name.NameTooLong:
        response.set_rcode(dns.rcode.YXDOMAIN)
        return None
    cname = dns.rrset.from_text(name, subtree.ttl, "IN", "CNAME", target.to_text())
    response.answer.append(cname)
    return target


def _target(alias: dns.rdataset.Rdataset) -> dns.name.Name:
    # dnspython does not say that an rdataset is a list of the type of its rdatas.
    target: dns.name.Name = cast("Any", alias[0]).target
    return target


def _name(text: str) -> dns.name.Name:
    if "@" in text:
        msg = f"a zone has domains and no addresses: {text!r}"
        raise ValueError(msg)
    try:
        return dns.name.from_text(text)
    except dns.exception.DNSException as error:
        msg = f"not a domain name: {text!r}: {error}"
        raise ValueError(msg) from None


def _ancestors(name: dns.name.Name) -> list[dns.name.Name]:
    return [dns.name.Name(name.labels[at:]) for at in range(len(name.labels))]


def _check_dict(source: ZoneDict) -> None:
    for name, types in source.items():
        given: object = types
        if not isinstance(given, Mapping):
            msg = f"zone[{name!r}] must be a dict of types: {given!r}"
            raise ValueError(msg)  # noqa: TRY004 - all bad configuration is ValueError
        for rdtype, rdatas in types.items():
            if isinstance(rdatas, str):
                msg = f"zone[{name!r}][{rdtype!r}] must be a list: [{rdatas!r}]"
                raise ValueError(msg)  # noqa: TRY004


def _as_text(source: ZoneDict) -> str:
    _check_dict(source)
    return "\n".join(
        f"{_name(name)} {DEFAULT_TTL} IN {rdtype} {rdata}"
        for name, types in source.items()
        for rdtype, rdatas in types.items()
        for rdata in rdatas
    )


def _with_ancestors(names: Iterable[dns.name.Name]) -> set[dns.name.Name]:
    # A name exists if anything below it does (RFC 8020, section 2).
    return {ancestor for name in names for ancestor in _ancestors(name)}
