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

from collections.abc import Mapping
from types import MappingProxyType
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
from ._flight import OVERDUE, Flight, Flights, Loop, Waiter
from ._fork import after_fork
from ._header import mailbox_in_header
from ._lookup import lookup
from ._policy import Policy, TablePolicy
from ._remembered import Remembered
from ._reply import Action
from ._value import value
from ._verdict import Verdict

_LOG = logging.getLogger("senderdomain")

# Seconds. A client waits for 300 (RFC 5321, section 4.5.3.2.2), and the rest of the
# server takes its time too.
MAX_DEADLINE = 150

Parsed: TypeAlias = tuple[str, Sender]
"""A sender as it was given, made text, and what it turned out to be."""


@value
class Stats:
    """
    What a verifier has done so far.

    Attributes:
        lookups: Domains looked up in the DNS.
        joined: Senders that waited for a lookup which was already under way.
        remembered: Senders whose domain was remembered.
        outcomes: How the lookups ended.
        under_way: Lookups that have not ended yet.
        domains: Domains remembered, if the cache tells.
    """

    lookups: int
    joined: int
    remembered: int
    outcomes: Mapping[Outcome, int]
    under_way: int
    domains: int | None


class Core:
    """
    What the verifiers have in common.

    Args:
        policy: Chooses the replies.
        cache: Remembers; a `FindingCache` of its own if None.
        rules: Which names are acceptable.
        deadline: Seconds for a verdict.

    Raises:
        ValueError: If one of them cannot be used.
    """

    def __init__(
        self, policy: Policy, cache: Cache | None, rules: AddressRules, deadline: float
    ) -> None:
        """See the class."""
        _check(policy, cache, rules)
        seconds: object = deadline
        if not isinstance(seconds, int | float) or not 0 < seconds <= MAX_DEADLINE:
            msg = f"deadline must be above 0 and at most {MAX_DEADLINE} s: {deadline!r}"
            raise ValueError(msg)
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
        if isinstance(cache, FindingCache):
            self._clock = cache.clock
            self._hot = {} if self._exempting else cache.hot
        self.reset()
        after_fork(self)
        self._outcomes = dict.fromkeys(Outcome, 0)
        self._joined = 0
        self._remembered = 0

    def reset(self) -> None:
        """Make a new lock, for a forked child."""
        self._lock = threading.Lock()

    def warm(self, reverse_path: str | bytes) -> Verdict | None:
        """
        Take the short way: a plain sender whose domain was seen twice.

        The text after the last ``@`` is a key of the cache as it stands, which
        proves that it is canonical and was found valid; the local part must be
        plainly well formed. Whoever is turned away goes the long way, to the same
        verdict.
        """
        if not isinstance(reverse_path, str) or len(reverse_path) > MAX_PATH:
            return None
        local_part, _, domain = reverse_path.rpartition("@")
        known = self._hot.get(domain)
        if (
            known is not None
            and known.expires > (now := self._clock())
            and ATOMS(local_part)
        ):
            self._remembered += 1
            verdict = Verdict(reverse_path, known, self.policy, now)
            if _LOG.isEnabledFor(logging.INFO):
                _log(verdict)
            return verdict
        return None

    def parse(self, reverse_path: str | bytes, smtputf8: bool) -> Parsed:  # noqa: FBT001
        """Parse a reverse-path."""
        sender = parse_reverse_path(reverse_path, smtputf8=smtputf8, rules=self._rules)
        return as_text(reverse_path), sender

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
        finding = self._exemption(sender) or settled(sender, self._rules)
        if finding is None and isinstance(sender, Mailbox):
            finding = self.cache.get(sender.domain)
            if finding is None:
                return None
            self._remembered += 1
        assert finding is not None  # settled() leaves mailboxes only
        return self.judge(text, finding)

    def _exemption(self, sender: Sender) -> Finding | None:
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
        finding = self.cache.put((yield from lookup(domain)))
        with self._lock:
            self._outcomes[finding.outcome] += 1
        return finding

    def judge(self, text: str, finding: Finding, start: float | None = None) -> Verdict:
        """Make a verdict of *finding*, and log it; *start* is `time.monotonic`."""
        elapsed = 0.0 if start is None else time.monotonic() - start
        verdict = Verdict(text, finding, self.policy, elapsed=elapsed)
        if _LOG.isEnabledFor(logging.INFO):
            _log(verdict)
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
            MappingProxyType(outcomes),
            len(self.flights),
            len(cache) if isinstance(cache, FindingCache) else None,
        )


def _check(policy: object, cache: object, rules: object) -> None:
    if not callable(policy) or isinstance(policy, type):
        msg = f"not a policy: {policy!r}; take one of senderdomain.presets"
        raise ValueError(msg)  # noqa: TRY004 - all bad configuration is ValueError
    if cache is not None and not all(hasattr(cache, name) for name in ("get", "put")):
        msg = f"not a cache: {cache!r}; take a FindingCache"
        raise ValueError(msg)
    if not isinstance(rules, AddressRules):
        msg = f"not AddressRules: {rules!r}"
        raise ValueError(msg)  # noqa: TRY004 - all bad configuration is ValueError


def _log(verdict: Verdict) -> None:
    # The domain only, which is A-labels, and never the local part.
    finding = verdict.finding
    try:
        reply = verdict.reply
    except Exception:  # noqa: BLE001 - whatever a user's policy raises
        # Whoever asks for the reply gets this too; whether there is a log must not
        # change what verify does.
        _LOG.exception("policy failed for %s", finding.domain or "-")
        return
    level = logging.DEBUG if reply.action is Action.ACCEPT else logging.INFO
    _LOG.log(
        level,
        "sender domain %s: %s, %d",
        finding.domain or "-",
        finding.outcome.name,
        reply.code,
        extra={
            "sender_domain": finding.domain,
            "outcome": finding.outcome.name,
            "reason": finding.reason.value if finding.reason else None,
            "code": reply.code,
            "action": reply.action.value,
        },
    )
