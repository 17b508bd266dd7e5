"""
UDP sockets, each connected to one server and each used for a while.

Owns      source ports and query IDs: what a forger has to guess (RFC 5452).
Knows not what is asked and what an answer means.

A question shares its socket with others, but no two tries of it share one, and a
socket is replaced after `MAX_USES` questions or `MAX_AGE` seconds. SECURITY.md says
what that makes of a forger's chances.
"""

from __future__ import annotations

import os
import socket

from ._pending import Pending
from ._servers import Server

# Sockets per server. There have to be as many as a question has tries.
SOCKETS = 4
MAX_USES = 200
MAX_AGE = 30.0  # seconds

# Octets. Every answer that fits EDNS_PAYLOAD, and room for those that ignore it;
# recv() with a larger buffer costs more than the whole decoding.
BUFFER = 4096

# Octets the kernel may keep for us while we do something else.
_RECEIVE_BUFFER = 1 << 20


class Channel:
    """
    A UDP socket connected to one server.

    The kernel drops what comes from another address or port.

    Attributes:
        sock: Non-blocking.
        server: Index of the server.
        inflight: The questions that wait for an answer here, by ID.
        receive: Takes a datagram of so many octets; raises BlockingIOError.
        send: Sends one; raises BlockingIOError.
        uses: How many questions it has carried; `MAX_USES` at the most.
        worn_at: When it is time for another source port in any case.
    """

    __slots__ = ("inflight", "receive", "send", "server", "sock", "uses", "worn_at")

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
        self.server = server
        self.inflight: dict[bytes, Pending] = {}
        self.uses = 0
        self.worn_at = now + MAX_AGE

    def transmit(self, message: bytes) -> None:
        """Send *message*, or lose it; raises OSError."""
        try:  # noqa: SIM105 - suppress() costs more than all around it
            self.send(message)
        except BlockingIOError:
            pass  # the kernel's buffer is full: as good as lost on the way


class RandomIds:
    """
    Query IDs, two octets each, from the system's random source; for `next`.

    No generator: what a signal handler raises inside of one ends it for ever.
    """

    __slots__ = ("_drawn",)

    def __init__(self) -> None:
        """Draw none yet."""
        self._drawn: list[bytes] = []

    def __next__(self) -> bytes:
        """Draw one."""
        drawn = self._drawn
        if not drawn:
            block = os.urandom(512)
            drawn += [block[at : at + 2] for at in range(0, len(block), 2)]
        return drawn.pop()
