"""W3: no answer is expensive, and none stops the event loop."""

from __future__ import annotations

import asyncio
import time

from contextlib import closing

import pytest

from senderdomain import AsyncDomainVerifier, DomainName, Question, Records, RecordType
from senderdomain._wire import answers, decode, question_section
from senderdomain.resolvers import AsyncStubResolver
from senderdomain.resolvers._pending import Timing
from senderdomain.testing import LoopbackDNS
from senderdomain.testing._exchange import framed, with_tc

from .clocks import seconds, slowness
from .oracle import read
from .profile import amount
from .shapes import SHAPES, SIZES, messages
from .test_decoder import disagreement

ASKED = Question(DomainName("d.example"), RecordType.MX)
SECTION = question_section(ASKED)

# Seconds of CPU: see docs/threat-model.md.
ANSWER = 20e-3
STALL = 50e-3


def everything(wire, question=ASKED):
    """Do all that can ever be done with an answer."""
    answer = decode(wire, question)
    if isinstance(answer, Records):
        assert answer.null_mx in (True, False)
        assert answer.usable in (True, False)
        assert answer.rrset
    return repr(answer)


def test_there_are_twenty_four_shapes():
    """W3: each fills its size, and is an answer to the question."""
    assert len(SHAPES) >= 24
    for name, size, wire in messages(SECTION):
        assert len(wire) <= size
        assert answers(wire, SECTION)
        if name != "a count of 65535":
            assert len(wire) > size * 0.9 - 600, (name, size, len(wire))
    kinds = {
        read(wire, (b"d", b"example"), 15).kind for _, _, wire in messages(SECTION)
    }
    assert kinds >= {"records", "nodata", "unreadable", "lost"}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_answer_is_expensive(shape, record_experiment):
    """W3: CPU time for everything that can be done with it, the best of three."""
    worst = 0.0
    for size in SIZES:
        wire = SHAPES[shape](SECTION, size)
        assert not disagreement(decode(wire, ASKED), wire, ASKED)
        cost = seconds(lambda w=wire: everything(w), tries=3)
        assert cost <= ANSWER, (size, cost)
        worst = max(worst, cost)
    record_experiment(
        promise="W3",
        what=f"CPU, {shape}",
        count=len(SIZES),
        result=f"{1e3 * worst:.2f} ms at the most",
    )


async def _longest_turn(stop):
    """Give the most CPU time that anybody has taken between two turns of the loop."""
    longest = 0.0
    before = time.thread_time()
    while not stop.done():
        await asyncio.sleep(0)
        now = time.thread_time()
        longest, before = max(longest, now - before), now
    return longest


async def _stall(server, domain):
    loop = asyncio.get_running_loop()
    stop = loop.create_future()
    with closing(
        AsyncStubResolver([server], timing=Timing(attempt_timeout=0.1))
    ) as resolver:
        verifier = AsyncDomainVerifier(resolver, deadline=0.2)
        await verifier.verify("a@warm.example")  # so that nothing is imported later
        watch = asyncio.ensure_future(_longest_turn(stop))
        await asyncio.sleep(0)
        verdict = await verifier.verify(f"a@{domain}")
        assert verdict.reply
        stop.set_result(None)
        return await watch / slowness()


def _sending(shape, size):
    # What does not fit a datagram of ours comes over TCP.
    def fault(exchange):
        section = exchange.query[12:-11]
        if size > 4_096 and not exchange.over_tcp:
            yield with_tc(exchange)
            return
        wire = exchange.query[:2] + SHAPES[shape](section, size)[2:]
        yield framed(wire) if exchange.over_tcp else wire

    return fault


@pytest.mark.parametrize("shape", SHAPES)
def test_no_answer_stops_the_event_loop(shape, record_experiment):
    """W3: from a real server, over UDP and TCP; CPU time of the loop's thread."""
    worst = 0.0
    sizes = amount((4_096, 65_535), SIZES)
    with LoopbackDNS({"warm.example": {"MX": ["1 m.warm.example."]}}) as dns:
        for size in sizes:
            domain = f"s{size}.example"
            dns.zone.fault(domain, _sending(shape, size))
            stalls = []
            while not stalls or (min(stalls) > STALL and len(stalls) < 3):
                stalls.append(asyncio.run(_stall(dns.server, domain)))
            assert min(stalls) <= STALL, (size, stalls)
            worst = max(worst, min(stalls))
            assert dns.asked[f"{domain} MX"]
    record_experiment(
        promise="W3",
        what=f"turn of the event loop, {shape}",
        count=len(sizes),
        result=f"{1e3 * worst:.2f} ms at the most",
    )
