"""
All of the tests of a hostile world, and a table of what they have shown.

    python -m tests.hostile [--only NAME] [--fast]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .profile import FAST, FULL, VARIABLE

ROOT = Path(__file__).parents[2]

# Who mentions one of these has something to say here.
SIGNS = ("record_experiment", "hostile.profile", VARIABLE)

# Where tests/conftest.py writes what was recorded.
EXPERIMENTS = "SENDERDOMAIN_EXPERIMENTS"

HEAD = ("promise", "test", "count", "result", "seconds")


def modules() -> Iterator[Path]:
    """Find the modules that do more in the full profile."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if any(sign in text for sign in SIGNS):
            yield path


def rows(report: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Make rows of one test: what it has recorded, or how it ended."""
    name = report["test"].rpartition("/")[2]
    seconds = f"{report['seconds']:.1f}"
    if report["outcome"] != "passed":
        yield "", name, "", report["outcome"].upper(), seconds
    for experiment in report["experiments"]:
        yield (
            experiment["promise"],
            f"{experiment['what']} ({name})",
            f"{experiment['count']:,}",
            experiment["result"],
            seconds,
        )


def table(reports: list[dict[str, Any]]) -> str:
    """Lay the rows out for Markdown."""
    found = [row for report in reports for row in rows(report)]
    lines = sorted(found, key=lambda row: (row[0] == "", row[0]))
    rule = tuple("---" for _ in HEAD)
    return "\n".join(f"| {' | '.join(row)} |" for row in (HEAD, rule, *lines))


def main() -> int:
    """Run pytest, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile")
    parser.add_argument("--only", metavar="NAME", help="tests with this in their name")
    parser.add_argument("--fast", action="store_true", help="as CI does it")
    given = parser.parse_args()
    only = ["-k", given.only] if given.only else []
    with tempfile.TemporaryDirectory() as home:
        found = Path(home, "experiments.json")
        environ = {
            **os.environ,
            VARIABLE: FAST if given.fast else FULL,
            EXPERIMENTS: str(found),
        }
        command = [sys.executable, "-m", "pytest", "-q", *only]
        done = subprocess.run(
            [*command, *map(str, modules())], env=environ, cwd=ROOT, check=False
        )
        if found.exists():
            print(table(json.loads(found.read_text(encoding="utf-8"))))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
