"""
Whether any mail exchanger of a domain can be used: `Depth.EXCHANGES` and beyond.

Owns      which exchanges are asked for their addresses, and what follows from all
          the answers: any usable -> accept, else any temporary -> defer, else reject.
Knows not what makes a single target usable: see `_targets`.
"""

from __future__ import annotations

from dataclasses import replace

from ._dns import (
    MX,
    DomainName,
    Exchanged,
    Failure,
    FailureReason,
    NoData,
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
    records = (record for record in mx.rrset if isinstance(record, MX))
    # By preference; and a host is one host, however often it is named.
    names = list(dict.fromkeys(record.exchange for record in records))
    targets = _Targets([(question, mx)], names, judge)
    yield from targets.ask()
    return targets.finding(domain)


def through_address(
    domain: DomainName, question: Question, mx: NoData, judge: Judge
) -> Steps[Finding]:
    """
    Go on with a *domain* without MX, whose own addresses may stand in for one.

    Args:
        domain: The domain.
        question: The one whose answer is *mx*.
        mx: That there is none.
        judge: Of the one target.
    """
    targets = _Targets([(question, mx)], [domain], judge)
    yield from targets.ask()
    finding = targets.finding(domain)
    if finding.outcome is Outcome.MX:
        return replace(finding, outcome=Outcome.IMPLICIT_MX)
    if finding.reason in ABSENT:
        return replace(finding, outcome=Outcome.NODATA, reason=None)
    return finding


class _Targets:
    """What is known so far of the targets of one domain."""

    def __init__(
        self, evidence: list[Exchanged], names: list[str], judge: Judge
    ) -> None:
        self._judge = judge
        self._evidence = evidence
        self._names = names
        self._any_bad = judge.rules.any_bad
        self._usable: int | None = None  # the TTL of what will do
        self._doubt: FailureReason | None = None
        self._faults: dict[str, TargetFault] = {}
        self._hosts: dict[str, list[Reason | None]] = {}
        (first,) = evidence
        mx = first[1]
        if isinstance(mx, NoData):
            # Absence in doubt decides nothing until the addresses have had their say.
            self._doubt = mx.doubt
        for name in names:
            # A domain that is its own target has to have an address first.
            found = judge.of_name(name) if isinstance(mx, Records) else None
            if isinstance(found, TargetFault):
                self._faults[name] = found
            elif found:
                assert isinstance(mx, Records)
                self._usable = mx.ttl
            else:
                self._hosts[name] = []
        self._asked = list(self._hosts)[: judge.rules.max_hosts]

    def ask(self) -> Steps[None]:
        """Ask for all addresses, until one answer decides."""
        names = [DomainName(host) for host in self._asked]
        step = tuple(Question(name, qtype) for name in names for qtype in _FAMILIES)
        for _ in step:
            if self._decided:
                break
            exchanged = yield step
            assert isinstance(exchanged, tuple)
            self._hear(exchanged)
            step = ()

    @property
    def _decided(self) -> bool:
        return bool(self._faults) if self._any_bad else self._usable is not None

    def _hear(self, exchanged: Exchanged) -> None:
        """Take in what one host has in one address family."""
        self._evidence.append(exchanged)
        question, answer = exchanged
        found = self._judge.of_answer(question.qname, answer)
        if found is None:
            assert isinstance(answer, Records)
            self._usable = answer.ttl
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
        if usable is not None and not self._any_bad:
            ttl = 0 if doubt else min(ttls[0], usable)
            return Finding(domain, Outcome.MX, None, ttl, evidence)
        if usable is None and len(self._asked) < len(self._hosts):
            # What nobody has looked at is not absent; nor is it bad.
            doubt = doubt or FailureReason.QUESTION_LIMIT
        if doubt is not None and not self._decided:
            return Finding(domain, Outcome.TEMPFAIL, doubt, 0, evidence)
        if not self._faults:
            return Finding(domain, Outcome.MX, None, min(ttls), evidence)
        # Of the most preferred one, whichever was heard first.
        fault = next(self._faults[e] for e in self._names if e in self._faults)
        return Finding(domain, Outcome.UNUSABLE_MX, fault, min(ttls), evidence)
