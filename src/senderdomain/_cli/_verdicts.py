"""How a verdict is shown: for people, and for programs."""

from __future__ import annotations

import json
import sys
import time

from contextlib import suppress
from functools import cache
from typing import Any

from .._explain import explanation
from .._reply import Action, Stage
from .._verdict import Verdict

# Seconds for which a line may wait for others.
_SOON = 0.1

_COLOURS = {Action.ACCEPT: "green", Action.DEFER: "yellow", Action.REJECT: "red"}


def show_json(verdict: Verdict, *, preset: str) -> None:
    """Print one object on one line."""
    _print(json.dumps(as_dict(verdict, preset)))


def as_dict(verdict: Verdict, preset: str) -> dict[str, Any]:
    """Make the object that ``--json`` prints; docs/cli.md has its fields."""
    finding, reply = verdict.finding, verdict.reply
    sender = verdict.sender.encode("utf-8", "surrogateescape")
    return {
        "address": sender.decode("utf-8", "backslashreplace"),
        "domain": finding.domain or None,
        "outcome": finding.outcome.name,
        "reason": finding.reason.value if finding.reason else None,
        "action": reply.action.value,
        "reply": {
            "code": reply.code,
            "enhanced": reply.enhanced_status,
            "lines": list(reply.lines),
            **({"stage": reply.stage.value} if reply.stage else {}),
        },
        "questions": [str(question) for question, _ in finding.evidence],
        "ttl": finding.ttl,
        "cached": verdict.cached,
        "elapsed_ms": round(verdict.elapsed * 1000, 3),
        "preset": preset,
    }


def show(verdict: Verdict, *, explain: bool) -> None:
    """Print what people want to know, in a line or, with *explain*, in some more."""
    show_row("", verdict)
    if explain:
        for line in explanation(verdict):
            print(f"  {line}")


def show_row(about: str, verdict: Verdict) -> None:
    """Print a line for each line of the reply, all of which begin with *about*."""
    write = _writer()
    reply = verdict.reply
    action = reply.action
    about = f"{about}{action.value:6}  {verdict.outcome.name:17}"
    # A reply to MAIL needs no word; one that has to wait for RCPT does.
    note = "  (to RCPT)" if reply.stage is Stage.RCPT else ""
    for line in reply.lines:
        write(f"{about}  {line}{note}", action)


@cache
def _writer() -> Any:  # noqa: ANN401
    """Colours on a terminal, if rich is there to do them."""
    if sys.stdout.isatty():
        with suppress(ImportError):  # without the extra there are no colours
            from rich.console import Console  # noqa: PLC0415
            from rich.text import Text  # noqa: PLC0415

            console = Console(soft_wrap=True)
            return lambda line, action: console.print(Text(line, _COLOURS[action]))
    return lambda line, _action: _print(line)


class _Printer:
    """
    Prints lines.

    Who reads along wants to see them soon, and a million are not to be written one
    by one. Before the command waits for more input, it flushes.
    """

    def __init__(self) -> None:
        self._flushed = 0.0

    def __call__(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        now = time.monotonic()
        if now - self._flushed >= _SOON:
            self._flushed = now
            sys.stdout.flush()


_print = _Printer()
