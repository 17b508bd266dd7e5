"""
The kernel's side of a stage: loopback addresses, and a root that forgets.

Owns      ioctl and mount, as a process in fresh namespaces may use them.
Knows not who runs in the root.

Called behind `unshare --net --mount --uts`, where all of this ends with the process:
neither iproute2 nor mount(8) are on every machine, and both system calls are small.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct

from contextlib import suppress
from pathlib import Path

# linux/sockios.h and linux/if.h.
SIOCSIFFLAGS, SIOCSIFADDR = 0x8914, 0x8916
IFF_UP, IFF_RUNNING = 0x1, 0x40
NAME_SIZE = 16

# sys/mount.h.
MS_RDONLY, MS_REMOUNT, MS_BIND = 0x1, 0x20, 0x1000

# What servers write to. /etc and /var begin as in the root.
KEPT, EMPTY = ("etc", "var"), ("run", "tmp", "dev")
DEVICES = ("null", "zero", "full", "random", "urandom")

IPV6_OFF = Path("/proc/sys/net/ipv6/conf/lo/disable_ipv6")


def bring_up(*addresses: str) -> None:
    """Give the loopback interface these IPv4 addresses, and 127.0.0.1 and ::1."""
    with suppress(OSError):  # there may be no IPv6 at all; `has_ipv6` tells
        IPV6_OFF.write_text("0\n", encoding="ascii")
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        for number, address in enumerate(("127.0.0.1", *addresses)):
            name = f"lo:{number}" if number else "lo"
            family = struct.pack("=HH", socket.AF_INET, 0)
            _interface(sock, SIOCSIFADDR, name, family + socket.inet_aton(address))
            flags = struct.pack("=H", IFF_UP | IFF_RUNNING)
            _interface(sock, SIOCSIFFLAGS, name, flags)


def _interface(sock: socket.socket, request: int, name: str, given: bytes) -> None:
    fcntl.ioctl(
        sock, request, name.encode().ljust(NAME_SIZE, b"\0") + given.ljust(24, b"\0")
    )


def has_ipv6() -> bool:
    """Tell whether ``::1`` is there; Sendmail asks other questions without."""
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def mount_root(root: Path, point: Path) -> None:
    """Show *root* at *point*, so that what is written there is in memory only."""
    _mount(root, point, "", MS_BIND)
    _mount(root, point, "", MS_BIND | MS_REMOUNT | MS_RDONLY)
    for name in (*KEPT, *EMPTY):
        _mount("tmpfs", point / name, "tmpfs", 0, "mode=755")
    for name in KEPT:
        shutil.copytree(root / name, point / name, symlinks=True, dirs_exist_ok=True)
    (point / "tmp").chmod(0o1777)
    for name in DEVICES:
        # Some containers may not make devices, but all may show them elsewhere.
        (point / "dev" / name).touch()
        _mount(f"/dev/{name}", point / "dev" / name, "", MS_BIND)
    _mount("proc", point / "proc", "proc", 0)


def _mount(
    source: str | Path, target: Path, kind: str, flags: int, options: str = ""
) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode(),
        ctypes.c_ulong(flags),
        options.encode(),
    )
    if done:
        number = ctypes.get_errno()
        msg = f"cannot mount {source} at {target}: {os.strerror(number)}"
        raise OSError(number, msg)
