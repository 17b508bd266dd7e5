"""
Starting programs, waiting for them, and what they have cost.

Owns      child processes, the cores they run on, their use of processor and memory.
Knows not what they are for.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent

# Seconds until a program that should be ready is given up.
PATIENCE = 60.0

# Seconds between two looks at the memory of a program.
_LOOK = 0.02


@dataclass(frozen=True, slots=True)
class Cost:
    """
    What a finished process has cost.

    Attributes:
        status: Exit status.
        wall: Seconds.
        cpu: Seconds of processor time, user and system.
        rss: Octets of memory at the most, as far as they were seen.
        output: What it printed.
    """

    status: int
    wall: float
    cpu: float
    rss: int
    output: str


def run(
    command: Sequence[str], *, core: int | None = None, output: IO[bytes] | None = None
) -> Cost:
    """Run *command* to its end, on one *core* if it says which."""
    start = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - programs that we name ourselves
        command,
        stdout=subprocess.PIPE if output is None else output,
        stderr=subprocess.PIPE if output is None else None,
        cwd=ROOT,
    ) as process:
        if core is not None:
            pin(process.pid, core)
        peak = _Peak(process.pid)
        said = b"" if process.stdout is None else process.stdout.read()
        complaint = b"" if process.stderr is None else process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode and complaint:
        sys.stderr.write(complaint.decode(errors="replace"))
    cpu = usage.ru_utime + usage.ru_stime
    words = said.decode(errors="replace")
    return Cost(process.returncode, wall, cpu, peak.octets, words)


def most_memory(pid: int | str = "self") -> int:
    """
    Tell the most memory that a process has had, in octets.

    Not ``ru_maxrss``: that begins with the memory of the process that forked it.
    """
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def forget_most_memory() -> int:
    """Begin anew with `most_memory` of this process; gives its memory now."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return most_memory()


class _Peak:
    """Looks at the memory of a process again and again until it is gone."""

    def __init__(self, pid: int) -> None:
        self.octets = 0
        self._pid = pid
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while octets := most_memory(self._pid):
            self.octets = octets
            time.sleep(_LOOK)


def python(
    *arguments: str, core: int | None = None, output: IO[bytes] | None = None
) -> Cost:
    """Run this Python, in the root of the repository."""
    return run([sys.executable, *arguments], core=core, output=output)


def pin(pid: int, core: int) -> None:
    """Let all threads of a process run on one core only."""
    spread_over(pid, {core})


def spread_over(pid: int, cores: Iterable[int]) -> None:
    """Let all threads of a process run on these cores."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), cores)


def free_port() -> int:
    """Find a port of 127.0.0.1 that nobody has, for UDP and TCP."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        ):
            udp.bind(("127.0.0.1", 0))
            port: int = udp.getsockname()[1]
            with suppress(OSError):
                tcp.bind(("127.0.0.1", port))
                return port


class Daemon:
    """
    A server that runs until it is stopped.

    Args:
        command: What to run; it must stay in the foreground.
        log: Where its words go.
        environment: Instead of our own.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it."""
        self._log = log
        with log.open("wb") as words:
            self.process = subprocess.Popen(  # noqa: S603 - as above
                command, stdout=words, stderr=words, env=environment
            )

    def check(self) -> None:
        """Raise RuntimeError if it has ended."""
        if self.process.poll() is not None:
            msg = f"{self.process.args!r} has ended: {self._log.read_text()}"
            raise RuntimeError(msg)

    def stop(self) -> None:
        """End it, and wait until it has."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
