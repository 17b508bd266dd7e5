"""
A longer way to the server: a proxy that answers late.

Owns      the choice of the proxy: `delay.c`, or without a compiler this module.
Knows not the DNS, but for the two octets of the ID.

    python -m benchmarks.delay UPSTREAM_PORT MILLISECONDS

does what `delay.c` does, with a fraction of its speed. The report has the ceiling of
whichever was used, measured with dnsperf.
"""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import sys
import time

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from .processes import PATIENCE, Daemon

# Milliseconds between a question and its answer.
ROUND_TRIP = 20

_BUFFER = 8 << 20

Client: TypeAlias = tuple[str, int]
_SOURCE = Path(__file__).with_name("delay.c")


@dataclass(frozen=True, slots=True)
class Delay:
    """
    A proxy that runs.

    Attributes:
        port: On 127.0.0.1, for UDP.
        language: What it is written in.
        pid: Of the process.
    """

    port: int
    language: str
    pid: int

    def cpu(self) -> float:
        """Seconds of processor time that it has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def delayed(directory: Path, upstream: int) -> Iterator[Delay]:
    """Run a proxy in front of the server on port *upstream* for a while."""
    compiled = _compiled(directory)
    command = [compiled] if compiled else [sys.executable, "-m", "benchmarks.delay"]
    said = directory / "delay.log"
    daemon = Daemon([*command, str(upstream), str(ROUND_TRIP)], said)
    try:
        until = time.monotonic() + PATIENCE
        while not said.read_text().endswith("\n") and time.monotonic() < until:
            daemon.check()
            time.sleep(0.01)
        language = "C" if compiled else "Python"
        yield Delay(int(said.read_text()), language, daemon.process.pid)
    finally:
        daemon.stop()


def _compiled(directory: Path) -> str | None:
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = str(directory / "delay")
    done = subprocess.run(  # noqa: S603
        [compiler, "-O2", "-o", program, str(_SOURCE)], check=False
    )
    return None if done.returncode else program


def _socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    sock.setblocking(False)  # noqa: FBT003
    return sock


def serve(upstream_port: int, milliseconds: float) -> None:
    """Be the proxy, until somebody ends the process."""
    front, back = _socket(), _socket()
    front.bind(("127.0.0.1", 0))
    back.connect(("127.0.0.1", upstream_port))
    print(front.getsockname()[1], flush=True)  # noqa: T201 - see `delayed`
    asked: dict[bytes, tuple[bytes, Client]] = {}
    held: deque[tuple[float, bytes, Client]] = deque()
    number = 0
    while True:
        left = held[0][0] - time.monotonic() if held else 1.0
        ready, _, _ = select.select([front, back], [], [], max(0.0, left))
        with suppress(BlockingIOError, ConnectionRefusedError):
            while front in ready:
                message, client = front.recvfrom(4096)
                number = (number + 1) & 0xFFFF
                ours = number.to_bytes(2, "big")
                asked[ours] = message[:2], client
                back.send(ours + message[2:])
        with suppress(BlockingIOError, ConnectionRefusedError):
            while back in ready:
                message = back.recv(4096)
                theirs, client = asked[message[:2]]
                due = time.monotonic() + milliseconds / 1000
                held.append((due, theirs + message[2:], client))
        while held and held[0][0] <= time.monotonic():
            _, message, client = held.popleft()
            front.sendto(message, client)


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]))
