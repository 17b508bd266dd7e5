"""
One DNS message, read in one pass and in bounded time.

Owns      which records count and what they say together (RFC 1035, 2308, 6672,
          6891, 8914).
Knows not sockets, time, who asked; what an answer means for mail.

    rcode, aliases -> the name at the end -> its records   -> Records
                                          -> none, NOERROR  -> NoData
                                          -> none, NXDOMAIN -> NxDomain
    any other rcode ----------------------------------------> Failure
    malformed ----------------------------------------------> ValueError
"""

from __future__ import annotations

import struct

from collections.abc import Iterator
from functools import lru_cache
from typing import NoReturn, TypeAlias

from ._dns import (
    Answer,
    Failure,
    FailureReason,
    NoData,
    NxDomain,
    Question,
    Records,
)
from ._ede import doubt_of, ede_shown, is_bogus
from ._names import MAX_WIRE_NAME, NameReader, Offset, wire_size
from ._rdata import ADDRESS_SIZE, NAME_AT, WireRecords

# Resource records read from one message. Whoever publishes more is taken at the
# word of the first ones.
MAX_RECORDS = 512

# Aliases followed inside one message. Postfix follows 10, dnspython 16.
MAX_ALIASES = 16

# Seconds; the longest that RFC 2181, section 8, lets a TTL be. What exceeds it is
# taken for this (RFC 8767, section 4), and every cache keeps far less.
MAX_TTL = 2**31 - 1

TRUNCATED = Failure(FailureReason.TRUNCATED, "no answer over TCP")
"""The answer in a message with TC set: ask again over TCP."""

HEADER = struct.Struct("!HHHHHH")
RR = struct.Struct("!HHIH")
SOA_NUMBERS = struct.Struct("!IIIII")
_OPTION = struct.Struct("!HH")

QR, TC, RCODE_MASK = 0x8000, 0x0200, 0x000F
IN = 1
_NS, _CNAME, SOA, _DNAME, OPT = 2, 5, 6, 39, 41
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
_NOTAUTH, _NOTZONE, BADVERS = 9, 10, 16

# "I will not", as opposed to "I could not".
_REFUSALS = frozenset({FORMERR, NOTIMP, REFUSED, _NOTAUTH, _NOTZONE, BADVERS})

_EDE = 15

_TOO_MANY = f"over {MAX_RECORDS} records"
_QNAME_POINTER = b"\xc0\x0c"

_Found: TypeAlias = tuple[Offset, int, Offset]  # owner, TTL, RDATA

# Values without an owner are shared: they are built on every lookup.
no_data = lru_cache(1024)(NoData)
nx_domain = lru_cache(1024)(NxDomain)
_failure = lru_cache(256)(Failure)


