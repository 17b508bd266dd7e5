"""
The whole of a verification, but for the waiting: parse, recall, look up, judge.

Owns      the order of these steps, what is counted and what is logged.
Knows not sockets, event loops, threads; what an answer means, what a policy says.

    sender -> parse -> settled by syntax, exempt or remembered? ---> Verdict
                         '---> board a flight: investigate ---> Finding ---> Verdict
"""

from __future__ import annotations

import logging
import threading
import time

from typing import TypeAlias

from ._address import (
    ATOMS,
    MAX_PATH,
    Mailbox,
    Malformed,
    Sender,
    as_text,
    parse_domain,
    parse_reverse_path,
    settled,
)
from ._cache import Cache, Clock, FindingCache
from ._dns import DomainName, Steps
from ._domain import NO_DOMAIN, AddressRules
from ._finding import Finding, Outcome, SyntaxFault
from ._flight import OVERDUE, Ask, Drop, Flight, Flights, Loop, Waiter, impatient
from ._fork import after_fork
from ._header import mailbox_in_header
from ._lookup import lookup
from ._policy import Policy, TablePolicy
from ._remembered import Remembered
from ._report import LOG, Stats, log
from ._settings import check, profile_of
from ._targets import Judge
from ._verdict import Verdict

Parsed: TypeAlias = tuple[str, Sender | Finding]
"""A sender as it was given, made text, and what it turned out to be."""

# What a profile asks one after the other at the most, but for a few: one question
# without an answer leaves time for the others.
_PROFILE_QUESTIONS = 4


_is_logged = LOG.isEnabledFor


