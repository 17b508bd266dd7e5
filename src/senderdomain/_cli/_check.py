"""``senderdomain check``: verdicts for addresses on the command line or in a list."""

from __future__ import annotations

import argparse
import sys

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from .._ask import Resolver
from .._reply import Action
from .._verifier import DomainVerifier
from ._server import add_server, made
from ._settings import ALL, add_settings, policies, verifier
from ._status import OF_ACTION, Mistake
from ._table import show_table
from ._verdicts import show, show_json

# Octets of a line that are read; longer lines are no addresses.
_MAX_LINE = 4096

# Octets that are read at a time.
_CHUNK = 65_536

# From the mildest; a list exits with the status of its worst address.
_SEVERITY = [Action.ACCEPT, Action.DEFER, Action.REJECT]


_EPILOG = (
    "Exit status: 0 accept, 1 reject, 75 defer, 64 usage, 74 input or output, 78"
    " configuration."
)


def add_to(commands: Any) -> None:  # noqa: ANN401
    """Add the command."""
    parser = commands.add_parser("check", help="verify senders", epilog=_EPILOG)
    add = parser.add_argument
    add("address", nargs="*", help="a reverse-path, with or without <>")
    add("-i", "--input", metavar="FILE", help="one a line; - for standard input")
    add_server(parser)
    add("--zone", metavar="FILE", help="answer from a master file, ask nobody")
    add("--json", action="store_true", help="JSON Lines, one object an address")
    add("--explain", action="store_true", help="show what was asked and answered")
    add("--unordered", action="store_true", help="print verdicts as they come")
    add_settings(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    if not arguments.address and arguments.input is None:
        msg = "check: nothing to check; give an address, or a list with -i"
        raise Mistake(msg)
    if arguments.json and arguments.explain:
        msg = "--json and --explain exclude each other"
        raise Mistake(msg)
    if arguments.explain and arguments.preset == ALL:
        msg = "--explain is for one preset; take --json for all"
        raise Mistake(msg)
    chosen = policies(arguments)
    with (
        _resolver(arguments) as resolver,
        ExitStack() as stack,
        _addresses(arguments) as addresses,
    ):
        verifiers = {
            name: stack.enter_context(verifier(arguments, resolver, policy))
            for name, policy in chosen.items()
        }
        if arguments.preset == ALL:
            actions = show_table(
                verifiers,
                addresses,
                smtputf8=arguments.smtputf8,
                as_json=arguments.json,
            )
        else:
            actions = _show_list(arguments, verifiers[arguments.preset], addresses)
    worst = max(actions, key=_SEVERITY.index, default=Action.ACCEPT)
    return OF_ACTION[worst]


def _show_list(
    arguments: argparse.Namespace,
    verifier: DomainVerifier,
    addresses: Iterable[str | bytes],
) -> set[Action]:
    actions: set[Action] = set()
    verdicts = verifier.verify_many(
        addresses, smtputf8=arguments.smtputf8, ordered=not arguments.unordered
    )
    for verdict in verdicts:
        actions.add(verdict.action)
        if arguments.json:
            show_json(verdict, preset=arguments.preset)
        else:
            show(verdict, explain=arguments.explain)
    return actions


@contextmanager
def _resolver(arguments: argparse.Namespace) -> Iterator[Resolver]:
    if arguments.zone is not None and arguments.server:
        msg = "--zone and --server exclude each other"
        raise Mistake(msg)
    if arguments.zone is not None:
        yield _zone(arguments.zone)
        return
    from ..resolvers.stub import StubResolver  # noqa: PLC0415

    servers = arguments.server
    resolver = made(lambda: StubResolver(servers), servers)
    with closing(resolver):
        yield resolver


def _zone(path: str) -> Resolver:
    from ..testing import ZoneResolver  # noqa: PLC0415

    try:
        return ZoneResolver.from_file(path)
    except OSError as error:
        raise Mistake(_unreadable("--zone", path, error)) from None
    except ValueError as error:
        raise Mistake(error) from None


def _unreadable(option: str, path: str, error: OSError) -> str:
    return f"{option}: cannot read {path!r}: {error.strerror}"


@contextmanager
def _addresses(arguments: argparse.Namespace) -> Iterator[Iterable[str | bytes]]:
    if arguments.input is None:
        yield arguments.address
        return
    try:
        source = _opened(arguments.input)
    except OSError as error:
        raise Mistake(_unreadable("-i", arguments.input, error)) from None
    with source:
        yield _counted(_all(arguments.address, source))


def _opened(name: str) -> BufferedIOBase:
    standard: BufferedIOBase = sys.stdin.buffer  # type: ignore[assignment]
    return standard if name == "-" else Path(name).open("rb")


def _all(first: Iterable[str], source: BufferedIOBase) -> Iterator[str | bytes]:
    yield from first
    yield from _lines(source)


def _lines(source: BufferedIOBase) -> Iterator[str | bytes]:
    # An empty line is an empty, that is a null reverse-path.
    begun = b""
    while chunk := _waited_for(source):
        *lines, begun = (begun + chunk).split(b"\n")
        for line in lines:
            yield _sender(line)
        begun = begun[:_MAX_LINE]
    if begun:
        yield _sender(begun)


def _waited_for(source: BufferedIOBase) -> bytes:
    sys.stdout.flush()  # who writes slowly wants to see what he gets
    return source.read1(_CHUNK)


def _sender(line: bytes) -> str | bytes:
    line = line[:_MAX_LINE].removesuffix(b"\r")
    return line.decode("ascii") if line.isascii() else line


def _counted(addresses: Iterator[str | bytes]) -> Iterator[str | bytes]:
    # On the terminal that the verdicts go to, they themselves are the progress.
    if sys.stdout.isatty() or not sys.stderr.isatty():
        return addresses
    try:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress  # noqa: PLC0415
    except ImportError:
        return addresses
    # rich would otherwise take what is printed for its own terminal.
    progress = Progress(
        console=Console(stderr=True), redirect_stdout=False, redirect_stderr=False
    )

    def counted() -> Iterator[str | bytes]:
        """Count what is taken; the bar goes with the last address."""
        with progress:
            yield from progress.track(addresses, description="verifying")

    return counted()
