"""
The DNS and the senders of the recordings, for whoever plays them again.

`world` makes the zone, faults included, as a resolver's client sees it: faults of a
domain's own server (``auth`` in faults.json) are what Unbound made of them.
"""

from __future__ import annotations

import json

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dns.flags
import dns.rcode
import dns.rdatatype
import dns.rrset

from senderdomain import Receiver
from senderdomain.testing import Zone
from senderdomain.testing._exchange import (
    Exchange,
    Fault,
    Hangup,
    Pause,
    Step,
    answering,
    over_tcp,
    record,
    truth,
    with_answers,
)
from senderdomain.testing._faults import (
    _wrong_id,
    _wrong_question,
    rcode,
    silence,
    slow,
)

RECORDED = Path(__file__).parent / "recorded"

RECEIVER = Receiver(
    host="mx.oracle.zz",
    local_domains=frozenset({"oracle.zz"}),
    addresses=frozenset({"127.0.0.1", "100.128.0.9"}),
    recipient="<postmaster@oracle.zz>",
)

# In the recordings the DNS also had what these files do not hold.
_MISSING = """
*.wildmx.zz. MX 10 mx.mx-ok.zz.
localhost. A 127.0.0.1
localhost. AAAA ::1
foo.localhost. A 127.0.0.1
foo.localhost. AAAA ::1
mx.oracle.zz. A 100.128.0.9
oracle.zz. MX 10 mx.oracle.zz.
home.arpa. TXT "empty"
"""


@dataclass(frozen=True)
class Case:
    """One sender of the recordings."""

    id: str
    sender: bytes
    smtputf8: bool
    dns: str

    @property
    def path(self) -> bytes:
        """The argument of MAIL FROM."""
        return b"<" + self.sender + b">"


def cases() -> list[Case]:
    """Read all senders."""
    listed = json.loads((RECORDED / "cases.json").read_text())
    return [
        Case(
            each["id"],
            bytes.fromhex(each["raw_hex"])
            if each.get("raw_hex")
            else each["sender"].encode(),
            bool(each.get("smtputf8")),
            each.get("dns", ""),
        )
        for each in listed
    ]


def recorded(server: str) -> dict[str, dict[str, Any]]:
    """Read what *server* said, by the ids of the cases."""
    text = (RECORDED / "replies" / f"{server}.json").read_text()
    replies: dict[str, dict[str, Any]] = json.loads(text)["cases"]
    return replies


def live_world() -> Zone:
    """Make the world of a server that gives up after a second, twice."""
    return world({**_FOR_THE_IMPATIENT, "delaygood:2": _late(silence, 3)})


def _late(plan: Fault, questions: int) -> Fault:
    """Answer the truth when Unbound knows it, after so many *questions* of any type."""
    asked = count()

    def fault(exchange: Exchange) -> Iterable[Step]:
        """Count."""
        return (plan if next(asked) < questions else truth)(exchange)

    return fault


def world(others: Mapping[str, Fault] = MappingProxyType({})) -> Zone:
    """Make the zone, and set its faults, of which *others* may be different."""
    # Too late for who waits for ten seconds.
    known = {**_FRONT, "delaygood:2": _late(slow(11), 1), **others}
    zone = Zone()
    for name in ("root", "zz", "xw", "xm"):
        zone.update((RECORDED / "zones" / f"{name}.zone").read_text())
    zone.update(_MISSING)
    # Unbound makes that of a chain which is that long, unless it has it already.
    zone.fault("c1.cname-chain40.zz", "servfail")
    faults = json.loads((RECORDED / "zones" / "faults.json").read_text())
    for name, actions in faults["front"].items():
        for each in (name, *_BELOW.get(name, ())):
            _set(zone, each, actions, known)
    for domain, actions in (*faults["auth"].items(), *_FAR_FAULTS.items()):
        name = f"mx.{domain}" if domain.startswith("lame.") else domain
        zone.put(name, _GOOD | {"MX": [f"10 mx.{name}."]})
        zone.put(f"mx.{name}", _GOOD)
        _set(zone, name, actions, {**known, **_THROUGH_UNBOUND})
    return zone


_GOOD = {"A": ["100.128.0.25"], "AAAA": ["2a00::25"]}

# A name that an answer speaks of shares the fault of the name asked for.
_BELOW = {
    "stub-cname-noans.zz": ["x.stub-cname-noans.zz"],
    "stub-cnameloop.zz": ["x.stub-cnameloop.zz"],
}

# Without an action of their own in faults.json: nobody listens on port 53.
_FAR_FAULTS = {
    "auth-closedport.zz": {"*": "drop"},
    "auth-tc-tcprefused.zz": {"*": "rcode:SERVFAIL"},
}


def _set(
    zone: Zone, name: str, actions: dict[str, str], known: Mapping[str, Fault]
) -> None:
    for qtype in ("MX", "A", "AAAA"):
        action = actions.get(qtype, actions.get("*", "pass"))
        if action not in ("pass", "good"):
            zone.fault(name, known[action], qtype=qtype)


