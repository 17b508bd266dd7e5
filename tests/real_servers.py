"""
Servers from Debian, private to one test module: NSD, and Unbound in front of it.

Owns      their configuration, their ports on loopback addresses, their processes.
Knows not what is in the zones, who asks.

    test -> Unbound (recursive) -> NSD (authoritative) -> tests/data/*.zone
                |-> a port where nothing listens
                '-> a port that is never read

Unbound gives a dead server up within 3 seconds instead of minutes, and logs every
question. Nothing here needs root, and nothing leaves the machine: Unbound has no
other address than 127.0.0.1 to ask from, and NSD is its root.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest

HOST = "127.0.0.1"
DATA = Path(__file__).parent / "data"

# Where Debian has its daemons, which is not on the PATH of ordinary users.
SBIN = "/usr/sbin"

# Seconds in which a server has to answer its first question; it needs a tenth.
START = 10.0

# Seconds to wait for that answer, and before asking again.
PATIENCE = 0.5
POLL = 0.02

# Seconds that a server gets to end by itself.
END = 5.0

# What a server writes, in its directory.
LOG = "log"

# Somebody else may take a port between our choice and the server's.
TRIES = 3

# MX records of one name: far more than fit into a datagram of 1232 octets.
MANY = 200

# Zone -> records that nobody wants to write by hand.
GENERATED = {
    "example": "".join(
        f"{owner} MX {n} mail-{n:03}\n"
        for owner in ("many-mx", "*.many-mx-wildcard")
        for n in range(MANY)
    ),
    "com": "",
}

NSD = """
server:
    ip-address: {HOST}@{port}
    username: ""
    chroot: ""
    zonesdir: "{home}"
    database: ""
    pidfile: "{home}/nsd.pid"
    xfrdfile: "{home}/xfrd.state"
    xfrdir: "{home}"
    zonelistfile: "{home}/zone.list"
    server-count: 1
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
"""

NSD_ZONE = """
zone:
    name: "{name}."
    zonefile: "{name}.zone"
"""

UNBOUND = """
server:
    interface: {HOST}@{port}
    outgoing-interface: {HOST}
    access-control: 127.0.0.0/8 allow
    access-control: ::1/128 allow
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "{home}"
    pidfile: "{home}/unbound.pid"
    use-syslog: no
    logfile: ""
    log-queries: yes
    num-threads: 1
    so-reuseport: no
    so-sndbuf: 0
    module-config: "iterator"
    do-not-query-localhost: no
    infra-cache-max-rtt: 1000
    local-zone: "example." nodefault
    local-zone: "local-only.net." static
    local-data: "local-only.net. 600 MX 10 mail.example."
remote-control:
    control-enable: no
"""

# A line of Unbound's log has the client, and then the question.
QUESTION = re.compile(rf"info: {re.escape(HOST)} (\S+)\. ([A-Z]+) IN")

UNBOUND_STUB = """
stub-zone:
    name: "{name}"
    stub-addr: {HOST}@{port}
"""


@dataclass(frozen=True)
class Servers:
    """
    What is running.

    Attributes:
        port: Of Unbound, UDP and TCP.
        port6: The same port on ``::1``; None if the machine has no such address.
        authoritative_port: Of NSD, UDP and TCP.
        refusing_port: Where nothing listens.
        silent_port: Where nothing is ever answered.
        since: When Unbound began to remember (`time.monotonic`).
        log: What Unbound writes.
    """

    port: int
    port6: int | None
    authoritative_port: int
    refusing_port: int
    silent_port: int
    since: float
    log: Path

    @property
    def server(self) -> str:
        """Unbound, as `StubResolver` takes it."""
        return f"{HOST}:{self.port}"

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """Fill the list, at the end, with the questions that Unbound was asked."""
        questions: list[str] = []
        before = self.log.stat().st_size
        yield questions
        written = self.log.read_bytes()[before:].decode("utf-8", "replace")
        questions += [" ".join(question) for question in QUESTION.findall(written)]


def binary(name: str) -> str:
    """Find the daemon of the Debian package *name*, or skip the test."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SBIN}")
    if found is None:
        pytest.skip(f"needs the Debian package {name}, which is not installed")
    return found


