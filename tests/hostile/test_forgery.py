"""S1: what a forger sends first does not matter, and he has to guess."""

from __future__ import annotations

import asyncio
import struct
import time

from contextlib import closing

import pytest

from senderdomain import (
    AsyncDomainVerifier,
    DomainName,
    DomainVerifier,
    Outcome,
    Question,
    RecordType,
)
from senderdomain.resolvers import AsyncStubResolver, StubResolver
from senderdomain.resolvers._channel import RandomIds
from senderdomain.resolvers._pending import Timing
from senderdomain.testing import LoopbackDNS
from senderdomain.testing._exchange import Elsewhere

from ..test_stub import Scripted, good
from .profile import amount

ZONE = {"d.example": {"MX": ["10 mx.d.example."]}}
DEADLINE = 5.0


def _with(wire, at, octet):
    return wire[:at] + bytes([octet]) + wire[at + 1 :]


def forgeries(query, truth):
    """Make what a forger may send, each with the name of its trick."""
    nxdomain = _with(truth, 3, truth[3] & 0xF0 | 3)
    denial = query[:2] + struct.pack("!5H", 0x8183, 1, 0, 0, 0) + query[12:-11]
    end = len(denial)
    return {
        "wrong ID": bytes([denial[0] ^ 1]) + denial[1:],
        "other half of the ID": denial[:1] + bytes([denial[1] ^ 0x80]) + denial[2:],
        "another name": _with(denial, 13, denial[13] ^ 1),
        "another type": _with(denial, end - 3, 1),
        "another class": _with(denial, end - 1, 3),
        "a longer name": denial[:12] + b"\1x" + denial[12:],
        "a query": _with(denial, 2, denial[2] & 0x7F),
        "another opcode": _with(denial, 2, denial[2] | 0x28),
        "two questions": _with(denial, 5, 2),
        "no question": denial[:4] + b"\0\0" + denial[6:12],
        "TC, another name": _with(_with(denial, 13, ord("y")), 2, denial[2] | 2),
        "nothing": b"",
        "an octet": query[:1],
        "the ID": query[:2],
        "half a header": denial[:11],
        "only a header": denial[:12],
        "the query itself": query,
        "NXDOMAIN with records": nxdomain,
        "cut": truth[:-1],
        "junk behind it": truth + b"x",
        "random": query[:2] + bytes(range(200)),
        "another count": _with(truth, 7, 9),
    }


def _racing(count):
    """Let *count* forgeries arrive before the truth, from near and far."""

    def fault(exchange):
        truth = exchange.truth()
        tricks = [*forgeries(exchange.query, truth).values()]
        for number in range(count):
            forged = tricks[number % len(tricks)]
            yield forged
            if number % 3 == 0:
                # A perfect denial, but from another port or another address.
                denial = exchange.query[:2] + struct.pack("!5H", 0x8183, 1, 0, 0, 0)
                denial += exchange.query[12:-11]
                yield Elsewhere(denial, "127.0.0.2" if number % 2 else "")
        yield truth

    return fault


def _sync(server):
    with closing(StubResolver([server])) as resolver:
        return DomainVerifier(resolver, deadline=DEADLINE).verify("a@d.example")


def _async(server):
    async def main():
        with closing(AsyncStubResolver([server])) as resolver:
            verifier = AsyncDomainVerifier(resolver, deadline=DEADLINE)
            return await verifier.verify("a@d.example")

    return asyncio.run(main())


@pytest.mark.parametrize("way", [_sync, _async])
def test_the_truth_wins_whatever_comes_before_it(way, record_experiment):
    """S1: from one forged datagram to 64."""
    start = time.monotonic()
    for count in range(1, 65):
        with LoopbackDNS(ZONE) as dns:
            dns.zone.fault("d.example", _racing(count))
            verdict = way(dns.server)
        assert verdict.outcome is Outcome.MX, count
    record_experiment(
        promise="S1",
        what=f"k = 1 to 64 forgeries, then the truth ({way.__name__[1:]})",
        count=sum(range(1, 65)),
        result=f"64 of 64 true, {time.monotonic() - start:.1f} s in all",
    )


def test_each_trick_alone_is_ignored():
    """S1: none of them is even partly believed."""
    tricks = forgeries(b"\1\2" + bytes(10) + b"\1d\0\0\x0f\0\1" + bytes(11), bytes(99))
    for trick in tricks:

        def fault(exchange, trick=trick):
            yield forgeries(exchange.query, exchange.truth())[trick]
            yield exchange.truth()

        with LoopbackDNS(ZONE) as dns:
            dns.zone.fault("d.example", fault)
            assert _sync(dns.server).outcome is Outcome.MX, trick


def test_each_try_has_a_port_and_an_id_of_its_own(record_experiment):
    """S1: three tries, three of both; and never the ID of before."""
    tries = amount(20, 200)
    all_ids = []
    for _ in range(tries):
        with (
            Scripted(lambda n, query: [good(query)] if n == 2 else []) as server,
            closing(
                StubResolver([server.server], timing=Timing(attempt_timeout=0.05))
            ) as resolver,
        ):
            asked = Question(DomainName("d.example"), RecordType.MX)
            resolver.resolve(asked, time.monotonic() + DEADLINE)
            received = list(server.received)
        ids = {query[:2] for query, _ in received}
        ports = {client[1] for _, client in received}
        assert len(received) == 3
        assert len(ports) == 3
        all_ids.append(len(ids))
    # Two of three are the same once in 22,000 times.
    assert all_ids.count(3) >= tries - 1
    record_experiment(
        promise="S1",
        what="three tries of a question",
        count=3 * tries,
        result="three source ports and three IDs each",
    )


# The chance that a sound source exceeds this is one in a thousand, with 255 degrees of
# freedom; three times in a row, one in a billion.
CHI_SQUARE = 330.5
IDS = 10_000


def _chi_square(octets):
    expected = len(octets) / 256
    return sum((octets.count(n) - expected) ** 2 / expected for n in range(256))


@pytest.mark.parametrize("half", [0, 1])
def test_ids_are_drawn_evenly(half, record_experiment):
    """S1: a chi-square test of each octet, which a sound source passes."""
    least = min(
        _chi_square([ids.draw()[half] for _ in range(IDS)])
        for ids in (RandomIds(), RandomIds(), RandomIds())
    )
    assert least <= CHI_SQUARE
    record_experiment(
        promise="S1",
        what=f"chi-square of octet {half} of the ID",
        count=IDS,
        result=f"{least:.0f}, limit {CHI_SQUARE}",
    )


def test_the_test_of_ids_can_fail():
    """A counter would not pass, nor would a generator of 15 bits."""
    assert _chi_square([n // 256 % 256 for n in range(IDS)]) > CHI_SQUARE
    assert _chi_square([n % 128 for n in range(IDS)]) > CHI_SQUARE
