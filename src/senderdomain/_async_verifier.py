"""
`AsyncDomainVerifier`: verdicts for a task.

Owns      the public face, and waiting in an event loop.
Knows not anything else: see `_core`.
"""

from __future__ import annotations

import asyncio
import time

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from types import TracebackType
from typing import Self

from . import presets
from ._ask import AsyncResolver, ForThreads, LoopAsker
from ._cache import Cache
from ._core import Core
from ._domain import DEFAULT_RULES, AddressRules
from ._finding import Finding
from ._flight import Waiter
from ._loop import AtHome, TaskAsker
from ._loop_window import LoopWindow
from ._many import IN_FLIGHT, check_in_flight
from ._policy import Policy
from ._reader import Parsed
from ._safeguards import DEFAULT_SAFEGUARDS, Safeguards
from ._targets import DEFAULT_TARGETS, Depth, Judge, TargetRules
from ._verdict import Verdict
from ._verifier import DEADLINE, Face, check_resolver
from .resolvers.async_stub import AsyncStubResolver


class AsyncDomainVerifier(Face):
    """
    `DomainVerifier` for asyncio: the same, with ``await``.

    Safe to use from many tasks, and from event loops in several threads.

    Args:
        resolver: Any `AsyncResolver`; the system's recursive resolvers if None.
        policy: See `DomainVerifier`.
        cache: See `DomainVerifier`; the two can share one.
        rules: See `DomainVerifier`.
        deadline: See `DomainVerifier`.
        depth: See `DomainVerifier`.
        targets: See `DomainVerifier`.
        safeguards: See `DomainVerifier`.

    Raises:
        ValueError: If one of them cannot be used, or the system has no resolver.
    """

    def __init__(  # noqa: PLR0913 - keywords, and nobody needs them all
        self,
        resolver: AsyncResolver | None = None,
        *,
        policy: Policy = presets.DEFAULT,
        cache: Cache | None = None,
        rules: AddressRules = DEFAULT_RULES,
        deadline: float = DEADLINE,
        depth: Depth = Depth.EXISTS,
        targets: TargetRules = DEFAULT_TARGETS,
        safeguards: Safeguards = DEFAULT_SAFEGUARDS,
    ) -> None:
        """See the class."""
        judge = Judge.at(depth, targets)
        check_resolver(resolver)
        given: object = resolver
        if isinstance(given, ForThreads):
            msg = f"{type(given).__name__} is for DomainVerifier; take its async twin"
            raise ValueError(msg)  # noqa: TRY004 - all bad configuration is ValueError
        self._own: AsyncStubResolver | None = None
        if resolver is None:
            resolver = self._own = AsyncStubResolver()
        self._asker: LoopAsker = (
            resolver if isinstance(resolver, LoopAsker) else TaskAsker(resolver)
        )
        # It binds the cache, so it comes when nothing else can be wrong.
        guarding = safeguards.around(resolver)
        super().__init__(Core(policy, cache, rules, deadline, judge, guarding))

    async def verify(
        self, reverse_path: str | bytes, *, smtputf8: bool = False
    ) -> Verdict:
        """See `DomainVerifier.verify`."""
        warm = self._warm  # a function in an attribute is faster called from a variable
        return warm(reverse_path) or await self._decide(
            self._core.reader.parse(reverse_path, smtputf8)
        )

    async def verify_domain(self, domain: str | bytes) -> Verdict:
        """See `DomainVerifier.verify_domain`."""
        warm = self._warm_domain  # see `verify`
        return warm(domain) or await self._decide(
            self._core.reader.parse_domain(domain)
        )

    async def verify_header(self, field: str | bytes) -> Verdict:
        """See `DomainVerifier.verify_header`."""
        return await self._decide(self._core.reader.parse_header(field))

    async def _decide(self, parsed: Parsed) -> Verdict:
        core = self._core
        flights = core.flights
        landings = flights.landings
        verdict = core.recall(parsed)
        if verdict is not None:
            return verdict
        text, domain = parsed
        assert isinstance(domain, str)  # all else is recalled
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Finding] = loop.create_future()
        start = time.monotonic()
        # Who leads drives the flight in its own loop, and needs no `AtHome`.
        waiter: Waiter = future.set_result
        deadline = start + core.deadline
        flight = flights.lead(domain, waiter, start, deadline, loop)
        leads = flight is not None
        if flight is None:
            waiter = AtHome(loop, waiter)
            flight, leads = flights.board(domain, waiter, start, deadline, loop)
            if not leads:
                waiter.give_up_after(core.join(flight, start), domain)
        if leads:
            core.start(flight, landings, self._asker.within(loop))
        try:
            finding = await future
        except BaseException:
            if leads:
                flight.leave(waiter)
            raise
        return core.judge(text, finding, start)

    async def verify_many(
        self,
        reverse_paths: Iterable[str | bytes] | AsyncIterable[str | bytes],
        *,
        smtputf8: bool = False,
        in_flight: int = IN_FLIGHT,
    ) -> AsyncIterator[Verdict]:
        """See `DomainVerifier.verify_many`; verdicts come as they are ready."""
        check_in_flight(in_flight)
        window = LoopWindow(self._core, self._asker, in_flight, smtputf8=smtputf8)
        feeder = asyncio.ensure_future(window.feed(reverse_paths))
        try:
            while (verdict := await window.next()) is not None:
                yield verdict
            await feeder
        finally:
            # Only then is the source free for others.
            feeder.cancel()
            await asyncio.gather(feeder, return_exceptions=True)

    async def close(self) -> None:
        """See `DomainVerifier.close`."""
        if self._own is not None:
            self._own.close()

    async def __aenter__(self) -> Self:
        """Use as ``async with AsyncDomainVerifier() as verifier:``."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()
