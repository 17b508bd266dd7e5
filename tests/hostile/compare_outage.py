"""
The same troubles for email-validator, for dnspython alone and for us: a table.

    python -m tests.hostile.compare_outage [--names N]

Needs email-validator beside what the tests need; without it, its rows are left out.
Everything happens on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import socket
import time

from abc import ABC, abstractmethod
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import dns.exception
import dns.resolver

from senderdomain import AsyncDomainVerifier, DomainVerifier, FailureReason
from senderdomain._safeguards import ROOT_SERVER
from senderdomain.resolvers import AsyncStubResolver, StubResolver
from senderdomain.testing import LoopbackDNS, Zone

WORKERS = 64
DEADLINE = 5.0  # ours; the others are given the same


class Silent(Zone):
    """Never answers about names with ``tarpit`` in them."""

    def play(self, wire, *, over_tcp=False):
        """See `Zone.play`."""
        asked, steps = super().play(wire, over_tcp=over_tcp)
        return asked, () if "tarpit" in asked else steps


class Asker(ABC):
    """Something that says whether a sender's domain exists; a call, in a thread."""

    name = ""

    @abstractmethod
    def ask(self, domain):
        """Give ``accept``, ``defer`` or ``reject``."""


class Dnspython(Asker):
    """A resolver of dnspython, with a cache, and what most people write around it."""

    name = "dnspython's resolver"

    def __init__(self, port):
        """Ask 127.0.0.1."""
        self.resolver = dns.resolver.Resolver(configure=False)
        self.resolver.nameservers, self.resolver.port = ["127.0.0.1"], port
        self.resolver.lifetime = DEADLINE
        self.resolver.cache = dns.resolver.LRUCache()

    def ask(self, domain):
        """Look for an MX."""
        try:
            self.resolver.resolve(domain, "MX", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return "reject"
        except dns.exception.DNSException:
            return "defer"
        return "accept"


class EmailValidator(Dnspython):
    """email-validator, with the resolver above."""

    name = "email-validator"

    def ask(self, domain):
        """Validate an address."""
        from email_validator import (
            EmailUndeliverableError,
            validate_email,
        )

        try:
            found = validate_email(f"a@{domain}", dns_resolver=self.resolver)
        except EmailUndeliverableError:
            return "reject"
        return "accept" if getattr(found, "mx", None) else "accept unknown"


class Ours(Asker):
    """A `DomainVerifier`."""

    name = "senderdomain"

    def __init__(self, port):
        """Ask 127.0.0.1."""
        resolver = StubResolver([f"127.0.0.1:{port}"])
        self.verifier = DomainVerifier(resolver, deadline=DEADLINE)

    def ask(self, domain):
        """Verify a sender."""
        return self.verifier.verify(f"a@{domain}").action.name.lower()


def kinds():
    """Give those that are there."""
    found = importlib.util.find_spec("email_validator") is not None
    return [*([EmailValidator] if found else []), Dnspython, Ours]


def timed(asker, domain):
    """Ask, and measure."""
    start = time.perf_counter()
    return asker.ask(domain), time.perf_counter() - start


def at(took, share):
    """Give a percentile."""
    took = sorted(took)
    return took[min(len(took) - 1, int(len(took) * share))]


def shown(counts):
    """Show how often each was said."""
    return ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))


@contextmanager
def black_hole():
    """Open a socket that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hole:
        hole.bind(("127.0.0.1", 0))
        yield hole.getsockname()[1]


@contextmanager
def nobody():
    """Give a port where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    yield port


@contextmanager
def served(zone):
    """Serve a zone."""
    with LoopbackDNS(zone) as server:
        yield server.port


