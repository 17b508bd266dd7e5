"""
`DomainVerifier`: verdicts for a thread.

Owns      the public face, and waiting in a thread.
Knows not anything else: see `_core`.
"""

from __future__ import annotations

import math
import time

from collections.abc import Iterable, Iterator
from inspect import iscoroutinefunction
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from . import presets
from ._ask import BlockingAsker, LoopAsker, PumpedAsker, Resolver
from ._cache import Cache
from ._core import Core
from ._domain import DEFAULT_RULES, AddressRules
from ._flight import OVERDUE, Flight
from ._landing import Landing, reentrant
from ._many import (
    IN_FLIGHT,
    MAX_AHEAD,
    Numbered,
    PumpedWindow,
    check_in_flight,
    in_order,
)
from ._policy import Policy
from ._reader import Parsed
from ._report import Stats
from ._safeguards import DEFAULT_SAFEGUARDS, Safeguards
from ._targets import DEFAULT_TARGETS, Depth, Judge, TargetRules
from ._verdict import Verdict

if TYPE_CHECKING:
    from .resolvers.stub import StubResolver

# Seconds for a whole verdict. A client waits for 5 minutes (RFC 5321, section
# 4.5.3.2.2), but a server's own clock runs too.
DEADLINE = 5.0


def check_resolver(resolver: object) -> None:
    """Raise ValueError for what cannot resolve anything."""
    ours = resolver is None or isinstance(resolver, PumpedAsker | LoopAsker)
    if not ours and not callable(getattr(resolver, "resolve", None)):
        msg = f"not a resolver: {resolver!r}; servers are for StubResolver([...])"
        raise ValueError(msg)


