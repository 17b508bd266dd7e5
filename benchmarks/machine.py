"""
What the figures were taken on.

Owns      the names and versions of machine, Python, libraries and programs.
Knows not figures.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .processes import ROOT
from .server import program

LIBRARIES = (
    "senderdomain",
    "dnspython",
    "cachetools",
    "idna",
    "email-validator",
    "checkdmarc",
    "pycares",
    "aiodns",
    "uvloop",
    "matplotlib",
)


def describe() -> dict[str, str]:
    """Tell about the machine."""
    found = {
        "taken": time.strftime("%Y-%m-%d"),
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "load before": f"{os.getloadavg()[0]:.1f}",
        "system": f"{_system()}, Linux {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "receive buffer by default": f"{_kernel('rmem_default')} octets",
    }
    found |= {library: _version(library) for library in LIBRARIES}
    found["Knot"] = _said(program("knotd"), "-V")
    found["dnsperf"] = _said(program("dnsperf"), "-h")
    return found


def code() -> str:
    """Tell which version of the code this is, as far as git knows."""
    try:
        done = subprocess.run(  # noqa: S603
            [
                *("git", "-C", str(ROOT)),
                *("describe", "--always", "--dirty", "--exclude=*"),
            ],
            check=False,
            capture_output=True,
            text=True,
        )
    except OSError:
        return "?"
    return done.stdout.strip() or "?"


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text()
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _kernel(name: str) -> str:
    path = Path("/proc/sys/net/core") / name
    return path.read_text().strip() if path.exists() else "?"


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed"


def _said(*command: str) -> str:
    done = subprocess.run(  # noqa: S603
        command, check=False, capture_output=True, text=True
    )
    found = re.search(r"\d+\.\d+(\.\d+)*", done.stdout + done.stderr)
    return found[0] if found else "?"
