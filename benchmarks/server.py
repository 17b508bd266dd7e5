"""
Knot, with the zone of `truth`.

Owns      its configuration, its buffers, its count of questions.
Knows not who asks.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import socket
import subprocess
import time

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import truth
from .processes import PATIENCE, Daemon, free_port, pin, spread_over

# Octets. What Linux gives is 208 KiB, and a burst of some hundred questions that
# does not fit is lost without a word.
RECEIVE_BUFFER = 8 << 20

_SO_RCVBUFFORCE = 33
_PIDFD_GETFD = 438  # the number of the system call is the same everywhere

_CONFIGURATION = """
server:
  rundir: {directory}
  listen: 127.0.0.1@{port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
control:
  listen: {directory}/control
log:
- target: stderr
  any: warning
database:
  storage: {directory}
mod-stats:
- id: default
  request-protocol: on
template:
- id: default
  storage: {directory}
  zonefile-sync: -1
  journal-content: none
  semantic-checks: off
  global-module: mod-stats/default
zone:
- domain: com
  file: {directory}/zone
"""


def program(name: str) -> str:
    """Find a program of the packages knot and dnsperf, wherever Debian puts it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")
    if found is None:
        msg = f"no {name}; install it: apt-get install knot dnsperf"
        raise SystemExit(msg)
    return found


class Knot:
    """
    A name server for 127.0.0.1 that runs in *directory*.

    Attributes:
        port: UDP and TCP.
        names: The file with all names, see `truth.read`.
        buffer: Octets of its receive buffer, as the kernel counts.
    """

    def __init__(self, directory: Path, size: int = truth.ZONE_SIZE) -> None:
        """Start it with *size* names, and wait until it answers."""
        self.port = free_port()
        self.names = directory / "names"
        self._control = directory / "control"
        known = truth.names(size)
        truth.write(known, self.names)
        (directory / "zone").write_text("\n".join([*truth.zone(known), ""]))
        configuration = directory / "knot.conf"
        configuration.write_text(
            _CONFIGURATION.format(directory=directory, port=self.port)
        )
        command = [program("knotd"), "-c", str(configuration)]
        self._daemon = Daemon(command, directory / "knot.log")
        try:
            self._await()
            self.buffer = _enlarge(self.pid, self.port)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._daemon.process.pid

    @property
    def address(self) -> str:
        """As our resolvers read it."""
        return f"127.0.0.1:{self.port}"

    def _await(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self._daemon.check()
            with suppress(subprocess.CalledProcessError):
                if "serial: 1" in self._ask("zone-status", "com", "+serial"):
                    return
            time.sleep(0.05)
        msg = f"knotd is not ready after {PATIENCE:g} s"
        raise RuntimeError(msg)

    def _ask(self, *command: str) -> str:
        return subprocess.run(  # noqa: S603
            [program("knotc"), "-s", str(self._control), *command],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def questions(self) -> int:
        """Count the questions that have come so far."""
        counters = self._ask("stats", "mod-stats.request-protocol")
        return sum(int(count) for count in re.findall(r"= (\d+)", counters))

    def pin(self, core: int | None) -> None:
        """Run on one core only, or on all of them."""
        if core is not None:
            pin(self.pid, core)
            return
        spread_over(self.pid, range(os.cpu_count() or 1))

    def stop(self) -> None:
        """End it."""
        self._daemon.stop()


def _enlarge(pid: int, port: int) -> int:
    # Knot has no setting for this, and that of the system is not ours to change. So
    # take hold of its sockets, as a debugger does.
    sizes: list[int] = []
    handle = os.pidfd_open(pid)
    libc = ctypes.CDLL(None, use_errno=True)
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        stolen = libc.syscall(_PIDFD_GETFD, handle, int(entry.name), 0)
        if stolen < 0:
            continue
        with suppress(OSError):
            os.fstat(stolen)
            sizes += _enlarge_socket(stolen, port)
    os.close(handle)
    return min(sizes, default=0)


def _enlarge_socket(descriptor: int, port: int) -> Iterator[int]:
    try:
        sock = socket.socket(fileno=descriptor)
    except OSError:
        os.close(descriptor)
        return
    with sock:
        name = sock.getsockname() if sock.family == socket.AF_INET else ()
        if sock.type != socket.SOCK_DGRAM or name[1:] != (port,):
            return
        for option in (socket.SO_RCVBUF, _SO_RCVBUFFORCE):
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, option, RECEIVE_BUFFER)
        yield sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


@contextmanager
def knot(directory: Path, size: int = truth.ZONE_SIZE) -> Iterator[Knot]:
    """Run a `Knot` for a while."""
    server = Knot(directory, size)
    try:
        yield server
    finally:
        server.stop()
