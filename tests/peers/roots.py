"""
Directories with Postfix, Sendmail and Exim in them, unpacked from Debian's packages.

Owns      which packages they are of, where they are kept, when they are out of date.
Knows not how the servers are configured and started.

    .venv/bin/python -m tests.peers.roots

builds those that are missing. The three packages conflict, and none of them is
installed: apt resolves and downloads as if on a machine with nothing on it, from
the machine's own sources, and writes into our directory only. No maintainer script
runs; what it would have set up is made when a server is started.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile

from collections.abc import Iterable
from pathlib import Path

PACKAGES = {
    "postfix": ("postfix",),
    "sendmail": ("sendmail-bin", "sendmail-cf", "m4"),
    "exim": ("exim4-daemon-light",),
}
"""Root -> the packages in it, those that they depend on aside."""

# A change of how roots are made must raise this, for those that exist.
RECIPE = 1

# The last thing that is written: what the root was made of.
BUILT = "built-of"

# Debian's links since directories were merged (/lib64/ld-linux-x86-64.so.2).
MERGED = ("bin", "sbin", "lib", "lib64")

# Where something is mounted or written when a server is started.
POINTS = ("dev", "etc", "proc", "run", "tmp", "var")

# Half of the octets, and read by nobody.
UNREAD = (
    "./usr/share/doc",
    "./usr/share/man",
    "./usr/share/locale",
    "./usr/share/perl",
)


def home() -> Path:
    """Where roots are kept: outside of the repository, for it comes and goes."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    return Path(given or "~/.cache").expanduser() / "senderdomain-peers"


def root(name: str) -> Path | None:
    """Find the root *name*; None if it has to be built first."""
    found = home() / name
    recipe, _, _ = _read(found / BUILT).partition("\n")
    return found if recipe == str(RECIPE) else None


def version(name: str) -> str:
    """Tell which version of its first package the root *name* has."""
    package = PACKAGES[name][0]
    (deb,) = (
        deb
        for deb in _read(home() / name / BUILT).splitlines()
        if deb.startswith(f"{package}_")
    )
    return deb.split("_")[1]


def build(name: str) -> None:
    """
    Make the root *name*, unless it is there and of the packages that apt would take.

    Raises:
        subprocess.CalledProcessError: If apt does not know, or does not get, a package.
    """
    home().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home()) as made:
        apt = _Apt(Path(made) / "apt", PACKAGES[name])
        built = "\n".join([str(RECIPE), *apt.wanted()]) + "\n"
        there = home() / name
        if _read(there / BUILT) == built:
            return
        fresh = Path(made) / name
        _unpack(apt.downloaded(), fresh)
        (fresh / BUILT).write_text(built, encoding="utf-8")
        if there.exists():
            shutil.rmtree(there)
        fresh.rename(there)


class _Apt:
    """apt, on a machine with nothing on it."""

    def __init__(self, directory: Path, packages: Iterable[str]) -> None:
        self._archives = directory / "cache" / "archives"
        (self._archives / "partial").mkdir(parents=True)
        (directory / "status").touch()
        self._command = [
            "apt-get",
            "-qq",
            "--yes",
            "--no-install-recommends",
            f"--option=Dir::State::status={directory}/status",
            f"--option=Dir::Cache={directory}/cache",
            # The user whom apt downloads as may not write into our directory.
            "--option=APT::Sandbox::User=root",
            "install",
            *packages,
        ]

    def wanted(self) -> list[str]:
        """Names of files, with the versions in them."""
        done = _run([*self._command, "--print-uris"])
        return sorted(line.split()[1] for line in done.splitlines())

    def downloaded(self) -> list[Path]:
        """Get them."""
        _run([*self._command, "--download-only"])
        return sorted(self._archives.glob("*.deb"))


def _unpack(debs: Iterable[Path], fresh: Path) -> None:
    for name in MERGED:
        (fresh / "usr" / name).mkdir(parents=True)
        (fresh / name).symlink_to(f"usr/{name}")
    for name in POINTS:
        (fresh / name).mkdir()
    # Not `dpkg-deb --extract`: that one would put directories where the links are.
    tar = ["tar", "-x", "--keep-directory-symlink", f"--directory={fresh}"]
    tar += [f"--exclude={path}" for path in UNREAD]
    for deb in debs:
        # Not through memory, and not through a shell.
        with tempfile.TemporaryFile() as stream:
            subprocess.run(
                ["dpkg-deb", "--fsys-tarfile", deb], check=True, stdout=stream
            )
            stream.seek(0)
            subprocess.run(tar, check=True, stdin=stream)


def _run(command: list[str]) -> str:
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, encoding="utf-8"
    ).stdout


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    try:
        for each in sys.argv[1:] or PACKAGES:
            build(each)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}\nperhaps `apt-get update` helps")
