"""
A verdict in words, for people who want to know why.

Owns      the lines of ``check --explain``, which a failed assertion shows too.
Knows not terminals.
"""

from __future__ import annotations

from typing import assert_never

from ._dns import MX, Answer, Failure, NoData, NxDomain, Records
from ._reply import shown
from ._verdict import Verdict

# Records that are written out.
_MOST_RECORDS = 8


def explanation(verdict: Verdict) -> list[str]:
    """Tell outcome, domain and evidence, a line each; nothing unprintable."""
    outcome = verdict.outcome
    reason = f" ({verdict.reason.value})" if verdict.reason else ""
    lines = [
        f"why       {outcome.value}{reason}",
        f"domain    {verdict.domain or '-'}",
        *(
            f"asked     {question}: {shown(in_words(answer))}"
            for question, answer in verdict.finding.evidence
        ),
    ]
    if verdict.cached:
        lines.append("asked     nothing: the answer was remembered")
    lines.append(f"valid     {verdict.ttl} s, found in {verdict.elapsed * 1000:.1f} ms")
    return lines


def in_words(answer: Answer) -> str:
    """Tell what *answer* says."""
    match answer:
        case Records(ttl=ttl, rrset=rrset):
            texts = [
                f"{r.preference} {r.exchange}." if isinstance(r, MX) else r
                for r in rrset[:_MOST_RECORDS]
            ]
            more = ", ..." if len(rrset) > _MOST_RECORDS else ""
            return f"{', '.join(texts)}{more} (TTL {ttl} s)"
        case NoData(ttl, doubt):
            doubted = f", but that is in doubt: {doubt.value}" if doubt else ""
            return f"the name has no such records (TTL {ttl} s){doubted}"
        case NxDomain(ttl, aliased):
            whose = "its alias leads to no name" if aliased else "no such name"
            return f"{whose} (TTL {ttl} s)"
        case Failure(reason, detail):
            return f"{reason.value} ({detail})"
        case _ as never:
            assert_never(never)
