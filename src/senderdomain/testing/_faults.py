"""
What can go wrong with an answer, by name.

Owns      the vocabulary of faults, and what each of them sends.
Knows not how it is sent.
"""

from __future__ import annotations

import re

from collections.abc import Callable, Iterable, Mapping

import dns.edns
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from ._exchange import (
    MAX_MESSAGE,
    POINTER,
    Elsewhere,
    Exchange,
    Fault,
    Hangup,
    Pause,
    Step,
    answering,
    framed,
    over_tcp,
    record,
    truth,
    with_answers,
)


def rcode(number: int, *extended_errors: int) -> Fault:
    """
    Answer with an rcode and no records.

    Args:
        number: Up to 4095; what exceeds four bits is in the OPT (RFC 6891).
        extended_errors: Info-codes of RFC 8914.
    """

    def make(exchange: Exchange) -> bytes:
        """Build it."""
        response = exchange.response()
        if extended_errors or number > 15:  # noqa: PLR2004 - the four bits
            options: list[dns.edns.Option] = [
                dns.edns.EDEOption(dns.edns.EDECode.make(code))
                for code in extended_errors
            ]
            response.use_edns(0, options=options)
        response.set_rcode(dns.rcode.Rcode(number))
        return response.to_wire()

    return answering(make)


def silence(_exchange: Exchange) -> Iterable[Step]:
    """Answer nothing at all, and keep a stream open."""
    return ()


def slow(seconds: float) -> Fault:
    """Answer the truth, but late."""

    def fault(exchange: Exchange) -> Iterable[Step]:
        """Wait, then answer."""
        yield Pause(seconds)
        yield from truth(exchange)

    return fault


def flaky(times: float) -> Fault:
    """Answer SERVFAIL so many times, and the truth from then on."""

    def fault(exchange: Exchange) -> Iterable[Step]:
        """Count."""
        failing = exchange.number < times
        return (rcode(dns.rcode.SERVFAIL) if failing else truth)(exchange)

    return fault


def _malformed(exchange: Exchange) -> bytes:
    return with_answers(exchange, [record(b"\0\x0a\0", size=MAX_MESSAGE)], 1)


def _cut(exchange: Exchange) -> bytes:
    whole = exchange.truth()
    return whole[: len(whole) - 3]


def _wrong_id(exchange: Exchange) -> bytes:
    whole = exchange.truth()
    return bytes((whole[0] ^ 0xFF, whole[1] ^ 0xFF)) + whole[2:]


def _wrong_question(exchange: Exchange) -> bytes:
    whole = exchange.truth()
    return whole[:13] + bytes((whole[13] ^ 0x01,)) + whole[14:]


def _compression(exchange: Exchange) -> bytes:
    # An alias to a name that is a pointer to itself.
    here = len(with_answers(exchange, [], 0)) + len(record(b""))
    pointer = (POINTER | here).to_bytes(2, "big")
    return with_answers(exchange, [record(pointer, rdtype=dns.rdatatype.CNAME)], 1)


def _alias_loop(exchange: Exchange) -> bytes:
    response = exchange.response()
    name = response.question[0].name
    other = dns.name.Name((b"loop", *name.labels[-3:]))
    for owner, target in ((name, other), (other, name)):
        response.answer.append(
            dns.rrset.from_text(owner, 60, "IN", "CNAME", target.to_text())
        )
    return response.to_wire(max_size=MAX_MESSAGE)


def _huge(exchange: Exchange) -> bytes:
    rdtype = exchange.response().question[0].rdtype
    to_rdata, count = _HUGE[rdtype]
    rdatas = (to_rdata(n.to_bytes(2, "big")) for n in range(count))
    records = [record(rdata, rdtype=rdtype) for rdata in rdatas]
    return with_answers(exchange, records, count)


# As many records of a type as there is room for.
_HUGE: Mapping[int, tuple[Callable[[bytes], bytes], int]] = {
    dns.rdatatype.MX: (lambda number: number + b"\xc0\x0c", 4_046),
    dns.rdatatype.A: (lambda number: b"\xc6\x12" + number, 4_046),
    dns.rdatatype.AAAA: (
        lambda number: b"\x20\x01\x0d\xb8".ljust(14, b"\0") + number,
        2_300,
    ),
}


def _garbage_first(exchange: Exchange) -> Iterable[Step]:
    yield b"\xde\xad\xbe\xef" * 8
    yield exchange.query[:2] + b"\xff" * 30
    yield from truth(exchange)


def _several(exchange: Exchange) -> Iterable[Step]:
    yield from truth(exchange)
    yield from rcode(dns.rcode.NXDOMAIN)(exchange)


def _other_port(exchange: Exchange) -> Iterable[Step]:
    yield Elsewhere(exchange.truth())


def _tcp_reset(exchange: Exchange) -> Iterable[Step]:
    yield framed(exchange.truth())[:20]
    yield Hangup.RESET


def trickle(seconds: float) -> Fault:
    """Send the answer over TCP, octet by octet, *seconds* apart."""

    def fault(exchange: Exchange) -> Iterable[Step]:
        """Take pains."""
        for octet in framed(exchange.truth()):
            yield bytes((octet,))
            yield Pause(seconds)

    return over_tcp(fault)


def _hang_up(_exchange: Exchange) -> Iterable[Step]:
    yield Hangup.CLOSE


_PLAIN: Mapping[str, Fault] = {
    "servfail": rcode(dns.rcode.SERVFAIL),
    "refused": rcode(dns.rcode.REFUSED),
    "formerr": rcode(dns.rcode.FORMERR),
    "notimp": rcode(dns.rcode.NOTIMP),
    "timeout": silence,
    "malformed": answering(_malformed),
    "truncated": over_tcp(_hang_up),
    "bogus": rcode(dns.rcode.SERVFAIL, dns.edns.EDECode.DNSSEC_BOGUS),
    "filtered": rcode(dns.rcode.NXDOMAIN, dns.edns.EDECode.BLOCKED),
    "alias_loop": answering(_alias_loop),
    "wrong_id": answering(_wrong_id),
    "wrong_question": answering(_wrong_question),
    "garbage_first": _garbage_first,
    "cut": answering(_cut),
    "other_port": _other_port,
    "tcp_reset": over_tcp(_tcp_reset),
    "tcp_trickle": trickle(1.0),
    "huge": over_tcp(answering(_huge)),
    "compression": answering(_compression),
    "several": _several,
}

_WITH_NUMBER: Mapping[str, Callable[[float], Fault]] = {"slow": slow, "flaky": flaky}

FAULTS = (*_PLAIN, "slow(seconds)", "flaky(times)")
"""The faults that have a name, as `Zone.fault` takes them: ``"slow(0.5)"``."""

_SPELLING = re.compile(r"(\w+)\(([0-9.]+)\)").fullmatch


def fault_named(text: str) -> Fault:
    """
    Find a fault by its name, such as ``servfail`` or ``slow(0.5)``.

    Raises:
        ValueError: If there is none of that name.
    """
    spelled = _SPELLING(text)
    try:
        if spelled is not None:
            return _WITH_NUMBER[spelled[1]](float(spelled[2]))
        return _PLAIN[text]
    except (KeyError, ValueError):
        msg = f"no fault {text!r}; there are {', '.join(FAULTS)}"
        raise ValueError(msg) from None