def everything(asker, names):
    """Ask for all, with as many threads as a server has; give what comes of it."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda name: timed(asker, name), names))


def outage(names):
    """Say what a resolver in trouble costs, and who is refused for it."""
    storm = Zone({ROOT_SERVER: {}})
    storm.fault(ROOT_SERVER, "servfail")
    failing = Zone()
    for n in range(names):
        failing.fault(f"d{n}.honest-{n % 7}.com", "servfail")
    failing.fault(ROOT_SERVER, "servfail")
    troubles = [
        ("silent", black_hole),
        ("nobody listens", nobody),
        ("SERVFAIL to all", lambda: served(failing)),
        ("NXDOMAIN to all", lambda: served(storm)),
    ]
    for trouble, world in troubles:
        for kind in kinds():
            with world() as port:
                asker = kind(port)
                domains = [f"d{n}.honest-{n % 7}.com" for n in range(names)]
                start = time.perf_counter()
                results = everything(asker, domains)
                total = time.perf_counter() - start
                late = [seconds for _, seconds in results[names // 2 :]]
            said = shown(Counter(what for what, _ in results))
            print(
                f"{trouble:16} {kind.name:21} {total:8.2f} s for all,"
                f" p99 of the second half {1000 * at(late, 0.99):8.2f} ms   {said}"
            )


def tarpit(names):
    """Say how long the honest wait beside a tarpit."""
    zone = Silent({f"*.honest-{n}.com": {"MX": ["10 mx.d.com."]} for n in range(7)})
    domains = []
    for n in range(names):
        domains += [f"d{n}.tarpit.com", f"h{n}.honest-{n % 7}.com"]
    for kind in kinds():
        with served(zone) as port:
            results = everything(kind(port), domains)
        honest = results[1::2]
        said = shown(Counter(what for what, _ in honest))
        took = [seconds for _, seconds in honest]
        dead = sum(seconds for _, seconds in results[::2]) / len(honest)
        print(
            f"{'tarpit':16} {kind.name:21} honest: p50 {1000 * at(took, 0.5):.2f} ms,"
            f" p99 {1000 * at(took, 0.99):.2f} ms, {said}; a thread is held for"
            f" {1000 * dead:.1f} ms by a dead name"
        )


async def ours_at_once(zone, names, callers):
    """Do as in Q2: *callers* tasks at a tarpit, and somebody honest beside them."""
    with LoopbackDNS(zone) as server:
        resolver = AsyncStubResolver([server.server])
        verifier = AsyncDomainVerifier(resolver, deadline=DEADLINE)
        source = (f"n{n}.tarpit.com" for n in range(names))
        turned_away, took, most = [], [], 0

        async def attack():
            for name in source:
                start = time.perf_counter()
                verdict = await verifier.verify(f"a@{name}")
                if verdict.reason is FailureReason.OVERLOAD:
                    turned_away.append(time.perf_counter() - start)
                await asyncio.sleep(0.001)

        async def honest():
            nonlocal most
            for n in range(2_000):
                start = time.perf_counter()
                verdict = await verifier.verify(f"a@h{n}.honest-{n % 7}.com")
                took.append(time.perf_counter() - start)
                assert verdict.accepted, verdict
                most = max(most, verifier.stats().under_way)
                await asyncio.sleep(0.005)

        await asyncio.gather(honest(), *(attack() for _ in range(callers)))
        resolver.close()
    print(
        f"{'tarpit, at once':16} {'senderdomain, asyncio':21} {names} names, {callers}"
        f" callers: honest p50 {1000 * at(took, 0.5):.2f} ms, p99"
        f" {1000 * at(took, 0.99):.2f} ms; turned away {len(turned_away)}, p99"
        f" {1000 * at(turned_away, 0.99):.2f} ms; most under way {most}"
    )


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=640)
    parser.add_argument("--callers", type=int, default=1_000)
    arguments = parser.parse_args()
    outage(arguments.names)
    tarpit(arguments.names // 2)
    zone = Silent({f"*.honest-{n}.com": {"MX": ["10 mx.d.com."]} for n in range(7)})
    asyncio.run(ours_at_once(zone, 10_000, arguments.callers))


if __name__ == "__main__":
    main()
