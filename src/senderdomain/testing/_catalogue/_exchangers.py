"""M: what stands in an MX."""

from __future__ import annotations

from collections.abc import Callable

from ..._dns import FailureReason
from ..._finding import Outcome, TargetFault
from ..._targets import Depth
from .._exchange import Exchange, Fault, answering, over_tcp, record, with_answers
from ._case import FaultCase
from ._responses import saying
from ._stages import DOMAIN, Served

_CHAOS = 3
_OUT_OF_DEPTH = "at depth EXISTS, nothing is asked about an exchange"


def by_hand(*rdatas: bytes) -> Fault:
    """Answer with MX of this RDATA, which may be anything."""
    return answering(
        lambda exchange: with_answers(exchange, map(record, rdatas), len(rdatas))
    )


def crafted(make: Callable[[Exchange], bytes]) -> Served:
    """Stage an answer to the MX question that *make* builds."""
    return Served(faults={"MX": answering(make)})


def _good(
    identity: str,
    about: str,
    *rdatas: str,
    outcome: Outcome = Outcome.MX,
    note: str = "",
) -> FaultCase:
    records = "\n".join(f"@ 300 MX {rdata}" for rdata in rdatas)
    stage = Served(records=records)
    return FaultCase(identity, about, stage, outcome, ttl=300, note=note)


def _many(exchange: Exchange) -> bytes:
    rdatas = [n.to_bytes(2, "big") + b"\xc0\x0c" for n in range(500)]
    return with_answers(exchange, map(record, rdatas), len(rdatas))


def _bad_sizes(exchange: Exchange) -> bytes:
    # One size after the other, as the client asks again.
    rdata = b"\0\x0a"[: exchange.number % 3]
    return with_answers(exchange, [record(rdata)], 1)


def _ignored(identity: str, about: str, fault: Fault) -> FaultCase:
    stage = Served(records="@ 300 TXT nothing", faults={"MX": fault})
    return FaultCase(identity, about, stage, Outcome.NODATA, questions=3, ttl=0)


_MX = f"{DOMAIN}. 300 IN MX 10 mx.example."

EXCHANGERS = (
    _good("M01", "one MX", "10 mx"),
    _good("M02", "20 MX", *(f"{n} mx{n}" for n in range(20))),
    FaultCase(
        "M03",
        "500 MX",
        Served(faults={"MX": over_tcp(answering(_many))}),
        Outcome.MX,
        ttl=60,
    ),
    FaultCase("M04", "4,046 MX", Served(faults={"MX": "huge"}), Outcome.MX, ttl=60),
    _good("M05", "a null MX", "0 .", outcome=Outcome.NULL_MX),
    _good("M06", "MX 10 . alone", "10 .", outcome=Outcome.UNUSABLE_MX),
    _good("M07", "a null MX and a real one", "0 .", "10 mx"),
    _good("M08", "two null MX", "0 .", "10 .", outcome=Outcome.UNUSABLE_MX),
    _good("M09", "exchange localhost.", "10 localhost.", note=_OUT_OF_DEPTH),
    _good("M10", "an address for an exchange", "10 192.0.2.1.", note=_OUT_OF_DEPTH),
    _good(
        "M11",
        "an exchange that is an alias",
        "10 mx\nmx CNAME mx.example.",
        note="RFC 2181, section 10.3: the owner's mistake",
    ),
    FaultCase(
        "M12",
        "exchanges that do not exist",
        Served(records="@ 300 MX 10 gone\n@ 300 MX 20 away"),
        Outcome.UNUSABLE_MX,
        TargetFault.NONEXISTENT,
        questions=5,
        depth=Depth.EXCHANGES,
    ),
    FaultCase(
        "M13",
        "exchanges with SERVFAIL",
        Served(records="@ 300 MX 10 @", faults={"A": "servfail", "AAAA": "servfail"}),
        reason=FailureReason.SERVFAIL,
        questions=3,
        depth=Depth.EXCHANGES,
    ),
    FaultCase(
        "M14",
        "exchanges with private addresses only",
        Served(records="@ 300 MX 10 mx\nmx 300 A 10.0.0.25\nmx 300 AAAA fd00::25"),
        Outcome.UNUSABLE_MX,
        TargetFault.SPECIAL_ADDRESS,
        questions=3,
        ttl=300,
        depth=Depth.ROUTABLE,
    ),
    FaultCase(
        "M15",
        "some exchanges good, some bad",
        Served(
            records="@ 300 MX 10 mx\n@ 300 MX 20 mx2\nmx 300 A 10.0.0.25\n"
            "mx2 200 AAAA 2606:4700::25"
        ),
        Outcome.MX,
        questions=5,
        ttl=200,
        depth=Depth.ROUTABLE,
    ),
    FaultCase(
        "M16",
        "RDATA of 0, 1 and 2 octets",
        crafted(_bad_sizes),
        reason=FailureReason.MALFORMED,
    ),
    FaultCase(
        "M17",
        "octets after the exchange",
        Served(faults={"MX": by_hand(b"\0\x0a\x02mx\0junk")}),
        reason=FailureReason.MALFORMED,
    ),
    FaultCase(
        "M18",
        "8-bit, NUL, space and dot in a label",
        Served(faults={"MX": by_hand(b"\0\x0a\x04\xff\0 .\0")}),
        Outcome.UNUSABLE_MX,
        ttl=60,
    ),
    _good("M19", "_ in an exchange", "10 _mx"),
    _good("M20", "an exchange of 122 labels", f"10 {'a.' * 122}"),
    _ignored(
        "M21",
        "MX of class CH",
        answering(
            lambda exchange: with_answers(
                exchange, [record(b"\0\x0a\x02mx\0", rdclass=_CHAOS)], 1
            )
        ),
    ),
    _ignored(
        "M22",
        "an MX of another name",
        saying("other.example. 300 IN MX 10 mx.example."),
    ),
    _ignored(
        "M23", "an MX beside the answer only", saying(authority=[_MX], additional=[_MX])
    ),
    FaultCase(
        "M24",
        "the same MX twice",
        Served(faults={"MX": saying(_MX, _MX)}),
        Outcome.MX,
        ttl=300,
    ),
)
