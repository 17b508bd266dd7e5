"""DNS messages: what is sent, what counts as an answer, and what it says."""

from __future__ import annotations

import copy
import inspect
import pickle
import struct
import sys

from itertools import pairwise

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.rrset
import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from senderdomain import (
    MX,
    DomainName,
    Failure,
    FailureReason,
    NoData,
    NxDomain,
    Question,
    Records,
    RecordType,
    _names,
)
from senderdomain._everyday import everyday
from senderdomain._message import MAX_ALIASES, MAX_RECORDS, Message
from senderdomain._names import NameReader
from senderdomain._wire import (
    EDNS_PAYLOAD,
    TRUNCATED,
    answers,
    decode,
    query,
    question_section,
    refuses_edns,
)

NAME = DomainName("d.example")
ASKED_MX = Question(NAME, RecordType.MX)
SECTION = question_section(ASKED_MX)
SOA = "example. 900 IN SOA ns.example. host.example. 1 3600 600 86400 120"


def message(
    answer=(),
    authority=(),
    additional=(),
    *,
    rcode=0,
    question=ASKED_MX,
    edns=True,
    ede=(),
):
    """Build a response with dnspython, each record in master-file format."""
    asked = dns.message.make_query(
        f"{question.qname}.", question.qtype.name, use_edns=0 if edns else False
    )
    response = dns.message.make_response(asked)
    response.set_rcode(rcode)
    if ede:
        options = [dns.edns.EDEOption(code) for code in ede]
        response.use_edns(0, payload=1232, options=options)
    sections = ((answer, response.answer), (authority, response.authority))
    for records, section in (*sections, (additional, response.additional)):
        section.extend(
            dns.rrset.from_text(*record.split(maxsplit=4)) for record in records
        )
    return response.to_wire(max_size=65_535)


def records(ttl, *rrset):
    """Make what the decoder is to make."""
    return Records(ttl, rrset)


def failure(reason):
    """Make a failure that equals any other for the same reason."""

    class Same:
        def __eq__(self, other):
            return isinstance(other, Failure) and other.reason is reason

        __hash__ = None

        def __repr__(self):
            return reason.name

    return Same()


MALFORMED = failure(FailureReason.MALFORMED)
MX10 = "d.example. 300 IN MX 10 mx.d.example."

