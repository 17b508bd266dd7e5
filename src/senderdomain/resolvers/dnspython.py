"""
Resolvers of dnspython: whatever a user has configured there, asked for us.

Owns      putting the question to dnspython, and which message of all that it got is
          the answer.
Knows not what a message means: `_wire` reads it, as it does for every resolver.

What these cannot bound: dnspython parses a message before it is ours, which takes
it seconds of CPU for some answers of 64 KiB; and it measures its own ``lifetime`` on
the wall clock, so that a step of the clock looks like a timeout. With an asyncio
resolver the verdict's deadline holds all the same.
"""

from __future__ import annotations

import time

from collections.abc import Callable
from typing import TypeVar

import dns.asyncbackend
import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.rdatatype
import dns.resolver

from .._ask import ForThreads
from .._dns import Answer, Failure, FailureReason, Question
from .._safeguards import ROOT_SERVER
from .._wire import answers, decode, labels_of, question_section

T = TypeVar("T")


def _asked(question: Question) -> tuple[dns.name.Name, dns.rdatatype.RdataType]:
    # Never from_text: it reads backslashes, and adds the search list (RFC 5321,
    # section 2.3.5, wants the name as it is).
    name = dns.name.Name([*labels_of(question.qname), b""])
    return name, dns.rdatatype.RdataType(question.qtype.value)


def configured(make: Callable[[], T]) -> T:
    """Make a resolver of the system's configuration, or raise ValueError."""
    try:
        return make()
    except dns.resolver.NoResolverConfiguration:
        msg = "the system's configuration names no DNS resolver; pass a resolver"
        raise ValueError(msg) from None


def _left(lifetime: float, deadline: float) -> float:
    return max(0.0, min(lifetime, deadline - time.monotonic()))


def read(message: dns.message.Message, question: Question) -> Answer:
    """Say what a message of dnspython's means, as the stub resolver would."""
    wire = message.wire or message.to_wire()
    if not answers(wire, question_section(question)):
        return Failure(FailureReason.MALFORMED, "not an answer")
    # If TC is set, dnspython was told not to ask again over TCP: malformed will do.
    return decode(wire, question)


def _unfound(error: Exception, question: Question) -> Answer:
    """Say what it means that dnspython raises instead of giving an answer."""
    if isinstance(error, dns.resolver.NXDOMAIN):
        name, _ = _asked(question)
        return read(error.kwargs["responses"][name], question)
    return _failure(error, question)


def _failure(error: Exception, question: Question) -> Answer:
    """
    Say why dnspython has given up.

    The list of what went wrong with each server tells; the class of the exception
    does not: one dead server beside one SERVFAIL is a ``LifetimeTimeout``.
    """
    if isinstance(error, dns.resolver.YXDOMAIN):
        return Failure(FailureReason.SERVFAIL, "rcode 6")
    if isinstance(error, dns.message.ChainTooLong):
        return Failure(FailureReason.ALIAS_LOOP, "dnspython")
    kwargs = getattr(error, "kwargs", None) or {}
    failures = [_one_failure(e, question) for e in kwargs.get("errors", ())]
    if not failures:
        return Failure(FailureReason.TIMEOUT, type(error).__name__)
    telling = [f for f in failures if f.reason is not FailureReason.TIMEOUT]
    return (telling or failures)[-1]


def _one_failure(error: tuple[object, ...], question: Question) -> Failure:
    *_, exception, response = error
    if isinstance(response, dns.message.Message):
        answer = read(response, question)
        if isinstance(answer, Failure):
            return answer
    if isinstance(exception, dns.exception.Timeout):
        return Failure(FailureReason.TIMEOUT, type(exception).__name__)
    if isinstance(exception, OSError):
        return Failure(FailureReason.RESOLVER_DOWN, type(exception).__name__)
    return Failure(FailureReason.MALFORMED, type(exception).__name__)


class DnspythonResolver(ForThreads):
    """
    Asks through a ``dns.resolver.Resolver``: its servers, transports and cache.

    Args:
        resolver: As configured by the user; dnspython's default if None. Its search
            list is not used.

    Raises:
        ValueError: If there is none to take from the system.
    """

    canary = ROOT_SERVER

    def __init__(self, resolver: dns.resolver.Resolver | None = None) -> None:
        """See the class."""
        self._resolver = resolver or configured(dns.resolver.Resolver)

    def resolve(self, question: Question, deadline: float, /) -> Answer:
        """See `Resolver.resolve`."""
        name, rdtype = _asked(question)
        try:
            found = self._resolver.resolve(
                name,
                rdtype,
                raise_on_no_answer=False,
                lifetime=_left(self._resolver.lifetime, deadline),
                search=False,
            )
        except (dns.exception.DNSException, OSError) as error:
            return _unfound(error, question)
        return read(found.response, question)


class AsyncDnspythonResolver:
    """
    Asks through a ``dns.asyncresolver.Resolver``, in asyncio.

    Args:
        resolver: As configured by the user; dnspython's default if None. Its search
            list is not used.

    Raises:
        ValueError: If there is none to take from the system.
    """

    canary = ROOT_SERVER

    def __init__(self, resolver: dns.asyncresolver.Resolver | None = None) -> None:
        """See the class."""
        self._resolver = resolver or configured(dns.asyncresolver.Resolver)
        # Named on every call: dnspython would sniff for trio each time.
        self._backend = dns.asyncbackend.get_backend("asyncio")

    async def resolve(self, question: Question, deadline: float, /) -> Answer:
        """See `AsyncResolver.resolve`."""
        name, rdtype = _asked(question)
        try:
            found = await self._resolver.resolve(
                name,
                rdtype,
                raise_on_no_answer=False,
                lifetime=_left(self._resolver.lifetime, deadline),
                search=False,
                backend=self._backend,
            )
        except (dns.exception.DNSException, OSError) as error:
            return _unfound(error, question)
        return read(found.response, question)
