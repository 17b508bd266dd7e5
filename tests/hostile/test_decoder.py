"""W1 and W4: octets from the DNS are read once, in one way, and never raise."""

from __future__ import annotations

import struct

from collections import Counter

import dns.exception
import dns.message
import dns.rdatatype
import pytest

from senderdomain import MX, Failure, FailureReason, NoData, NxDomain, Records
from senderdomain._everyday import everyday
from senderdomain._message import Message
from senderdomain._names import MAX_LABELS
from senderdomain._wire import TRUNCATED, answers, decode, question_section

from .messages import fuzzed, labels, seeds
from .oracle import read, written
from .profile import amount

# What the library refuses and the oracle reads: names behind more than 16 pointers, and
# a crowd of labels.
STRICTER = {"compression pointer", f"over {MAX_LABELS} labels"}


def generally(wire, question):
    """Decode without the fast path."""
    try:
        return Message(wire, question).answer()
    except (ValueError, IndexError, struct.error) as error:
        return Failure(FailureReason.MALFORMED, str(error))


def kind_of(answer):
    """Tell which kind of answer it is; None for none."""
    kinds = (Records, NoData, NxDomain, Failure)
    return next((kind for kind in kinds if isinstance(answer, kind)), None)


def shape(answer):
    """Make two answers comparable: with all that a verdict may rest on."""
    if isinstance(answer, Records):
        return answer.rrset, answer.ttl, answer.null_mx, answer.usable, answer.aliases
    return answer.reason if isinstance(answer, Failure) else answer


def disagreement(answer, wire, question):
    """Say where the library and the oracle differ about a message, or nothing."""
    reading = read(wire, labels(question), question.qtype.value)
    match answer:
        case Records(ttl=ttl):
            rrset = sorted(
                (r.preference, r.exchange) if hasattr(r, "exchange") else r
                for r in answer.rrset
            )
            same = (reading.kind, sorted(reading.rrset), reading.ttl) == (
                "records",
                rrset,
                ttl,
            )
            ours = answer.null_mx, answer.usable
            same = same and (reading.null, reading.usable) == ours
        case NoData(ttl, doubt):
            same = (reading.kind, reading.ttl) == ("nodata", ttl)
            same = same and reading.doubt is (doubt is not None)
        case NxDomain(ttl):
            same = (reading.kind, reading.ttl) == ("nxdomain", ttl)
        case Failure(FailureReason.MALFORMED, detail):
            same = reading.kind == "unreadable" or detail in STRICTER
        case Failure(FailureReason.ALIAS_LOOP):
            same = reading.kind == "lost"
        case Failure(FailureReason.TRUNCATED):
            same = reading.kind == "truncated"
        case _:
            same = reading.kind == "failure"
    return "" if same else f"{answer!r} and {reading}"


def examine(wire, question):
    """Hold what is made of *wire* against all laws; give the answer, if it is one."""
    if not answers(wire, question_section(question)):
        return None
    answer, general = decode(wire, question), generally(wire, question)
    assert shape(answer) == shape(general), (question, wire.hex())
    differ = disagreement(answer, wire, question)
    assert not differ, (str(question), wire.hex(), differ)
    return answer


def test_there_are_sixty_seeds():
    """W1: and the oracle reads all of them as the library does."""
    assert len(seeds()) >= 60
    kinds = Counter(kind_of(examine(wire, question)) for question, wire in seeds())
    assert min(kinds[kind] for kind in (Records, NoData, NxDomain, Failure)) >= 5


def test_no_octets_raise_and_two_readers_agree(record_experiment):
    """W1: the short way, the long way and the oracle, on every message."""
    count = amount(200_000, 2_000_000)
    kinds = Counter()
    short = 0
    for question, wire in fuzzed(1_035, count):
        try:
            answer = examine(wire, question)
        except Exception as error:
            error.add_note(f"{question}: {wire.hex()}")
            raise
        kinds[kind_of(answer)] += 1
        if answer is not None and answer is not TRUNCATED:
            section = question_section(question)
            short += everyday(wire, section, question.qtype) is not None
    # Otherwise it would show little.
    assert short >= count // 50
    for kind in (Records, NoData, NxDomain, Failure):
        assert kinds[kind] >= count // 100, kinds
    record_experiment(
        promise="W1",
        what="mutated messages: fast path = general path = oracle",
        count=count,
        result=f"0 exceptions, 0 differences; {kinds[Records]:,} with records,"
        f" {short:,} the short way",
    )


# Where dnspython refuses or reads differently, on purpose: it reads all RDATA, also
# what nobody has asked for, and this library reads only what the verdict rests on.
def test_dnspython_reads_what_we_accept(record_experiment):
    """W1: records and absence are the same ones; what it refuses, the oracle reads."""
    count = amount(20_000, 300_000)
    seen = Counter()
    for question, wire in fuzzed(2_308, count):
        if not answers(wire, question_section(question)):
            continue
        answer = decode(wire, question)
        if isinstance(answer, Failure):
            continue
        try:
            theirs = dns.message.from_wire(wire)
            chain = theirs.resolve_chaining()
        except (dns.exception.DNSException, ValueError) as error:
            seen[type(error).__name__] += 1
            continue
        found = set(map(_plain, chain.answer or ()))
        ours = set()
        if isinstance(answer, Records):
            ours = {
                (r.preference, r.exchange) if isinstance(r, MX) else r
                for r in answer.rrset
            }
        same = found == ours
        if not same and _is_deliberate(theirs, question, answer):
            seen["deliberate"] += 1
            continue
        assert same, (str(question), wire.hex(), answer, chain.answer)
        seen["same"] += 1
    assert seen["same"] >= count // 20, seen
    record_experiment(
        promise="W1",
        what="differential against dnspython",
        count=sum(seen.values()),
        result=", ".join(f"{kind} {n:,}" for kind, n in seen.most_common()),
    )


def _plain(rdata):
    """Write a record of dnspython's as the library does."""
    if hasattr(rdata, "exchange"):
        return rdata.preference, written(rdata.exchange.labels[:-1])
    if hasattr(rdata, "target"):
        return written(rdata.target.labels[:-1])
    return rdata.address


def _is_deliberate(theirs, question, answer):
    # A DNAME whose CNAME is missing is followed (RFC 6672, section 2.2); dnspython
    # follows CNAME only.
    return any(
        rrset.rdtype == dns.rdatatype.DNAME for rrset in theirs.answer
    ) or isinstance(answer, str)


# Octets of a message that is swept in CI, too; of longer ones, each 23rd.
SWEPT = 300


def offsets(wire):
    """Choose where to cut and flip."""
    return range(0, len(wire), 1 if len(wire) <= SWEPT else amount(23, 1))


@pytest.mark.parametrize("number", range(len(seeds())))
def test_no_cut_and_no_flipped_bit_invents_anything(number):
    """W4: a cut message is never a denial; a flipped one is what the oracle reads."""
    question, wire = seeds()[number]
    whole = decode(wire, question)
    for at in offsets(wire):
        cut = examine(wire[:at], question)
        if not isinstance(whole, Failure):
            assert cut is None or isinstance(cut, Failure), at
        for bit in range(8):
            flipped = bytes([wire[at] ^ 1 << bit])
            examine(wire[:at] + flipped + wire[at + 1 :], question)


def test_the_sweep_is_recorded(record_experiment):
    """W4: how much the test above looks at."""
    record_experiment(
        promise="W4",
        what="cuts and flipped bits",
        count=sum(9 * len(offsets(wire)) for _, wire in seeds()),
        result="0 inventions; all as the oracle reads them",
    )
