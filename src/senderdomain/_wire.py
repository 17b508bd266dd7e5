"""
Queries and answers in octets: what is sent, and what is made of what comes back.

Owns      the octets of a query, and whether a message answers it (RFC 5452).
Knows not sockets, time, who asks; what an answer means for mail.

Attackers write these octets and we read them on the event loop: `decode` takes
bounded time, and raises nothing.
"""

from __future__ import annotations

import re
import struct

from functools import lru_cache

from ._dns import Answer, Failure, FailureReason, Question, RecordType
from ._everyday import everyday
from ._message import (
    BADVERS,
    FORMERR,
    HEADER,
    IN,
    NOTIMP,
    OPT,
    QR,
    RCODE_MASK,
    REFUSED,
    RR,
    SERVFAIL,
    TRUNCATED,
    Message,
)

__all__ = [
    "EDNS_PAYLOAD",
    "TRUNCATED",
    "answers",
    "decode",
    "decode_any",
    "labels_of",
    "query",
    "question_section",
    "refuses_edns",
]

# Octets offered in EDNS(0) (RFC 6891; RFC 9715 and DNS flag day 2020).
EDNS_PAYLOAD = 1232

_RD = 0x0100
_OPCODE_MASK = 0x7800

# Servers that cannot parse a query may send the header back and no question.
_HEADER_ONLY = frozenset({FORMERR, SERVFAIL, NOTIMP, REFUSED})

# What servers that do not know EDNS say to it (RFC 6891, section 7). The header
# has the lower four bits of an rcode, which are 0 for BADVERS.
_EDNS_REFUSALS = frozenset({FORMERR, NOTIMP, BADVERS & RCODE_MASK})

# All of a query between its ID and its question.
_WITH_EDNS = HEADER.pack(0, _RD, 1, 0, 0, 1)[2:]
_WITHOUT_EDNS = HEADER.pack(0, _RD, 1, 0, 0, 0)[2:]
_OPT_RECORD = b"\0" + RR.pack(OPT, EDNS_PAYLOAD, 0, 0)
_END = {t: struct.pack("!xHH", t.value, IN) for t in RecordType}

_ESCAPES = re.compile(rb"\\([0-9]{3})").sub
_LENGTH = [bytes((size,)) for size in range(64)]


def labels_of(qname: str) -> list[bytes]:
    """Split a name into the octets of its labels (RFC 1035, section 5.1)."""
    labels = qname.encode("ascii").split(b".")
    if "\\" in qname:  # only the targets of MX, and what a profile asks, have them
        labels = [_ESCAPES(_octet, label) for label in labels]
    return labels


def _octet(escape: re.Match[bytes]) -> bytes:
    return bytes((int(escape[1]),))


def question_section(question: Question) -> bytes:
    """Build the question section; the name must be valid (RFC 1035, s4.1.2)."""
    qname = question.qname
    if "\\" in qname:
        return _section(qname, question.qtype)
    label, _, parent = qname.partition(".")
    qtype = question.qtype
    rest = _section_of_parent(parent, qtype) if parent else _END[qtype]
    return _LENGTH[len(label)] + label.encode("ascii") + rest


def _section(qname: str, qtype: RecordType) -> bytes:
    labels = [_LENGTH[len(label)] + label for label in labels_of(qname)]
    return b"".join(labels) + _END[qtype]


# Most names have one of a few parents, such as "com".
_section_of_parent = lru_cache(1024)(_section)


def query(query_id: bytes, section: bytes, edns: bool) -> bytes:  # noqa: FBT001
    """
    Build a query.

    Args:
        query_id: Two octets.
        section: From `question_section`.
        edns: Add an OPT record with `EDNS_PAYLOAD` and no options.
    """
    if edns:
        return query_id + _WITH_EDNS + section + _OPT_RECORD
    return query_id + _WITHOUT_EDNS + section


def answers(message: bytes, section: bytes) -> bool:
    """
    Whether *message* answers the query with the question *section*.

    Address, port and ID are the caller's to compare (RFC 5452, section 9.1).
    """
    if len(message) < HEADER.size:
        return False
    _, flags, questions, _, _, _ = HEADER.unpack_from(message)
    if flags & (QR | _OPCODE_MASK) != QR:
        return False
    if questions != 1:
        only_header = len(message) == HEADER.size and questions == 0
        return only_header and flags & RCODE_MASK in _HEADER_ONLY
    sent_back = message[HEADER.size : HEADER.size + len(section)]
    return sent_back == section or sent_back.lower() == section.lower()


def decode(message: bytes, question: Question) -> Answer:
    """
    Read what *message* has to say; it must be one that `answers` the question.

    Returns:
        An answer; `Failure` with `FailureReason.MALFORMED` for octets that are
        not a DNS message, and `TRUNCATED` itself if TC is set.
    """
    answer = everyday(message, question_section(question), question.qtype)
    return decode_any(message, question) if answer is None else answer


def decode_any(message: bytes, question: Question) -> Answer:
    """Do as `decode` does, for what is not `everyday`."""
    try:
        return Message(message, question).answer()
    except (ValueError, IndexError, struct.error) as error:
        return Failure(FailureReason.MALFORMED, str(error))


def refuses_edns(message: bytes, answer: Answer) -> bool:
    """Whether the server may answer the same query without EDNS."""
    return (
        type(answer) is Failure
        and answer.reason is FailureReason.REFUSED
        and message[3] & RCODE_MASK in _EDNS_REFUSALS
    )
