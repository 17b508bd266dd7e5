"""``senderdomain record``: a zone for tests of what the DNS says now."""

from __future__ import annotations

import argparse
import sys

from typing import Any

from ._server import add_server, made
from ._status import ACCEPT, DEFER, Mistake


def add_to(commands: Any) -> None:  # noqa: ANN401
    """Add the command."""
    parser = commands.add_parser(
        "record",
        help="write a zone of what the DNS says, for tests",
        epilog="Exit status: 0 if all was recorded, 75 if not, 64 usage.",
    )
    parser.add_argument("domain", nargs="+", help="a domain, such as example.org")
    add_server(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ..testing import Recorder  # noqa: PLC0415 - dnspython takes a while to load

    recorder = made(lambda: Recorder(arguments.server), arguments.server)
    try:
        recording = recorder.record(arguments.domain)
    except ValueError as error:
        raise Mistake(error) from None
    print(recording.zone, end="")
    for problem in recording.problems:
        print(f"senderdomain: not recorded: {problem}", file=sys.stderr)
    return DEFER if recording.problems else ACCEPT