ROWS = [
    # answer, authority, kwargs, expected, why
    ([MX10], [], {}, records(300, MX(10, "mx.d.example")), "M01"),
    (
        [MX10, "d.example. 60 IN MX 5 Mx.Other.Example."],
        [],
        {},
        records(60, MX(5, "mx.other.example"), MX(10, "mx.d.example")),
        "RFC 2181 5.2: the least TTL; in order of preference",
    ),
    (["d.example. 300 IN MX 0 ."], [], {}, records(300, MX(0, "")), "M05"),
    (
        [r"d.example. 300 IN MX 0 my\032mx.\000.example."],
        [],
        {},
        records(300, MX(0, r"my\032mx.\000.example")),
        "M18: escaped",
    ),
    ([], [SOA], {"rcode": 3}, NxDomain(120), "R03, RFC 2308 5"),
    ([], [], {"rcode": 3}, NxDomain(0), "R04: no SOA, no TTL"),
    ([], [SOA], {}, NoData(120), "N01"),
    ([], [], {}, NoData(0), "N02"),
    ([], [SOA, SOA.replace("900", "30")], {}, NoData(30), "N10: the least"),
    ([], ["other. 900 IN SOA a. b. 1 2 3 4 5"], {}, NoData(0), "N07: not ours"),
    ([], [". 900 IN SOA a. b. 1 2 3 4 5"], {"rcode": 3}, NxDomain(5), "the root's"),
    (
        [],
        ["d.example. 4294967295 IN SOA a. b. 1 2 3 4 4294967295"],
        {},
        NoData(2**31 - 1),
        "N09, RFC 8767 4",
    ),
    ([], ["example. 9 IN NS ns.example."], {}, failure(FailureReason.SERVFAIL), "N05"),
    ([], [". 9 IN NS a.root."], {}, failure(FailureReason.SERVFAIL), "N06"),
    (
        [],
        ["example. 9 IN NS a.", SOA],
        {},
        NoData(120),
        "NS beside a SOA is no referral",
    ),
    (
        ["d.example. 20 IN CNAME e.example.", "e.example. 300 IN MX 1 x."],
        [],
        {},
        records(20, MX(1, "x")),
        "C01",
    ),
    (["d.example. 20 IN CNAME e.example."], [SOA], {}, NoData(20), "C02"),
    (
        ["d.example. 20 IN CNAME e.example."],
        [SOA],
        {"rcode": 3},
        NxDomain(20, aliased=True),
        "C03, RFC 6604",
    ),
    (["d.example. 20 IN CNAME e.example."], [], {}, NoData(0), "C04"),
    (
        ["d.example. 20 IN CNAME e.example."],
        ["example. 9 IN NS a."],
        {},
        failure(FailureReason.SERVFAIL),
        "an alias, and a referral for its end",
    ),
    (
        ["d.example. 20 IN CNAME d.example."],
        [],
        {},
        failure(FailureReason.ALIAS_LOOP),
        "C05",
    ),
    (
        ["d.example. 20 IN CNAME e.example.", "e.example. 20 IN CNAME d.example."],
        [],
        {},
        failure(FailureReason.ALIAS_LOOP),
        "C06",
    ),
    (
        ["e.example. 300 IN MX 1 x.", "d.example. 20 IN CNAME e.example."],
        [],
        {},
        records(20, MX(1, "x")),
        "C10: any order",
    ),
    (
        ["d.example. 20 IN CNAME e.example.", "d.example. 20 IN CNAME f.example."],
        [],
        {},
        MALFORMED,
        "C11, RFC 2181 10.1",
    ),
    (
        ["d.example. 20 IN CNAME e.", MX10],
        [],
        {},
        records(300, MX(10, "mx.d.example")),
        "C12",
    ),
    (
        ["example. 20 IN DNAME other.", "d.other. 300 IN MX 1 x."],
        [],
        {},
        records(20, MX(1, "x")),
        "RFC 6672: the CNAME left out",
    ),
    (
        ["example. 20 IN DNAME .", "d. 300 IN MX 1 x."],
        [],
        {},
        records(20, MX(1, "x")),
        "a DNAME to the root",
    ),
    ([". 20 IN DNAME other."], [], {}, MALFORMED, "a DNAME of everything"),
    (
        ["f.example. 20 IN DNAME other.", "d.other. 300 IN MX 1 x."],
        [],
        {},
        NoData(0),
        "a DNAME elsewhere",
    ),
    (
        [
            "example. 20 IN DNAME other.",
            "d.example. 20 IN CNAME d.other.",
            "d.other. 300 IN MX 1 x.",
        ],
        [],
        {},
        records(20, MX(1, "x")),
        "C13",
    ),
    (
        ["example. 20 IN DNAME " + ".".join(["n" * 63] * 3 + ["n" * 60]) + "."],
        [],
        {},
        MALFORMED,
        "C14: the name becomes too long",
    ),
    (["other. 300 IN MX 1 x."], [], {}, NoData(0), "M22: another owner"),
    (["d.example. 300 IN A 192.0.2.1"], [], {}, NoData(0), "an A for an MX"),
    ([], [MX10], {}, NoData(0), "M23: authority is no answer"),
    ([], [], {"additional": [MX10]}, NoData(0), "M23: nor is additional"),
    (
        [MX10],
        [],
        {"additional": ["mx.d.example. 9 IN A 192.0.2.1"]},
        records(300, MX(10, "mx.d.example")),
        "glue",
    ),
    (["d.example. 300 CH TXT x"], [], {}, NoData(0), "M21: another class"),
    ([MX10], [], {"rcode": 3}, MALFORMED, "no such name, and here are its records"),
    ([], [SOA], {"rcode": 3, "ede": [15]}, failure(FailureReason.FILTERED), "R13"),
    ([], [SOA], {"ede": [3, 18]}, NoData(120, FailureReason.FILTERED), "RFC 8914"),
    ([], [SOA], {"ede": [7]}, NoData(120, FailureReason.BOGUS), "RFC 8914"),
    ([], [SOA], {"rcode": 3, "ede": [6]}, failure(FailureReason.BOGUS), "RFC 8914"),
    ([], [SOA], {"rcode": 3, "ede": [4]}, failure(FailureReason.FILTERED), "forged"),
    ([], [SOA], {"rcode": 3, "ede": [19]}, failure(FailureReason.SERVFAIL), "stale"),
    ([], [SOA], {"ede": [3]}, NoData(120, FailureReason.SERVFAIL), "stale"),
    ([MX10], [], {"ede": [3]}, records(300, MX(10, "mx.d.example")), "stale accepts"),
    ([], [SOA], {"rcode": 3, "ede": [0]}, NxDomain(120), "some other error"),
    ([], [], {"rcode": 2, "ede": [6]}, failure(FailureReason.BOGUS), "R14"),
    ([], [], {"rcode": 2, "ede": [22]}, failure(FailureReason.SERVFAIL), "R14"),
    ([], [], {"rcode": 2}, failure(FailureReason.SERVFAIL), "R02"),
    (
        ["d.example. 20 IN CNAME e.example."],
        [],
        {"rcode": 2},
        failure(FailureReason.SERVFAIL),
        "the rcode is about the end of the chain",
    ),
    ([], [], {"rcode": 1}, failure(FailureReason.REFUSED), "R01"),
    ([], [], {"rcode": 4}, failure(FailureReason.REFUSED), "R05"),
    ([], [], {"rcode": 5}, failure(FailureReason.REFUSED), "R06"),
    ([], [], {"rcode": 6}, failure(FailureReason.SERVFAIL), "R07"),
    ([], [], {"rcode": 9}, failure(FailureReason.REFUSED), "R08"),
    ([], [], {"rcode": 10}, failure(FailureReason.REFUSED), "R09"),
    ([], [], {"rcode": 11}, failure(FailureReason.SERVFAIL), "R10"),
    ([], [], {"rcode": 16}, failure(FailureReason.REFUSED), "R11"),
    ([], [], {"rcode": 23}, failure(FailureReason.SERVFAIL), "R12"),
]


