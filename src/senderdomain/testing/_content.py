"""
Records by name, and what a recursive resolver makes of them.

Owns      aliases, wildcards, empty non-terminals, proven absence (RFC 1034, 2308,
          4592, 6672).
Knows not faults, sockets. dnspython writes the messages.
"""

from __future__ import annotations

from typing import Any, cast

import dns.message
import dns.name
import dns.rcode
import dns.rdataset
import dns.rdatatype
import dns.rrset

from .._safeguards import ROOT_SERVER
from ._master import Node

# The SOA of a world that has none: absence is believed for a minute.
_SOA = dns.rrset.from_text(
    ".", 60, "IN", "SOA", "nobody.invalid. nobody.invalid. 1 3600 600 86400 60"
)
_MAX_ALIASES = 64

# Verifiers ask for this name when everything else is denied. A zone with a few names is
# no broken resolver, so every zone has it, unless it says otherwise.
_ROOT_SERVER = dns.name.from_text(ROOT_SERVER)
_ITS_ADDRESS = dns.rdataset.from_text("IN", "A", 3600, "198.41.0.4")


class Content:
    """
    What is in a zone.

    Args:
        nodes: The records of each name; no records for a name that is empty.
    """

    def __init__(self, nodes: dict[dns.name.Name, Node]) -> None:
        """See the class."""
        self.nodes = nodes
        # A name exists if anything below it does (RFC 8020, section 2).
        self._exists = {ancestor for name in nodes for ancestor in _ancestors(name)}

    def fill(self, response: dns.message.Message) -> None:
        """Put into *response* what there is for its question."""
        question = response.question[0]
        name = question.name
        for _ in range(_MAX_ALIASES):
            node = self._node(name)
            if node is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
                break
            if question.rdtype in node:
                response.answer.append(_rrset(name, node[question.rdtype]))
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
            return self.nodes.get(name, {})
        if name == _ROOT_SERVER:
            return {dns.rdatatype.A: _ITS_ADDRESS}
        closest = name
        while closest not in self._exists and closest != dns.name.root:
            closest = closest.parent()
        if dns.rdatatype.DNAME in self.nodes.get(closest, {}):
            return {}  # the name is one that the DNAME makes
        # RFC 4592, section 3.3.1: below the closest name that exists, the wildcard
        # stands for all that do not.
        return self.nodes.get(dns.name.Name((b"*", *closest.labels)))

    def _alias(
        self, response: dns.message.Message, name: dns.name.Name, node: Node
    ) -> dns.name.Name | None:
        if dns.rdatatype.CNAME in node:
            alias = node[dns.rdatatype.CNAME]
            response.answer.append(_rrset(name, alias))
            return _target(alias)
        for owner in _ancestors(name)[1:]:
            if dns.rdatatype.DNAME in self.nodes.get(owner, {}):
                subtree = self.nodes[owner][dns.rdatatype.DNAME]
                return _renamed(response, name, owner, subtree)
        return None

    def _soa(self, name: dns.name.Name) -> dns.rrset.RRset:
        for zone in _ancestors(name):
            if dns.rdatatype.SOA in self.nodes.get(zone, {}):
                return _rrset(zone, self.nodes[zone][dns.rdatatype.SOA])
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


def _ancestors(name: dns.name.Name) -> list[dns.name.Name]:
    return [dns.name.Name(name.labels[at:]) for at in range(len(name.labels))]
