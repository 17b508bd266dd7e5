"""W: octets that are no answer, or a strange one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import dns.rdatatype

from ..._dns import FailureReason
from ..._finding import Outcome
from .._exchange import (
    MAX_MESSAGE,
    POINTER,
    Exchange,
    Fault,
    Step,
    answering,
    over_tcp,
    record,
    with_answers,
)
from ._case import FaultCase
from ._exchangers import by_hand
from ._stages import Served

_MALFORMED, _TIMEOUT = FailureReason.MALFORMED, FailureReason.TIMEOUT
_HEADER = 12
_MOST_OVER_UDP = 65_507
_PREFERENCE = b"\0\x0a"
_OPT = b"\0" + dns.rdatatype.OPT.to_bytes(2, "big") + b"\x04\xd0"

# A name that takes all the octets that there are, of as many labels.
_LONG = b"\x01a" * 126 + b"\0"


def _patched(at: int, octets: bytes) -> Fault:
    """Answer the truth with some octets of it replaced."""

    def make(exchange: Exchange) -> bytes:
        """Patch it."""
        message = exchange.truth()
        return message[:at] + octets + message[at + len(octets) :]

    return answering(make)


def _cut_everywhere(exchange: Exchange) -> Iterable[Step]:
    message = exchange.truth()
    for end in range(len(message)):
        yield message[:end]


def _rubbish(exchange: Exchange) -> bytes:
    return with_answers(exchange, [b"\xa5" * 40], 1)


def _in_capitals(exchange: Exchange) -> bytes:
    message = exchange.truth()
    end = message.index(b"\0", _HEADER)
    return message[:_HEADER] + message[_HEADER:end].upper() + message[end:]


def _question_twice(exchange: Exchange) -> bytes:
    message = exchange.response().to_wire()
    end = message.index(b"\0", _HEADER) + 5
    return message[:4] + b"\0\x02" + message[6:end] + message[_HEADER:]


def _chain(hops: int) -> Fault:
    """Answer with an exchange at the end of so many compression pointers."""

    def make(exchange: Exchange) -> bytes:
        """Build it."""
        # The pointers stand in a record of no known type, each at the one before.
        start = len(with_answers(exchange, [], 0)) + len(record(b""))
        places = range(start, start + 2 * hops, 2)
        pointers = b"\xc0\x0c" + b"".join(
            (POINTER | before).to_bytes(2, "big") for before, _ in pairwise(places)
        )
        last = (POINTER | places[-1]).to_bytes(2, "big")
        records = [record(pointers, rdtype=65_280), record(_PREFERENCE + last)]
        return with_answers(exchange, records, 2)

    return answering(make)


def _two_opts(exchange: Exchange) -> bytes:
    return _with_opts(exchange, [bytes(4)] * 2)


def _opt_of_version_1(exchange: Exchange) -> bytes:
    return _with_opts(exchange, [b"\0\x01\0\0"])


def _with_opts(exchange: Exchange, flags: list[bytes]) -> bytes:
    message = with_answers(exchange, [record(_PREFERENCE + b"\x02mx\0")], 1)
    opts = b"".join(_OPT + flag + b"\0\0" for flag in flags)
    return message[:10] + len(flags).to_bytes(2, "big") + message[12:] + opts


def _stuffed(exchange: Exchange) -> bytes:
    return exchange.truth().ljust(_MOST_OVER_UDP, b"\0")


def _long_owners(exchange: Exchange) -> bytes:
    first = record(_PREFERENCE + _LONG)
    at = len(with_answers(exchange, [first], 1)) - len(_LONG)
    owner = (POINTER | at).to_bytes(2, "big")
    return _full(exchange, first, record(_PREFERENCE + owner, owner=owner))


def _long_exchanges(exchange: Exchange) -> bytes:
    first = record(_PREFERENCE + _LONG)
    at = len(with_answers(exchange, [first], 1)) - len(_LONG)
    return _full(
        exchange, first, record(_PREFERENCE + (POINTER | at).to_bytes(2, "big"))
    )


def _full(exchange: Exchange, first: bytes, other: bytes) -> bytes:
    room = MAX_MESSAGE - len(with_answers(exchange, [first], 1))
    others = room // len(other)
    return with_answers(exchange, [first, *[other] * others], 1 + others)


def _case(
    identity: str, about: str, fault: Fault | str, reason: FailureReason
) -> FaultCase:
    return FaultCase(identity, about, Served(faults={"MX": fault}), reason=reason)


def _judged(identity: str, about: str, fault: Fault, ttl: int = 60) -> FaultCase:
    return FaultCase(identity, about, Served(faults={"MX": fault}), Outcome.MX, ttl=ttl)


MESSAGES = (
    _case("W01", "0 octets", answering(lambda _: b""), _TIMEOUT),
    _case(
        "W02", "11 octets", answering(lambda exchange: exchange.truth()[:11]), _TIMEOUT
    ),
    _case(
        "W03",
        "a header only",
        answering(lambda exchange: exchange.truth()[:4] + bytes(8)),
        _TIMEOUT,
    ),
    _case("W04", "cut, at every offset", _cut_everywhere, _MALFORMED),
    _case(
        "W05",
        "rubbish behind the right ID and question",
        answering(_rubbish),
        _MALFORMED,
    ),
    _case(
        "W06",
        "a query for an answer",
        answering(lambda exchange: exchange.query),
        _TIMEOUT,
    ),
    _case("W07", "the wrong ID", "wrong_id", _TIMEOUT),
    _case("W08", "the question about another name", "wrong_question", _TIMEOUT),
    _case("W09", "the question about another type", _patched(24, b"\x10"), _TIMEOUT),
    _judged("W10", "the question in capitals", answering(_in_capitals), 300),
    _case("W11", "no question, NOERROR", _patched(4, b"\0\0"), _TIMEOUT),
    _case("W12", "two questions", answering(_question_twice), _TIMEOUT),
    _case("W13", "opcode 5", _patched(2, b"\xa8"), _TIMEOUT),
    _case(
        "W14",
        "octets behind the last record",
        answering(lambda e: e.truth() + b"junk"),
        _MALFORMED,
    ),
    _case("W15", "a pointer to itself", "compression", _MALFORMED),
    _case("W16", "a pointer forward", by_hand(_PREFERENCE + b"\xff\xff"), _MALFORMED),
    _case("W17", "17 pointers in a row", _chain(17), _MALFORMED),
    _case("W18", "8,000 pointers in a row", over_tcp(_chain(8_000)), _MALFORMED),
    _case(
        "W19",
        "label types 0x40 and 0x80",
        by_hand(_PREFERENCE + b"\x41x\0", _PREFERENCE + b"\x81x\0"),
        _MALFORMED,
    ),
    _case(
        "W20",
        "a name of 256 octets",
        by_hand(_PREFERENCE + (b"\x3f" + b"n" * 63) * 3 + b"\x3e" + b"n" * 62 + b"\0"),
        _MALFORMED,
    ),
    _case(
        "W21", "65,535 records claimed, one there", _patched(6, b"\xff\xff"), _MALFORMED
    ),
    _case("W22", "two OPT records", answering(_two_opts), _MALFORMED),
    _case("W23", "an OPT of version 1", answering(_opt_of_version_1), _MALFORMED),
    _case("W24", "65,507 octets over UDP", answering(_stuffed), _MALFORMED),
    _judged(
        "W25",
        "thousands of owners that share a long name",
        over_tcp(answering(_long_owners)),
    ),
    _judged(
        "W26",
        "thousands of exchanges that share a long name",
        over_tcp(answering(_long_exchanges)),
    ),
)
