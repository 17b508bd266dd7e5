"""
The shapes of nearly every answer, read with as little work as they need.

Owns      speed: an answer of one RRset at the name asked for, or one SOA and no
          answer, with at most a plain OPT behind it.
Knows not everything else: it says None, and `_message` reads the whole thing.

Whatever this module returns, `_message` returns too; tests/test_wire.py holds the
two against each other on made-up, mutated and recorded messages.
"""

from __future__ import annotations

import struct

from ._dns import Answer, Question, Records, RecordType
from ._message import (
    HEADER,
    IN,
    MAX_TTL,
    NXDOMAIN,
    OPT,
    RCODE_MASK,
    RR,
    SOA,
    SOA_NUMBERS,
    TC,
    no_data,
    nx_domain,
)
from ._names import LABEL_END, MAX_WIRE_NAME, POINTER, Offset
from ._rdata import ADDRESS_SIZE, WireRecords

# More records than this are not everyday.
_FEW = 32

# Owner as a pointer to the question, and the rest of the record's head.
_QNAME_RECORD = struct.Struct("!HHHIH")
_QNAME_POINTER = 0xC000 | HEADER.size

# An OPT without options, extended rcode, version and flags; "xx" is the payload.
_OPT_HEAD = struct.pack("!xH", OPT)
_OPT_TAIL = bytes(6)
_OPT_SIZE = len(_OPT_HEAD) + 2 + len(_OPT_TAIL)


def everyday(message: bytes, question: Question, at: Offset) -> Answer | None:
    """
    Read *message* if it has an everyday shape.

    Args:
        message: It `answers` the question.
        question: What was asked.
        at: Where the question section ends.

    Raises:
        IndexError, struct.error: If it is cut off.
    """
    _, flags, questions, answers, authority, additional = HEADER.unpack_from(message)
    end = len(message)
    if additional:
        end -= _OPT_SIZE
        if (
            additional > 1
            or message[end : end + 3] != _OPT_HEAD
            or message[end + 5 :] != _OPT_TAIL
        ):
            return None
    if questions != 1 or flags & TC:
        return None
    rcode = flags & RCODE_MASK
    if answers and not rcode and not authority and answers <= _FEW:
        return _rrset(message, question.qtype, answers, at, end)
    if authority == 1 and not answers and rcode in (0, NXDOMAIN):
        ttl = _negative_ttl(message, at, end)
        if ttl is not None:
            return nx_domain(ttl) if rcode else no_data(ttl)
    return None


def _rrset(
    message: bytes, qtype: RecordType, count: int, at: Offset, end: Offset
) -> Records | None:
    least = MAX_TTL
    rdata = []
    wanted = _TYPE_NUMBERS[qtype]
    for _ in range(count):
        owner, rtype, rclass, ttl, size = _QNAME_RECORD.unpack_from(message, at)
        if owner != _QNAME_POINTER or rtype != wanted or rclass != IN:
            return None
        at += _QNAME_RECORD.size
        if qtype is RecordType.MX:
            if size < 3 or _after_name(message, at + 2) != at + size:  # noqa: PLR2004
                return None
        elif size != ADDRESS_SIZE.get(qtype):
            return None
        rdata.append(at)
        at += size
        least = min(least, ttl)
    return WireRecords(least, qtype, message, rdata) if at == end else None


_TYPE_NUMBERS = {qtype: qtype.value for qtype in RecordType}


def _after_name(message: bytes, at: Offset) -> Offset:
    # Zero for a name that is invalid, or valid with more than one pointer.
    start = at
    while octet := message[at]:
        if octet < LABEL_END:
            at += octet + 1
            continue
        target = (octet & 0x3F) << 8 | message[at + 1]
        if octet < POINTER or target >= start:
            return 0
        after, size = at + 2, at - start
        at = target
        while 0 < (octet := message[at]) < LABEL_END:
            at += octet + 1
        return 0 if octet or size + at + 1 - target > MAX_WIRE_NAME else after
    return at + 1 if at + 1 - start <= MAX_WIRE_NAME else 0


def _negative_ttl(message: bytes, at: Offset, end: Offset) -> int | None:
    # A SOA whose owner is the root, or a pointer to a label of the name asked for.
    if message[at]:
        target = message[at] << 8 | message[at + 1]
        label = _QNAME_POINTER
        while label < target and message[label & 0x3FFF]:
            label += message[label & 0x3FFF] + 1
        if label != target:
            return None
        at += 1
    at += 1
    rtype, rclass, ttl, size = RR.unpack_from(message, at)
    at += RR.size
    if rtype != SOA or rclass != IN or at + size != end:
        return None
    mname_end = _after_name(message, at)
    if not mname_end or _after_name(message, mname_end) != end - SOA_NUMBERS.size:
        return None
    minimum: int = SOA_NUMBERS.unpack_from(message, end - SOA_NUMBERS.size)[4]
    return min(int(ttl), minimum, MAX_TTL)
