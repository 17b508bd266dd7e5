"""
The library itself, whole: validation, cache, single flight, fall-backs, safeguards.

Owns      one function for each way to use it.
Knows not figures.
"""

from __future__ import annotations

import asyncio

from collections.abc import Iterable

from senderdomain import AsyncDomainVerifier, DomainVerifier, Outcome
from senderdomain.resolvers import AsyncStubResolver, StubResolver

from ..job import Job, in_threads, judged_in_tasks


def _names(outcomes: Iterable[Outcome]) -> list[str]:
    return [outcome.name for outcome in outcomes]


def verify(job: Job) -> list[str]:
    """`DomainVerifier.verify`, in one thread or in several."""
    with DomainVerifier(StubResolver([job.server])) as verifier:

        def judge(address: str) -> Outcome:
            return verifier.verify(address).outcome

        in_threads(judge, [name.address for name in job.warming], job.in_flight)
        addresses = job.addresses
        with job.timed():
            outcomes = in_threads(judge, addresses, job.in_flight)
    return _names(outcomes)


def verify_many(job: Job) -> list[str]:
    """`DomainVerifier.verify_many`, in one thread."""
    with DomainVerifier(StubResolver([job.server])) as verifier:
        for _ in verifier.verify_many(name.address for name in job.warming):
            pass
        addresses = job.addresses
        with job.timed():
            said = {
                verdict.sender: verdict.outcome
                for verdict in verifier.verify_many(addresses, in_flight=job.in_flight)
            }
    return _names(said[address] for address in addresses)


async def _tasks(job: Job) -> list[str]:
    resolver = AsyncStubResolver([job.server])
    async with AsyncDomainVerifier(resolver) as verifier:

        async def judge(address: str) -> Outcome:
            return (await verifier.verify(address)).outcome

        outcomes = await judged_in_tasks(job, judge, senders=True)
    resolver.close()  # a verifier leaves what it was given alone
    return _names(outcomes)


async def _many(job: Job) -> list[str]:
    resolver = AsyncStubResolver([job.server])
    async with AsyncDomainVerifier(resolver) as verifier:
        async for _ in verifier.verify_many([name.address for name in job.warming]):
            pass
        addresses = job.addresses
        with job.timed():
            verdicts = verifier.verify_many(addresses, in_flight=job.in_flight)
            said = {verdict.sender: verdict.outcome async for verdict in verdicts}
    resolver.close()  # a verifier leaves what it was given alone
    return _names(said[address] for address in addresses)


def tasks(job: Job) -> list[str]:
    """`AsyncDomainVerifier.verify` in tasks on asyncio's own loop."""
    return asyncio.run(_tasks(job))


def tasks_uvloop(job: Job) -> list[str]:
    """The same on uvloop."""
    import uvloop  # noqa: PLC0415 - only for this contender

    return uvloop.run(_tasks(job))


def async_many(job: Job) -> list[str]:
    """`AsyncDomainVerifier.verify_many` on asyncio's own loop."""
    return asyncio.run(_many(job))


def verify_list(job: Job) -> list[str]:
    """`DomainVerifier.verify_many` on a generator, in order, keeping no verdict."""
    with DomainVerifier(StubResolver([job.server])) as verifier:
        for _ in verifier.verify_many(name.address for name in job.warming):
            pass
        addresses = (name.address for name in job.names)
        with job.timed():
            verdicts = verifier.verify_many(
                addresses, in_flight=job.in_flight, ordered=True
            )
            outcomes = [verdict.outcome for verdict in verdicts]
    return _names(outcomes)