@pytest.mark.parametrize(("answer", "authority", "parts", "expected", "why"), ROWS)
@pytest.mark.parametrize("edns", [True, False])
def test_a_message_says(answer, authority, parts, expected, why, edns):
    """One row a rule; the letters are those of the catalogue of faults."""
    if not edns and (parts.get("ede") or parts.get("rcode", 0) > 15):
        return
    wire = message(answer, authority, edns=edns, **parts)
    assert answers(wire, SECTION)
    assert expected == decode(wire, ASKED_MX), why
    assert expected == _generally(wire, ASKED_MX), why


def _generally(wire, question):
    """Decode without the fast path."""
    try:
        return Message(wire, question).answer()
    except (ValueError, IndexError, struct.error) as error:
        return Failure(FailureReason.MALFORMED, str(error))


@pytest.mark.parametrize(
    ("qtype", "rdata"), [(RecordType.A, "192.0.2.1"), (RecordType.AAAA, "2001:db8::1")]
)
def test_addresses_are_read(qtype, rdata):
    """In the everyday shape and behind an alias."""
    question = Question(NAME, qtype)
    record = f"IN {qtype.name} {rdata}"
    plain = message([f"d.example. 60 {record}"], question=question)
    aliased = message(
        ["d.example. 9 IN CNAME e.", f"e. 60 {record}"], question=question
    )
    assert decode(plain, question) == Records(60, (rdata,))
    assert decode(aliased, question) == Records(9, (rdata,))
    assert decode(plain, question).usable
    assert not decode(plain, question).null_mx


