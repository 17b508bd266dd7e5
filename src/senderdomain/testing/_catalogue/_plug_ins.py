"""P: users' resolvers that break their contract."""

from __future__ import annotations

import asyncio
import time

from typing import Any, NoReturn

from ..._dns import MX, Failure, FailureReason, NoData, Question, Records
from ..._finding import Outcome
from ._case import FaultCase
from ._stages import SENDER, PlugIn, PlugInResolver

# Seconds; longer than any deadline that the catalogue is run with.
_LONG = 2.0

# Seconds; noticeable, and shorter than any such deadline.
_A_WHILE = 0.15

_BUG = FailureReason.RESOLVER_BUG
_GOOD = Records(60, (MX(10, "mx.example"),))


def _raising(error: BaseException) -> PlugIn:
    def resolve(_question: Question, _opened: PlugInResolver) -> NoReturn:
        """Raise it."""
        raise error

    return PlugIn(resolve)


def _giving(thing: Any) -> PlugIn:  # noqa: ANN401 - that is the point
    return PlugIn(lambda _question, _opened: thing)


def _bad_ttl(_question: Question, opened: PlugInResolver) -> NoData:
    ttls: list[Any] = [float("nan"), float("inf"), -1]
    opened.calls += 1
    return NoData(ttls[opened.calls % len(ttls)])


def _hang(_question: Question, _opened: PlugInResolver) -> Failure:
    time.sleep(_LONG)
    return Failure(FailureReason.TIMEOUT, "at last")


async def _hang_on(_question: Question, _opened: PlugInResolver) -> Records:
    end = time.monotonic() + _LONG
    while (left := end - time.monotonic()) > 0:
        try:
            await asyncio.sleep(left)
        except asyncio.CancelledError:
            continue
    return _GOOD


def _block(_question: Question, _opened: PlugInResolver) -> Records:
    time.sleep(_A_WHILE)
    return _GOOD


def _ask_ourselves(_question: Question, opened: PlugInResolver) -> Failure:
    return Failure(opened.verifier.verify(SENDER).reason, "re-entrant")


async def _await_ourselves(_question: Question, opened: PlugInResolver) -> Failure:
    return Failure((await opened.verifier.verify(SENDER)).reason, "re-entrant")


PLUG_INS = (
    FaultCase("P01", "raises ValueError", _raising(ValueError("a bug")), reason=_BUG),
    FaultCase("P02", "raises OSError", _raising(OSError("a bug")), reason=_BUG),
    FaultCase("P03", "gives None", _giving(None), reason=_BUG),
    FaultCase("P04", "gives what is no answer", _giving("10 mx.example."), reason=_BUG),
    FaultCase(
        "P05", "gives a TTL of NaN, infinity or -1", PlugIn(_bad_ttl), reason=_BUG
    ),
    FaultCase(
        "P06", "raises CancelledError", _raising(asyncio.CancelledError()), reason=_BUG
    ),
    FaultCase(
        "P07",
        "hangs, and ignores that it is cancelled",
        PlugIn(_hang, _hang_on),
        may_be_late=True,
        note="nothing gets a thread back from a resolver that hangs",
    ),
    FaultCase(
        "P08",
        "blocks",
        PlugIn(_block),
        Outcome.MX,
        ttl=60,
        note="in an event loop it is logged: all else in the loop stands still",
    ),
    FaultCase(
        "P09",
        "calls verify for the same name",
        PlugIn(_ask_ourselves, _await_ourselves),
    ),
    FaultCase(
        "P10",
        "raises KeyboardInterrupt",
        _raising(KeyboardInterrupt()),
        None,
        questions=0,
        raises=KeyboardInterrupt,
        note="reaches the caller",
    ),
)
