"""
One query as a fault sees it, and the steps that a fault can plan.

Owns      steps, how they are framed, and messages that are built by hand.
Knows not sockets and resolvers: both play what is planned here.

A fault is a function from an `Exchange` to steps, one after the other:

    bytes        send this: a datagram, or octets of a TCP stream as they are
    Pause        wait
    Elsewhere    send this datagram from another port, or another address
    Hangup       close the TCP connection, or tear it down
"""

from __future__ import annotations

import struct

from collections.abc import Callable, Iterable
from enum import Enum
from typing import TypeAlias

import dns.flags
import dns.message
import dns.rdataclass
import dns.rdatatype

from .._value import value

# Octets; what a TCP length can say.
MAX_MESSAGE = 65_535

# The two bits of a compression pointer (RFC 1035, section 4.1.4).
POINTER = 0xC000


@value
class Pause:
    """
    Wait before the next step.

    Attributes:
        seconds: How long; infinity for ever.
    """

    seconds: float


@value
class Elsewhere:
    """
    A datagram from a port that nobody has asked.

    Attributes:
        octets: To send.
        host: The address to send it from; that of the server if "".
    """

    octets: bytes
    host: str = ""


class Hangup(Enum):
    """The end of a TCP connection, in good order (FIN) or not (RST)."""

    CLOSE = "close"
    RESET = "reset"


Step: TypeAlias = bytes | Pause | Elsewhere | Hangup


@value
class Exchange:
    """
    One query, as a fault sees it.

    Attributes:
        query: The whole message, ID included.
        truth: Makes the answer that the zone has.
        number: How often this question came before.
        over_tcp: It came over TCP.
    """

    query: bytes
    truth: Callable[[], bytes]
    number: int = 0
    over_tcp: bool = False

    def framed(self, message: bytes) -> bytes:
        """*message* as it is sent: over TCP with its length (RFC 7766, s8)."""
        return framed(message) if self.over_tcp else message

    def response(self) -> dns.message.Message:
        """Begin an answer without records."""
        query = dns.message.from_wire(self.query)
        return dns.message.make_response(query, recursion_available=True)


Fault: TypeAlias = Callable[[Exchange], Iterable[Step]]
"""What is sent instead of the truth."""


def framed(message: bytes) -> bytes:
    """*message* with its length in front (RFC 1035, section 4.2.2)."""
    return len(message).to_bytes(2, "big") + message


def answering(make: Callable[[Exchange], bytes]) -> Fault:
    """Make a fault of what builds one wrong message, for UDP and TCP alike."""

    def fault(exchange: Exchange) -> Iterable[Step]:
        """Send it."""
        yield exchange.framed(make(exchange))

    return fault


def over_tcp(plan: Fault) -> Fault:
    """Truncate over UDP, so that the client comes back over TCP for *plan*."""

    def fault(exchange: Exchange) -> Iterable[Step]:
        """Say TC, or play the plan."""
        if exchange.over_tcp:
            yield from plan(exchange)
        else:
            yield with_tc(exchange)

    return fault


def with_tc(exchange: Exchange) -> bytes:
    """Build an empty answer with TC set."""
    response = exchange.response()
    response.flags |= dns.flags.TC
    return response.to_wire()


def truth(exchange: Exchange) -> Iterable[Step]:
    """Answer as if nothing were wrong."""
    yield exchange.framed(exchange.truth())


def with_answers(exchange: Exchange, records: Iterable[bytes], count: int) -> bytes:
    """
    Build an answer by hand, right or wrong.

    Args:
        exchange: Whose question it answers.
        records: The octets of the answer section; see `record`.
        count: What the header says that there are.
    """
    response = exchange.response()
    response.use_edns(-1)  # the OPT would stand where the records have to be
    message = response.to_wire()
    return message[:6] + count.to_bytes(2, "big") + message[8:] + b"".join(records)


def record(
    rdata: bytes,
    *,
    rdtype: int = dns.rdatatype.MX,
    owner: bytes = b"\xc0\x0c",
    rdclass: int = dns.rdataclass.IN,
    size: int | None = None,
) -> bytes:
    """
    Build a record by hand.

    Args:
        rdata: Its RDATA.
        rdtype: Its type.
        owner: Its name; by default a pointer to the name asked for.
        rdclass: Its class.
        size: The length that it claims; the true one by default.
    """
    size = len(rdata) if size is None else size
    return owner + struct.pack("!HHIH", rdtype, rdclass, 60, size) + rdata
