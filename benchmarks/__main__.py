"""``python -m benchmarks --output DIR [SECTION...]``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import machine, plots, profiling, report, truth
from .lab import Lab
from .sections import SECTIONS
from .server import knot

PROFILE = "profile"

_DESCRIPTION = (
    "Run everything side by side on 127.0.0.1, and write results.json, report.md and"
    " pictures. Exit status: 0, or 1 if there was a wrong verdict."
)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=_DESCRIPTION)
    add = parser.add_argument
    sections = f"{', '.join(SECTIONS)}; all of them by default; or {PROFILE}"
    add("section", nargs="*", metavar="SECTION", help=sections)
    add("--output", type=Path, required=True, metavar="DIR", help="where to write")
    add("--rounds", type=int, default=5, metavar="N", help="5 by default")
    names = "for a fast contender in a round; 25000 by default"
    add("--names", type=int, default=25_000, metavar="N", help=names)
    add("--smoke", action="store_true", help="only see whether everything works")
    arguments = parser.parse_args(given)
    wanted = arguments.section
    if unknown := sorted(set(wanted) - {*SECTIONS, PROFILE}):
        parser.error(f"no section {unknown[0]!r}; there are {sections}")
    if arguments.smoke:
        arguments.rounds, arguments.names = 1, 400
    return arguments


def _with_earlier(results: dict[str, Any], path: Path) -> dict[str, Any]:
    # Sections can be taken one by one.
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    for part in ("settings", "sections"):
        results[part] = found.get(part, {}) | results[part]
    return results


def _measure(arguments: argparse.Namespace, sections: Sequence[str]) -> dict[str, Any]:
    found = {}
    size = 4_000 if arguments.smoke else truth.ZONE_SIZE
    with tempfile.TemporaryDirectory() as directory, knot(Path(directory), size) as it:
        smoke = arguments.smoke
        lab = Lab(it, Path(directory), arguments.rounds, arguments.names, smoke)
        if PROFILE in arguments.section or smoke:
            page = profiling.measure(lab, arguments.output)
            (arguments.output / "profile.md").write_text(page)
        for name in sections:
            sys.stderr.write(f"{name}\n")
            start = time.monotonic()
            found[name] = SECTIONS[name].measure(lab)
            sys.stderr.write(f"  {time.monotonic() - start:.0f} s\n")
    return found


def main(given: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
    arguments = _arguments(given)
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    described = machine.describe()
    wanted = arguments.section or list(SECTIONS)
    taken = _measure(arguments, [name for name in SECTIONS if name in wanted])
    if not taken:
        return 0  # only a profile was wanted
    settings = {
        "rounds": arguments.rounds,
        "names": arguments.names,
        "smoke": arguments.smoke,
        "code": machine.code(),
    }
    results: dict[str, Any] = {
        "machine": described,
        "settings": dict.fromkeys(taken, settings),
        "sections": taken,
    }
    kept = output / "results.json"
    if not arguments.smoke:
        results = _with_earlier(results, kept)
    kept.write_text(json.dumps(results, indent=1) + "\n")
    drawn = plots.draw(results["sections"], output)
    (output / "report.md").write_text(report.write(results, drawn))
    wrong = report.wrong_verdicts(taken)
    sys.stderr.write(f"{wrong} wrong verdicts\n{output / 'report.md'}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
