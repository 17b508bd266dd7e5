"""
What a server ought to say to a sender, by the profile of the library.

Owns      which profile stands for which server.
Knows not what servers said.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from tests.recorded_report import DEADLINE, SERVERS
from tests.recorded_world import RECEIVER, world

from senderdomain import DomainVerifier, Profile, Reply, presets
from senderdomain.testing import ZoneResolver

from .case import Case

ACCEPTED = 2


def predicted(server: str, case: Case) -> tuple[str, int, tuple[str, ...]]:
    """Predict stage, code and lines, as `Answer` has them."""
    path = b"<" + case.sender + b">"
    with _verifier(server) as verifier:
        reply = verifier.verify(path, smtputf8=case.smtputf8).reply
    return stage(reply), reply.code, tuple(line[4:] for line in reply.lines)


def stage(reply: Reply) -> str:
    """Tell at which command the sender is refused; "-" if it is not."""
    if reply.code // 100 == ACCEPTED or reply.stage is None:
        return "-"
    return reply.stage.value


@cache
def _settings(server: str) -> tuple[ZoneResolver, Profile]:
    name, stage = SERVERS[server]
    profile = presets.PRESETS[name]
    assert isinstance(profile, Profile)
    return ZoneResolver(world()), profile.received_by(replace(RECEIVER, stage=stage))


def _verifier(server: str) -> DomainVerifier:
    resolver, profile = _settings(server)
    return DomainVerifier(resolver, policy=profile, deadline=DEADLINE)
