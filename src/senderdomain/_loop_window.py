"""
Many senders at once, in an event loop.

Owns      reading ahead, and waiting for whatever is ready first.
Knows not verdicts: see `_many`.
"""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterable, AsyncIterator, Iterable

from ._ask import LoopAsker
from ._core import Core
from ._finding import Finding
from ._flight import Waiter
from ._loop import AtHome
from ._many import Window
from ._verdict import Verdict


class LoopWindow:
    """
    A `Window` that is filled by one task and emptied by another.

    Args:
        core: Decides.
        asker: Puts the questions.
        in_flight: Senders between the two tasks at the most.
        smtputf8: See `parse_reverse_path`.
    """

    def __init__(
        self, core: Core, asker: LoopAsker, in_flight: int, *, smtputf8: bool
    ) -> None:
        """Fill and empty it in the running event loop."""
        self._loop = asyncio.get_running_loop()
        asker_here = asker.within(self._loop)
        self._window = Window(core, asker_here, core.flights, smtputf8=smtputf8)
        self._in_flight = in_flight
        self._fed = False
        self._something = asyncio.Event()
        self._room = asyncio.Event()

    async def feed(
        self, reverse_paths: Iterable[str | bytes] | AsyncIterable[str | bytes]
    ) -> None:
        """Take all senders, as there is room for them."""
        number = 0
        try:
            async for reverse_path in _each(reverse_paths):
                self._window.launch(number, reverse_path, self._at_home, self._loop)
                self._something.set()
                number += 1
                while self._window.outstanding >= self._in_flight:
                    self._room.clear()
                    await self._room.wait()
        finally:
            self._fed = True
            self._something.set()

    def _at_home(self, waiter: Waiter) -> AtHome:
        def tell(finding: Finding) -> None:
            waiter(finding)
            self._something.set()

        return AtHome(self._loop, tell)

    async def next(self) -> Verdict | None:
        """Give the next verdict that is ready; None after the last."""
        while True:
            for _, verdict in self._window.ready():
                self._room.set()
                return verdict
            if self._fed and not self._window.flying:
                return None
            self._something.clear()
            await self._something.wait()


async def _each(
    items: Iterable[str | bytes] | AsyncIterable[str | bytes],
) -> AsyncIterator[str | bytes]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
