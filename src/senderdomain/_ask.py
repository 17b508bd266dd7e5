"""
From the resolvers that users write to the one way in which lookups ask.

Owns      the `Resolver` and `AsyncResolver` protocols, and what becomes of a
          resolver that breaks their contract.
Knows not lookups, caches; the stub resolvers, which ask in this way by themselves.
"""

from __future__ import annotations

import re
import time

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol, cast

from ._dns import (
    MX,
    Answer,
    Failure,
    FailureReason,
    NoData,
    NxDomain,
    Question,
    Records,
)
from ._flight import Callback, Carrier
from ._notices import complain

if TYPE_CHECKING:
    import asyncio

TOO_LATE = Failure(FailureReason.TIMEOUT, "resolver")
"""The answer at the deadline, where a user's resolver has none."""


class Resolver(Protocol):
    """
    Answers one question.

    Bad news is an answer, not an exception: a missing name is `NxDomain`, a missing
    record `NoData`, and everything that went wrong on the way, timeouts included,
    `Failure`. What a resolver raises all the same is logged and counts as
    `FailureReason.RESOLVER_BUG`.

    Absolute names only: never a search list, never the hosts file. Must be safe to
    call from several threads at once.
    """

    def resolve(self, question: Question, deadline: float, /) -> Answer:
        """
        Answer *question*.

        Args:
            question: One name, one type.
            deadline: `time.monotonic` by which the answer is to be there.
        """
        ...


class AsyncResolver(Protocol):
    """Answers one question, as `Resolver` does, in an asyncio event loop."""

    def resolve(self, question: Question, deadline: float, /) -> Awaitable[Answer]:
        """See `Resolver.resolve`."""
        ...


class Asker(ABC):
    """What carries the questions of a lookup."""

    @abstractmethod
    def ask(self, question: Question, deadline: float, callback: Callback, /) -> None:
        """Put *question*; *callback* gets the answer."""

    def drop(self, callback: Callback, /) -> None:  # noqa: B027 - not all of them can
        """Forget the question whose answer *callback* would get, if that can be."""


class LoopAsker(Asker):
    """A resolver of ours that can have many questions under way in an event loop."""

    def within(self, loop: asyncio.AbstractEventLoop, /) -> Asker:  # noqa: ARG002
        """Give what to ask while *loop* is the one that runs."""
        return self


class ForThreads:
    """A resolver of ours whose `resolve` makes its caller wait."""


class PumpedAsker(ForThreads, Asker):
    """The same without an event loop: it has to be kept going."""

    @abstractmethod
    def pump(self) -> None:
        """Wait a moment for answers, and hand them out."""

    @abstractmethod
    def glance(self) -> None:
        """Hand out the answers that are there, without waiting."""

    @abstractmethod
    def postpone(self, seconds: float) -> None:
        """Add *seconds*, in which nobody pumped, to what is under way."""

    @abstractmethod
    def session(self) -> AbstractContextManager[PumpedAsker]:
        """Give an asker for one list of questions, in whatever thread it goes on."""


class Impatient(Asker):
    """
    Waits no longer than some seconds for an answer.

    Servers go on after a question without one, each with a time limit of its own; who
    predicts them can do so only while some of the deadline is left.

    Args:
        carrier: Carries the questions.
        seconds: For each of them.
    """

    def __init__(self, carrier: Carrier, seconds: float) -> None:
        """See the class."""
        self._seconds = seconds
        self._carrier = carrier

    def ask(self, question: Question, deadline: float, callback: Callback, /) -> None:
        """Ask with less time."""
        deadline = min(deadline, time.monotonic() + self._seconds)
        self._carrier.ask(question, deadline, callback)

    def drop(self, callback: Callback, /) -> None:
        """See `Asker.drop`."""
        self._carrier.drop(callback)


def checked(answer: object) -> Answer:
    """Pass a proper answer on; call anything else a bug of the resolver."""
    match answer:
        case Records(ttl=ttl) | NoData(ttl) | NxDomain(ttl):
            if type(ttl) is not int or ttl < 0:
                complain("resolver gave a TTL that is not a whole number of seconds")
            elif isinstance(answer, Records) and not _is_rrset(answer.rrset):
                complain("resolver gave Records that are no tuple of MX or addresses")
            elif isinstance(answer, NoData) and not _is_doubt(answer.doubt):
                complain("resolver gave NoData with a doubt that is no FailureReason")
            elif isinstance(answer, NxDomain) and not _is_flag(answer.aliased):
                complain("resolver gave NxDomain that is neither aliased nor not")
            else:
                return cast("Answer", answer)
        case Failure(reason):
            given: object = reason
            if isinstance(given, FailureReason):
                return answer
            complain("resolver gave a Failure without a FailureReason")
        case _:
            complain("resolver gave a %s and no Answer", type(answer).__name__)
    return Failure(FailureReason.RESOLVER_BUG, type(answer).__name__)


# An exchange as `MX` has it. With its final dot, say, or in U-labels it would look
# unusable, and be refused for good.
_is_exchange = re.compile(r"(?:[!-~]*[!-\-/-~])?").fullmatch


def _is_rrset(rrset: object) -> bool:
    return isinstance(rrset, tuple) and bool(rrset) and all(map(_is_rdata, rrset))


def _is_doubt(doubt: object) -> bool:
    return doubt is None or isinstance(doubt, FailureReason)


def _is_flag(flag: object) -> bool:
    return isinstance(flag, bool)


def _is_rdata(rdata: object) -> bool:
    if isinstance(rdata, MX):
        exchange: object = rdata.exchange
        return isinstance(exchange, str) and _is_exchange(exchange) is not None
    return isinstance(rdata, str)


def bug(error: BaseException) -> Failure:
    """Log what a resolver raised, and make an answer of it."""
    complain("resolver raised %s", type(error).__name__, error=error)
    return Failure(FailureReason.RESOLVER_BUG, type(error).__name__)


def _is_cancelled(error: BaseException) -> bool:
    # Where no task is, there is nobody who could have cancelled it.
    from asyncio import CancelledError  # noqa: PLC0415 - see __init__

    return isinstance(error, CancelledError)


class BlockingAsker(PumpedAsker):
    """
    Asks a `Resolver`, one question after the other.

    Args:
        resolver: Any.
    """

    def __init__(self, resolver: Resolver) -> None:
        """See the class."""
        self._resolver = resolver

    def ask(self, question: Question, deadline: float, callback: Callback, /) -> None:
        """See `Carrier.ask`; the answer is there on return."""
        if deadline <= time.monotonic():
            callback(TOO_LATE)
            return
        try:
            answer = checked(self._resolver.resolve(question, deadline))
        except BaseException as error:  # whatever a user's code raises
            if not isinstance(error, Exception) and not _is_cancelled(error):
                raise
            answer = bug(error)
        callback(answer)

    def pump(self) -> None:
        """Nothing is ever under way."""

    def glance(self) -> None:
        """Nothing is ever under way."""

    def postpone(self, seconds: float) -> None:
        """Nothing is ever under way."""

    def session(self) -> AbstractContextManager[PumpedAsker]:
        """See `PumpedAsker.session`."""
        return nullcontext(self)