class Message:
    """One pass over a message; `answer` says what it means."""

    def __init__(self, message: bytes, question: Question) -> None:
        size = wire_size(question.qname)
        self.message = message
        self.question = question
        self.names = NameReader(message, {HEADER.size: size})
        self.at = HEADER.size + size + 4
        self.found: list[_Found] = []
        self.aliases: dict[str, tuple[str, int]] = {}  # owner -> target, TTL
        self.subtrees: dict[str, tuple[str, int]] = {}  # the same, for DNAME
        self.soas: list[tuple[Offset, int]] = []  # owner, negative TTL
        self.referral = False
        self.incomplete = False
        self.rcode = 0
        self.ede: list[int] | None = None  # None: no OPT seen

    def answer(self) -> Answer:
        """Read everything, then decide."""
        _, flags, questions, *counts = HEADER.unpack_from(self.message)
        if flags & TC:
            return TRUNCATED
        self.rcode = flags & RCODE_MASK
        if questions:
            self._read_sections(counts)
        if self.rcode in (NOERROR, NXDOMAIN):
            return self._end_of_chain()
        return self._server_failure()

    def _read_sections(self, counts: list[int]) -> None:
        room = MAX_RECORDS
        readers = (self._read_answer, self._read_authority, self._read_additional)
        for count, read in zip(counts, readers, strict=True):
            for _ in range(min(count, room)):
                read(*self._record())
            room -= count
            if room < 0:
                self.incomplete = True
                return
        if self.at != len(self.message):
            _malformed("octets after the last record")

    def _record(self) -> tuple[Offset, int, int, int, Offset]:
        message = self.message
        owner = self.at
        if message[owner : owner + 2] == _QNAME_POINTER:
            owner, at = HEADER.size, owner + 2
        else:
            at = self.names.skip(owner)
        rtype, rclass, ttl, size = RR.unpack_from(message, at)
        at += RR.size
        self.at = at + size
        if self.at > len(message):
            _malformed("record runs over the end")
        return owner, rtype, rclass, ttl, at

    def _name(self, at: Offset) -> str:
        # A name that fills the rest of the RDATA.
        if self.names.skip(at) != self.at:
            _malformed("octets after a name")
        return self.names.text(at)

    def _read_answer(
        self, owner: Offset, rtype: int, rclass: int, ttl: int, at: Offset
    ) -> None:
        if rclass != IN:
            return
        if rtype == self.question.qtype.value:
            self._check_rdata(at)
            self.found.append((owner, ttl, at))
        elif rtype == _CNAME:
            self._read_alias(self.aliases, owner, ttl, at)
        elif rtype == _DNAME:
            self._read_alias(self.subtrees, owner, ttl, at)

    def _check_rdata(self, at: Offset) -> None:
        qtype = self.question.qtype
        if qtype in ADDRESS_SIZE:
            if self.at - at != ADDRESS_SIZE[qtype]:
                _malformed("address of the wrong size")
            return
        name = at + NAME_AT[qtype]
        if name >= self.at or self.names.skip(name) != self.at:
            _malformed("name of the wrong size")

    def _read_alias(
        self, aliases: dict[str, tuple[str, int]], owner: Offset, ttl: int, at: Offset
    ) -> None:
        name = self.names.text(owner)
        alias = (self._name(at), ttl)
        known = aliases.get(name, alias)
        if known[0] != alias[0]:
            _malformed("two aliases at one name")  # RFC 2181, section 10.1
        aliases[name] = min(known, alias)  # the least TTL counts, as below

    def _read_authority(
        self, owner: Offset, rtype: int, rclass: int, ttl: int, at: Offset
    ) -> None:
        if rtype == SOA and rclass == IN:
            numbers = self.names.skip(self.names.skip(at))
            if self.at - numbers != SOA_NUMBERS.size:
                _malformed("SOA of the wrong size")
            *_, minimum = SOA_NUMBERS.unpack_from(self.message, numbers)
            # RFC 2308, section 5.
            self.soas.append((owner, min(ttl, minimum)))
        elif rtype == _NS:
            self.referral = True

    def _read_additional(
        self, owner: Offset, rtype: int, _size: int, ttl: int, at: Offset
    ) -> None:
        if rtype != OPT:
            return
        # RFC 6891, section 6.1.1: one OPT, at the root; the TTL field holds the
        # upper octet of the rcode, the version and flags.
        version = ttl >> 16 & 0xFF
        if self.message[owner] or self.ede is not None or version:
            _malformed("OPT")
        self.rcode |= ttl >> 24 << 4
        self.ede = list(self._options(at))

    def _options(self, at: Offset) -> Iterator[int]:
        """Yield the info-code of each extended DNS error (RFC 8914, s2)."""
        while at < self.at:
            code, size = _OPTION.unpack_from(self.message, at)
            at += _OPTION.size
            if at + size > self.at or (code == _EDE and size < 2):  # noqa: PLR2004
                _malformed("option")
            if code == _EDE:
                yield self.message[at] << 8 | self.message[at + 1]
            at += size

    def _server_failure(self) -> Failure:
        if self.rcode == SERVFAIL and is_bogus(self.ede):
            return _failure(FailureReason.BOGUS, ede_shown(self.ede), SERVFAIL)
        refused = self.rcode in _REFUSALS
        reason = FailureReason.REFUSED if refused else FailureReason.SERVFAIL
        return _failure(reason, f"rcode {self.rcode}", self.rcode)

    def _end_of_chain(self) -> Answer:
        """Follow aliases from the question; the rcode is about the last name."""
        name: str = self.question.qname
        ttl = MAX_TTL
        aliases: list[str] = []
        for _ in range(MAX_ALIASES + 1):
            records = self._records_of(name, ttl, aliases)
            if records is not None:
                return records
            alias = self.aliases.get(name) or self._renamed(name)
            if alias is None:
                return self._absent(name, ttl, aliases)
            name, ttl = alias[0], min(ttl, alias[1])
            aliases.append(name)
        return self._lost(tuple(aliases))

    def _lost(self, aliases: tuple[str, ...]) -> Failure:
        beyond = None
        if self.found:
            rdata = [found[2] for found in self.found]
            beyond = WireRecords(0, self.question.qtype, self.message, rdata, aliases)
        over = f"over {MAX_ALIASES} aliases"
        return Failure(FailureReason.ALIAS_LOOP, over, self.rcode, aliases, beyond)

    def _records_of(self, name: str, ttl: int, aliases: list[str]) -> Records | None:
        text = self.names.text
        at_name = [found for found in self.found if text(found[0]) == name]
        if not at_name:
            return None
        if self.rcode:
            _malformed("NXDOMAIN with records")
        # RFC 2181, section 5.2: where TTLs differ, the least one counts.
        ttl = min(ttl, *(found[1] for found in at_name))
        rdata = [found[2] for found in at_name]
        qtype = self.question.qtype
        records = WireRecords(ttl, qtype, self.message, rdata, tuple(aliases))
        if self.incomplete and not records.usable:
            _malformed(_TOO_MANY)  # the usable one may be among the unread
        return records

    def _renamed(self, name: str) -> tuple[str, int] | None:
        # RFC 6672, section 2.2, where the server left out the CNAME.
        for owner, (target, ttl) in self.subtrees.items():
            if not owner:
                _malformed("DNAME at the root")  # which says nothing of any name
            if name.endswith(f".{owner}"):
                renamed = f"{name.removesuffix(owner)}{target}".removesuffix(".")
                if wire_size(renamed) > MAX_WIRE_NAME:
                    _malformed("DNAME makes the name too long")
                return renamed, ttl
        return None

    def _absent(self, name: str, chain_ttl: int, aliases: list[str]) -> Answer:
        if self.incomplete:
            # What was left unread may be what was asked for.
            _malformed(_TOO_MANY)
        doubt = doubt_of(self.ede)
        if doubt is not None and self.rcode:
            return _failure(doubt, ede_shown(self.ede), self.rcode)
        # A SOA from elsewhere says nothing about this name.
        ttls = [
            ttl for owner, ttl in self.soas if _is_within(name, self.names.text(owner))
        ]
        if self.referral and not self.soas and not self.rcode:
            # RFC 2308, section 2.2.1: a referral is not NODATA.
            return _failure(FailureReason.SERVFAIL, "referral", NOERROR)
        ttl = min(*ttls, chain_ttl, MAX_TTL) if ttls else 0
        if self.rcode:
            return nx_domain(ttl, bool(aliases))
        if aliases:
            return NoData(ttl, doubt, tuple(aliases))
        return no_data(ttl, doubt)


def _is_within(name: str, zone: str) -> bool:
    return not zone or name == zone or name.endswith(f".{zone}")


def _malformed(what: str) -> NoReturn:
    raise ValueError(what)
