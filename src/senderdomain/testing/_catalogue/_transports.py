"""X: sockets, servers and systems that fail."""

from __future__ import annotations

from collections.abc import Iterable

from ..._dns import FailureReason
from ..._finding import Outcome
from .._exchange import (
    Elsewhere,
    Exchange,
    Fault,
    Hangup,
    Step,
    answering,
    framed,
    over_tcp,
    truth,
    with_tc,
)
from ._case import FaultCase
from ._stages import (
    CLOSED,
    FORBIDDEN,
    SERVED,
    SILENT,
    UNREACHABLE,
    Configured,
    Served,
    Starved,
)

_DOWN, _TIMEOUT = FailureReason.RESOLVER_DOWN, FailureReason.TIMEOUT
_MALFORMED = FailureReason.MALFORMED
_TRUNCATED = FailureReason.TRUNCATED


def _length(of: int) -> Fault:
    """Answer over TCP behind a length that is wrong by so many octets."""

    def plan(exchange: Exchange) -> Iterable[Step]:
        """Send it."""
        message = exchange.truth()
        yield (len(message) + of).to_bytes(2, "big") + message
        yield Hangup.CLOSE

    return over_tcp(plan)


def _empty(_exchange: Exchange) -> Iterable[Step]:
    yield framed(b"")


def _twice(exchange: Exchange) -> Iterable[Step]:
    yield from truth(exchange)
    yield from truth(exchange)


def _from_another_address(exchange: Exchange) -> Iterable[Step]:
    yield Elsewhere(exchange.truth(), host="127.0.0.2")


def _mx(
    identity: str, about: str, fault: Fault | str, reason: FailureReason
) -> FaultCase:
    return FaultCase(identity, about, Served(faults={"MX": fault}), reason=reason)


def _asking(identity: str, about: str, *servers: str) -> FaultCase:
    return FaultCase(identity, about, Served(servers=servers), reason=_DOWN)


TRANSPORTS = (
    _mx("X01", "silence", "timeout", _TIMEOUT),
    _asking("X02", "nobody listens (ICMP port unreachable)", CLOSED),
    _asking("X03", "no route (ENETUNREACH)", UNREACHABLE),
    FaultCase(
        "X04",
        "no more files to be had (EMFILE)",
        Starved(),
        reason=_DOWN,
        note="not on Windows",
    ),
    _asking("X05", "sending is not allowed (EACCES)", FORBIDDEN),
    FaultCase(
        "X06",
        "TC, then the answer over TCP",
        Served(faults={"MX": over_tcp(truth)}),
        Outcome.MX,
        ttl=300,
    ),
    FaultCase(
        "X07",
        "TC, and no TCP",
        Served(faults={"MX": over_tcp(truth)}, tcp=False),
        reason=_TRUNCATED,
    ),
    _mx("X08", "TC, and TCP is torn down in mid-message", "tcp_reset", _TRUNCATED),
    _mx("X09", "TC, and an octet a second over TCP", "tcp_trickle", _TIMEOUT),
    _mx("X10", "an empty message over TCP", over_tcp(_empty), _MALFORMED),
    _mx("X11", "a length above that of the message", _length(1), _TRUNCATED),
    _mx("X12", "a length below that of the message", _length(-1), _MALFORMED),
    _mx("X13", "TC over TCP", answering(with_tc), _TRUNCATED),
    _mx("X14", "an answer after the deadline", "slow(5)", _TIMEOUT),
    FaultCase(
        "X15", "the answer twice", Served(faults={"MX": _twice}), Outcome.MX, ttl=300
    ),
    _mx("X16", "the answer from another address", _from_another_address, _TIMEOUT),
    _mx("X17", "the answer from another port", "other_port", _TIMEOUT),
    FaultCase(
        "X18",
        "the first server silent, the second good",
        Served(servers=(SILENT, SERVED)),
        Outcome.MX,
        ttl=300,
    ),
    FaultCase(
        "X19",
        "one server silent, one closed",
        Served(servers=(SILENT, CLOSED)),
        reason=_TIMEOUT,
    ),
    FaultCase(
        "X20",
        "resolv.conf missing, empty or nonsense",
        Configured(("", "nameserver\nnameserver here\n\0")),
        None,
        questions=0,
        raises=ValueError,
        note="refused at construction",
    ),
)
