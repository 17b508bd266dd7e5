"""Q1: one sender never makes many questions of itself."""

from __future__ import annotations

import asyncio
import itertools

from contextlib import closing

import pytest

from senderdomain import AsyncDomainVerifier, Depth, DomainVerifier
from senderdomain.resolvers import AsyncStubResolver
from senderdomain.resolvers._pending import MAX_SENDS, Timing
from senderdomain.testing import FAULTS, AsyncZoneResolver, LoopbackDNS, ZoneResolver

# Questions: see docs/threat-model.md.
SHALLOW, DEEP = 3, 7

CHAIN = {f"c{n}.example": {"CNAME": [f"c{n + 1}.example."]} for n in range(30)}
HOSTS = {f"h{n}.example": {"A": [f"192.0.2.{n}"]} for n in range(20)}
OUTER = {f"o{n}.example": {"CNAME": [f"c{n}.example."]} for n in range(30)}
ZONES = {
    "missing": {},
    "empty": {"d.example": {}},
    "text": {"d.example": {"TXT": ['"x"']}},
    "MX": {"d.example": {"MX": ["1 h1.example."]}},
    "500 MX": {"d.example": {"MX": [f"{n} h{n}.example." for n in range(500)]}},
    "500 MX of nobody": {
        "d.example": {"MX": [f"{n} g{n}.example." for n in range(500)]}
    },
    "500 MX at one host": {
        "d.example": {"MX": [f"{n} h1.example." for n in range(500)]}
    },
    "500 MX behind aliases": {
        "d.example": {"MX": [f"{n} o{n % 30}.example." for n in range(500)]}
    },
    "null MX": {"d.example": {"MX": ["0 ."]}},
    "many roots": {"d.example": {"MX": [f"{n} ." for n in range(100)]}},
    "MX of itself": {"d.example": {"MX": ["1 d.example."]}},
    "MX below itself": {"d.example": {"MX": ["1 a.d.example.", "2 a.a.d.example."]}},
    "MX of text": {"d.example": {"MX": ["1 192.0.2.1."]}},
    "MX of spaces": {"d.example": {"MX": ["1 a\\032b.example."]}},
    "A": {"d.example": {"A": ["192.0.2.1"]}},
    "AAAA": {"d.example": {"AAAA": ["2001:db8::1"]}},
    "500 A": {"d.example": {"A": [f"10.0.{n // 250}.{n % 250}" for n in range(500)]}},
    "alias": {"d.example": {"CNAME": ["h1.example."]}},
    "alias of nobody": {"d.example": {"CNAME": ["gone.example."]}},
    "alias of itself": {"d.example": {"CNAME": ["d.example."]}},
    "alias loop": {
        "d.example": {"CNAME": ["e.example."]},
        "e.example": {"CNAME": ["d.example."]},
    },
    "long chain": {"d.example": {"CNAME": ["c0.example."]}},
    "chain that fits": {"d.example": {"CNAME": ["c20.example."]}},
    "MX at an alias": {"d.example": {"MX": ["1 o3.example."]}},
    "MX at a long chain": {"d.example": {"MX": ["1 o0.example."]}},
    "wildcard": {"*.example": {"MX": ["1 h1.example."]}},
    "wildcard of aliases": {"*.example": {"CNAME": ["c25.example."]}},
    "MX of private hosts": {
        "d.example": {"MX": [f"{n} p{n}.example." for n in range(9)]},
        **{f"p{n}.example": {"A": ["10.0.0.1"]} for n in range(9)},
    },
}
FAULTY = [kind for kind in FAULTS if "(" not in kind]


def _zone(records):
    return {**HOSTS, **CHAIN, **OUTER, **records}


def test_there_are_forty_zones():
    """As the plan has it, faults counted."""
    assert len(ZONES) + len(FAULTY) >= 40


CASES = [*itertools.product(ZONES, ["none"]), *itertools.product(["MX", "A"], FAULTY)]


@pytest.mark.parametrize("depth", Depth)
def test_a_verdict_asks_few_questions(depth, record_experiment):
    """Q1: in threads and in tasks, whatever the zone says."""
    limit = SHALLOW if depth is Depth.EXISTS else DEEP
    most = 0
    for name, fault in CASES:
        for kind in (ZoneResolver, AsyncZoneResolver):
            resolver = kind(_zone(ZONES[name]))
            if fault != "none":
                resolver.fault("d.example", fault)
            _verify(resolver, depth)
            asked = resolver.questions
            assert 1 <= len(asked) <= limit, (name, fault, asked)
            assert len(set(asked)) == len(asked), (name, fault, asked)
            most = max(most, len(asked))
    record_experiment(
        promise="Q1",
        what=f"zones and faults, {depth.name}",
        count=2 * len(CASES),
        result=f"{most} questions at the most, limit {limit}",
    )


def _verify(resolver, depth):
    if isinstance(resolver, ZoneResolver):
        DomainVerifier(resolver, depth=depth).verify("a@d.example")
    else:
        verifier = AsyncDomainVerifier(resolver, depth=depth)
        asyncio.run(verifier.verify("a@d.example"))


@pytest.mark.parametrize("depth", Depth)
def test_silence_is_asked_three_times_at_most(depth, record_experiment):
    """Q1: sends, not questions: three of each to a server (RFC 9520, s3.1)."""
    sent = 0
    with LoopbackDNS({"d.example": {"MX": ["1 h.d.example."]}}) as dns:
        for name in ("d.example", "h.d.example"):
            dns.zone.fault(name, "timeout")

        async def main(domain):
            timing = Timing(attempt_timeout=0.02)
            with closing(AsyncStubResolver([dns.server], timing=timing)) as resolver:
                verifier = AsyncDomainVerifier(resolver, depth=depth, deadline=0.5)
                return await verifier.verify(f"a@{domain}")

        assert asyncio.run(main("d.example")).deferred
        assert set(dns.asked.values()) == {MAX_SENDS}
        dns.zone.heal("d.example")
        dns.asked.clear()
        asyncio.run(main("d.example"))
        assert max(dns.asked.values()) <= MAX_SENDS
        sent = sum(dns.asked.values())
        assert sent <= 1 + 2 * MAX_SENDS
    record_experiment(
        promise="Q1", what=f"silence, {depth.name}", count=sent, result="3 sends each"
    )
