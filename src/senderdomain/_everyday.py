"""
The shapes of nearly every answer, read with as little work as they need.

Owns      speed: an answer of one RRset (MX, A or AAAA) at the name asked for, or one
          SOA and no answer, with at most a plain OPT behind it.
Knows not everything else: it says None, and `_message` reads the whole thing.

Whatever this module returns, `_message` returns too; tests/test_wire.py holds the
two against each other on made-up, mutated and recorded messages.
"""

from __future__ import annotations

import struct

from functools import lru_cache

from ._dns import Answer, Records, RecordType
from ._message import (
    HEADER,
    IN,
    MAX_TTL,
    NXDOMAIN,
    OPT,
    QR,
    RR,
    SOA,
    SOA_NUMBERS,
    no_data,
    nx_domain,
)
from ._names import LABEL_END, MAX_WIRE_NAME, POINTER, Offset
from ._rdata import ADDRESS_SIZE, WireRecords

_MX = RecordType.MX

# More records than this are not everyday.
_FEW = 32

# QR, opcode, TC and rcode: what has to be right for an answer to be everyday.
_KIND = 0xFA0F
_FOUND, _MISSING = QR, QR | NXDOMAIN

_ID_SIZE, _HEADER_SIZE = 2, HEADER.size
_HEAD = struct.Struct("!HHHHH")
_QNAME_POINTER = 0xC000 | _HEADER_SIZE

# The head of a record at the name asked for, up to its TTL, and what follows.
_HEADS = {t: struct.pack("!HHH", _QNAME_POINTER, t.value, IN) for t in RecordType}
_RECORD = struct.Struct("!6sIH")
_RDATA_AT = _RECORD.size

# An OPT without options, extended rcode, version and flags; "xx" is the payload.
_OPT_HEAD = struct.pack("!xH", OPT)
_OPT_TAIL = bytes(6)
_OPT_SIZE = len(_OPT_HEAD) + 2 + len(_OPT_TAIL)

# Pointers in a row; the name of a host in the domain of another one has two.
_FEW_HOPS = 4


def everyday(message: bytes, section: bytes, qtype: RecordType) -> Answer | None:
    """
    Read *message* if it has an everyday shape.

    Args:
        message: Whatever came in.
        section: The question section that was sent.
        qtype: The type in it.

    Returns:
        The answer; None if this does not answer the question, or is not everyday.
    """
    shape = _shape(message[_ID_SIZE:_HEADER_SIZE])
    at = _HEADER_SIZE + len(section)
    if shape is None or message[_HEADER_SIZE:at] != section:
        return None
    missing, answers, has_opt = shape
    end = len(message)
    if has_opt:
        end -= _OPT_SIZE
        if message[end : end + 3] != _OPT_HEAD or message[end + 5 :] != _OPT_TAIL:
            return None
    try:
        if answers:
            return _rrset(message, qtype, answers, at, end)
        ttl = _negative_ttl(message, at, end)
    except (IndexError, struct.error):  # cut off
        return None
    if ttl is None:
        return None
    return nx_domain(ttl) if missing else no_data(ttl)


@lru_cache(256)
def _shape(head: bytes) -> tuple[bool, int, bool] | None:
    # Whether the name is missing, the number of answers and whether there is an OPT;
    # few headers differ in anything else than their IDs.
    if len(head) < _HEADER_SIZE - _ID_SIZE:
        return None
    flags, questions, answers, authority, additional = _HEAD.unpack(head)
    kind = flags & _KIND
    if questions != 1 or additional > 1 or kind not in (_FOUND, _MISSING):
        return None
    missing = kind == _MISSING
    records = not missing and not authority and 0 < answers <= _FEW
    soa = authority == 1 and not answers
    return (missing, answers, bool(additional)) if records or soa else None


def _rrset(
    message: bytes, qtype: RecordType, count: int, at: Offset, end: Offset
) -> Records | None:
    least = MAX_TTL
    rdata = []
    wanted = _HEADS[qtype]
    is_mx = qtype is _MX
    has_host = False
    for _ in range(count):
        head, ttl, size = _head_of_record(message, at)
        if head != wanted:
            return None
        if ttl < least:  # noqa: PLR1730 - min() takes longer
            least = ttl
        at += _RDATA_AT
        rdata.append(at)
        if is_mx:
            name = at + 2
            at += size
            if not has_host and _after_host(message, name) == at:
                has_host = True  # one is enough
            elif name >= at or _after_name(message, name) != at:
                return None
        elif size == ADDRESS_SIZE.get(qtype):
            at += size
        else:
            return None
    return (
        WireRecords(least, qtype, message, rdata, (), has_host) if at == end else None
    )


_head_of_record = _RECORD.unpack_from


def _after_host(message: bytes, at: Offset) -> Offset:
    # Zero for what is not the name of a host, or not spelled out.
    start = at
    while octet := message[at]:
        after = at + 1 + octet
        if octet >= LABEL_END or not message[at + 1 : after].isalnum():
            return 0
        at = after
    return at + 1 if 0 < at - start < MAX_WIRE_NAME else 0


def _after_name(message: bytes, at: Offset) -> Offset:
    # Zero for a name that is invalid, or valid in a way that is not everyday.
    after, size, hops = 0, 1, 0
    while True:
        start = at
        while 0 < (octet := message[at]) < LABEL_END:
            at += octet + 1
        size += at - start
        if size > MAX_WIRE_NAME:
            return 0
        if not octet:
            return after or at + 1
        target = (octet & 0x3F) << 8 | message[at + 1]
        hops += 1
        if octet < POINTER or target >= start or hops > _FEW_HOPS:
            return 0
        after = after or at + 2
        at = target


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
