"""
A second reading of a DNS message: slow, strict, and nothing shared with the library.

Owns      what RFC 1035, 2308, 6672, 6891 and 8914 make of octets, as SECURITY.md and
          docs/threat-model.md promise to read them.
Knows not the decoder that it is held against.
"""

from __future__ import annotations

import ipaddress
import struct

from dataclasses import dataclass, field

A, NS, CNAME, SOA, PTR, MX, AAAA, DNAME, OPT = 1, 2, 5, 6, 12, 15, 28, 39, 41
IN = 1

# As documented: 512 records are read, 16 aliases followed.
RECORDS, ALIASES = 512, 16
MAX_TTL = 2**31 - 1

# RFC 8914, section 4: whoever says so does not prove an absence.
DOUBTFUL = {3, 4, 19, *range(6, 13), *range(15, 19)}


class Unreadable(Exception):  # noqa: N818 - it is said of a message
    """Not a message."""


@dataclass
class Reading:
    """
    What a message says.

    Attributes:
        kind: records, nodata, nxdomain, failure, lost (too many aliases), truncated or
            unreadable.
        rrset: The records, as the library writes them: pairs for MX, text otherwise.
        ttl: Seconds.
        doubt: Absence is put into doubt.
        usable: An exchange that is the name of a host, or an address.
    """

    kind: str
    rrset: list = field(default_factory=list)
    ttl: int = 0
    doubt: bool = False
    usable: bool = False

    @property
    def null(self):
        """Whether it is a null MX."""
        return self.rrset == [(0, "")]


def written(labels):
    """Write a name as the library does."""
    return ".".join("".join(map(_spelled, label)) for label in labels)


def _spelled(octet):
    plain = 0x21 <= octet <= 0x7E and octet not in b'.\\"();@$'
    return chr(octet).lower() if plain else f"\\{octet:03}"


class Reader:
    """Reads one message from the left to the right."""

    def __init__(self, wire):
        """Begin at the beginning."""
        self.wire = wire
        self.at = self.begins = 0

    def take(self, form):
        """Take numbers."""
        size = struct.calcsize(form)
        if self.at + size > len(self.wire):
            raise Unreadable
        numbers = struct.unpack_from(form, self.wire, self.at)
        self.at += size
        return numbers

    def name(self):
        """Take a name, as a tuple of lower-case labels."""
        labels, size, at, end, start = [], 1, self.at, None, self.at
        while True:
            if at >= len(self.wire):
                raise Unreadable
            octet = self.wire[at]
            if octet == 0:
                self.at = at + 1 if end is None else end
                return tuple(labels)
            if octet < 64:
                label = self.wire[at + 1 : at + 1 + octet]
                if len(label) < octet:
                    raise Unreadable
                labels.append(label.lower())
                size += octet + 1
                at += octet + 1
            elif octet >= 192 and at + 1 < len(self.wire):
                target = (octet - 192) * 256 + self.wire[at + 1]
                end = at + 2 if end is None else end
                if target >= start:
                    raise Unreadable
                at = start = target
            else:
                raise Unreadable
            if size > 255:
                raise Unreadable

    def record(self):
        """Take a record: owner, type, class, TTL, where its RDATA begins and ends."""
        self.begins = self.at
        owner = self.name()
        rtype, rclass, ttl, size = self.take("!HHIH")
        begin = self.at
        self.at += size
        if self.at > len(self.wire):
            raise Unreadable
        return owner, rtype, rclass, ttl, begin, self.at

    def inside(self, begin, end, form=""):
        """Read numbers, then a name that ends where the RDATA does."""
        after, self.at = self.at, begin
        numbers = self.take(form) if form else ()
        found = self.name()
        if self.at != end:
            raise Unreadable
        self.at = after
        return numbers, found


def read(wire, qname, qtype):
    """Read *wire*, an answer to the question for *qname* (labels) and *qtype*."""
    try:
        return _Message(wire, qname, qtype).reading()
    except Unreadable:
        return Reading("unreadable")


