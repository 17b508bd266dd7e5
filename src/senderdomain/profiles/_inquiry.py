"""
The questions of one lookup by a known server, and what its resolver makes of answers.

Owns      what can be asked at all; what the C library tells its caller of an answer,
          which is what Postfix, Sendmail and Exim see of the DNS.
Knows not what a server concludes.
"""

from __future__ import annotations

from enum import Enum

from .._dns import (
    MAX_LABEL,
    Answer,
    DomainName,
    Exchanged,
    Failure,
    FailureReason,
    NoData,
    NxDomain,
    Question,
    Records,
    RecordType,
    Steps,
)
from .._finding import Finding, Outcome, Reason
from .._names import MAX_WIRE_NAME, octets_in, wire_size
from .._value import value

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)


def on_the_wire(name: str) -> bool:
    """Whether *name*, escapes included, can be put into a DNS message."""
    labels = name.split(".")
    fits = all(0 < octets_in(label) <= MAX_LABEL for label in labels)
    return fits and wire_size(name) <= MAX_WIRE_NAME


class Inquiry:
    """
    The questions about one domain.

    Args:
        domain: What the finding will be about.
    """

    def __init__(self, domain: DomainName) -> None:
        """Ask nothing yet."""
        self.domain = domain
        self.evidence: list[Exchanged] = []

    def ask(self, name: str, qtype: RecordType) -> Steps[Answer]:
        """Ask one question."""
        question = Question(DomainName(name.lower()), qtype)
        answer = yield question
        assert not isinstance(answer, tuple)
        self.evidence.append((question, answer))
        return answer

    def race(self, questions: list[Question]) -> Steps[list[Exchanged]]:
        """Ask all at once, and wait for all answers; in the order of the questions."""
        step = tuple(questions)
        answers = {}
        for _ in questions:
            exchanged = yield step
            assert isinstance(exchanged, tuple)
            answers[exchanged[0]] = exchanged[1]
            step = ()
        exchanges = [(question, answers[question]) for question in questions]
        self.evidence += exchanges
        return exchanges

    def finding(
        self, outcome: Outcome, reason: Reason | None = None, detail: str = ""
    ) -> Finding:
        """Conclude; it may be believed for as long as all answers may."""
        ttls = [0 if isinstance(a, Failure) else a.ttl for _, a in self.evidence]
        evidence = tuple(self.evidence)
        ttl = min(ttls, default=0)
        return Finding(self.domain, outcome, reason, ttl, evidence, detail=detail)


class Status(Enum):
    """What `res_search(3)` tells: success, an alias and no data, or h_errno."""

    FOUND = "records"
    ALIAS = "an alias, and no record of this type"
    GARBAGE = "a header, and nothing to read behind it"
    NO_DATA = "NO_DATA"
    NOT_FOUND = "HOST_NOT_FOUND"
    TRY_AGAIN = "TRY_AGAIN"
    NO_RECOVERY = "NO_RECOVERY"


@value
class Heard:
    """
    What the C library tells its caller.

    Attributes:
        status: Of the call.
        records: For `Status.FOUND`.
        aliases: The names of the chain, without the one asked for.
        reason: For `Status.TRY_AGAIN`.
    """

    status: Status
    records: Records | None = None
    aliases: tuple[str, ...] = ()
    reason: FailureReason | None = None

    @property
    def alias(self) -> str:
        """For `Status.ALIAS`: the name to go on with."""
        return self.aliases[-1]


def res_query(inquiry: Inquiry, name: str, qtype: RecordType) -> Steps[Heard]:
    """Ask as glibc does, with two attempts."""
    if not on_the_wire(name):
        return Heard(Status.NO_RECOVERY)
    answer = yield from inquiry.ask(name, qtype)
    if isinstance(answer, Failure) and answer.rcode in (SERVFAIL, NOTIMP, REFUSED):
        answer = yield from inquiry.ask(name, qtype)
    match answer:
        case Records():
            return Heard(Status.FOUND, answer, answer.aliases)
        case NxDomain():
            return Heard(Status.NOT_FOUND)
        case NoData(aliases=aliases):
            # An answer section that is not empty is a success, whatever is in it.
            status = Status.ALIAS if aliases else Status.NO_DATA
            return Heard(status, aliases=aliases)
        case _:
            return _failed(answer, name)


def _failed(failure: Failure, name: str) -> Heard:
    if failure.beyond is not None:  # it reads records, whoever owns them
        return Heard(Status.FOUND, failure.beyond, failure.aliases)
    if failure.reason is FailureReason.ALIAS_LOOP:
        return Heard(Status.ALIAS, aliases=failure.aliases or (name,))
    if failure.reason is FailureReason.MALFORMED:
        return Heard(Status.GARBAGE, reason=failure.reason)
    status = Status.TRY_AGAIN
    if failure.rcode == NOERROR:
        status = Status.NO_DATA  # a referral has no answer section either
    elif failure.rcode == NXDOMAIN:
        status = Status.NOT_FOUND  # whoever has told that lies
    elif failure.rcode not in (None, SERVFAIL, NOTIMP, REFUSED):
        status = Status.NO_RECOVERY
    return Heard(status, reason=failure.reason)
