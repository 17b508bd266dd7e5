"""H6: every order in which what happens to a lookup can happen."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from senderdomain import (
    MX,
    AsyncDomainVerifier,
    Failure,
    FailureReason,
    FindingCache,
    NxDomain,
    Outcome,
    Records,
)
from senderdomain.testing import SettableClock

from .profile import amount

SENDER = "a@d.example"

# Three who ask; an answer, if somebody waits for one; the first and the last of those
# who asked are cancelled, if they still wait; what is remembered expires.
EVENTS = ["join", "join", "join", "answer", "cancel first", "cancel last", "expire"]
MORE = [*EVENTS, "answer"]

ENDS = [
    (Records(60, (MX(10, "m.example"),)), Outcome.MX, 60),
    (NxDomain(60), Outcome.NXDOMAIN, 60),
    (Failure(FailureReason.SERVFAIL), Outcome.TEMPFAIL, 5),
    (NxDomain(0), Outcome.NXDOMAIN, 0),
]


class Held:
    """Answers when it is told to."""

    def __init__(self, loop):
        """Begin with no question."""
        self.loop = loop
        self.open = []
        self.asked = 0

    def resolve(self, question, deadline):
        """Keep the question."""
        self.asked += 1
        assert not self.open, "two lookups of one name"
        future = self.loop.create_future()
        self.open.append(future)
        return future


class World:
    """A verifier, and what a model says that it does."""

    def __init__(self, answer, outcome, life):
        """Begin with nothing known."""
        self.loop = asyncio.get_running_loop()
        self.answer, self.outcome, self.life = answer, outcome, life
        self.clock = SettableClock()
        self.resolver = Held(self.loop)
        cache = FindingCache(clock=self.clock)
        self.verifier = AsyncDomainVerifier(self.resolver, cache=cache)
        self.tasks, self.cancelled = [], set()
        # The model.
        self.expires = 0.0
        self.flying = False
        self.lookups = 0
        self.served = 0

    async def happen(self, event):
        """Let *event* happen, and everything that follows from it."""
        if event == "join":
            self.join()
        elif event == "answer":
            self.land()
        elif event == "expire":
            self.clock.advance(61)
        else:
            self.cancel(0 if event == "cancel first" else -1)
        await self.settle()
        self.check()

    def join(self):
        """Ask."""
        self.tasks.append(self.loop.create_task(self.verifier.verify(SENDER)))
        if self.clock() < self.expires:
            self.served = len(self.tasks)
        elif not self.flying:
            self.flying = True
            self.lookups += 1

    def land(self):
        """Answer the question that is open, if one is."""
        if not self.flying:
            return
        self.resolver.open.pop().set_result(self.answer)
        self.flying = False
        self.served = len(self.tasks)
        self.expires = self.clock() + self.life

    def cancel(self, which):
        """Cancel the first or the last who asked."""
        waiting = [task for task in self.tasks if not task.done()]
        if waiting:
            waiting[which].cancel()
            self.cancelled.add(waiting[which])

    async def settle(self):
        """Let the loop run until nothing more happens by itself."""
        for _ in range(8):
            await asyncio.sleep(0)

    def check(self):
        """Compare with the model."""
        assert self.resolver.asked == self.lookups
        assert len(self.verifier._core.flights) == self.flying
        for number, task in enumerate(self.tasks):
            if task in self.cancelled:
                assert task.cancelled()
            elif number < self.served:
                assert task.result().outcome is self.outcome
            else:
                assert not task.done()


async def play(order, end):
    """Let *order* happen, and serve whoever still waits."""
    world = World(*end)
    for event in order:
        await world.happen(event)
    await world.happen("answer")
    assert all(task.done() for task in world.tasks)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("end", ENDS, ids=lambda end: f"{end[1].name} {end[2]}")
def test_every_order_is_right(end, record_experiment):
    """One lookup at a time, everybody served who has not given up, nothing left."""
    orders = sorted(set(itertools.permutations(amount(EVENTS, MORE))))

    async def main():
        for order in orders:
            await play(order, end)

    asyncio.run(main())
    assert len(orders) >= 500
    record_experiment(
        promise="H6",
        what=f"orders of join, answer, cancel, expire; {end[1].name}, {end[2]} s",
        count=len(orders),
        result="all as the model has it",
    )
