"""
How far the profiles agree with the recorded servers.

    python -m tests.recorded_report [-v] [SERVER...]

For each server the agreement in what becomes of the sender (accept, defer, reject), in
the stage, and in the octets of the reply; then every difference. Where the recorder has
not waited for the reply, a deferral is agreement in what becomes of the sender. ``-v``
shows both replies.
"""

from __future__ import annotations

import sys

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from senderdomain import (
    DomainVerifier,
    Profile,
    Reply,
    Stage,
    TablePolicy,
    presets,
)
from senderdomain.testing import ZoneResolver

from .recorded_world import RECEIVER, Case, cases, recorded, world

# Seconds, of no time at all: long enough for every server's own time limits.
DEADLINE = 150

# Recording -> profile and stage.
SERVERS = {
    "postfix": ("postfix", Stage.MAIL),
    "postfix-default": ("postfix", Stage.RCPT),
    "postfix-550": ("postfix-550", Stage.MAIL),
    "sendmail": ("sendmail", Stage.MAIL),
    "sendmail-badmx": ("sendmail-badmx", Stage.MAIL),
    "exim": ("exim", Stage.MAIL),
    "exim-rcpt": ("exim", Stage.RCPT),
    "exim-debian": ("exim-debian", Stage.MAIL),
    "haraka": ("haraka", Stage.MAIL),
    "haraka-mxip": ("haraka-mxip", Stage.MAIL),
    "qpsmtpd": ("qpsmtpd", Stage.MAIL),
    "qpsmtpd-perm": ("qpsmtpd-perm", Stage.MAIL),
    "courier": ("courier", Stage.MAIL),
}

# Where the recorder gave up after 200 s ("none"), nobody has seen the server's reply.
_ACTIONS = {"accept": "accept", "temp": "defer", "perm": "reject", "none": "unseen"}


@dataclass(frozen=True)
class Comparison:
    """One sender, as we say it and as the server did."""

    case: Case
    ours: Reply
    theirs: dict[str, Any]
    questions: int

    @property
    def their_line(self) -> str:
        """The whole reply of the server, its lines joined by a bar."""
        return f"{self.theirs['code']} {self.theirs['text']}"

    @property
    def our_line(self) -> str:
        """Our reply in the same form."""
        status = self.ours.enhanced_status if self.ours.enhanced else None
        text = " | ".join(self.ours.texts)
        return (
            f"{self.ours.code} {status} {text}"
            if status
            else f"{self.ours.code} {text}"
        )

    @property
    def same_action(self) -> bool:
        """Whether both accept, defer or reject."""
        return _ACTIONS[str(self.theirs["verdict"])] == self.ours.action.value

    @property
    def seen(self) -> bool:
        """Whether the recorder has waited for the reply; otherwise there is none."""
        return str(self.theirs["verdict"]) != "none"

    @property
    def same(self) -> bool:
        """Whether there is no difference at all."""
        return self.same_action and self.same_stage and self.same_line

    @property
    def same_stage(self) -> bool:
        """Whether both do it at the same command."""
        theirs = str(self.theirs["stage"])
        ours = self.ours.stage.value if self.ours.stage else "mail"
        return theirs in ("-", ours)

    @property
    def same_line(self) -> bool:
        """Whether the replies are the same, octet for octet."""
        return self.our_line == self.their_line


def compared(server: str) -> Iterator[Comparison]:
    """Play all cases to the profile of *server*."""
    name, stage = SERVERS[server]
    theirs = recorded(server)
    profile = presets.PRESETS[name]
    assert isinstance(profile, Profile)
    resolver = ZoneResolver(world())
    policy = profile.received_by(replace(RECEIVER, stage=stage))
    for case in cases():
        # Nothing is remembered, and no name is in two cases.
        resolver.questions.clear()
        with DomainVerifier(resolver, policy=policy, deadline=DEADLINE) as verifier:
            reply = verifier.verify(case.path, smtputf8=case.smtputf8).reply
        yield Comparison(case, reply, theirs[case.id], len(resolver.questions))


def questions_of(policy: TablePolicy) -> dict[str, int]:
    """Count the questions of *policy* for each sender, by the ids of the cases."""
    resolver = ZoneResolver(world())
    counted = {}
    for case in cases():
        resolver.questions.clear()
        with DomainVerifier(resolver, policy=policy, deadline=DEADLINE) as verifier:
            verifier.verify(case.path, smtputf8=case.smtputf8)
        counted[case.id] = len(resolver.questions)
    return counted


def recorded_questions(server: str) -> dict[str, int]:
    """Count the questions of *server*, without packets that were sent again."""
    replies = recorded(server)
    return {name: reply["queries"].get("names", 0) for name, reply in replies.items()}


def email_validator_agrees(server: str) -> dict[str, bool]:
    """Tell where email-validator does with a sender what *server* has done."""
    theirs = recorded("email-validator")
    return {
        name: theirs[name]["verdict"] == reply["verdict"]
        for name, reply in recorded(server).items()
        if reply["verdict"] != "none"
    }


def _print_questions() -> None:
    ours = questions_of(presets.DEFAULT)
    print(f"questions: default {sum(ours.values())}", end="")
    for server in SERVERS:
        theirs = recorded_questions(server)
        more = sum(ours[name] > n for name, n in theirs.items())
        print(f", {server} {sum(theirs.values())} (we ask more {more} times)", end="")
    print()


def _print_agreement(server: str, *, verbose: bool) -> None:
    seen = [c for c in compared(server) if c.seen]
    n = len(seen)
    actions = sum(c.same_action for c in seen)
    lines = sum(c.same_line for c in seen)
    print(
        f"{server}: {n} replies; actions {actions} ({actions / n:.1%}),"
        f" stages {sum(c.same_stage for c in seen)},"
        f" whole lines {lines} ({lines / n:.1%});"
        f" email-validator, actions {sum(email_validator_agrees(server).values())}"
    )
    for c in seen:
        if not c.same:
            print(f"  {'line' if c.same_action else 'ACTION':6} {c.case.id}")
            if verbose:
                print(f"         theirs {c.theirs['stage']}: {c.their_line[:200]}")
                print(f"         ours   {c.ours.stage}: {c.our_line[:200]}")


def main(arguments: list[str]) -> int:
    """Print the report."""
    for server in [a for a in arguments if a != "-v"] or SERVERS:
        _print_agreement(server, verbose="-v" in arguments)
    _print_questions()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
