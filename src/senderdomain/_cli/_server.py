"""``--server``: whom a command asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ._status import CONFIG, Mistake

T = TypeVar("T")


def add_server(parser: Any) -> None:  # noqa: ANN401
    """Add the option."""
    parser.add_argument(
        "--server",
        action="append",
        metavar="HOST:PORT",
        help="ask this resolver, an IP address and perhaps a port; may be repeated",
    )


def made(make: Callable[[], T], servers: list[str] | None) -> T:
    """Make a resolver that asks *servers*, or else those of the system."""
    try:
        return make()
    except ValueError as error:
        if servers:
            raise Mistake(error) from None
        msg = "the system's configuration names no DNS resolver; name one with --server"
        raise Mistake(msg, CONFIG) from None
