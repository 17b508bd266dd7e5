"""W2: fuzzed answers through the resolver itself, on real sockets."""

from __future__ import annotations

import asyncio
import random
import socket
import threading

from collections import Counter
from contextlib import closing

from senderdomain import (
    AsyncDomainVerifier,
    DomainName,
    DomainVerifier,
    FindingCache,
    Outcome,
    Question,
    RecordType,
    Safeguards,
)
from senderdomain._wire import question_section
from senderdomain.resolvers import AsyncStubResolver, StubResolver
from senderdomain.resolvers._pending import Timing

from ..test_wire import ROWS, message
from .messages import mutated, with_counts
from .oracle import read
from .profile import amount

# All names are as long as this one, so that messages for it are messages for all.
NAME = "x0000000.example"
IMPATIENT = Timing(attempt_timeout=0.1)
DEADLINE = 0.35
IN_FLIGHT = 1_000

# Nine of ten answers are broken, which now and then looks like an outage.
UNGUARDED = Safeguards(failures=0, canary="")


def name_of(number):
    """Give the name with this number."""
    return f"x{number:07}.example"


def _seeds(qtype):
    question = Question(DomainName(NAME), qtype)
    for answer, authority, parts, _, _ in ROWS:
        records = [each.replace("d.example.", f"{NAME}.") for each in answer]
        if qtype is not RecordType.MX:
            address = "192.0.2.1" if qtype is RecordType.A else "2001:db8::1"
            records = [
                f"{each.split(' MX ')[0]} {qtype.name} {address}"
                if " MX " in each
                else each
                for each in records
            ]
        yield message(records, authority, question=question, **parts)


SEEDS = {qtype.value: [*_seeds(qtype)] for qtype in RecordType if qtype.name != "PTR"}


def answer_to(number, qtype):
    """Make the answer, always the same one, without its ID."""
    rng = random.Random(number << 8 | qtype)
    seeds = SEEDS[qtype]
    # Without a sound one now and then, no second question would ever be asked.
    wire, other = rng.choice(seeds), rng.choice(seeds)
    while rng.random() < 0.65:
        wire = mutated(rng, wire, other, 12 if rng.random() < 0.1 else 12 + 22)
        if rng.random() < 0.3:
            wire = with_counts(rng, wire)
    return wire[2:].replace(NAME[:8].encode(), name_of(number)[:8].encode())


class Server(threading.Thread):
    """Answers every datagram with what `answer_to` makes."""

    def __init__(self):
        """Open the socket."""
        super().__init__()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.sent = {}  # number, type -> messages: a name may point into their IDs

    def run(self):
        """Serve until an empty datagram comes."""
        while True:
            query, client = self.socket.recvfrom(512)
            if not query:
                return
            number, qtype = int(query[14:21]), query[12 + 19]
            wire = query[:2] + answer_to(number, qtype)
            self.sent.setdefault((number, qtype), []).append(wire)
            self.socket.sendto(wire, client)

    def __enter__(self):
        """Serve."""
        self.start()
        return self

    def __exit__(self, *exc):
        """Stop."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self.join(5)
        self.socket.close()


# What an outcome needs: the kind of reading that one of the answers must have.
NEEDS = {
    Outcome.MX: "records",
    Outcome.NULL_MX: "records",
    Outcome.UNUSABLE_MX: "records",
    Outcome.IMPLICIT_MX: "records",
    Outcome.NXDOMAIN: "nxdomain",
    Outcome.NODATA: "nodata",
}


def check(verdict, sent):
    """Hold a verdict against what the oracle reads in the very answers it got."""
    finding, outcome = verdict.finding, verdict.outcome
    number = int(finding.domain[1:8])
    labels = tuple(finding.domain.encode().split(b"."))
    readings = {
        question.qtype: [
            read(wire, labels, question.qtype.value)
            for wire in sent.get((number, question.qtype.value), ())
        ]
        for question, _ in finding.evidence
    }
    kinds = [{each.kind for each in readings[qtype]} for qtype in readings]
    mx = readings[RecordType.MX]
    assert outcome in NEEDS or outcome is Outcome.TEMPFAIL
    assert verdict.accepted is (outcome in (Outcome.MX, Outcome.IMPLICIT_MX))
    if outcome is Outcome.TEMPFAIL:
        return
    assert any(NEEDS[outcome] in each for each in kinds), (outcome, kinds)
    match outcome:
        case Outcome.MX:
            assert any(each.usable for each in mx)
        case Outcome.NULL_MX:
            assert any(each.null for each in mx)
        case Outcome.UNUSABLE_MX:
            assert not all(each.usable for each in mx)
        case Outcome.IMPLICIT_MX:
            assert any(each.kind == "nodata" for each in mx)
        case Outcome.NODATA:
            # Every one of the three is proven; that A says NXDOMAIN is a mistake of
            # some load balancers.
            assert len(kinds) == 3
            assert all(each & {"nodata", "nxdomain"} for each in kinds), kinds


def judged(verdicts, server, record_experiment, way):
    """Check all, and that there was something to check."""
    outcomes = Counter()
    for verdict in verdicts:
        try:
            check(verdict, server.sent)
        except Exception as error:
            error.add_note(f"{verdict!r}: {verdict.finding}")
            raise
        outcomes[verdict.outcome] += 1
    count = sum(outcomes.values())
    # A machine under load may lose some to its deadlines, but not all.
    for outcome in (Outcome.MX, Outcome.NXDOMAIN, Outcome.TEMPFAIL):
        assert outcomes[outcome] >= count // 100, outcomes
    told = ", ".join(f"{outcome.name} {n:,}" for outcome, n in outcomes.most_common())
    record_experiment(promise="W2", what=way, count=count, result=told)


def test_fuzzed_answers_through_the_resolver_of_a_loop(record_experiment):
    """W2: never accepted, never refused, unless the oracle reads the same."""
    count = amount(15_000, 200_000)

    async def main(server):
        with closing(
            AsyncStubResolver([f"127.0.0.1:{server.port}"], timing=IMPATIENT)
        ) as resolver:
            verifier = AsyncDomainVerifier(
                resolver,
                deadline=DEADLINE,
                cache=FindingCache(100),
                safeguards=UNGUARDED,
            )
            senders = (f"a@{name_of(number)}" for number in range(count))
            return [
                verdict
                async for verdict in verifier.verify_many(senders, in_flight=IN_FLIGHT)
            ]

    with Server() as server:
        verdicts = asyncio.run(main(server))
    assert len(verdicts) == count
    judged(verdicts, server, record_experiment, "through AsyncStubResolver")


def test_fuzzed_answers_through_the_resolver_of_a_thread(record_experiment):
    """W2: the same, without an event loop."""
    count = amount(5_000, 100_000)
    first = 2_000_000
    with (
        Server() as server,
        closing(
            StubResolver([f"127.0.0.1:{server.port}"], timing=IMPATIENT)
        ) as resolver,
    ):
        verifier = DomainVerifier(
            resolver, deadline=DEADLINE, cache=FindingCache(100), safeguards=UNGUARDED
        )
        senders = (f"a@{name_of(number)}" for number in range(first, first + count))
        verdicts = [*verifier.verify_many(senders, in_flight=IN_FLIGHT)]
    assert len(verdicts) == count
    judged(verdicts, server, record_experiment, "through StubResolver")


def test_the_section_is_as_long_as_the_server_thinks():
    """Otherwise it would change questions and not answers."""
    assert len(question_section(Question(DomainName(NAME), RecordType.MX))) == 22