class _Message:
    def __init__(self, wire, qname, qtype):
        self.reader = Reader(wire)
        self.qname, self.qtype = qname, qtype
        self.found, self.aliases, self.trees, self.soas = [], {}, {}, []
        self.codes, self.delegates, self.options = set(), False, False
        self.cut = False

    def reading(self):
        """Read everything, and say what it means."""
        _, self.flags, questions, *counts = self.reader.take("!6H")
        if self.flags & 0x200:
            return Reading("truncated")
        self.rcode = self.flags & 15
        if questions:
            if questions != 1:
                raise Unreadable
            if self.reader.name() != self.qname or self.reader.take("!HH") != (
                self.qtype,
                IN,
            ):
                raise Unreadable
            self.sections(counts)
        if self.rcode not in (0, 3):
            return Reading("failure")
        return self.end_of_chain()

    def sections(self, counts):
        """Read the sections, or what is read of them."""
        room = RECORDS
        for count, use in zip(
            counts, (self.answer, self.authority, self.additional), strict=True
        ):
            for _ in range(min(count, room)):
                use(*self.reader.record())
            room -= count
            if room < 0:
                self.cut = True
                return
        if self.reader.at != len(self.reader.wire):
            raise Unreadable

    def answer(self, owner, rtype, rclass, ttl, begin, end):
        """Use a record of the answer section."""
        if rclass != IN:
            return
        if rtype == self.qtype:
            self.found.append((owner, ttl, self.rdata(begin, end)))
        elif rtype in (CNAME, DNAME):
            _, target = self.reader.inside(begin, end)
            known = self.aliases if rtype == CNAME else self.trees
            before = known.setdefault(owner, (target, ttl))
            if before[0] != target:
                raise Unreadable
            known[owner] = (target, min(ttl, before[1]))

    def rdata(self, begin, end):
        """Read what was asked for."""
        octets = self.reader.wire[begin:end]
        if self.qtype == MX:
            (preference,), labels = self.reader.inside(begin, end, "!H")
            return preference, labels
        if self.qtype == PTR:
            return self.reader.inside(begin, end)[1]
        if len(octets) != {A: 4, AAAA: 16}[self.qtype]:
            raise Unreadable
        return str(ipaddress.ip_address(octets))

    def authority(self, owner, rtype, rclass, ttl, begin, end):
        """Use a record of the authority section."""
        if rtype == SOA and rclass == IN:
            after, self.reader.at = self.reader.at, begin
            self.reader.name()
            self.reader.name()
            minimum = self.reader.take("!5I")[4]
            if self.reader.at != end:
                raise Unreadable
            self.reader.at = after
            self.soas.append((owner, min(ttl, minimum)))
        elif rtype == NS:
            self.delegates = True

    def additional(self, _owner, rtype, _rclass, ttl, begin, end):
        """Use an OPT record."""
        if rtype != OPT:
            return
        # RFC 6891, section 6.1.2: the name is one zero octet, and no pointer to one.
        if self.reader.wire[self.reader.begins] or self.options or ttl >> 16 & 255:
            raise Unreadable
        self.options = True
        self.rcode |= ttl >> 24 << 4
        after, self.reader.at = self.reader.at, begin
        while self.reader.at < end:
            code, size = self.reader.take("!HH")
            option = self.reader.wire[self.reader.at : self.reader.at + size]
            self.reader.at += size
            if self.reader.at > end or (code == 15 and size < 2):
                raise Unreadable
            if code == 15:
                self.codes.add(option[0] * 256 + option[1])
        self.reader.at = after

    def end_of_chain(self):
        """Follow the aliases."""
        name, ttl, passed = self.qname, MAX_TTL, 0
        while True:
            here = [each for each in self.found if each[0] == name]
            if here:
                return self.records(here, ttl)
            alias = self.aliases.get(name) or self.renamed(name)
            if alias is None:
                return self.absent(name, ttl)
            passed += 1
            if passed > ALIASES:
                return Reading("lost")
            name, ttl = alias[0], min(ttl, alias[1])

    def renamed(self, name):
        """Use a DNAME."""
        for owner, (target, ttl) in self.trees.items():
            if not owner:
                raise Unreadable
            if len(name) > len(owner) and name[len(name) - len(owner) :] == owner:
                new = name[: len(name) - len(owner)] + target
                if sum(map(len, new)) + len(new) + 1 > 255:
                    raise Unreadable
                return new, ttl
        return None

    def records(self, here, ttl):
        """Say what was found."""
        if self.rcode:
            raise Unreadable
        ttl = min(ttl, *(each[1] for each in here))
        rdata = [each[2] for each in here]
        usable = True
        if self.qtype == MX:
            usable = any(_is_host(labels) for _, labels in rdata)
            rdata = sorted((n, written(labels)) for n, labels in rdata)
        elif self.qtype == PTR:
            rdata = sorted(map(written, rdata))
        if self.cut and not usable:
            raise Unreadable
        return Reading("records", rdata, ttl, usable=usable)

    def absent(self, name, ttl):
        """Say what was not found."""
        if self.cut:
            raise Unreadable
        doubt = bool(self.codes & DOUBTFUL)
        if doubt and self.rcode:
            return Reading("failure")
        if self.delegates and not self.soas and not self.rcode:
            return Reading("failure")
        ttls = [
            each
            for owner, each in self.soas
            if not owner or name[-len(owner) :] == owner
        ]
        ttl = min(*ttls, ttl, MAX_TTL) if ttls else 0
        return Reading("nxdomain" if self.rcode else "nodata", [], ttl, doubt=doubt)


def _is_host(labels):
    plain = b"abcdefghijklmnopqrstuvwxyz0123456789-_"
    return bool(labels) and all(octet in plain for label in labels for octet in label)
