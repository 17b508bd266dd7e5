"""
Runs one function of this package in a fresh process.

    python -m benchmarks.inside MODULE FUNCTION < ARGUMENTS

Owns      how arguments go in and the result comes out, as one line of JSON each.
Knows not what is measured there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from importlib import import_module
from typing import Any

from .processes import ROOT

# Seconds for one function.
_PATIENCE = 900


def call(module: str, function: str, arguments: dict[str, Any]) -> Any:  # noqa: ANN401
    """Run *function* of `benchmarks.` *module* there, and give what it gives."""
    done = subprocess.run(  # noqa: S603 - this Python, and this package
        [sys.executable, "-m", "benchmarks.inside", module, function],
        input=json.dumps(arguments),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=_PATIENCE,
        env=os.environ | {"PYTHONHASHSEED": "0"},
    )
    return json.loads(done.stdout)


def main() -> None:
    """Do what the command line says."""
    module, function = sys.argv[1:]
    found = getattr(import_module(f".{module}", __package__), function)
    print(json.dumps(found(json.load(sys.stdin))))  # noqa: T201 - this is the result


if __name__ == "__main__":
    main()
