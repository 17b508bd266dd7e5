"""
Where nobody else is: loopback addresses, and a root that forgets.

Owns      unshare, ioctl and mount.
Knows not who runs in the root.

What would change the machine are methods of `Namespaces`, and there is none before
the machine is left: a scar, for the first version trusted its caller, and mounted
over the root of a machine. Not every machine has iproute2 and mount(8), and the
system calls are small. By itself,

    python -m tests.peers.namespace

this finds out whether they are permitted.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import sys

from contextlib import suppress
from pathlib import Path

# linux/sched.h: mounts, host name, System V's IPC, network.
CLONE_NEWNS, CLONE_NEWUTS = 0x0002_0000, 0x0400_0000
CLONE_NEWIPC, CLONE_NEWNET = 0x0800_0000, 0x4000_0000

# linux/sockios.h and linux/if.h.
SIOCSIFFLAGS, SIOCSIFADDR = 0x8914, 0x8916
IFF_UP, IFF_RUNNING = 0x1, 0x40
NAME_SIZE, REST_SIZE = 16, 24

# sys/mount.h.
MS_RDONLY, MS_REMOUNT, MS_BIND = 0x1, 0x20, 0x1000
MS_REC, MS_PRIVATE = 0x4000, 0x4_0000

# What servers write to. /etc and /var begin as in the root.
KEPT, EMPTY = ("etc", "var"), ("run", "tmp", "dev")
DEVICES = ("null", "zero", "full", "random", "urandom")

LIBC = ctypes.CDLL(None, use_errno=True)

IPV6_OFF = Path("/proc/sys/net/ipv6/conf/lo/disable_ipv6")


class Namespaces:
    """
    Namespaces of our own; nothing that is set up in them is seen outside.

    The process that makes them is in them from then on, and does not come back.

    Args:
        host: The host's name.
        addresses: IPv4 addresses of the loopback interface, besides 127.0.0.1.

    Raises:
        OSError: If it is not permitted, or there is no ``::1``: Sendmail asks other
            questions without, and Exim does not know itself.
    """

    def __init__(self, host: str, *addresses: str) -> None:
        """See the class."""
        # os.unshare is new in Python 3.12.
        new = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET
        _done(LIBC.unshare(new), "cannot have namespaces")
        # Or else mounts would find their way back to where we come from.
        self.mount("none", Path("/"), "", MS_REC | MS_PRIVATE)
        socket.sethostname(host)
        self._bring_up("127.0.0.1", *addresses)

    def _bring_up(self, *addresses: str) -> None:
        with suppress(OSError):  # perhaps there is no such file, and no IPv6
            IPV6_OFF.write_text("0\n", encoding="ascii")
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            for number, address in enumerate(addresses):
                name = (f"lo:{number}" if number else "lo").encode()
                name = name.ljust(NAME_SIZE, b"\0")
                packed = struct.pack("=HH", socket.AF_INET, 0)
                packed += socket.inet_aton(address)
                flags = struct.pack("=H", IFF_UP | IFF_RUNNING)
                for request, given in (SIOCSIFADDR, packed), (SIOCSIFFLAGS, flags):
                    fcntl.ioctl(sock, request, name + given.ljust(REST_SIZE, b"\0"))
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))

    def mount_root(self, root: Path, point: Path) -> None:
        """
        Show *root* at *point*, so that what is written there is in memory only.

        Raises:
            OSError: If a mount is not permitted.
        """
        self.mount(root, point, "", MS_BIND)
        self.mount(root, point, "", MS_BIND | MS_REMOUNT | MS_RDONLY)
        for name in (*KEPT, *EMPTY):
            self.mount("tmpfs", point / name, "tmpfs")
            (point / name).chmod(0o755)
        for name in KEPT:
            shutil.copytree(
                root / name, point / name, symlinks=True, dirs_exist_ok=True
            )
        (point / "tmp").chmod(0o1777)
        for name in DEVICES:
            # Some containers may not make devices, but all may show them elsewhere.
            (point / "dev" / name).touch()
            self.mount(f"/dev/{name}", point / "dev" / name, "", MS_BIND)
        self.mount("proc", point / "proc", "proc")

    def mount(
        self, source: str | Path, target: Path, kind: str, flags: int = 0
    ) -> None:
        """
        Make the system call of that name.

        Raises:
            OSError: If it is not permitted.
        """
        done = LIBC.mount(
            os.fsencode(source),
            os.fsencode(target),
            kind.encode(),
            ctypes.c_ulong(flags),
            None,
        )
        _done(done, f"cannot mount {source} at {target}")


def _done(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    try:
        Namespaces("probe").mount("tmpfs", Path("/tmp"), "tmpfs")
    except OSError as error:
        sys.exit(error.strerror)
