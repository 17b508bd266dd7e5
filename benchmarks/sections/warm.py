"""
Warm verdicts: the domain is remembered.

Owns      what is called, with which strings, and what the loop itself costs.
Knows not why it takes that long.

Each call gets a string that nobody has hashed before, as a server does. The strings
are made beforehand, one for each of 1,000 domains, and the time of an empty loop over
them is taken away.
"""

from __future__ import annotations

import asyncio
import threading
import time

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import cachetools
import dns.resolver

from senderdomain import AsyncDomainVerifier, DomainVerifier, FindingCache
from senderdomain.resolvers import AsyncStubResolver, StubResolver

from .. import paired, truth
from ..inside import call
from ..lab import Lab
from ..tables import number, spread, table
from ..truth import Name

# Domains that are remembered.
_DOMAINS = 1_000

# Slow ones are called less often.
_SLOW = 20

DICT = "`dict[domain]`"
VERIFY_DOMAIN = "`verify_domain`"
VERIFY = "`verify`"
AWAIT_VERIFY = "`await verify`"
EMAIL_VALIDATOR = "email-validator, caching resolver"

_EMPTY = "empty loop"


def measure(lab: Lab) -> Any:  # noqa: ANN401 - what can be written as JSON
    """Measure in processes of their own, one a round."""
    wanted = {
        "names": str(lab.knot.names),
        "port": lab.knot.port,
        "batches": lab.some(300, 3),
    }
    return [call("sections.warm", "nanoseconds", wanted) for _ in range(lab.rounds)]


def nanoseconds(wanted: dict[str, Any]) -> dict[str, float]:
    """Tell what one call takes, by its name."""
    names = truth.read(Path(wanted["names"]), 0, _DOMAINS)
    server = f"127.0.0.1:{wanted['port']}"
    cache = FindingCache()
    with DomainVerifier(StubResolver([server]), cache=cache) as verifier:
        said: list[str] = []
        for _ in range(3):  # a domain is hot from its second hit on
            said = [verifier.verify(name.address).outcome.name for name in names]
        if wrong := truth.count_wrong(names, said):
            msg = f"{wrong} wrong verdicts"
            raise RuntimeError(msg)
        later = AsyncDomainVerifier(AsyncStubResolver([server]), cache=cache)
        return asyncio.run(_measured(verifier, later, names, wanted))


async def _measured(
    verifier: DomainVerifier,
    later: AsyncDomainVerifier,
    names: Sequence[Name],
    wanted: dict[str, Any],
) -> dict[str, float]:
    batches = wanted["batches"]
    domains = _stores(names)
    domains[VERIFY_DOMAIN] = partial(_each, verifier.verify_domain)
    addresses = {VERIFY: partial(_each, verifier.verify)}
    validator = {EMAIL_VALIDATOR: partial(_each, _validator(wanted["port"], names))}
    found = _timed(domains, names, "", batches)
    found |= _timed(addresses, names, "user@", batches)
    found[AWAIT_VERIFY] = await _awaited(later, names, batches)
    found |= _timed(validator, names, "user@", max(3, batches // _SLOW))
    empty = _timed({_EMPTY: _nothing}, names, "user@", batches)[_EMPTY]
    return {label: (each - empty) / _DOMAINS for label, each in found.items()}


Loop = Callable[[Sequence[str]], None]


def _nothing(items: Sequence[str]) -> None:
    for _ in items:
        pass


def _each(function: Callable[[str], object], items: Sequence[str]) -> None:
    for item in items:
        function(item)


def _stores(names: Sequence[Name]) -> dict[str, Loop]:
    known = {name.domain: name for name in names}
    timed: Any = cachetools.TTLCache(65_536, 3600)
    timed.update(known)
    lock = threading.Lock()

    def plain(items: Sequence[str]) -> None:
        for item in items:
            known[item]

    def expiring(items: Sequence[str]) -> None:
        for item in items:
            timed[item]

    def locked(items: Sequence[str]) -> None:
        for item in items:
            with lock:
                timed[item]

    return {
        DICT: plain,
        "`cachetools.TTLCache[domain]`": expiring,
        "the same behind a lock": locked,
    }


def _validator(port: int, names: Sequence[Name]) -> Callable[[str], None]:
    from email_validator import (  # noqa: PLC0415 - the tests have no use for it
        EmailUndeliverableError,
        caching_resolver,
        validate_email,
    )

    plain = dns.resolver.Resolver(configure=False)
    plain.nameservers = ["127.0.0.1"]
    plain.port = port
    resolver = caching_resolver(dns_resolver=plain)

    def validate(address: str) -> None:
        with suppress(EmailUndeliverableError):
            validate_email(address, dns_resolver=resolver)

    for name in names:
        validate(name.address)
    return validate


def _fresh(names: Sequence[Name], before: str) -> list[str]:
    # Put together anew, so that the hash of none is known.
    return [before + name.domain[:3] + name.domain[3:] for name in names]


def _timed(
    loops: Mapping[str, Loop], names: Sequence[Name], before: str, batches: int
) -> dict[str, float]:
    taken: dict[str, list[int]] = {label: [] for label in loops}
    for _ in range(batches):
        for label, loop in loops.items():
            items = _fresh(names, before)
            start = time.perf_counter_ns()
            loop(items)
            taken[label].append(time.perf_counter_ns() - start)
    return {label: median(each) for label, each in taken.items()}


async def _awaited(
    verifier: AsyncDomainVerifier, names: Sequence[Name], batches: int
) -> float:
    taken = []
    verify = verifier.verify
    for _ in range(batches):
        items = _fresh(names, "user@")
        start = time.perf_counter_ns()
        for item in items:
            await verify(item)
        taken.append(time.perf_counter_ns() - start)
    return median(taken)


def over(data: Any, label: str, under: str) -> paired.Figure:  # noqa: ANN401
    """Divide the time of one call by that of another, round by round."""
    return paired.figure([each[label] / each[under] for each in data])


def show(data: Any) -> list[str]:  # noqa: ANN401
    """Write the table."""
    rows = []
    for label in sorted(data[0], key=data[0].__getitem__):
        taken = paired.figure([each[label] for each in data])
        against = over(data, label, DICT)
        rows.append(
            [label, number(taken.middle), spread(taken), number(against.middle)]
        )
    header = ("call", "ns", "least - most", f"over {DICT}")
    return table(header, rows)
