"""R, N and C: response codes, absence, aliases."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import dns.message
import dns.rcode
import dns.rrset

from ..._dns import FailureReason
from ..._finding import Outcome
from .._exchange import MAX_MESSAGE, Exchange, Fault, answering
from .._faults import rcode
from ._case import FaultCase
from ._stages import DOMAIN, Served

_SERVFAIL, _REFUSED = FailureReason.SERVFAIL, FailureReason.REFUSED
_LOOP = FailureReason.ALIAS_LOOP
_SOA = "example. 300 IN SOA ns.example. host.example. 1 3600 600 86400 60"
_ADDRESS = "@ 120 A 192.0.2.1"
_NOTHING = "@ 300 TXT nothing"

# Seconds; the longest that a finding is believed, and a negative one.
_CAP, _NEGATIVE_CAP = 3600, 300


def saying(
    *answer: str,
    authority: Iterable[str] = (),
    additional: Iterable[str] = (),
    code: int = 0,
) -> Fault:
    """Answer with these records, each ``NAME TTL IN TYPE RDATA``."""

    def make(exchange: Exchange) -> bytes:
        """Say it."""
        response = exchange.response()
        response.set_rcode(dns.rcode.Rcode(code))
        _fill(response.answer, answer)
        _fill(response.authority, authority)
        _fill(response.additional, additional)
        return response.to_wire(max_size=MAX_MESSAGE)

    return answering(make)


def _fill(section: list[dns.rrset.RRset], lines: Iterable[str]) -> None:
    for line in lines:
        name, ttl, rdclass, rdtype, rdata = line.split(None, 4)
        section.append(dns.rrset.from_text(name, int(ttl), rdclass, rdtype, rdata))


def _rcode(identity: str, about: str, fault: Fault, reason: FailureReason) -> FaultCase:
    return FaultCase(identity, about, Served(faults={"MX": fault}), reason=reason)


RESPONSE_CODES = (
    _rcode("R01", "FORMERR", rcode(1), _REFUSED),
    _rcode("R02", "SERVFAIL", rcode(2), _SERVFAIL),
    FaultCase("R03", "NXDOMAIN with SOA", Served(records=""), Outcome.NXDOMAIN, ttl=60),
    FaultCase(
        "R04",
        "NXDOMAIN without SOA",
        Served(faults={"MX": rcode(3)}),
        Outcome.NXDOMAIN,
        ttl=0,
    ),
    _rcode("R05", "NOTIMP", rcode(4), _REFUSED),
    _rcode("R06", "REFUSED", rcode(5), _REFUSED),
    _rcode("R07", "YXDOMAIN", rcode(6), _SERVFAIL),
    _rcode("R08", "NOTAUTH", rcode(9), _REFUSED),
    _rcode("R09", "NOTZONE", rcode(10), _REFUSED),
    _rcode("R10", "rcode 11", rcode(11), _SERVFAIL),
    _rcode("R11", "BADVERS", rcode(16), _REFUSED),
    _rcode("R12", "BADCOOKIE", rcode(23), _SERVFAIL),
    _rcode(
        "R13",
        "NXDOMAIN with EDE 15 to 17",
        rcode(3, 15, 16, 17),
        FailureReason.FILTERED,
    ),
    _rcode(
        "R14", "SERVFAIL with EDE 6, 22, 23", rcode(2, 6, 22, 23), FailureReason.BOGUS
    ),
)


def _absent(identity: str, about: str, fault: Fault | str, ttl: int) -> FaultCase:
    return FaultCase(
        identity,
        about,
        Served(faults={"ANY": fault}),
        Outcome.NODATA,
        questions=3,
        ttl=ttl,
    )


def _soa(ttl: int, minimum: int, zone: str = "example.") -> str:
    return f"{zone} {ttl} IN SOA ns.example. host.example. 1 3600 600 86400 {minimum}"


_LONGEST = 2**32 - 1

NO_DATA = (
    FaultCase(
        "N01",
        "NODATA with SOA, then an A",
        Served(records=_ADDRESS),
        Outcome.IMPLICIT_MX,
        questions=2,
        ttl=60,
    ),
    FaultCase(
        "N02",
        "NODATA without SOA, then an A",
        Served(records=_ADDRESS, faults={"MX": saying()}),
        Outcome.IMPLICIT_MX,
        questions=2,
        ttl=0,
    ),
    FaultCase(
        "N03",
        "only an AAAA",
        Served(records="@ 120 AAAA 2001:db8::25"),
        Outcome.IMPLICIT_MX,
        questions=3,
        ttl=60,
    ),
    FaultCase(
        "N04",
        "no MX, no A, no AAAA",
        Served(records=_NOTHING),
        Outcome.NODATA,
        questions=3,
        ttl=60,
    ),
    _rcode(
        "N05",
        "a referral",
        saying(authority=["example. 300 IN NS ns.example."]),
        _SERVFAIL,
    ),
    _rcode(
        "N06",
        "an upward referral",
        saying(authority=[". 300 IN NS ns.example."]),
        _SERVFAIL,
    ),
    _absent(
        "N07", "a SOA from elsewhere", saying(authority=[_soa(300, 60, "other.")]), 0
    ),
    _absent("N08", "SOA MINIMUM 0", saying(authority=[_soa(300, 0)]), 0),
    _absent(
        "N09",
        "SOA for 136 years",
        saying(authority=[_soa(_LONGEST, _LONGEST)]),
        _NEGATIVE_CAP,
    ),
    _absent(
        "N10",
        "two SOAs",
        saying(authority=[_soa(300, 50), _soa(40, 300, f"{DOMAIN}.")]),
        40,
    ),
    FaultCase(
        "N11",
        "no MX, NXDOMAIN for A (a broken balancer)",
        Served(records=_NOTHING, faults={"A": saying(authority=[_SOA], code=3)}),
        Outcome.NODATA,
        questions=3,
        ttl=60,
    ),
    FaultCase(
        "N12",
        "no MX, SERVFAIL for A, an AAAA",
        Served(records="@ 120 AAAA 2001:db8::25", faults={"A": "servfail"}),
        Outcome.IMPLICIT_MX,
        questions=3,
        ttl=0,
    ),
    FaultCase(
        "N13",
        "no MX, no A, silence for AAAA",
        Served(records=_NOTHING, faults={"AAAA": "timeout"}),
        reason=FailureReason.TIMEOUT,
        questions=3,
    ),
    FaultCase(
        "N14",
        "SERVFAIL for MX, an A",
        Served(records=_ADDRESS, faults={"MX": "servfail"}),
        reason=_SERVFAIL,
        note="RFC 5321, section 5.1: no fall-back",
    ),
    FaultCase(
        "N15",
        "an empty non-terminal",
        Served(records="below A 192.0.2.1"),
        Outcome.NODATA,
        questions=3,
        ttl=60,
    ),
    _absent(
        "N16",
        "compact denial (RFC 9824)",
        saying(
            authority=[_SOA, f"{DOMAIN}. 60 IN NSEC \\000.{DOMAIN}. RRSIG NSEC TYPE128"]
        ),
        60,
    ),
)


def _alias(identity: str, about: str, records: str, note: str = "") -> FaultCase:
    stage = Served(records=records)
    return FaultCase(identity, about, stage, Outcome.MX, ttl=60, note=note)


def _chain(length: int) -> list[str]:
    names = [DOMAIN, *(f"c{n}.example" for n in range(1, length + 1))]
    return [f"{owner}. 60 IN CNAME {target}." for owner, target in pairwise(names)] + [
        f"{names[-1]}. 60 IN MX 10 mx.example."
    ]


def _chained(length: int) -> str:
    return "\n".join(_chain(length))


ALIASES = (
    _alias("C01", "an alias to an MX", _chained(1)),
    FaultCase(
        "C02",
        "an alias to a name with an A only",
        Served(records="@ 60 CNAME c.example.\nc.example. 60 A 192.0.2.1"),
        Outcome.IMPLICIT_MX,
        questions=2,
        ttl=60,
    ),
    FaultCase(
        "C03",
        "an alias to no name",
        Served(records="@ 60 CNAME gone.example."),
        Outcome.NXDOMAIN,
        ttl=60,
    ),
    FaultCase(
        "C04",
        "an alias, NOERROR and nothing at its end",
        Served(faults={"ANY": saying(f"{DOMAIN}. 60 IN CNAME gone.example.")}),
        Outcome.NODATA,
        questions=3,
        ttl=0,
    ),
    _rcode(
        "C05", "an alias to itself", saying(f"{DOMAIN}. 60 IN CNAME {DOMAIN}."), _LOOP
    ),
    FaultCase(
        "C06",
        "two aliases in a circle",
        Served(faults={"MX": "alias_loop"}),
        reason=_LOOP,
    ),
    _alias("C07", "8 aliases", _chained(8)),
    _alias(
        "C08",
        "16 aliases",
        _chained(16),
        note="16 are followed, as in dnspython; Postfix follows 10",
    ),
    _rcode("C09", "100 aliases", saying(*_chain(100)), _LOOP),
    FaultCase(
        "C10",
        "aliases out of order",
        Served(faults={"MX": saying(*reversed(_chain(5)))}),
        Outcome.MX,
        ttl=60,
    ),
    _rcode(
        "C11",
        "two aliases at one name",
        saying(*(f"{DOMAIN}. 60 IN CNAME {target}.example." for target in "xy")),
        FailureReason.MALFORMED,
    ),
    _alias(
        "C12", "an alias and an MX at one name", "@ 60 CNAME c.example.\n@ 60 MX 10 mx"
    ),
    _alias(
        "C13", "a DNAME above", "example. 60 DNAME other.\nd.other. 60 MX 10 mx.other."
    ),
    _rcode(
        "C14",
        "a DNAME that makes the name too long",
        saying(f"example. 60 IN DNAME {'.'.join(['n' * 60] * 4)}.", code=6),
        _SERVFAIL,
    ),
)
