"""Resolvers in trouble, and a clock for whoever looks at them."""

from __future__ import annotations

import asyncio
import time

from senderdomain import (
    MX,
    DomainName,
    Failure,
    FailureReason,
    FindingCache,
    NoData,
    NxDomain,
    Records,
    RecordType,
)
from senderdomain._guard import Guard
from senderdomain._safeguards import DEFAULT_SAFEGUARDS
from senderdomain.testing import SettableClock

CANARY = DomainName("canary.example")


def good(question):
    """Find an MX everywhere."""
    if question.qtype is RecordType.MX:
        return Records(300, (MX(10, "mx.example"),))
    return Records(300, ("192.0.2.1",))


def denying(question):
    """Deny everything, as the forwarder of a hotel does."""
    return NxDomain(300)


def empty(question):
    """Have nothing at all."""
    return NoData(300)


def failing(reason):
    """Fail at everything."""
    return lambda question: Failure(reason)


silent = failing(FailureReason.TIMEOUT)


class World:
    """
    A resolver, for threads.

    *mood* answers whatever is not in *names*, which has moods of its own.
    """

    def __init__(self, mood=good, **names):
        """Begin with no questions."""
        self.mood = mood
        self.names = {CANARY: good, **names}
        self.asked = []

    def answer(self, question):
        """Note the question, and answer it."""
        self.asked.append(question.qname)
        return self.names.get(question.qname, self.mood)(question)

    def resolve(self, question, deadline, /):
        """See `Resolver.resolve`."""
        return self.answer(question)

    def count(self, name=CANARY):
        """Tell how often *name* was asked."""
        return self.asked.count(name)


class AsyncWorld(World):
    """The same for asyncio; every answer takes *delay* seconds."""

    delay = 0.0

    async def resolve(self, question, deadline, /):
        """See `AsyncResolver.resolve`."""
        await asyncio.sleep(self.delay)
        return self.answer(question)


def clock_now():
    """Give a clock that agrees with the deadlines of lookups, and stands still."""
    return SettableClock(time.monotonic())


def watched(
    kind, world, clock, *, safeguards=DEFAULT_SAFEGUARDS, canary=CANARY, **more
):
    """Make a verifier whose cache and safeguards have this clock."""
    # Deadlines are in real time: let there be room for what the clock is advanced.
    more = {"deadline": 150, **more}
    verifier = kind(world, cache=FindingCache(clock=clock), **more)
    core = verifier._core
    core.guard = Guard(safeguards, canary, core.cache, core.flights, clock)
    return verifier


def lines(caplog):
    """Tell what operators were told."""
    return [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
