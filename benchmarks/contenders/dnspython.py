"""
What is built on dnspython: its resolvers, email-validator, checkdmarc.

Owns      how each of them is asked for a verdict.
Knows not figures.
"""

from __future__ import annotations

import asyncio

from collections.abc import Callable

import dns.asyncresolver
import dns.resolver

from ..job import Job, in_threads, judged_in_tasks

_NULL_MX = "."


def _configured(job: Job) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = job.port
    return resolver


def _of_mx(answer: dns.resolver.Answer) -> str:
    exchanges = [str(mx.exchange) for mx in answer]
    return "NULL_MX" if exchanges == [_NULL_MX] else "MX"


def _run(job: Job, judge: Callable[[str], str], *, addresses: bool) -> list[str]:
    items = job.addresses if addresses else job.domains
    first = [name.address if addresses else name.domain for name in job.warming]
    in_threads(judge, first, job.in_flight)
    with job.timed():
        return in_threads(judge, items, job.in_flight)


def resolver(job: Job) -> list[str]:
    """`dns.resolver.Resolver`, MX and then addresses, in threads."""
    configured = _configured(job)

    def judge(domain: str) -> str:
        try:
            return _of_mx(configured.resolve(domain, "MX"))
        except dns.resolver.NXDOMAIN:
            return "NXDOMAIN"
        except dns.resolver.NoAnswer:
            pass
        for qtype in ("A", "AAAA"):
            try:
                configured.resolve(domain, qtype)
            except dns.resolver.NoAnswer:
                continue
            return "IMPLICIT_MX"
        return "NODATA"

    return _run(job, judge, addresses=False)


async def _tasks(job: Job) -> list[str]:
    configured = dns.asyncresolver.Resolver(configure=False)
    configured.nameservers = ["127.0.0.1"]
    configured.port = job.port

    async def judge(domain: str) -> str:
        try:
            return _of_mx(await configured.resolve(domain, "MX"))
        except dns.resolver.NXDOMAIN:
            return "NXDOMAIN"
        except dns.resolver.NoAnswer:
            pass
        for qtype in ("A", "AAAA"):
            try:
                await configured.resolve(domain, qtype)
            except dns.resolver.NoAnswer:
                continue
            return "IMPLICIT_MX"
        return "NODATA"

    return await judged_in_tasks(job, judge, senders=False)


def tasks(job: Job) -> list[str]:
    """`dns.asyncresolver.Resolver` in tasks."""
    return asyncio.run(_tasks(job))


def email_validator(job: Job) -> list[str]:
    """email-validator with a resolver that does not cache, in threads."""
    return _email_validator(job, _configured(job))


def email_validator_caching(job: Job) -> list[str]:
    """email-validator with its own caching resolver, in threads."""
    from email_validator import caching_resolver  # noqa: PLC0415 - only for this one

    return _email_validator(job, caching_resolver(dns_resolver=_configured(job)))


def _email_validator(job: Job, configured: dns.resolver.Resolver) -> list[str]:
    from email_validator import (  # noqa: PLC0415 - as above
        EmailUndeliverableError,
        validate_email,
    )

    def judge(address: str) -> str:
        try:
            info = validate_email(address, dns_resolver=configured)
        except EmailUndeliverableError as error:
            return "NXDOMAIN" if "not exist" in str(error) else "NOT_ACCEPTED"
        return "IMPLICIT_MX" if info.mx_fallback_type else "MX"

    return _run(job, judge, addresses=True)


def checkdmarc(job: Job) -> list[str]:
    """The records that checkdmarc's check of the MX begins with; no addresses."""
    from checkdmarc.utils import (  # noqa: PLC0415 - as above
        DNSExceptionNXDOMAIN,
        get_mx_record_set,
    )

    configured = _configured(job)

    def judge(domain: str) -> str:
        try:
            found = get_mx_record_set(domain, resolver=configured)
        except DNSExceptionNXDOMAIN:
            return "NXDOMAIN"
        if found["null_mx"]:
            return "NULL_MX"
        return "MX" if found["hosts"] else "NO_MX"

    return _run(job, judge, addresses=False)
