"""How a verdict is shown: for people, and for programs."""

from __future__ import annotations

import json
import sys

from contextlib import suppress
from functools import cache
from typing import Any, assert_never

from .._dns import MX, Answer, Failure, NoData, NxDomain, Records
from .._reply import Action, shown
from .._verdict import Verdict

_COLOURS = {Action.ACCEPT: "green", Action.DEFER: "yellow", Action.REJECT: "red"}

# Records that --explain writes out.
_MOST_RECORDS = 8


def show_json(verdict: Verdict, *, preset: str) -> None:
    """Print one object on one line."""
    sys.stdout.write(f"{json.dumps(as_dict(verdict, preset))}\n")
    sys.stdout.flush()


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
        },
        "questions": [str(question) for question, _ in finding.evidence],
        "ttl": finding.ttl,
        "cached": verdict.cached,
        "elapsed_ms": round(verdict.elapsed * 1000, 3),
        "preset": preset,
    }


def show(verdict: Verdict, *, explain: bool) -> None:
    """Print what people want to know, in a line or, with *explain*, in some more."""
    outcome = verdict.outcome
    write = _writer()
    for line in verdict.reply.lines:
        write(f"{verdict.action.value:6}  {outcome.name:17}  {line}", verdict.action)
    if not explain:
        return
    reason = f" ({verdict.reason.value})" if verdict.reason else ""
    print(f"  why       {outcome.value}{reason}")
    print(f"  domain    {verdict.domain or '-'}")
    for question, answer in verdict.finding.evidence:
        print(f"  asked     {question}: {shown(_in_words(answer))}")
    if verdict.cached:
        print("  asked     nothing: the answer was remembered")
    print(f"  valid     {verdict.ttl} s, found in {verdict.elapsed * 1000:.1f} ms")


@cache
def _writer() -> Any:  # noqa: ANN401
    """Colours on a terminal, if rich is there to do them."""
    if sys.stdout.isatty():
        with suppress(ImportError):  # without the extra there are no colours
            from rich.console import Console  # noqa: PLC0415
            from rich.text import Text  # noqa: PLC0415

            console = Console(soft_wrap=True)
            return lambda line, action: console.print(Text(line, _COLOURS[action]))
    return lambda line, _action: print(line, flush=True)


def _in_words(answer: Answer) -> str:
    match answer:
        case Records(ttl=ttl, rrset=rrset):
            texts = [
                f"{r.preference} {r.exchange}." if isinstance(r, MX) else r
                for r in rrset[:_MOST_RECORDS]
            ]
            more = ", ..." if len(rrset) > _MOST_RECORDS else ""
            return f"{', '.join(texts)}{more} (TTL {ttl} s)"
        case NoData(ttl):
            return f"the name has no such records (TTL {ttl} s)"
        case NxDomain(ttl, aliased):
            whose = "its alias leads to no name" if aliased else "no such name"
            return f"{whose} (TTL {ttl} s)"
        case Failure(reason, detail):
            return f"{reason.value} ({detail})"
        case _ as never:
            assert_never(never)
