"""
The words of the DNS that a verdict needs: names, questions and answers.

Owns      `DomainName`, `Question`, the closed union `Answer` and the reasons for
          which an answer can fail.
Knows not how a question is carried, what an answer means for mail, SMTP.

    Answer = Records | NoData | NxDomain | Failure

Bad news is a value, never an exception.
"""

from __future__ import annotations

import re

from collections.abc import Generator
from dataclasses import field
from enum import Enum
from typing import NewType, TypeAlias, TypeVar, final

from ._value import short, value

DomainName = NewType("DomainName", str)
"""A-labels, lower case, no final dot (RFC 5890); made by `_address` only."""

# Letters, digits, hyphens, and the underscore that many real exchanges carry:
# the DNS permits any octet (RFC 2181, section 11), a host name does not.
is_host = re.compile(r"[a-zA-Z0-9_-]+(?:\.[a-zA-Z0-9_-]+)*").fullmatch


MAX_LABEL = 63
"""Octets of a label at the most (RFC 1035, section 2.3.4)."""

_REPR_RECORDS = 4


class RecordType(Enum):
    """
    The resource record types that a verdict asks for (RFC 1035, RFC 3596).

    PTR is asked only by profiles of servers that do so for address literals.
    """

    A = 1
    PTR = 12
    MX = 15
    AAAA = 28

    __hash__ = object.__hash__


class FailureReason(Enum):
    """Why a question has no usable answer; every one of them is temporary."""

    TIMEOUT = "timeout"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    FILTERED = "filtered"
    ALIAS_LOOP = "alias_loop"
    QUESTION_LIMIT = "question_limit"
    OVERLOAD = "overload"
    RESOLVER_DOWN = "resolver_down"
    BOGUS = "bogus"
    RESOLVER_BUG = "resolver_bug"
    OUTAGE = "outage"

    __hash__ = object.__hash__


@final
@value
class Question:
    """
    One question for the DNS; the class is always IN.

    Attributes:
        qname: The name, A-labels, lower case, no final dot.
        qtype: The type of the records asked for.
    """

    qname: DomainName
    qtype: RecordType

    def __str__(self) -> str:
        """As in a master file: ``example.org MX``."""
        return f"{self.qname} {self.qtype.name}"


@value
class MX:
    """
    One MX record (RFC 1035, section 3.3.9).

    Attributes:
        preference: Lower is preferred, 0 to 65535.
        exchange: The host, lower case, no final dot; "" is the root. Octets
            that no host name has are escaped as in a master file.
    """

    preference: int
    exchange: str


class Records:
    """
    The records that were asked for, at the end of any alias chain.

    Attributes:
        ttl: Seconds; the least TTL of the records and aliases it rests on.
        rrset: `MX` values in order of preference, or addresses as text.
        aliases: The names that led to them, without the one asked for.
    """

    __slots__ = ("_rrset", "aliases", "ttl")

    def __init__(
        self, ttl: int, rrset: tuple[MX | str, ...], aliases: tuple[str, ...] = ()
    ) -> None:
        """Keep *rrset*; *ttl* is in seconds."""
        self.ttl = ttl
        self.aliases = aliases
        self._rrset: tuple[MX | str, ...] | None = rrset

    @property
    def rrset(self) -> tuple[MX | str, ...]:
        """The records themselves."""
        return self._rrset or ()

    @property
    def null_mx(self) -> bool:
        """Whether this is a null MX: ``MX 0 .`` and nothing else (RFC 7505, s3)."""
        return self.rrset == (MX(0, ""),)

    @property
    def usable(self) -> bool:
        """Whether an MX names a host, or there are addresses (RFC 5321, s5.1)."""
        return any(type(r) is not MX or is_host(r.exchange) for r in self.rrset)

    def __eq__(self, other: object) -> bool:
        """Same TTL, same records."""
        if not isinstance(other, Records):
            return NotImplemented
        return (self.ttl, self.rrset) == (other.ttl, other.rrset)

    def __hash__(self) -> int:
        """As `__eq__` has it."""
        return hash((self.ttl, self.rrset))

    def __repr__(self) -> str:
        """Show the first records only: an answer may hold hundreds."""
        more = ", ..." if len(self.rrset) > _REPR_RECORDS else ""
        shown = ", ".join(map(repr, self.rrset[:_REPR_RECORDS]))
        return short(f"Records(ttl={self.ttl}, rrset=({shown}{more}))")


@value
class NoData:
    """
    The name exists, records of this type do not (RFC 2308, section 2.2).

    Attributes:
        ttl: Seconds it may be reused; 0 without a SOA (RFC 2308, section 5).
        doubt: Why this proves nothing by itself, if the resolver has said so
            (RFC 8914): the name is filtered, the answer stale, or bogus.
        aliases: As in `Records`; does not count when two are compared.
    """

    ttl: int = 0
    doubt: FailureReason | None = None
    aliases: tuple[str, ...] = field(default=(), compare=False, repr=False)


@value
class NxDomain:
    """
    The name does not exist, nor anything below it (RFC 2308, s2.1; RFC 8020).

    Attributes:
        ttl: Seconds it may be reused; 0 without a SOA (RFC 2308, section 5).
        aliased: The missing name is the end of an alias chain and not the one
            asked for, so nothing follows for names below the latter.
    """

    ttl: int = 0
    aliased: bool = False


@value
class Failure:
    """
    A resolution failure (RFC 9520): nothing is known, and it may pass.

    Attributes:
        reason: Which of the known kinds.
        detail: For a log or ``--explain``; never for an SMTP reply.
        rcode: The response code, if there was a response. This, *aliases* and *beyond*
            do not count when two failures are compared.
        aliases: As in `Records`.
        beyond: What stands at the end of a chain of too many aliases.
    """

    reason: FailureReason
    detail: str = ""
    rcode: int | None = field(default=None, compare=False, repr=False)
    aliases: tuple[str, ...] = field(default=(), compare=False, repr=False)
    beyond: Records | None = field(default=None, compare=False, repr=False)


Answer: TypeAlias = Records | NoData | NxDomain | Failure

Exchanged: TypeAlias = tuple[Question, Answer]
"""A question, and the answer that it got."""

Step: TypeAlias = Question | tuple[Question, ...]
"""
What a lookup asks next.

A `Question` has its answer sent back. A tuple of them is asked at the same time, and
the first answer that comes is sent back with its question; for the next one, an empty
tuple will do.
"""

T = TypeVar("T")
Steps: TypeAlias = Generator[Step, Answer | Exchanged, T]
"""A lookup under way: yields steps, is sent answers, returns a ``T``."""
