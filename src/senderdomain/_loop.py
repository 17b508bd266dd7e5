"""
How an event loop asks a user's resolver, and how it waits for a flight to land.

Owns      tasks, futures and timers.
Knows not who flies, and what for.
"""

from __future__ import annotations

import asyncio
import logging
import time

from collections.abc import Callable
from contextlib import suppress
from threading import get_ident

from ._ask import TOO_LATE, AsyncResolver, LoopAsker, bug, checked
from ._dns import Answer, DomainName, FailureReason, Question
from ._finding import Finding
from ._flight import Callback, tempfail
from ._notices import complain

# Seconds for which a resolver may hold up the event loop before it is told on.
_SLOW = 0.1


class TaskAsker(LoopAsker):
    """
    Asks an `AsyncResolver`, each question in a task of its own.

    The answer comes at the deadline at the latest, whether the task lets itself be
    cancelled or not.

    Args:
        resolver: Any.
    """

    def __init__(self, resolver: AsyncResolver) -> None:
        """See the class."""
        self._resolver = resolver
        self._running: set[_Running] = set()

    def ask(self, question: Question, deadline: float, callback: Callback, /) -> None:
        """See `Carrier.ask`."""
        start = time.monotonic()
        try:
            awaitable = self._resolver.resolve(question, deadline)
            task = asyncio.ensure_future(awaitable)
        except Exception as error:  # noqa: BLE001 - whatever a user's code raises
            callback(bug(error))
            return
        # Comes right behind the first step of the task.
        asyncio.get_running_loop().call_soon(self._tell_if_slow, start)
        self._running.add(_Running(task, deadline, callback, self._running.discard))

    def drop(self, callback: Callback, /) -> None:
        """See `Asker.drop`."""
        for running in [r for r in self._running if r.is_for(callback)]:
            running.cancel()

    def _tell_if_slow(self, start: float) -> None:
        elapsed = time.monotonic() - start
        if elapsed >= _SLOW:
            complain(
                "%s.resolve blocked the event loop for %.1f s; is it asynchronous?",
                type(self._resolver).__name__,
                elapsed,
                level=logging.WARNING,
            )


class _Running:
    """One question in a task, and the clock that runs against it."""

    __slots__ = ("_callback", "_forget", "_task", "_timer")

    def __init__(
        self,
        task: asyncio.Future[Answer],
        deadline: float,
        callback: Callback,
        forget: Callable[[_Running], None],
    ) -> None:
        self._task = task
        self._callback = callback
        self._forget = forget
        delay = max(0.0, deadline - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._expired)
        task.add_done_callback(self._done)

    def is_for(self, callback: Callback) -> bool:
        """Whether *callback* would get the answer."""
        return self._callback is callback

    def cancel(self) -> None:
        """Let nobody get it."""
        self._timer.cancel()
        self._forget(self)
        self._task.remove_done_callback(self._done)
        self._task.add_done_callback(_look_away)
        self._task.cancel()

    def _expired(self) -> None:
        self._task.remove_done_callback(self._done)
        self._task.add_done_callback(_look_away)
        self._task.cancel()
        self._answer(TOO_LATE)

    def _done(self, task: asyncio.Future[Answer]) -> None:
        self._timer.cancel()
        try:
            answer = checked(task.result())
        except BaseException as error:  # noqa: BLE001
            # A KeyboardInterrupt is on its way through the event loop as well; here,
            # it has to release who waits.
            answer = bug(error)
        self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        self._forget(self)
        self._callback(answer)


def _look_away(task: asyncio.Future[Answer]) -> None:
    # Whatever comes of it now, nobody is to hear that it was never retrieved.
    if not task.cancelled():
        task.exception()


class AtHome:
    """
    A waiter that is told in the event loop where it was made, and told once.

    Args:
        loop: The running one.
        tell: What to call there; it may be the ``set_result`` of a future.
    """

    __slots__ = ("_loop", "_tell", "_thread", "_timer")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, tell: Callable[[Finding], None]
    ) -> None:
        """See the class."""
        self._loop = loop
        self._tell: Callable[[Finding], None] | None = tell
        self._thread = get_ident()
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self, finding: Finding, /) -> None:
        """Take the finding, in any thread."""
        try:
            # Of the loops in one thread one runs, and then the others may be spoken to.
            if get_ident() != self._thread:
                self._loop.call_soon_threadsafe(self, finding)
                return
            tell, self._tell = self._tell, None
            if tell is not None:
                if self._timer is not None:
                    self._timer.cancel()
                with suppress(asyncio.InvalidStateError):  # cancelled, and gone
                    tell(finding)
        except RuntimeError:
            if not self._loop.is_closed():  # otherwise nobody waits there
                raise

    def give_up_after(self, seconds: float, domain: DomainName) -> None:
        """Do not rely on a flight that another loop or thread drives."""
        late = tempfail(domain, FailureReason.TIMEOUT)
        self._timer = self._loop.call_later(seconds, self, late)
