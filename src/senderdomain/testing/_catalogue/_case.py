"""
One entry of the catalogue.

Owns      what is expected of a verdict.
Knows not how the fault is brought about: its stage does.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from ..._finding import Outcome, Reason
from ..._targets import Depth
from ..._value import value
from ...resolvers._pending import Timing
from ._stages import Opened, Stage

_TIMING = Timing()


@value
class FaultCase:
    """
    One way in which the DNS, or a resolver, can be at fault.

    Attributes:
        id: A letter for the kind, and a number: ``R02``.
        about: What is wrong.
        stage: How it is brought about.
        outcome: What a verdict about `SENDER` must find; None where there is none.
        reason: With it; None where it is left open.
        questions: How many the verdict asks; where one of several answers decides, it
            may be the first to come.
        ttl: Seconds for which the finding may be reused; None where it is left open.
        raises: What is raised instead of a verdict.
        may_be_late: A thread comes back only when the user's resolver lets it.
        depth: How deep the verifier has to look to meet it.
        note: What there is to know about it.
    """

    id: str
    about: str
    stage: Stage
    outcome: Outcome | None = Outcome.TEMPFAIL
    reason: Reason | None = None
    questions: int = 1
    ttl: int | None = None
    raises: type[BaseException] | None = None
    may_be_late: bool = False
    depth: Depth = Depth.EXISTS
    note: str = ""

    def opened(self, timing: Timing = _TIMING) -> AbstractContextManager[Opened]:
        """
        Bring the fault about.

        Args:
            timing: Of the stub resolvers.

        Returns:
            A context manager; what it gives makes resolvers that meet the fault.
        """
        return self.stage.opened(timing)
