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
    FailureReason,
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
_MX, _MX_RECORDS = Outcome.MX, RecordType.MX


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
    question = Question(domain, _MX_RECORDS)
    answer: Answer = yield question  # type: ignore[assignment] # one for one
    evidence = ((question, answer),)
    match answer:
        case Records(ttl=ttl):
            outcome, fault = (_MX, None) if answer.usable else _no_use(answer)
            if judge is not None and outcome is _MX:
                # Only who looks so deep has to load it.
                from ._exchanges import through_exchanges  # noqa: PLC0415

                return (yield from through_exchanges(domain, question, answer, judge))
            return Finding(domain, outcome, fault, ttl, evidence)
        case NxDomain(ttl, aliased):
            # RFC 8020, section 2: no such name means no addresses either.
            missing = Outcome.NXDOMAIN
            return Finding(domain, missing, None, ttl, evidence, aliased=aliased)
        case Failure(reason):
            # No fall-back: only an empty list of MX makes an implicit one.
            return Finding(domain, Outcome.TEMPFAIL, reason, 0, evidence)
        case NoData(ttl, doubt):
            if judge is not None:
                from ._exchanges import through_address  # noqa: PLC0415 - likewise

                return (yield from through_address(domain, question, answer, judge))
            return (yield from _implicit_mx(domain, ttl, evidence, doubt))
        case _ as never:
            assert_never(never)


def _no_use(records: Records) -> tuple[Outcome, TargetFault | None]:
    if records.null_mx:
        return Outcome.NULL_MX, None  # RFC 7505, section 3: alone, preference 0
    named = any(getattr(mx, "exchange", "") for mx in records.rrset)
    fault = TargetFault.NOT_A_HOST if named else TargetFault.NULL
    return Outcome.UNUSABLE_MX, fault


def _implicit_mx(
    domain: DomainName,
    ttl: int,
    evidence: tuple[Exchanged, ...],
    doubt: FailureReason | None,
) -> Steps[Finding]:
    # RFC 5321, section 5.1: the domain's own address may stand in for the MX, and
    # an AAAA is as good as an A. A failure, or absence in doubt, decides nothing
    # until the other family has had its say.
    for qtype in (RecordType.A, RecordType.AAAA):
        question = Question(domain, qtype)
        answer: Answer = yield question  # type: ignore[assignment] # as above
        evidence += ((question, answer),)
        match answer:
            case Records():
                ttl = 0 if doubt else min(ttl, answer.ttl)
                return Finding(domain, Outcome.IMPLICIT_MX, None, ttl, evidence)
            case Failure(reason):
                doubt = doubt or reason
            case NoData(doubt=another):
                doubt = doubt or another
                ttl = min(ttl, answer.ttl)
            case NxDomain():
                ttl = min(ttl, answer.ttl)
            case _ as never:
                assert_never(never)
    if doubt:
        return Finding(domain, Outcome.TEMPFAIL, doubt, 0, evidence)
    return Finding(domain, Outcome.NODATA, None, ttl, evidence)
