"""
One question over TCP (RFC 7766), because its answer was too large for UDP.

Owns      connecting, writing, reading, and the length in front of a message.
Knows not what the message says.
"""

from __future__ import annotations

import socket

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from ._servers import Server

_LENGTH_SIZE = 2
_CHUNK = 65_536


class Watcher(Protocol):
    """Tells when sockets are ready: an event loop, or a selector."""

    def watch_reader(self, sock: socket.socket, callback: Callable[[], object]) -> None:
        """Call *callback* whenever *sock* can be read."""
        ...

    def watch_writer(self, sock: socket.socket, callback: Callable[[], object]) -> None:
        """Call *callback* whenever *sock* can be written, and no reader any more."""
        ...

    def forget(self, sock: socket.socket) -> None:
        """Call nothing for *sock* any more."""
        ...

    def later(self, callback: Callable[[], object]) -> None:
        """Call *callback* after what else is to be done now, if nobody does before."""
        ...

    def arm(self) -> None:
        """See to it that the engine is swept while it is busy."""
        ...


class Stream:
    """
    A TCP connection for one message there and one back.

    Args:
        address: The server.
        message: The query.
        watcher: Tells when the socket is ready.
        done: Called once, with the answer's octets or with the error that ended it.
    """

    __slots__ = ("_buffer", "_done", "_message", "_sock", "_watcher")

    def __init__(
        self,
        address: Server,
        message: bytes,
        watcher: Watcher,
        done: Callable[[bytes | OSError], None],
    ) -> None:
        """Begin to connect; raises OSError."""
        self._message = len(message).to_bytes(_LENGTH_SIZE, "big") + message
        self._buffer = bytearray()
        self._watcher = watcher
        self._done = done
        self._sock = address.open(socket.SOCK_STREAM)
        try:
            with suppress(BlockingIOError):  # which says that it is under way
                address.connect(self._sock)
        except OSError:
            self._sock.close()
            raise
        watcher.watch_writer(self._sock, self._writable)

    def close(self) -> None:
        """Give up, or be done; more than once does nothing more."""
        if self._sock.fileno() >= 0:
            self._watcher.forget(self._sock)
            self._sock.close()

    def _end(self, result: bytes | OSError) -> None:
        self.close()
        self._done(result)

    def _writable(self) -> None:
        try:
            sent = self._sock.send(self._message)
        except OSError as error:
            self._end(error)
            return
        self._message = self._message[sent:]
        if not self._message:
            self._watcher.watch_reader(self._sock, self._readable)

    def _readable(self) -> None:
        try:
            chunk = self._sock.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        self._buffer += chunk
        size = int.from_bytes(self._buffer[:_LENGTH_SIZE], "big") + _LENGTH_SIZE
        if len(self._buffer) >= max(size, _LENGTH_SIZE):
            self._end(bytes(self._buffer[_LENGTH_SIZE:size]))
        elif not chunk:
            self._end(ConnectionResetError("connection closed in mid-message"))
