"""
The command line.

Owns      commands, options, exit statuses, and one clear line for each mistake.
Knows not what the commands do.
"""

from __future__ import annotations

import argparse
import os
import sys

from collections.abc import Sequence
from typing import NoReturn

from .._version import __version__
from . import _check, _demo, _presets, _record
from ._status import CONFIG, INTERRUPTED, IO_ERROR, USAGE, Mistake


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and exits as sysexits.h has it."""

    def error(self, message: str) -> NoReturn:
        """Exit with EX_USAGE."""
        self.exit(USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="senderdomain",
        description="Does the sender's domain exist, and what do we say to the client?",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=_Parser)
    for command in (_check, _demo, _presets, _record):
        command.add_to(commands)
    parser.set_defaults(run=_no_command)
    return parser


def _no_command(_: argparse.Namespace) -> NoReturn:
    msg = "no command; there are check, demo, presets and record (see --help)"
    raise Mistake(msg)


def main(  # noqa: PLR0911 - there are as many ways to end
    argv: Sequence[str] | None = None,
) -> int:
    """
    Run a command.

    Args:
        argv: The arguments; those of the process if None.

    Returns:
        0 accept, 1 reject, 75 defer, 64 usage, 74 input or output, 78
        configuration.
    """
    if sys.stdout is None or sys.stdin is None:  # "senderdomain check ... >&-"
        print("senderdomain: standard input or output is closed", file=sys.stderr)
        return IO_ERROR
    try:
        arguments = _parser().parse_args(argv)
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except Mistake as mistake:
        print(f"senderdomain: {mistake}", file=sys.stderr)
        return mistake.status
    except ImportError as error:
        # Extras are imported by the commands that need them.
        print(
            f"senderdomain: {error.name} is not installed;"
            " install senderdomain with its extra 'demo'",
            file=sys.stderr,
        )
        return CONFIG
    except BrokenPipeError:
        _drop_output()  # whoever read it has had enough
        return 0
    except OSError as error:
        print(f"senderdomain: {error}", file=sys.stderr)
        _drop_output()
        return IO_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _drop_output() -> None:
    # Python would complain on exit about what it cannot write.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
