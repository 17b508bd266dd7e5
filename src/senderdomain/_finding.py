"""
What can be found out about a sender, as facts without opinion.

Owns      the closed list of outcomes, the reasons behind them, and `Finding`.
Knows not how a finding is reached, how long a cache keeps it, what a server
          answers because of it.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias, final

from ._dns import Answer, DomainName, FailureReason, Question
from ._value import value


class Outcome(Enum):
    """Every ending that a verification can have."""

    MX = "at least one usable MX"
    IMPLICIT_MX = "no MX, but an address"
    NULL_MX = "the only MX is the null MX"
    UNUSABLE_MX = "MX exist, none of them can be used"
    NODATA = "the name exists, without MX and address"
    NXDOMAIN = "the name does not exist"
    TEMPFAIL = "no finding possible now"
    SPECIAL_USE = "a name that is never looked up"
    NULL_REVERSE_PATH = "the null reverse-path"
    ADDRESS_LITERAL = "an address literal instead of a domain"
    UNQUALIFIED = "no domain, or a single label"
    MALFORMED = "not a reverse-path"
    EXEMPT = "exempt by the operator"

    # Outcomes are keys on the hot path, and Enum's own hash is slow Python.
    __hash__ = object.__hash__


class SyntaxFault(Enum):
    """What is wrong with a sender that is `Outcome.MALFORMED`."""

    TOO_LONG = "too_long"
    BRACKETS = "brackets"
    SOURCE_ROUTE = "source_route"
    LOCAL_PART = "local_part"
    DOMAIN = "domain"
    ADDRESS_LITERAL = "address_literal"
    IDN = "idn"
    NOT_UTF8 = "not_utf8"
    NO_SMTPUTF8 = "no_smtputf8"
    HEADER = "header"
    CONTROL = "control"

    __hash__ = object.__hash__


class TargetFault(Enum):
    """Why no mail exchanger of `Outcome.UNUSABLE_MX`, or no address, will do."""

    NULL = "null"
    NOT_A_HOST = "not_a_host"
    ADDRESS = "address"
    NONEXISTENT = "nonexistent"
    NO_ADDRESS = "no_address"
    SPECIAL_ADDRESS = "special_address"
    OWN_HOST = "own_host"
    DENIED = "denied"
    UNKNOWN = "unknown"

    __hash__ = object.__hash__


Reason: TypeAlias = FailureReason | SyntaxFault | TargetFault


@final
@value
class Finding:
    """
    The facts about one domain, and for how long they may be believed.

    A finding carries no opinion. Two servers with opposite policies can share
    one, which is why it is the thing that gets cached.

    Attributes:
        domain: The domain as asked for: A-labels, lower case, no final dot; ""
            where the sender has none.
        outcome: Which of the possible endings was reached.
        reason: Why, for `Outcome.TEMPFAIL`, `Outcome.MALFORMED` and
            `Outcome.UNUSABLE_MX`; for the latter that of the most preferred MX.
        ttl: Seconds it may be reused; the least TTL among the answers it rests
            on, and 0 whenever one of them was a failure.
        evidence: Each question put to the DNS and its answer, in that order;
            empty when nothing was asked, as for a remembered finding.
        cached: It was remembered, not looked up.
        stale: Its time is over, but the domain could not be asked again
            (RFC 8767); only findings in the sender's favour are kept so long.
        aliased: The name that the outcome is about is the end of an alias chain.
        detail: What else a reply may say about it; printable ASCII.
    """

    domain: DomainName
    outcome: Outcome
    reason: Reason | None = None
    ttl: int = 0
    evidence: tuple[tuple[Question, Answer], ...] = ()
    cached: bool = False
    stale: bool = False
    aliased: bool = False
    detail: str = ""

    @property
    def nonexistent_rfc8020(self) -> bool:
        """Whether the name does not exist by its rcode, as DMARC has it (RFC 9989)."""
        return self.outcome is Outcome.NXDOMAIN

    @property
    def nonexistent_broad(self) -> bool:
        """
        Whether there is no MX, A and AAAA, as RFC 9091, section 2.7, has it.

        Zones with compact denial (RFC 9824) say nothing else of a missing name.
        """
        return self.outcome in (Outcome.NXDOMAIN, Outcome.NODATA)