@pytest.mark.parametrize("length", [8, MAX_ALIASES, MAX_ALIASES + 1, 100])
def test_an_alias_chain_has_a_limit(length):
    """C07, C08 and C09: what is longer is temporary."""
    names = ["d.example.", *(f"c{n}.example." for n in range(length))]
    chain = [f"{a} 60 IN CNAME {b}" for a, b in pairwise(names)]
    wire = message([*chain, f"{names[-1]} 60 IN MX 1 x."])
    loop = failure(FailureReason.ALIAS_LOOP)
    expected = Records(60, (MX(1, "x"),)) if length <= MAX_ALIASES else loop
    assert expected == decode(wire, ASKED_MX)


def test_a_crowd_of_records_is_read_in_part():
    """M04: the first ones are enough to know that the domain has an MX."""
    wire = message([f"d.example. 60 IN MX {n} mx{n}.example." for n in range(2_000)])
    answer = decode(wire, ASKED_MX)
    assert answer.usable
    assert len(answer.rrset) == MAX_RECORDS


def test_a_crowd_of_other_records_proves_nothing():
    """What hides behind the limit might have been the answer."""
    wire = message([f"x{n}.example. 60 IN MX 1 x." for n in range(600)], [SOA])
    assert decode(wire, ASKED_MX) == MALFORMED


def test_truncation_is_told_apart():
    """TC means asking again over TCP, whatever else the message says."""
    wire = bytearray(message([MX10]))
    wire[2] |= 0x02
    assert decode(bytes(wire), ASKED_MX) is TRUNCATED


def _raw(rdata, *, answers=1, rtype=15, tail=b"", owner=b"\xc0\x0c", additional=0):
    header = struct.pack("!HHHHHH", 0, 0x8180, 1, answers, 0, additional)
    record = owner + struct.pack("!HHIH", rtype, 1, 60, len(rdata)) + rdata
    return header + SECTION + record + tail


OPT = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)

BROKEN = [
    (_raw(b""), "M16"),
    (_raw(b"\0"), "M16"),
    (_raw(b"\0\x0a"), "M16"),
    (_raw(b"\0\x0a\0\0"), "M17: octets after the exchange"),
    (_raw(b"\0\x0a\x01a"), "exchange runs over the end"),
    (_raw(b"\0\x0a\x40a\0"), "W19: label type"),
    (_raw(b"\0\x0a\x80a\0"), "W19: label type"),
    (_raw(b"\0\x0a\xc0\xff"), "W16: forward pointer"),
    (_raw(b"\0\x0a\xc0\x29"), "W15: pointer to itself"),
    (_raw(b"\0\x0a" + b"\x3fa" * 0 + (b"\x3f" + b"n" * 63) * 4 + b"\0"), "W20"),
    (_raw(b"\0\x0a\0", answers=65_535), "W21"),
    (_raw(b"\0\x0a\0", tail=b"junk"), "W14"),
    (_raw(b"\0\x0a\0", tail=OPT + OPT, additional=2), "W22"),
    (_raw(b"\0\x0a\0", tail=OPT[:6] + b"\x01" + OPT[7:], additional=1), "W23"),
    (_raw(b"\0\x0a\0", tail=b"\1a" + OPT, additional=1), "OPT below a name"),
    (_raw(b"\0\x0a\0", tail=OPT[:-1] + b"\4\0\x0f\0\1", additional=1), "EDE too short"),
    (
        _raw(b"\0\x0a\0", tail=OPT[:-1] + b"\4\0\x0f\0\x09", additional=1),
        "option too long",
    ),
    (_raw(b"\1\2\3", rtype=5), "alias that is no name"),
    (_raw(b"\0\0", rtype=5), "octets after an alias"),
]


@pytest.mark.parametrize(("wire", "why"), BROKEN)
def test_a_malformed_message_is_a_failure(wire, why):
    """And never an exception, a missing name or a null MX."""
    assert decode(wire, ASKED_MX) == MALFORMED, why
    assert _generally(wire, ASKED_MX) == MALFORMED, why


@pytest.mark.parametrize("size", [3, 5])
def test_an_address_has_its_size(size):
    """An A of four octets, and no other."""
    question = Question(NAME, RecordType.A)
    header = struct.pack("!HHHHHH", 0, 0x8180, 1, 1, 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, size) + bytes(size)
    wire = header + question_section(question) + record
    assert decode(wire, question) == MALFORMED
    assert _generally(wire, question) == MALFORMED


