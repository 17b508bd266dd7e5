"""
From a domain to a `Finding`, without touching the network.

Owns      which records are asked for, in which order, and what each possible
          answer means (RFC 5321, section 5.1; RFC 7505).
Knows not who resolves, sync or async, caches, clocks, policies, SMTP replies.

`lookup` is a generator. It yields a `Question`, is sent an `Answer`, and returns
a `Finding`:

    MX? --- Records ------------------------------> MX, NULL_MX or UNUSABLE_MX
     |----- NxDomain -----------------------------> NXDOMAIN
     |----- Failure ------------------------------> TEMPFAIL
     '----- NoData --> A?, then AAAA? -- Records -> IMPLICIT_MX
                                      |- Failure -> TEMPFAIL
                                      '- neither -> NODATA

Touch an arrow and you must touch its row in tests/test_lookup.py. A deeper lookup goes
on where MX is, or IMPLICIT_MX: see `_exchanges`.
"""

from __future__ import annotations

from typing import assert_never

from ._dns import (
    Answer,
    DomainName,
    Exchanged,
    Failure,
    NoData,
    NxDomain,
    Question,
    Records,
    RecordType,
    Steps,
)
from ._finding import Finding, Outcome, TargetFault
from ._targets import Judge

# Looking a member up in its class costs as much as a call.
_MX, _MX_RECORDS, _A = Outcome.MX, RecordType.MX, RecordType.A


def lookup(domain: DomainName, judge: Judge | None = None) -> Steps[Finding]:
    """
    Find out whether *domain* could be sent mail.

    Args:
        domain: Not an address literal: there is nothing to look up for those.
        judge: Of the targets, for a lookup deeper than ``EXISTS``.

    Yields:
        The next question; send the answer back in. At most three, and from depth
        ``EXCHANGES`` on as many as `TargetRules` allows.

    Returns:
        A `Finding`. Trouble in the DNS is a finding too (`Outcome.TEMPFAIL`), so
        nothing is raised.

    See RFC 5321, section 5.1, for MX before address records, and RFC 7505,
    section 4.2, for senders with a null MX.
    """
    step: Finding | Question | Steps[Finding] = first_question(domain)
    evidence: tuple[Exchanged, ...] = ()
    while type(step) is Question:
        answer: Answer = yield step  # type: ignore[assignment] # one for one
        evidence = (*evidence, (step, answer))
        step = next_step(evidence, judge)
    if type(step) is Finding:
        return step
    return (yield from step)


def first_question(domain: DomainName) -> Question:
    """Give the question that every lookup begins with."""
    return Question(domain, _MX_RECORDS)


def next_step(
    evidence: tuple[Exchanged, ...], judge: Judge | None
) -> Finding | Question | Steps[Finding]:
    """
    Conclude from what has been heard so far.

    Args:
        evidence: Each question and its answer, from `first_question` on.
        judge: See `lookup`.

    Returns:
        What has been found, the next question, or the steps of a deeper lookup.
    """
    question, answer = evidence[0]
    if len(evidence) > 1:
        return _by_address(evidence)
    domain = question.qname
    if isinstance(answer, Records):  # first, as most are; `match` takes longer
        outcome, fault = (_MX, None) if answer.usable else _no_use(answer)
        if judge is None or outcome is not _MX:
            return Finding(domain, outcome, fault, answer.ttl, evidence)
        return _deeper(question, answer, judge)
    match answer:
        case NxDomain(ttl, aliased):
            # RFC 8020, section 2: no such name means no addresses either.
            return Finding(
                domain, Outcome.NXDOMAIN, None, ttl, evidence, aliased=aliased
            )
        case Failure(reason):
            # No fall-back: only an empty list of MX makes an implicit one.
            return Finding(domain, Outcome.TEMPFAIL, reason, 0, evidence)
        case NoData():
            return _deeper(question, answer, judge) if judge else Question(domain, _A)
        case _ as never:
            assert_never(never)


def _deeper(
    question: Question, answer: Records | NoData, judge: Judge
) -> Steps[Finding]:
    # Only who looks so deep has to load what does.
    from ._exchanges import through_address, through_exchanges  # noqa: PLC0415

    if isinstance(answer, Records):
        return through_exchanges(question.qname, question, answer, judge)
    return through_address(question.qname, question, answer, judge)


def _no_use(records: Records) -> tuple[Outcome, TargetFault | None]:
    if records.null_mx:
        return Outcome.NULL_MX, None  # RFC 7505, section 3: alone, preference 0
    named = any(getattr(mx, "exchange", "") for mx in records.rrset)
    fault = TargetFault.NOT_A_HOST if named else TargetFault.NULL
    return Outcome.UNUSABLE_MX, fault


def _by_address(evidence: tuple[Exchanged, ...]) -> Finding | Question:
    # RFC 5321, section 5.1: the domain's own address may stand in for the MX, and
    # an AAAA is as good as an A. A failure, or absence in doubt, decides nothing
    # until the other family has had its say.
    question, answer = evidence[-1]
    domain = question.qname
    if not isinstance(answer, Records) and question.qtype is _A:
        return Question(domain, RecordType.AAAA)
    (_, mx), *addresses = evidence
    assert isinstance(mx, NoData)  # all else has decided
    doubt, ttl = mx.doubt, mx.ttl
    for _, each in addresses:
        if isinstance(each, Failure):
            doubt = doubt or each.reason
        else:
            ttl = min(ttl, each.ttl)
            if isinstance(each, NoData):
                doubt = doubt or each.doubt
    if isinstance(answer, Records):
        ttl = 0 if doubt else ttl
        return Finding(domain, Outcome.IMPLICIT_MX, None, ttl, evidence)
    if doubt:
        return Finding(domain, Outcome.TEMPFAIL, doubt, 0, evidence)
    return Finding(domain, Outcome.NODATA, None, ttl, evidence)