def _alias(target: str, *, back: bool = False) -> Fault:
    """Answer with an alias, and nothing at its target."""

    def make(exchange: Exchange) -> bytes:
        """Build it."""
        response = exchange.response()
        name = response.question[0].name
        end = name if name.to_text().startswith("x.") else f"{target}.{name}"
        pairs = [(name, end), (end, name)] if back else [(name, end)]
        for owner, to in pairs:
            alias = dns.rrset.from_text(owner, 60, "IN", "CNAME", str(to))
            response.answer.append(alias)
        return response.to_wire()

    return answering(make)


def _alias_and_servfail(exchange: Exchange) -> bytes:
    response = exchange.response()
    name = response.question[0].name
    alias = dns.rrset.from_text(name, 60, "IN", "CNAME", f"t.{name}")
    response.answer.append(alias)
    response.set_rcode(dns.rcode.SERVFAIL)
    return response.to_wire()


def _garbage(exchange: Exchange) -> bytes:
    # A record whose length runs over the end.
    rdtype = exchange.response().question[0].rdtype
    rdata = record(b"\xff" * 30, rdtype=rdtype, size=0xFFFF)
    return with_answers(exchange, [rdata], 1)


def _negative(code: dns.rcode.Rcode, *, soa: bool, aa: bool = False) -> Fault:
    def make(exchange: Exchange) -> bytes:
        """Build it."""
        response = exchange.response()
        response.set_rcode(code)
        if soa:
            numbers = "ns.zz. hostmaster.zz. 1 3600 600 86400 60"
            response.authority.append(
                dns.rrset.from_text("zz.", 60, "IN", "SOA", numbers)
            )
        if aa:
            response.flags |= dns.flags.AA
        return response.to_wire()

    return answering(make)


def _referral(exchange: Exchange) -> bytes:
    response = exchange.response()
    response.authority.append(
        dns.rrset.from_text("zz.", 60, "IN", "NS", "ns.elsewhere.zz.")
    )
    return response.to_wire()


def _truncated_with_one(exchange: Exchange) -> Iterable[Step]:
    if exchange.over_tcp:
        yield Hangup.RESET
        return
    whole = bytearray(exchange.truth())
    whole[2] |= 0x02
    yield bytes(whole)


def _short(exchange: Exchange) -> Iterable[Step]:
    yield exchange.query[:2] + b"\x81\x80\0\1\0"


def _first_servfail(exchange: Exchange) -> Iterable[Step]:
    failing = exchange.number == 0
    return (rcode(dns.rcode.SERVFAIL) if failing else truth)(exchange)


def _reset(_exchange: Exchange) -> Iterable[Step]:
    yield Hangup.RESET


_SERVFAIL = rcode(dns.rcode.SERVFAIL)

_FRONT: dict[str, Fault] = {
    "rcode:SERVFAIL": _SERVFAIL,
    "rcode:FORMERR": rcode(dns.rcode.FORMERR),
    "rcode:REFUSED": rcode(dns.rcode.REFUSED),
    "drop": silence,
    "delay:2": slow(2),
    # The packet that is sent again, five seconds later, has its answer.
    "first:drop": slow(5),
    "first:rcode:SERVFAIL": _first_servfail,
    "nxdomain": _negative(dns.rcode.NXDOMAIN, soa=True, aa=True),
    "nxdomain-noaa": _negative(dns.rcode.NXDOMAIN, soa=True),
    "nxdomain-nosoa": _negative(dns.rcode.NXDOMAIN, soa=False),
    "nodata": _negative(dns.rcode.NOERROR, soa=True, aa=True),
    "nodata-nosoa": _negative(dns.rcode.NOERROR, soa=False),
    "referral": answering(_referral),
    "tc+drop": over_tcp(silence),
    "tc+rst": over_tcp(_reset),
    "tcsome+rst": _truncated_with_one,
    "wrongid": answering(_wrong_id),
    "wrongq": answering(_wrong_question),
    "garbage": answering(_garbage),
    "short": _short,
    "cnameloop": _alias("x", back=True),
    "cnameonly": _alias("x"),
    "cname+servfail": answering(_alias_and_servfail),
}


def _first_lost(exchange: Exchange) -> Iterable[Step]:
    return (truth if exchange.number else silence)(exchange)


def _close(_exchange: Exchange) -> Iterable[Step]:
    # glibc waits for as long as the server does.
    yield Pause(1)
    yield Hangup.CLOSE


_FOR_THE_IMPATIENT: dict[str, Fault] = {
    "delay:2": slow(0.4),
    "first:drop": _first_lost,
    "tc+drop": over_tcp(_close),
}

# What a client of Unbound sees when the server of a domain does this.
_THROUGH_UNBOUND: dict[str, Fault] = {
    "rcode:REFUSED": _SERVFAIL,
    "rcode:FORMERR": _SERVFAIL,
    "upward": _SERVFAIL,
    "wrongid": silence,
    "tc+good": truth,
}