class Core:
    """
    What the verifiers have in common.

    Args:
        policy: Chooses the replies.
        cache: Remembers; a `FindingCache` of its own if None.
        rules: Which names are acceptable.
        deadline: Seconds for a verdict.
        judge: Of the targets, for lookups deeper than `Depth.EXISTS`.

    Raises:
        ValueError: If one of them cannot be used.
    """

    def __init__(
        self,
        policy: Policy,
        cache: Cache | None,
        rules: AddressRules,
        deadline: float,
        judge: Judge | None = None,
    ) -> None:
        """See the class."""
        check(policy, cache, rules, deadline)
        # An empty cache is falsy: "cache or FindingCache()" would not share it.
        cache = FindingCache() if cache is None else cache
        self.policy = policy
        self.cache = cache
        self.deadline = deadline
        self._rules = rules
        self.flights = cache.flights if isinstance(cache, FindingCache) else Flights()
        self._exempting = isinstance(policy, TablePolicy) and bool(policy.exempt)
        # What is exempt here may be on record elsewhere, so that a hit in a shared
        # cache proves nothing: then all senders go the long way.
        self._hot: dict[str, Remembered] = {}
        self._clock: Clock = time.monotonic
        self._judge = judge
        self._profile = profile_of(policy)
        if isinstance(cache, FindingCache):
            # What only a profile takes for missing says nothing of what is below it.
            cache.serve(self._kind_of_lookup(), parents=self._profile is None)
            self._clock = cache.clock
            # A profile's own way of reading must not be cut short either.
            long_way = self._exempting or self._profile is not None
            self._hot = {} if long_way else cache.hot
        self.reset()
        after_fork(self)
        self._outcomes = dict.fromkeys(Outcome, 0)
        self._joined = 0
        self._remembered = 0

    def reset(self) -> None:
        """Make a new lock, for a forked child."""
        self._lock = threading.Lock()

    def _kind_of_lookup(self) -> object:
        """Tell what two verifiers must have in common to share findings."""
        if self._profile is not None:
            if self._judge is not None:
                msg = f"{self._profile.name!r} is as deep as the server it is made for"
                raise ValueError(msg)
            return self._profile.plan, self._profile.receiver
        return self._judge and self._judge.kind

    def warm(self, reverse_path: str | bytes) -> Verdict | None:
        """
        Take the short way: a plain sender whose domain was seen twice.

        The text after the last ``@`` is a key of the cache as it stands, which
        proves that it is canonical and was found valid; the local part must be
        plainly well formed. Whoever is turned away goes the long way, to the same
        verdict.
        """
        if type(reverse_path) is not str or len(reverse_path) > MAX_PATH:
            return None
        local_part, _, domain = reverse_path.rpartition("@")
        known = self._hot.get(domain)
        if (
            known is not None
            and known.expires > (now := self._clock())
            and ((local_part.isalnum() and local_part.isascii()) or ATOMS(local_part))
        ):
            # As _recalled, whose call would cost a tenth of all this.
            self._remembered += 1
            verdict = Verdict(reverse_path, known, self.policy, now)
            if _is_logged(logging.INFO):
                log(verdict)
            return verdict
        return None

    def warm_domain(self, domain: str | bytes) -> Verdict | None:
        """Take the short way to a bare domain that was seen twice."""
        if type(domain) is not str or len(domain) > MAX_PATH:
            return None
        known = self._hot.get(domain)
        if known is not None and known.expires > (now := self._clock()):
            return self._recalled(domain, known, now)
        return None

    def _recalled(self, text: str, known: Remembered, now: float) -> Verdict:
        self._remembered += 1
        verdict = Verdict(text, known, self.policy, now)
        if _is_logged(logging.INFO):
            log(verdict)
        return verdict

    def parse(self, reverse_path: str | bytes, smtputf8: bool) -> Parsed:  # noqa: FBT001
        """Parse a reverse-path."""
        if self._profile is not None:
            sender = self._profile.read(reverse_path, smtputf8=smtputf8)
            return as_text(reverse_path), sender
        parsed = parse_reverse_path(reverse_path, smtputf8=smtputf8, rules=self._rules)
        return as_text(reverse_path), parsed

    def parse_domain(self, domain: str | bytes) -> Parsed:
        """Parse a bare domain."""
        return as_text(domain), parse_domain(domain, rules=self._rules)

    def parse_header(self, field: str | bytes) -> Parsed:
        """Parse the body of a ``From:`` field; the sender is its mailbox."""
        mailbox = mailbox_in_header(field)
        if mailbox is None:
            return as_text(field), Malformed(SyntaxFault.HEADER)
        return self.parse(mailbox, smtputf8=True)  # RFC 6532: no parameter needed

    def recall(self, parsed: Parsed) -> Verdict | None:
        """Judge whom syntax, the operator or memory have decided about."""
        text, sender = parsed
        finding = self._exemption(sender) or self._settled(sender)
        if finding is None and isinstance(sender, Mailbox):
            finding = self.cache.get(sender.domain)
            if finding is None:
                return None
            self._remembered += 1
        assert finding is not None  # mailboxes only are not settled
        return self.judge(text, finding)

    def _settled(self, sender: Sender | Finding) -> Finding | None:
        if isinstance(sender, Finding):
            return sender
        if self._profile is not None and isinstance(sender, Mailbox):
            return None
        return settled(sender, self._rules)

    def _exemption(self, sender: Sender | Finding) -> Finding | None:
        if self._exempting and isinstance(sender, Mailbox):
            policy = self.policy
            if isinstance(policy, TablePolicy) and policy.exempts(sender.domain):
                return Finding(sender.domain, Outcome.EXEMPT)
        return None

    def exempt(self, reverse_path: str | bytes) -> Verdict:
        """
        Judge a sender whom the operator trusts, as for an authenticated client.

        Nothing is parsed and nothing asked; the outcome is `Outcome.EXEMPT`.
        """
        return self.judge(as_text(reverse_path), Finding(NO_DOMAIN, Outcome.EXEMPT))

    def board(
        self,
        domain: DomainName,
        waiter: Waiter,
        flights: Flights,
        loop: Loop | None = None,
    ) -> tuple[Flight, float | None]:
        """
        Wait for the lookup of *domain*; see `Flights.board`.

        Returns:
            The flight; and None if the caller has to start it, otherwise the seconds
            for which to wait, as who leads may have a later deadline.
        """
        now = time.monotonic()
        deadline = now + self.deadline
        flight, leads = flights.board(domain, waiter, now, deadline, loop)
        if leads:
            return flight, None
        with self._lock:
            self._joined += 1
        return flight, min(flight.deadline, deadline) + OVERDUE - now

    def investigate(self, domain: DomainName, landings: int) -> Steps[Finding]:
        """
        Look *domain* up and remember what was found.

        Args:
            domain: What to look up.
            landings: Of the flights, before the cache was asked. If there were
                more since, the cache may know by now.
        """
        if self.flights.landings != landings:
            known = self.cache.get(domain)
            if known is not None:
                return known
        finding = self.cache.put((yield from self._lookup(domain)))
        with self._lock:
            self._outcomes[finding.outcome] += 1
        return finding

    def _lookup(self, domain: DomainName) -> Steps[Finding]:
        if self._profile is None:
            return lookup(domain, self._judge)
        return self._profile.plan(domain, self._profile.receiver)

    def start(self, flight: Flight, landings: int, ask: Ask, drop: Drop) -> None:
        """Let *flight* `investigate`; *ask* puts the questions, *drop* takes back."""
        steps = self.investigate(flight.domain, landings)
        if self._profile is not None:
            patience = self._profile.patience
            ask = impatient(ask, min(patience, self.deadline / _PROFILE_QUESTIONS))
        flight.start(steps, ask, drop)

    def judge(self, text: str, finding: Finding, start: float | None = None) -> Verdict:
        """Make a verdict of *finding*, and log it; *start* is `time.monotonic`."""
        elapsed = 0.0 if start is None else time.monotonic() - start
        verdict = Verdict(text, finding, self.policy, elapsed)
        if _is_logged(logging.INFO):
            log(verdict)
        return verdict

    def stats(self) -> Stats:
        """Tell what has been done so far."""
        with self._lock:
            outcomes = {outcome: n for outcome, n in self._outcomes.items() if n}
        cache = self.cache
        return Stats(
            sum(outcomes.values()),
            self._joined,
            self._remembered,
            outcomes,
            len(self.flights),
            len(cache) if isinstance(cache, FindingCache) else None,
        )
