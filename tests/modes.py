"""
The suite in strange circumstances.

    python -m tests.modes [--quick] [MODE ...]

Owns      how Python is started, and in which order the tests are run.
Knows not what is tested.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time

from pathlib import Path

ROOT = Path(__file__).parent.parent

# Who hashes, waits or remembers: what a hash seed could change.
HASHED = ["test_cache.py", "test_flight.py", "test_verifier.py", "test_policy.py"]
HASHED += ["hostile/test_cache_model.py", "hostile/test_interleavings.py"]
SEEDS = range(10)

# pytest itself says that assertions of others are not executed.
UNHEARD = "ignore::pytest.PytestConfigWarning"

MODES: dict[str, tuple[list[str], dict[str, str], list[str]]] = {
    "-O": (["-O"], {}, ["-W", UNHEARD]),
    "-X dev": (["-X", "dev"], {}, []),
    "-W error": (["-W", "error"], {}, []),
    "shuffled": ([], {}, ["-p", "tests.modes"]),
    "asyncio debug": ([], {"PYTHONASYNCIODEBUG": "1"}, []),
}


def pytest_collection_modifyitems(items: list[object]) -> None:
    """Shuffle the tests; as a plug-in of pytest."""
    seed = int(os.environ.get("SHUFFLE", "6"))
    print(f"shuffled with SHUFFLE={seed}")
    random.Random(seed).shuffle(items)


def run(
    name: str, python: list[str], environ: dict[str, str], arguments: list[str]
) -> bool:
    """Run pytest once; print how it ended."""
    command = [sys.executable, *python, "-m", "pytest", "-q", "--no-header"]
    begin = time.monotonic()
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", *arguments],
        env={**os.environ, **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines() or [done.stderr.strip()]
    print(f"{name:14} {time.monotonic() - begin:6.1f} s  {lines[-1]}", flush=True)
    if done.returncode:
        print("\n".join(lines[-40:]), done.stderr[-2000:], sep="\n")
    return done.returncode == 0


def main() -> int:
    """Run the modes that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.modes")
    parser.add_argument("modes", nargs="*", metavar="MODE", help=f"{[*MODES, 'seeds']}")
    parser.add_argument("--quick", action="store_true", help="the core's tests only")
    given = parser.parse_args()
    modes = given.modes or [*MODES, "seeds"]
    hashed = [f"tests/{name}" for name in HASHED]
    good = True
    for mode, (python, environ, arguments) in MODES.items():
        if mode in modes:
            tests = hashed if given.quick else ["tests"]
            good &= run(mode, python, environ, [*arguments, *tests])
    for seed in SEEDS if "seeds" in modes else ():
        good &= run(f"hash seed {seed}", [], {"PYTHONHASHSEED": str(seed)}, hashed)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