def test_a_soa_has_its_size():
    """In the everyday shape and in any other."""
    header = struct.pack("!HHHHHH", 0, 0x8183, 1, 0, 1, 0)
    for owner in (b"\xc0\x0e", b"\7example\0"):
        record = owner + struct.pack("!HHIH", 6, 1, 60, 2 + 19) + bytes(2 + 19)
        assert decode(header + SECTION + record, ASKED_MX) == MALFORMED


def _pointers(hops):
    """Make an MX whose exchange is behind so many pointers."""
    # Each CNAME record below holds a pointer to the one before it.
    header = struct.pack("!HHHHHH", 0, 0x8180, 1, hops + 1, 0, 0)
    wire = header + SECTION
    target = 12
    for _ in range(hops):
        wire += b"\xc0\x0c" + struct.pack("!HHIH", 99, 1, 60, 2)
        wire, target = wire + struct.pack("!H", 0xC000 | target), len(wire)
    wire += b"\xc0\x0c" + struct.pack("!HHIH", 15, 1, 60, 4)
    return wire + b"\0\x0a" + struct.pack("!H", 0xC000 | target)


@pytest.mark.parametrize(
    ("hops", "fits"), [(1, True), (15, True), (16, False), (500, False)]
)
def test_pointers_to_pointers_have_a_limit(hops, fits):
    """W17 and W18: sixteen hops, RFC 1035, section 4.1.4."""
    answer = decode(_pointers(hops), ASKED_MX)
    assert (answer == Records(60, (MX(10, NAME),))) is fits
    assert fits or answer == MALFORMED


def test_a_name_may_fill_255_octets_through_a_pointer():
    """And not one more, on the fast path and on the general one."""
    for extra, fits in ((53, True), (54, False)):
        labels = (b"\x3f" + b"n" * 63) * 2 + b"\x3f" + b"n" * 63
        exchange = labels + bytes([extra - 2]) + b"n" * (extra - 2) + b"\xc0\x0c"
        wire = _raw(b"\0\x0a" + exchange)
        assert isinstance(decode(wire, ASKED_MX), Records) is fits
        assert isinstance(_generally(wire, ASKED_MX), Records) is fits


def test_long_shared_names_are_walked_once():
    """W25 and W26: thousands of pointers into one long name are judged as usual."""
    long_name = b"".join(b"\1" + bytes([97 + n % 26]) for n in range(120)) + b"\0"
    header = struct.pack("!HHHHHH", 0, 0x8180, 1, 500, 0, 0)
    wire = header + SECTION
    at = len(wire) + 14
    wire += b"\xc0\x0c" + struct.pack("!HHIH", 15, 1, 60, 2 + len(long_name))
    wire += b"\0\x0a" + long_name
    for n in range(499):
        wire += b"\xc0\x0c" + struct.pack("!HHIH", 15, 1, 60, 4)
        wire += struct.pack("!HH", n, 0xC000 | (at + 2 * (n % 120)))
    answer = decode(wire, ASKED_MX)
    assert answer.usable
    assert len(answer.rrset) == 500


def _record(owner, rtype, rdata):
    return owner + struct.pack("!HHIH", rtype, 1, 60, len(rdata)) + rdata


