"""
Whether any mail exchanger of a domain can be used: `Depth.EXCHANGES` and beyond.

Owns      which exchanges are asked for their addresses, and what follows from all
          the answers: any usable -> accept, else any temporary -> defer, else reject.
Knows not what makes a single target usable: see `_targets`.
"""

from __future__ import annotations

from ._dns import (
    MX,
    DomainName,
    Exchanged,
    Failure,
    FailureReason,
    Question,
    Records,
    RecordType,
    Steps,
)
from ._finding import Finding, Outcome, Reason, TargetFault
from ._targets import ABSENT, Judge

_FAMILIES = (RecordType.A, RecordType.AAAA)


def through_exchanges(
    domain: DomainName, question: Question, mx: Records, judge: Judge
) -> Steps[Finding]:
    """
    Go on with a *domain* that has MX.

    Args:
        domain: The domain.
        question: The one whose answer is *mx*.
        mx: At least one of them names a host.
        judge: Of the targets.

    Yields:
        All questions at once: a dead server must not keep the other hosts waiting.
    """
    exchanges = _Exchanges(question, mx, judge)
    step = exchanges.questions()
    for _ in step:
        if exchanges.decided:
            break
        exchanged = yield step
        assert isinstance(exchanged, tuple)
        exchanges.hear(exchanged)
        step = ()
    return exchanges.finding(domain)


class _Exchanges:
    """What is known so far of the exchanges of one domain."""

    def __init__(self, question: Question, mx: Records, judge: Judge) -> None:
        self._judge = judge
        self._evidence: list[Exchanged] = [(question, mx)]
        self._any_bad = judge.rules.any_bad
        self._usable: Records | None = None
        self._doubt: FailureReason | None = None
        # By preference; and a host is one host, however often it is named.
        records = (record for record in mx.rrset if isinstance(record, MX))
        self._named = list(dict.fromkeys(record.exchange for record in records))
        self._faults: dict[str, TargetFault] = {}
        self._hosts: dict[str, list[Reason | None]] = {}
        for exchange in self._named:
            found = judge.of_name(exchange)
            if isinstance(found, TargetFault):
                self._faults[exchange] = found
            elif found:
                self._usable = mx
            else:
                self._hosts[exchange] = []
        self._asked = list(self._hosts)[: judge.rules.max_hosts]

    def questions(self) -> tuple[Question, ...]:
        """Tell what could be asked."""
        names = [DomainName(host) for host in self._asked]
        return tuple(Question(name, qtype) for name in names for qtype in _FAMILIES)

    @property
    def decided(self) -> bool:
        """Whether no answer can change the outcome any more."""
        return bool(self._faults) if self._any_bad else self._usable is not None

    def hear(self, exchanged: Exchanged) -> None:
        """Take in what one host has in one address family."""
        self._evidence.append(exchanged)
        question, answer = exchanged
        found = self._judge.of_answer(answer)
        if found is None:
            assert isinstance(answer, Records)
            self._usable = answer
        heard = self._hosts[question.qname]
        heard.append(found)
        faults = [each for each in heard if isinstance(each, TargetFault)]
        telling = [each for each in faults if each not in ABSENT]
        if telling and self._any_bad:
            self._faults[question.qname] = telling[0]
        elif len(heard) == len(_FAMILIES) and None not in heard:
            # Absence in one family says nothing while the other one has failed.
            if len(faults) == len(heard):
                self._faults[question.qname] = (telling or faults)[0]
            else:
                reasons = (r for r in heard if isinstance(r, FailureReason))
                self._doubt = self._doubt or next(reasons)

    def finding(self, domain: DomainName) -> Finding:
        """Conclude."""
        evidence = tuple(self._evidence)
        # What the verdict rests on: the MX and one host, or all of them.
        ttls = [a.ttl for _, a in evidence if not isinstance(a, Failure)]
        usable, doubt = self._usable, self._doubt
        if len(self._asked) < len(self._hosts):
            doubt = doubt or FailureReason.QUESTION_LIMIT
        if usable is not None and not self._any_bad:
            ttl = min(ttls[0], usable.ttl)
            return Finding(domain, Outcome.MX, None, ttl, evidence)
        if doubt is not None and not self.decided:
            return Finding(domain, Outcome.TEMPFAIL, doubt, 0, evidence)
        if not self._faults:
            return Finding(domain, Outcome.MX, None, min(ttls), evidence)
        # Of the most preferred one, whichever was heard first.
        fault = next(self._faults[e] for e in self._named if e in self._faults)
        return Finding(domain, Outcome.UNUSABLE_MX, fault, min(ttls), evidence)
