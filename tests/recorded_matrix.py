"""
What every server says to every recorded sender, as a page of the documentation.

    python -m tests.recorded_matrix

writes ``docs/matrix.md``; a test holds that it is what would be written.
"""

from __future__ import annotations

import sys

from dataclasses import replace
from pathlib import Path

from senderdomain import DomainVerifier, Profile, TablePolicy, presets
from senderdomain.testing import ZoneResolver

from .recorded_report import DEADLINE, SERVERS, compared, email_validator_agrees
from .recorded_world import RECEIVER, cases, recorded, world

PAGE = Path(__file__).parent.parent / "docs" / "matrix.md"

HEAD = """\
# Case by case

What each preset says to the senders of `tests/recorded`, and what the real servers have
said. Made by `python -m tests.recorded_matrix`; `python -m tests.recorded_report -v`
shows both replies where they differ.

## Agreement

How many of the replies that were recorded are those of the profile: what becomes of the
sender (accept, defer, reject), and every octet of the reply. For comparison, what
becomes of it by email-validator 2.4.0.

"""

CODES = """
## Codes

The server checks at MAIL. **Bold**: the real server has said so too. *Italic*: it has
said something else, which stands behind it. All others are predictions.

"""


def agreement() -> str:
    """Make the table of how far profiles and servers agree."""
    rows = [
        ["Recording", "Replies", "Action", "Whole reply", "email-validator, action"],
        ["---"] * 5,
    ]
    for server in SERVERS:
        seen = [c for c in compared(server) if c.seen]
        counts = (
            sum(c.same_action for c in seen),
            sum(c.same_line for c in seen),
            sum(email_validator_agrees(server).values()),
        )
        shares = (f"{n} ({n / len(seen):.1%})" for n in counts)
        rows.append([f"`{server}`", str(len(seen)), *shares])
    return _table(rows)


def _table(rows: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def codes(policy: TablePolicy) -> dict[str, int]:
    """Tell what *policy* says to each case."""
    if isinstance(policy, Profile):
        policy = policy.received_by(replace(RECEIVER))
    resolver = ZoneResolver(world())
    found = {}
    for case in cases():
        with DomainVerifier(resolver, policy=policy, deadline=DEADLINE) as verifier:
            verdict = verifier.verify(case.path, smtputf8=case.smtputf8)
            found[case.id] = verdict.reply.code
    return found


def cell(ours: int, theirs: int | None) -> str:
    """Show a code, and what is known of it."""
    if theirs == ours:
        return f"**{ours}**"
    return f"*{ours}*, {theirs or 'none'}" if theirs is not None else str(ours)


def page() -> str:
    """Make the page."""
    names = [name for name in presets.PRESETS if name != "classic"]
    ours = {name: codes(presets.PRESETS[name]) for name in names}
    theirs = {name: recorded(name) for name in names if name in SERVERS}
    rows = [
        ["Sender", "The DNS has", *names],
        ["---"] * (len(names) + 2),
    ]
    for case in cases():
        said = (
            cell(
                ours[name][case.id],
                theirs[name][case.id]["code"] if name in theirs else None,
            )
            for name in names
        )
        about = case.dns.replace("|", "\\|").replace("*", "\\*") or "nothing"
        rows.append([f"`{case.id}`", about, *said])
    return f"{HEAD}{agreement()}{CODES}{_table(rows)}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} is written\n")
