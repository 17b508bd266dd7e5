r"""
One server, with a DNS of its own, where nobody else is: in fresh namespaces.

Owns      what the receiving host is, and the order in which things start.
Knows not where the cases come from, and what is expected.

    unshare --pid --fork --kill-child python -m tests.peers.stage \
        SERVER ROOT POINT MODULE:FUNCTION < cases.json > answers.json

ROOT is shown at POINT, an empty directory. FUNCTION makes the `Zone` to serve. All
that is running ends with this process, which is the first of its PID namespace. The
other namespaces it makes itself. Besides the answers, it tells which questions came to
the DNS, for whoever runs it by hand.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from senderdomain.testing import LoopbackDNS, Zone

from . import smtp
from .case import Case
from .namespace import Namespaces
from .servers import prepare
from .users import add_users

HOST, ADDRESS = "mx.oracle.zz", "100.128.0.9"

HOSTS = f"""
127.0.0.1 localhost
::1 localhost
{ADDRESS} {HOST}
"""

RESOLV_CONF = """
search oracle.zz
nameserver 127.0.0.1
options timeout:1 attempts:2
"""

FILES = {
    "hosts": HOSTS,
    "resolv.conf": RESOLV_CONF,
    "nsswitch.conf": "hosts: files dns\n",
    "hostname": f"{HOST}\n",
    "mailname": f"{HOST}\n",
}

# Seconds in which a server has to greet its first client, and between two looks.
START = 30.0
POLL = 0.05


def main(server: str, root: Path, point: Path, world: str) -> None:
    """Play what is on the standard input, and print what was answered."""
    cases = [Case.from_json(fields) for fields in json.load(sys.stdin)]
    if os.getpid() != 1:
        sys.exit("the server would outlive this process: see the module's text")
    Namespaces(HOST, ADDRESS).mount_root(root, point)
    add_users(point)
    for name, text in FILES.items():
        (point / "etc" / name).write_text(text.lstrip(), encoding="utf-8")
    with LoopbackDNS(_zone(world), port=53) as dns:
        _start(point, prepare(point, server))
        answers = smtp.play(cases)
    played = {
        "server": server,
        "asked": dns.asked,
        "cases": {name: asdict(answer) for name, answer in answers.items()},
    }
    json.dump(played, sys.stdout)


def _zone(world: str) -> Zone:
    module, _, function = world.partition(":")
    make: Callable[[], Zone] = getattr(importlib.import_module(module), function)
    return make()


def _start(point: Path, command: list[str]) -> None:
    log = point / "tmp/output"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["chroot", point, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    limit = time.monotonic() + START
    while process.poll() is None and time.monotonic() < limit:
        try:
            with smtp.Client() as client:
                client.say(b"QUIT")
        except OSError:
            time.sleep(POLL)
        else:
            return
    said = log.read_text(encoding="utf-8", errors="replace")
    msg = f"{command[0]} does not greet; it says:\n{said}"
    raise SystemExit(msg)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
