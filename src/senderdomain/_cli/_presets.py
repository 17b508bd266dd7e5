"""``senderdomain presets``: which there are, and what one says."""

from __future__ import annotations

import argparse

from typing import Any

from ..presets import PRESETS
from ._status import ACCEPT, Mistake


def add_to(commands: Any) -> None:  # noqa: ANN401
    """Add the command."""
    parser = commands.add_parser("presets", help="list the presets, or print one")
    parser.add_argument("name", nargs="?", help="print this one")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.name is None:
        rows = [(policy.name, policy.about) for policy in PRESETS.values()]
        pedigree = ""
    else:
        if arguments.name not in PRESETS:
            msg = f"no preset {arguments.name!r}; there are {', '.join(PRESETS)}"
            raise Mistake(msg)
        rows = [
            (cause.name, line + ("  (then hangs up)" if reply.closes else ""))
            for cause, reply in PRESETS[arguments.name].replies.items()
            for line in reply.lines
        ]
        pedigree = getattr(PRESETS[arguments.name], "pedigree", "")
    width = max(len(left) for left, _ in rows)
    for left, right in rows:
        print(f"{left:{width}}  {right}")
    if pedigree:
        print(f"\n{pedigree}")
    return ACCEPT