def _crowd(rtype, rdata, octets):
    """Fill a message with records that point to one name of 127 odd labels."""
    name = b"\1\1" * 126 + b"\0"
    start = 12 + len(SECTION)
    first = _record(name, rtype, rdata(start))
    other = _record(struct.pack("!H", 0xC000 | start), rtype, rdata(start))
    count = min(512, (octets - start - len(first)) // len(other) + 1)
    header = struct.pack("!HHHHHH", 0, 0x8180, 1, count, 0, 0)
    return header + SECTION + first + other * (count - 1)


CROWDS = [
    (5, lambda at: struct.pack("!H", 0xC000 | at)),
    (39, lambda at: struct.pack("!H", 0xC000 | at)),
    (15, lambda at: b"\0\1" + struct.pack("!H", 0xC000 | at)),
    (15, lambda at: b"\0\1\1x" + struct.pack("!H", 0xC000 | at)),
]


@pytest.mark.parametrize(("rtype", "rdata"), CROWDS)
def test_names_are_spelled_once_however_many_point_to_them(rtype, rdata, monkeypatch):
    """D1: an answer costs what its octets cost, and no multiple of that."""
    spelled = []
    real = _names.label_text
    monkeypatch.setattr(_names, "label_text", lambda b: spelled.append(b) or real(b))
    wire = _crowd(rtype, rdata, 65_535)
    answer = decode(wire, ASKED_MX)
    if isinstance(answer, Records):
        assert answer.rrset
    assert len(spelled) <= 2_000


def test_a_crowd_of_labels_is_not_spelled():
    """D1: 32,000 of them, each written out, would take a while."""
    record = _record(b"\xc0\x0c", 15, b"\0\1" + b"\1\1" * 126 + b"\0")
    for count, fits in ((65, True), (66, False)):
        header = struct.pack("!HHHHHH", 0, 0x8180, 1, count, 0, 0)
        answer = decode(header + SECTION + record * count, ASKED_MX)
        assert isinstance(answer, Records) is fits
        assert fits or answer == MALFORMED


def test_a_name_that_is_no_host_is_looked_at_once():
    """However many point to it."""
    odd = len(SECTION) + 12 + 12 + 2 + 2  # behind "a" in the first exchange
    first = _record(b"\xc0\x0c", 15, b"\0\1\1a\2 x\0")
    other = _record(b"\xc0\x0c", 15, b"\0\1\1b" + struct.pack("!H", 0xC000 | odd))
    header = struct.pack("!HHHHHH", 0, 0x8180, 1, 3, 0, 0)
    answer = decode(header + SECTION + first + other * 2, ASKED_MX)
    assert [mx.exchange for mx in answer.rrset] == [r"a.\032x", r"b.\032x", r"b.\032x"]
    assert not answer.usable


def test_an_unusable_crowd_proves_nothing():
    """The one that could be used may be among those that were not read."""
    odd = [rf"d.example. 60 IN MX {n} a\032{n}." for n in range(600)]
    assert decode(message(odd), ASKED_MX) == MALFORMED
    assert decode(message(odd[:500]), ASKED_MX).usable is False


def test_the_root_may_be_written_as_a_pointer():
    """To any octet that is zero."""
    answer = decode(_raw(b"\0\0" + struct.pack("!H", 0xC000 | 22)), ASKED_MX)
    assert answer.null_mx
    assert Records(60, answer.rrset).null_mx


@pytest.mark.parametrize("ttls", [(500, 20), (20, 500)])
def test_the_least_ttl_of_an_alias_that_comes_twice_counts(ttls):
    """RFC 2181, section 5.2, for aliases as for all records."""
    record = b"\xc0\x0c" + struct.pack("!HHI", 5, 1, ttls[0]) + b"\0\3\1e\0"
    again = b"\xc0\x0c" + struct.pack("!HHI", 5, 1, ttls[1]) + b"\0\3\1e\0"
    mx = b"\1e\0" + struct.pack("!HHI", 15, 1, 300) + b"\0\5\0\1\1x\0"
    wire = struct.pack("!6H", 0, 0x8180, 1, 3, 0, 0) + SECTION + record + again + mx
    assert decode(wire, ASKED_MX) == Records(20, (MX(1, "x"),))


def test_a_short_last_record_is_not_cut_off():
    """Eleven octets at the end are a whole record at the root."""
    tail = b"\0" + struct.pack("!HHIH", 256, 1, 60, 0)
    wire = _raw(b"\0\x0a\2mx\xc0\x0c", answers=2, tail=tail)
    assert decode(wire, ASKED_MX) == Records(60, (MX(10, "mx.d.example"),))


def test_a_crowd_of_errors_is_told_in_part():
    """An attacker's 60 KiB of options are not kept."""
    answer = decode(message(rcode=3, ede=[15] * 5_000), ASKED_MX)
    assert len(answer.detail) < 40


def test_a_query_is_what_dnspython_would_send():
    """With EDNS of 1232 octets, and without."""
    for edns in (True, False):
        sent = dns.message.from_wire(query(b"\x12\x34", SECTION, edns))
        assert sent.id == 0x1234
        assert sent.flags == dns.flags.RD
        assert str(sent.question[0]) == "d.example. IN MX"
        assert sent.edns == (0 if edns else -1)
        assert not edns or sent.payload == EDNS_PAYLOAD


def _changed(wire, at, octet):
    return wire[:at] + bytes([octet]) + wire[at + 1 :]


def test_only_the_answer_is_an_answer():
    """RFC 5452, section 9.1; W10 allows another case in the question."""
    good = message([MX10])
    assert answers(good, SECTION)
    assert answers(good.replace(b"\1d\7example", b"\1D\7eXample", 1), SECTION)
    refused = struct.pack("!HHHHHH", 0, 0x8185, 0, 0, 0, 0)
    assert answers(refused, SECTION)
    for bad, why in (
        (b"", "W01"),
        (good[:11], "W02"),
        (good[:12], "W03"),
        (_changed(good, 2, 0x01), "W06: QR"),
        (_changed(good, 2, 0xA8), "W13: opcode"),
        (_changed(good, 5, 2), "W12: two questions"),
        (_changed(good, 5, 0), "W11: no question"),
        (_changed(good, 13, ord("x")), "W08: name"),
        (_changed(good, 12 + len(SECTION) - 3, 16), "W09: type"),
        (struct.pack("!HHHHHH", 0, 0x8180, 0, 0, 0, 0), "W11"),
        (refused + b"x", "more than a header"),
    ):
        assert not answers(bad, SECTION), why


def test_a_bare_header_is_read():
    """Servers that cannot parse a query send it back so."""
    header = struct.pack("!HHHHHH", 0, 0x8185, 0, 0, 0, 0)
    assert decode(header, ASKED_MX) == failure(FailureReason.REFUSED)


@pytest.mark.parametrize(
    ("rcode", "may"),
    [(1, True), (4, True), (16, True), (5, False), (2, False), (0, False)],
)
def test_some_refusals_are_about_edns(rcode, may):
    """RFC 6891, sections 6.1.3 and 7."""
    wire = message(rcode=rcode)
    assert refuses_edns(wire, decode(wire, ASKED_MX)) is may


def test_records_read_late_are_ordinary_records():
    """Equal, hashable, and copied without the message they came in."""
    late = decode(message([MX10]), ASKED_MX)
    plain = Records(300, (MX(10, "mx.d.example"),))
    assert late == plain
    assert hash(late) == hash(plain)
    assert late != "x"
    assert type(pickle.loads(pickle.dumps(late))) is Records
    assert copy.copy(late) == plain
    assert repr(late) == repr(plain)
    assert len(repr(Records(1, tuple(f"192.0.2.{n}" for n in range(99))))) < 200


SEEDS = [
    (message(answer, authority, **parts), expected)
    for answer, authority, parts, expected, _ in ROWS
]


def _same(one, other):
    if isinstance(one, Failure):
        return isinstance(other, Failure) and one.reason is other.reason
    if isinstance(one, Records) and isinstance(other, Records):
        same = (one.null_mx, one.usable) == (other.null_mx, other.usable)
        return same and one == other
    return one == other


def _check_laws(wire, question=ASKED_MX):
    """What has to hold for any octets at all."""
    section = question_section(question)
    if not answers(wire, section):
        assert everyday(wire, section, question.qtype) is None
        return  # nobody decodes what is no answer
    general = _generally(wire, question)
    assert _same(general, decode(wire, question))
    if isinstance(general, Records):
        plain = Records(general.ttl, general.rrset)
        assert (general.null_mx, general.usable) == (plain.null_mx, plain.usable)


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_every_cut_and_every_flipped_bit_obeys_the_laws(seed):
    """W04: nothing raises, both paths agree, and no cut makes a name missing."""
    wire, _ = SEEDS[seed]
    whole = decode(wire, ASKED_MX)
    for at in range(len(wire)):
        _check_laws(wire[:at])
        if answers(wire[:at], SECTION) and not isinstance(whole, Failure):
            cut = decode(wire[:at], ASKED_MX)
            assert isinstance(cut, Failure), at
        for bit in range(8):
            _check_laws(_changed(wire, at, wire[at] ^ 1 << bit))


@settings(max_examples=2_000)
@given(st.sampled_from([wire for wire, _ in SEEDS]), st.data())
def test_mutated_messages_obey_the_laws(wire, data):
    """W1: any octets changed, inserted or taken away behind the question."""
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(2, len(wire)))
        drop = data.draw(st.integers(0, 4))
        wire = wire[:at] + data.draw(st.binary(max_size=4)) + wire[at + drop :]
    _check_laws(wire)


