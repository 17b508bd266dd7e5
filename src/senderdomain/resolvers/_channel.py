"""
UDP sockets, each connected to one server and each used for a while.

Owns      source ports and query IDs: what a forger has to guess (RFC 5452).
Knows not what is asked and what an answer means.

A question shares its socket with others, but no two tries of it share one, and a
socket is replaced after `MAX_USES` questions or `MAX_AGE` seconds. SECURITY.md says
what that makes of a forger's chances.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys

from functools import lru_cache
from typing import Any

from ._pending import Pending
from ._servers import Server

# Sockets per server. There have to be as many as a question has tries.
SOCKETS = 4
MAX_USES = 200
MAX_AGE = 30.0  # seconds

_PAIRS = struct.Struct("2s" * 256)  # of octets, drawn at once

# Octets. Every answer that fits EDNS_PAYLOAD, and room for those that ignore it;
# recv() with a larger buffer costs more than the whole decoding.
BUFFER = 4096

# Octets the kernel may keep for us while we do something else.
_RECEIVE_BUFFER = 1 << 20


# Linux takes several datagrams of one size, and a last one that may be shorter, as one
# and cuts them up at the very end, if at all (UDP_SEGMENT, since 4.18): half the work
# of the kernel for four of them. A system that does not know that would take no notice,
# so that it has to be asked; and a way out through IPsec, or a device that cannot sum
# up, refuses.
_UDP_SEGMENT = 103
_NO_SEGMENTS = frozenset({errno.EIO, errno.EINVAL, errno.EOPNOTSUPP})


def _can_segment(sock: socket.socket) -> bool:
    if sys.platform != "linux":
        return False
    try:
        sock.getsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT)
    except OSError:
        return False
    return True


@lru_cache(1024)
def _segments_of(size: int) -> list[tuple[int, int, bytes]]:
    return [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("=H", size))]


class Channel:
    """
    A UDP socket connected to one server.

    The kernel drops what comes from another address or port.

    Attributes:
        sock: Non-blocking.
        server: Index of the server.
        inflight: The questions that wait for an answer here, by ID.
        receive: Takes a datagram of so many octets; raises BlockingIOError.
        send: Sends a datagram; raises BlockingIOError.
        send_segments: Sends several as one, which has to be cut up.
        segmenting: Whether the system takes several datagrams as one.
        uses: How many questions it has carried; `MAX_USES` at the most.
        worn_at: When it is time for another source port in any case.
    """

    __slots__ = (
        "inflight",
        "receive",
        "segmenting",
        "send",
        "send_segments",
        "server",
        "sock",
        "uses",
        "worn_at",
    )

    def __init__(self, address: Server, server: int, now: float) -> None:
        """Open it, which draws a source port; raises OSError."""
        self.sock = address.open(socket.SOCK_DGRAM)
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            address.connect(self.sock)
        except OSError:
            self.sock.close()
            raise
        self.receive = self.sock.recv
        self.send = self.sock.send
        self.send_segments: Any = getattr(self.sock, "sendmsg", None)
        self.segmenting = _can_segment(self.sock)
        self.server = server
        self.inflight: dict[bytes, Pending] = {}
        self.uses = 0
        self.worn_at = now + MAX_AGE

    def transmit(self, query: bytes) -> None:
        """Send *query*, or lose it; raises OSError."""
        send = self.send  # faster called from a variable
        try:
            send(query)
        except BlockingIOError:
            return  # the kernel's buffer is full: as good as lost on the way

    def transmit_as_one(self, queries: list[bytes]) -> bool:
        """
        Send *queries*, all but the last of one size and that not longer, or lose them.

        Returns:
            False if that cannot be.
        """
        if not self.segmenting:
            return False
        try:
            self.send_segments((b"".join(queries),), _segments_of(len(queries[0])))
        except BlockingIOError:
            return True  # lost, as above
        except OSError as error:
            # Who sends them one by one will see what is wrong with which of them.
            self.segmenting = error.errno not in _NO_SEGMENTS
            return False
        return True


class RandomIds:
    """
    Query IDs, two octets each, from the system's random source.

    No generator: what a signal handler raises inside of one ends it for ever.

    Attributes:
        drawn: Those that are left of the last draw; take one from the end.
    """

    __slots__ = ("drawn",)

    def __init__(self) -> None:
        """Draw none yet."""
        self.drawn: list[bytes] = []

    def draw(self) -> bytes:
        """Take one, and draw more if there is none left."""
        drawn = self.drawn
        if not drawn:
            drawn += _PAIRS.unpack(os.urandom(_PAIRS.size))
        return drawn.pop()
