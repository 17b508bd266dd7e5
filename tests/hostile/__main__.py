"""
All of the tests of a hostile world, and a table of what they have shown.

    python -m tests.hostile [--only NAME] [--fast]
"""

from __future__ import annotations

import argparse
import json
import os
import re
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

HEAD = ("promise", "test", "count", "result")


def modules() -> Iterator[Path]:
    """Find the modules that do more in the full profile."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if any(sign in text for sign in SIGNS):
            yield path


def rows(report: Mapping[str, Any]) -> Iterator[tuple[str, str, str, int, str]]:
    """Make rows of one test: what it has recorded, or how it ended."""
    name = report["test"].rpartition("/")[2].partition("[")[0]
    if report["outcome"] != "passed":
        yield "", report["test"], "", 0, report["outcome"].upper()
    for experiment in report["experiments"]:
        yield (
            experiment["promise"],
            name,
            experiment["what"],
            experiment["count"],
            experiment["result"],
        )


def _number(result: str) -> float:
    found = re.match(r"[0-9.]+", result)
    return float(found[0]) if found else 0.0


def merged(found: list[tuple[str, str, str, int, str]]) -> tuple[str, ...]:
    """Make one row of all that one test has recorded; the worst result counts."""
    promise, name, what, *_ = found[0]
    count = sum(row[3] for row in found)
    result = max((row[4] for row in found), key=_number)
    if len(found) > 1:
        what = f"{what.partition(',')[0]}: {len(found)} cases"
    return promise, f"{what} (`{name}`)", f"{count:,}", result


def table(reports: list[dict[str, Any]]) -> str:
    """Lay the rows out for Markdown."""
    found: dict[tuple[str, str], list[tuple[str, str, str, int, str]]] = {}
    for report in reports:
        for row in rows(report):
            found.setdefault((row[0], row[1]), []).append(row)
    lines = sorted(map(merged, found.values()), key=lambda row: (row[0] == "", row[0]))
    seconds = sum(report["seconds"] for report in reports)
    rule = tuple("---" for _ in HEAD)
    text = "\n".join(f"| {' | '.join(row)} |" for row in (HEAD, rule, *lines))
    return f"{text}\n\n{len(reports)} tests, {seconds:.0f} s\n"


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
