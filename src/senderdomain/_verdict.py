"""
What `verify` returns: a finding, and the reply that a policy makes of it.

Owns      `Verdict`.
Knows not how either came about.

A verdict is built for every message that a server takes, so it is a plain slotted
object, and the reply and the finding of a remembered domain are built when asked
for.
"""

from __future__ import annotations

from ._dns import DomainName
from ._finding import Finding, Outcome, Reason
from ._policy import Policy, TablePolicy
from ._remembered import Remembered
from ._reply import Action, Reply, shown


class Verdict:
    """
    The answer to one sender.

    Attributes:
        sender: As the client gave it; hostile text, octets that are not UTF-8 as
            lone surrogates. `shown` makes it fit to be seen.
    """

    # _time is that of what is remembered, on the cache's clock; otherwise the seconds
    # that it took. _reply is not there until it is asked for. Whoever makes a verdict
    # fills these in, as `__init__` would take longer than all of that.
    __slots__ = ("_known", "_policy", "_reply", "_time", "sender")

    sender: str
    _known: Finding | Remembered
    _policy: Policy
    _reply: Reply
    _time: float

    @property
    def elapsed(self) -> float:
        """Seconds that it took, 0.0 if the domain was remembered."""
        return 0.0 if self.cached else self._time

    @property
    def outcome(self) -> Outcome:
        """Which of the possible endings was reached."""
        return self._known.outcome

    @property
    def reason(self) -> Reason | None:
        """Why, for `Outcome.TEMPFAIL` and `Outcome.MALFORMED`."""
        return self._known.reason

    @property
    def finding(self) -> Finding:
        """The facts."""
        if type(self._known) is Remembered:
            domain = DomainName(self.sender.rpartition("@")[2])
            self._known = self._known.finding(domain, self._time)
        assert isinstance(self._known, Finding)
        return self._known

    @property
    def domain(self) -> DomainName:
        """The domain as looked up: A-labels, lower case, no final dot; or ""."""
        return self.finding.domain

    @property
    def ttl(self) -> int:
        """Seconds for which the finding may be reused."""
        return self.finding.ttl

    @property
    def cached(self) -> bool:
        """Whether the finding was remembered."""
        return type(self._known) is Remembered or self.finding.cached

    @property
    def reply(self) -> Reply:
        """What to tell the client."""
        reply: Reply | None = getattr(self, "_reply", None)
        if reply is not None:
            return reply
        policy = self._policy
        if isinstance(policy, TablePolicy):
            self._reply = policy.said(self.sender, self.finding)
        else:
            self._reply = policy(shown(self.sender), self.finding)
        return self._reply

    @property
    def would_be(self) -> Reply:
        """The reply, or in a dry run what it would have been."""
        policy = self._policy
        if isinstance(policy, TablePolicy) and policy.shadow is not None:
            return policy.shadow.said(self.sender, self.finding)
        return self.reply

    @property
    def action(self) -> Action:
        """Accept, defer or reject."""
        return self.reply.action

    @property
    def accepted(self) -> bool:
        """The reply is a 2yz."""
        return self.action is Action.ACCEPT

    @property
    def deferred(self) -> bool:
        """The reply is a 4yz: the client is to try again later."""
        return self.action is Action.DEFER

    @property
    def rejected(self) -> bool:
        """The reply is a 5yz."""
        return self.action is Action.REJECT

    def __eq__(self, other: object) -> bool:
        """Same sender, same finding, same reply."""
        if not isinstance(other, Verdict):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        """As `__eq__` has it."""
        return hash(self._identity())

    def _identity(self) -> tuple[str, Finding, Reply]:
        return self.sender, self.finding, self.reply

    def __repr__(self) -> str:
        """Show outcome and reply, nothing unprintable."""
        return f"<Verdict {self.outcome.name}: {shown(str(self.reply))}>"