class Face:
    """What both verifiers show alike."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._warm, self._warm_domain = core.warm, core.warm_domain

    @property
    def policy(self) -> Policy:
        """The policy that chooses the replies."""
        return self._core.policy

    @property
    def cache(self) -> Cache:
        """The cache, which another verifier may share."""
        return self._core.cache

    def exempt(self, reverse_path: str | bytes) -> Verdict:
        """
        Judge a sender whom the operator trusts, as for an authenticated client.

        Nothing is parsed and nothing asked; the outcome is `Outcome.EXEMPT`.
        """
        return self._core.exempt(reverse_path)

    def stats(self) -> Stats:
        """Tell what has been done so far."""
        return self._core.stats()

    def __repr__(self) -> str:
        """Show the policy, and what it has done so far."""
        name = getattr(self.policy, "name", type(self.policy).__name__)
        return f"<{type(self).__name__}: {name}, {self.stats().lookups} lookups>"

    def __reduce__(self) -> NoReturn:
        """Refuse: sockets and locks cannot be carried elsewhere."""
        msg = "a verifier cannot be pickled or copied; make one in each process"
        raise TypeError(msg)


class DomainVerifier(Face):
    """
    Does the sender's domain exist on the Internet, and what do we tell the client?

    Safe to use from many threads; a context manager.

    Args:
        resolver: Any `Resolver`; the recursive resolvers of the system if None.
        policy: Chooses the replies.
        cache: May be shared; an in-process `FindingCache` if None.
        rules: Which names a sender's domain may have.
        deadline: Seconds for a whole verdict.
        depth: How much of a domain is looked up; a profile knows for itself.
        targets: Which mail exchangers are usable, from `Depth.EXCHANGES` on.
        safeguards: What becomes of outages, of a resolver that denies everything, and
            of name servers that never answer.

    Raises:
        ValueError: If one of them cannot be used, or the system has no resolver.
    """

    def __init__(  # noqa: PLR0913 - keywords, and nobody needs them all
        self,
        resolver: Resolver | None = None,
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
        if iscoroutinefunction(getattr(given, "resolve", None)) or isinstance(
            given, LoopAsker
        ):
            msg = f"{type(given).__name__} is for AsyncDomainVerifier"
            raise ValueError(msg)
        self._own: StubResolver | None = None
        if resolver is None:
            from .resolvers.stub import StubResolver  # noqa: PLC0415 - see __init__

            resolver = self._own = StubResolver()
        self._asker: PumpedAsker = (
            resolver if isinstance(resolver, PumpedAsker) else BlockingAsker(resolver)
        )
        # It binds the cache, so it comes when nothing else can be wrong.
        guarding = safeguards.around(resolver)
        super().__init__(Core(policy, cache, rules, deadline, judge, guarding))

    def verify(self, reverse_path: str | bytes, *, smtputf8: bool = False) -> Verdict:
        """
        Judge the argument of ``MAIL FROM``.

        Args:
            reverse_path: As the client sent it, with or without angle brackets.
            smtputf8: The client gave the SMTPUTF8 parameter (RFC 6531, s3.4).

        Returns:
            A verdict, whatever the client sent and whatever the DNS did.

        Raises:
            TypeError: If it is neither text nor octets.
        """
        warm = self._warm  # a function in an attribute is faster called from a variable
        return warm(reverse_path) or self._decide(
            self._core.reader.parse(reverse_path, smtputf8)
        )

    def verify_domain(self, domain: str | bytes) -> Verdict:
        """Judge a bare domain, in U-labels or A-labels, or an address literal."""
        warm = self._warm_domain  # see `verify`
        return warm(domain) or self._decide(self._core.reader.parse_domain(domain))

    def verify_header(self, field: str | bytes) -> Verdict:
        """
        Judge the mailbox in a ``From:`` field (RFC 5322, section 3.6.2).

        A field without a mailbox, or with several, is `Outcome.MALFORMED`.
        """
        return self._decide(self._core.reader.parse_header(field))

    def _decide(self, parsed: Parsed) -> Verdict:
        core = self._core
        flights = core.flights
        landings = flights.landings
        verdict = core.recall(parsed)
        if verdict is not None:
            return verdict
        text, domain = parsed
        assert isinstance(domain, str)  # all else is recalled
        start = time.monotonic()
        landing = Landing()
        patience = 0.0
        try:
            flight, leads = flights.board(domain, landing, start, start + core.deadline)
            if leads:
                core.start(flight, landings, self._asker)
                self._pump(flight, landing)
            else:
                patience = core.join(flight, start)
        except BaseException:
            # KeyboardInterrupt, or what else a signal handler raises, may come between
            # any two steps. A flight left behind would look as if it were ours.
            flights.abandon(domain, landing)
            raise
        if not leads and flight.is_ours():
            # Only a resolver that calls its own verifier can come here again.
            return core.judge(text, reentrant(domain), start)
        return core.judge(text, landing.wait(patience, domain), start)

    def _pump(self, flight: Flight, landing: Landing) -> None:
        try:
            overdue = flight.deadline + OVERDUE
            while landing.finding is None and time.monotonic() < overdue:
                self._asker.pump()
            if landing.finding is None:
                flight.abandon()
        except BaseException:
            flight.abandon()
            raise

    def verify_many(
        self,
        reverse_paths: Iterable[str | bytes],
        *,
        smtputf8: bool = False,
        in_flight: int = IN_FLIGHT,
        ordered: bool = False,
    ) -> Iterator[Verdict]:
        """
        Judge many senders in one thread, each domain looked up once.

        Args:
            reverse_paths: Read as far ahead as *in_flight* requires; may be endless.
                Time that it takes for the next sender counts against no deadline.
            smtputf8: As in `verify`, for all of them.
            in_flight: Lookups under way at the most, if the resolver can have many.
            ordered: Keep the order; otherwise verdicts come as they are ready.

        Yields:
            One verdict for each.

        Raises:
            ValueError: If *in_flight* is below 1.
        """
        check_in_flight(in_flight)
        ahead = MAX_AHEAD if ordered else math.inf
        numbered = self._numbered(reverse_paths, smtputf8, in_flight, ahead)
        if ordered:
            return in_order(numbered)
        return (verdict for _, verdict in numbered)

    def _numbered(
        self,
        reverse_paths: Iterable[str | bytes],
        smtputf8: bool,  # noqa: FBT001
        in_flight: int,
        ahead: float,
    ) -> Iterator[Numbered]:
        # Flights and sockets are the list's own: its user may stop between two
        # verdicts for as long as he likes, or go on in another thread, and nobody
        # else should have to wait for that.
        with self._asker.session() as asker:
            window = PumpedWindow(self._core, asker, smtputf8=smtputf8)
            for number, reverse_path in window.taken(reverse_paths):
                window.launch(number, reverse_path)
                if window.flying and window.is_time():
                    asker.glance()  # a slow source must not keep verdicts waiting
                while window.flying >= in_flight or window.lead(number) >= ahead:
                    asker.pump()
                yield from window.ready()
            while window.flying:
                asker.pump()
                yield from window.ready()

    def close(self) -> None:
        """Close the sockets of a resolver that the verifier made by itself."""
        if self._own is not None:
            self._own.close()

    def __enter__(self) -> Self:
        """Use as ``with DomainVerifier() as verifier:``."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()
