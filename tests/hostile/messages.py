"""
DNS messages to start from, and what is done to them.

Owns      the seeds, and mutations.
Knows not what has to come of them.
"""

from __future__ import annotations

import random
import struct

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from senderdomain import DomainName, Question, RecordType
from senderdomain._wire import query, question_section
from senderdomain.testing import Zone

from ..test_wire import BROKEN, CROWDS, ROWS, _crowd, _pointers, message

DATA = Path(__file__).parents[1] / "data"

# Names of tests/data/example.zone that have a bit of everything.
NAMES = [
    "mx",
    "mx-and-a",
    "null-mx",
    "null-mx-plus-mx",
    "mx-space",
    "two-roots",
    "a-only",
    "aaaa-only",
    "a-and-aaaa",
    "txt-only",
    "empty-non-terminal",
    "any.wildcard",
    "any.wildcard-null",
    "cname-to-mx",
    "cname-to-a",
    "cname-to-null-mx",
    "cname-to-txt",
    "cname-1",
    "cname-dangling",
    "cname-loop-1",
    "cname-self",
    "host.dname",
    "no.dname",
    "missing",
    "dname",
    "xn--mnchen-3ya",
    "deep.er.and.deep.er",
]


def labels(question):
    """Split the name of a question."""
    return tuple(question.qname.encode().split(b"."))


def _from_zone() -> Iterator[tuple[Question, bytes]]:
    text = (DATA / "example.zone").read_text("utf-8")
    zone = Zone(text)
    for name in NAMES:
        for qtype in (RecordType.MX, RecordType.A, RecordType.AAAA):
            question = Question(DomainName(f"{name}.example"), qtype)
            asked = query(b"\x2a\x2a", question_section(question), True)
            (wire,) = zone.play(asked, over_tcp=False)[1]
            yield question, wire


def _by_hand() -> Iterator[tuple[Question, bytes]]:
    asked = Question(DomainName("d.example"), RecordType.MX)
    for answer, authority, parts, _, _ in ROWS:
        for edns in (True, False):
            if edns or (not parts.get("ede") and parts.get("rcode", 0) < 16):
                yield asked, message(answer, authority, edns=edns, **parts)
    for wire, _ in BROKEN:
        yield asked, wire
    twice = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", 5, 1, ttl, 3) + b"\1e\0" for ttl in (500, 20)
    )
    mx = b"\1e\0" + struct.pack("!HHIH", 15, 1, 300, 5) + b"\0\1\1x\0"
    head = struct.pack("!6H", 0, 0x8180, 1, 3, 0, 0)
    yield asked, head + question_section(asked) + twice + mx
    for rtype, rdata in CROWDS:
        yield asked, _crowd(rtype, rdata, 700)
    for hops in (1, 15, 16, 17):
        yield asked, _pointers(hops)
    yield asked, struct.pack("!6H", 0, 0x8185, 0, 0, 0, 0)
    pointer = Question(DomainName("1.2.0.192.in-addr.arpa"), RecordType.PTR)
    owner = "1.2.0.192.in-addr.arpa."
    for records in (
        [f"{owner} 60 IN PTR mx.example."],
        [f"{owner} 60 IN CNAME x.y.", "x.y. 60 IN PTR m.x.", "x.y. 9 IN PTR n.x."],
    ):
        yield pointer, message(records, question=pointer)


@cache
def seeds() -> list[tuple[Question, bytes]]:
    """Give at least sixty messages, each with its question."""
    return [*_by_hand(), *_from_zone()]


# What a length, a count, a type or a pointer may be wrong by.
_NUMBERS = [0, 1, 2, 5, 6, 12, 15, 28, 39, 41, 63, 64, 127, 128, 191, 192, 254, 255]
_WORDS = [0, 1, 2, 5, 6, 15, 16, 28, 39, 41, 0xC000, 0xC00C, 0xC00D, 0xFFFF, 0x8000]


def mutated(  # noqa: PLR0911 - one for each mutation
    rng: random.Random, wire: bytes, other: bytes, fixed: int
) -> bytes:
    """Change *wire* behind its first *fixed* octets, once."""
    at = rng.randint(min(fixed, len(wire)), len(wire))
    match rng.randrange(9):
        case 0:
            return wire[:at]
        case 1:
            return wire[:at] + wire[at + rng.randint(1, 4) :]
        case 2:
            return wire[:at] + rng.randbytes(rng.randint(1, 4)) + wire[at:]
        case 3:
            return wire[:at] + bytes([rng.choice(_NUMBERS)]) + wire[at + 1 :]
        case 4:
            word = struct.pack("!H", rng.choice(_WORDS))
            return wire[:at] + word + wire[at + 2 :]
        case 5:
            word = struct.pack("!H", 0xC000 | rng.randint(0, len(wire)))
            return wire[:at] + word + wire[at + 2 :]
        case 6:
            start = rng.randint(0, len(other))
            return wire[:at] + other[start : start + rng.randint(1, 40)] + wire[at:]
        case 7:
            start = rng.randint(min(fixed, len(wire)), len(wire))
            return wire[:at] + wire[start : start + rng.randint(1, 60)] + wire[at:]
        case _:
            if at == len(wire):
                return wire
            flipped = bytes([wire[at] ^ 1 << rng.randrange(8)])
            return wire[:at] + flipped + wire[at + 1 :]


def with_counts(rng: random.Random, wire: bytes) -> bytes:
    """Change one of the counts in the header by one."""
    at = rng.choice((7, 9, 11))
    if len(wire) <= at:
        return wire
    count = (wire[at] + rng.choice((1, -1))) % 256
    return wire[:at] + bytes([count]) + wire[at + 1 :]


def fuzzed(seed: int, count: int) -> Iterator[tuple[Question, bytes]]:
    """Make *count* messages, always the same ones for a *seed*."""
    rng = random.Random(seed)
    known = seeds()
    for _ in range(count):
        question, wire = rng.choice(known)
        _, other = rng.choice(known)
        # Most keep their header and question: what does not is no answer at all.
        fixed = 12 + len(question_section(question)) if rng.random() < 0.9 else 0
        while True:
            wire = mutated(rng, wire, other, fixed)
            if rng.random() < 0.3:
                wire = with_counts(rng, wire)
            if rng.random() < 0.6:
                break
        yield question, wire