@settings(max_examples=1_000)
@given(st.binary(max_size=300))
def test_any_octets_obey_the_laws(octets):
    """Behind a header and a question that are ours."""
    _check_laws(octets)
    header = struct.pack("!HHHHHH", 0, 0x8180, 1, 1, 1, 1)
    _check_laws(header + SECTION + octets)


NAMES = st.sampled_from(
    ["d.example.", "e.example.", "f.e.example.", "example.", "x.", "mx.d.example."]
)
RECORDS = st.one_of(
    st.builds(
        "{} {} IN MX {} {}".format, NAMES, st.integers(0, 99), st.integers(0, 9), NAMES
    ),
    st.builds("{} {} IN CNAME {}".format, NAMES, st.integers(0, 99), NAMES),
    st.builds(
        "{} {} IN A 192.0.2.{}".format, NAMES, st.integers(0, 99), st.integers(0, 9)
    ),
)


@settings(max_examples=1_000)
@given(
    st.lists(RECORDS, max_size=8, unique=True), st.booleans(), st.sampled_from([0, 3])
)
def test_dnspython_reads_the_same(answer, soa, rcode):
    """The reference parser follows the same chain to the same records."""
    # Loops, and aliases beside other data, are where the two may differ.
    owners = [record.split()[0] for record in answer if " CNAME " in record]
    if len(owners) != len(set(owners)):
        return
    wire = message(answer, [SOA] if soa else [], rcode=rcode)
    _check_laws(wire)
    ours = decode(wire, ASKED_MX)
    try:
        chain = dns.message.from_wire(wire).resolve_chaining()
    except dns.exception.DNSException:
        return
    if isinstance(ours, Records):
        theirs = {
            (r.preference, r.exchange.to_text().rstrip(".")) for r in chain.answer
        }
        assert {(mx.preference, mx.exchange) for mx in ours.rrset} == theirs
    elif isinstance(ours, NoData | NxDomain):
        assert chain.answer is None


def test_the_everyday_shapes_are_taken_the_short_way():
    """Otherwise the fast path would be one in name only."""
    mail = [f"d.example. 300 IN MX {n} mx{n}.mail.example." for n in range(3)]
    for wire in (
        message(mail),  # the later exchanges have two pointers each
        message([MX10]),
        message([MX10], edns=False),
        message([], [SOA], rcode=3),
        message([], [SOA]),
        message(["d.example. 300 IN MX 0 ."]),
    ):
        assert everyday(wire, SECTION, RecordType.MX) is not None


def test_a_name_in_many_pieces_is_spelled_without_recursion():
    """A server's verifier may itself be called from deep down."""
    pieces = bytearray(b"\x01x\0")
    last = 0
    for _ in range(120):
        here = len(pieces)
        pieces += b"\x01a" + (0xC000 | last).to_bytes(2, "big")
        last = here
    names = NameReader(bytes(pieces))

    def deep(levels):
        return deep(levels - 1) if levels else names.text(last)

    room = sys.getrecursionlimit() - len(inspect.stack())
    assert deep(room - 20) == ".".join(["a"] * 120 + ["x"])
    assert names.text(0) == "x"
    assert names.text(3) == "a.x"
