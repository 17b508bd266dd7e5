"""
The servers, each in namespaces of its own, all at the same time.

Owns      whether this machine can do it, the processes, what they print.
Knows not what is in the namespaces, and what is expected.

Most of the time goes by in time-outs: eight servers take no longer than the slowest.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from .case import Answer, Case
from .roots import root, version
from .servers import ROOTS

REPOSITORY = Path(__file__).parents[2]

# With the process that is started, all that it has started ends. It makes its other
# namespaces itself.
UNSHARE = ("unshare", "--pid", "--fork", "--kill-child")

# Seconds that a server may take for all cases together; it needs ten.
PATIENCE = 300.0

HOW = "run `.venv/bin/python -m tests.peers.roots` as root"


@cache
def without_namespaces() -> str:
    """Tell why no server can be started here; nothing if one can."""
    if not sys.platform.startswith("linux"):
        return "peers need Linux"
    if os.geteuid():
        return "peers need root, to make namespaces"
    if shutil.which(UNSHARE[0]) is None:
        return "peers need unshare, of util-linux"
    probe = [sys.executable, "-m", "tests.peers.namespace"]
    tried = subprocess.run(
        [*UNSHARE, *probe],
        capture_output=True,
        check=False,
        cwd=REPOSITORY,
        encoding="utf-8",
    )
    if tried.returncode:
        return f"peers cannot be started here: {tried.stderr.strip()}"
    return ""


def missing(server: str) -> str:
    """Tell why *server* cannot be started here; nothing if it can."""
    if reason := without_namespaces():
        return reason
    name = ROOTS[server]
    return "" if root(name) else f"peers need {name}, unpacked: {HOW}"


class Live:
    """
    Servers that are running, or have been, or cannot.

    A context manager: whatever is still running at its end is ended.

    Args:
        cases: What each of them is sent.
        world: What is in the DNS: ``module:function``, which makes a `Zone`.
        home: A directory for what they leave behind.
    """

    def __init__(self, cases: Iterable[Case], world: str, home: Path) -> None:
        """See the class."""
        self._world = world
        self._home = home
        self._cases = home / "cases.json"
        given = [case.to_json() for case in cases]
        self._cases.write_text(json.dumps(given), encoding="utf-8")
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._answers: dict[str, dict[str, Answer]] = {}

    def __enter__(self) -> Self:
        """Start those that can be started."""
        for server in ROOTS:
            if not missing(server):
                self._running[server] = self._start(server)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End those that are still there."""
        for process in self._running.values():
            process.kill()
            process.wait()

    def answers(self, server: str) -> dict[str, Answer]:
        """
        Wait for what *server* has answered, by the names of cases.

        Raises:
            RuntimeError: If it could not be started, with what was said.
        """
        if server not in self._answers:
            failed = self._running[server].wait(PATIENCE)
            if failed:
                said = self._left(server, "err").read_text("utf-8", "replace")
                msg = f"{self.about(server)} has failed:\n{said}"
                raise RuntimeError(msg)
            played = json.loads(self._left(server, "json").read_text("utf-8"))
            self._answers[server] = {
                name: Answer.from_json(fields)
                for name, fields in played["cases"].items()
            }
        return self._answers[server]

    def about(self, server: str) -> str:
        """Name *server*, and its version."""
        return f"{server}, {ROOTS[server]} {version(ROOTS[server])}"

    def _start(self, server: str) -> subprocess.Popen[bytes]:
        point = self._left(server, "root")
        point.mkdir()
        stage = [sys.executable, "-m", "tests.peers.stage", server]
        where = [str(root(ROOTS[server])), str(point), self._world]
        with (
            self._cases.open("rb") as cases,
            self._left(server, "json").open("wb") as answers,
            self._left(server, "err").open("wb") as errors,
        ):
            return subprocess.Popen(
                [*UNSHARE, *stage, *where],
                cwd=REPOSITORY,
                stdin=cases,
                stdout=answers,
                stderr=errors,
            )

    def _left(self, server: str, kind: str) -> Path:
        return self._home / f"{server}.{kind}"