@contextmanager
def servers(home: Path) -> Iterator[Servers]:
    """Start NSD and Unbound, with everything they write below *home*."""
    nsd, unbound = binary("nsd"), binary("unbound")
    has_ipv6 = _has_ipv6()
    with ExitStack() as stack:
        enter = stack.enter_context
        refuses, silence = enter(refusing()), enter(silent())

        def nsd_command(port: int, home: Path) -> list[str]:
            return [nsd, "-d", "-c", _nsd_conf(port, home)]

        auth = enter(_running(nsd_command, home / "nsd"))
        stubs = {
            ".": auth,
            "example.": auth,
            "com.": auth,
            "lame.example.": refuses,
            "dead.example.": silence,
        }

        def unbound_command(port: int, home: Path) -> list[str]:
            conf = _unbound_conf(port, home, stubs, has_ipv6=has_ipv6)
            return [unbound, "-d", "-p", "-c", conf]

        since = time.monotonic()
        port = enter(_running(unbound_command, home / "unbound"))
        log = home / "unbound" / LOG
        yield Servers(
            port, port if has_ipv6 else None, auth, refuses, silence, since, log
        )


@contextmanager
def refusing() -> Iterator[int]:
    """
    Give a UDP and TCP port where nothing listens, and keep it.

    A UDP socket that is connected to itself hears nobody else, so that the kernel
    refuses what others send there; and nobody else can open the port.
    """
    with _bound() as (udp, _):
        udp.connect(udp.getsockname())
        port: int = udp.getsockname()[1]
        yield port


@contextmanager
def _bound() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Bind a UDP and a TCP socket to the same port."""
    with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        # TCP first: of its ports more are taken.
        tcp.bind((HOST, 0))
        udp.bind(tcp.getsockname())
        yield udp, tcp


@contextmanager
def silent() -> Iterator[int]:
    """Give a UDP port that takes everything and never answers."""
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind((HOST, 0))
        port: int = udp.getsockname()[1]
        yield port


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
            udp.bind(("::1", 0))
    except OSError:
        return False
    return True


def master_file(zone: str) -> str:
    """Read the master file of *zone*, and add what nobody wants to write by hand."""
    text = (DATA / f"{zone}.zone").read_text(encoding="utf-8")
    return f"{text}\n{GENERATED[zone]}"


def _nsd_conf(port: int, home: Path) -> str:
    text = NSD.format(HOST=HOST, port=port, home=home)
    for zone in GENERATED:
        (home / f"{zone}.zone").write_text(master_file(zone), encoding="utf-8")
        text += NSD_ZONE.format(name=zone)
    return _written(home / "nsd.conf", text)


def _unbound_conf(
    port: int, home: Path, stubs: dict[str, int], *, has_ipv6: bool
) -> str:
    text = UNBOUND.format(HOST=HOST, port=port, home=home)
    for name, stub_port in stubs.items():
        text += UNBOUND_STUB.format(HOST=HOST, name=name, port=stub_port)
    if has_ipv6:
        text += f"server:\n    interface: ::1@{port}\n"
    return _written(home / "unbound.conf", text)


def _written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def _free_port() -> int:
    with _bound() as (udp, _):
        port: int = udp.getsockname()[1]
        return port


@contextmanager
def _running(command: Callable[[int, Path], list[str]], home: Path) -> Iterator[int]:
    """Run a daemon until the end of the block; give the port that it has."""
    home.mkdir()
    with ExitStack() as stack:
        for _ in range(TRIES):
            port = _tried(command, home, stack)
            if port is not None:
                yield port
                return
    said = (home / LOG).read_text(encoding="utf-8", errors="replace")
    pytest.fail(f"{home.name} does not answer; it says:\n{said}")


def _tried(
    command: Callable[[int, Path], list[str]], home: Path, stack: ExitStack
) -> int | None:
    port = _free_port()
    with (home / LOG).open("wb") as log:
        process = subprocess.Popen(command(port, home), stdout=log, stderr=log)
    stack.callback(_end, process)
    return port if _answers(process, port) else None


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    query = dns.message.make_query("example.", "SOA")
    limit = time.monotonic() + START
    while process.poll() is None and time.monotonic() < limit:
        with suppress(OSError, EOFError, dns.exception.DNSException):
            answers = [
                ask(query, HOST, timeout=PATIENCE, port=port).answer
                for ask in (dns.query.udp, dns.query.tcp)
            ]
            if all(answers):
                return True
        time.sleep(POLL)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
