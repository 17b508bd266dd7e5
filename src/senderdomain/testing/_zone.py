"""
A piece of the DNS in memory, answering as a recursive resolver would.

Owns      what is in a zone, what is wrong with it, and which of the two counts.
Knows not sockets. dnspython reads master files and queries.
"""

from __future__ import annotations

import re

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Self, TypeAlias

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype

from .._dns import Question, RecordType
from .._wire import EDNS_PAYLOAD
from ._content import Content
from ._exchange import MAX_MESSAGE, Exchange, Fault, Step, truth
from ._faults import fault_named
from ._master import DEFAULT_TTL, Node, parsed

Types: TypeAlias = Mapping[str, Iterable[str]]
"""Record type -> RDATA as in a master file."""

ZoneDict: TypeAlias = Mapping[str, Types]
"""Name -> record type -> RDATA as in a master file; no types: an empty name."""

# Octets over UDP without EDNS (RFC 1035, section 2.3.4).
_PLAIN_PAYLOAD = 512

# Answers kept ready: benchmarks and tests ask the same things again and again.
_MOST_READY = 4096

_QTYPES = (*(qtype.name for qtype in RecordType), "ANY")
_QTYPES_SHOWN = ", ".join(_QTYPES)
_ANY = dns.rdatatype.ANY

# What `record` writes where the DNS had no answer: a comment to all but us.
_RECORDED_FAULT = re.compile(r"^; fault (\S+) (\S+) (\S+)$", re.MULTILINE).findall


class Zone:
    """
    Names and their records, as text in the format of a master file, or as a dict.

    Names are absolute: the origin is the root unless ``$ORIGIN`` says otherwise.

    Args:
        source: ``"example.org. MX 10 mx.example.org."`` and so on, line by line, or
            ``{"example.org": {"MX": ["10 mx.example.org."]}}``.

    Attributes:
        questions: The questions that resolvers in memory have asked, in order.

    Raises:
        ValueError: If it cannot be read; the message has the line and the reason.
    """

    def __init__(self, source: str | ZoneDict = "") -> None:
        """See the class."""
        self.questions: list[Question] = []
        self._content = Content({})
        self._faults: dict[tuple[dns.name.Name, int], _Faulty] = {}
        self._ready: dict[tuple[bytes, bool], tuple[str, bytes]] = {}
        self.update(source)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """
        Read a master file.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If it is not a master file.
        """
        zone = cls()
        try:
            text = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            msg = f"not a master file: {path}: octet {error.start} is not UTF-8"
            raise ValueError(msg) from None
        zone._read(text, str(path))
        return zone

    def _read(self, text: str, where: str) -> None:
        self._set(Content({**self._content.nodes, **parsed(text, where)}))
        for name, qtype, kind in _RECORDED_FAULT(text):
            self.fault(name, kind, qtype=qtype)

    def _set(self, content: Content) -> None:
        self._content = content
        self._ready = {}

    def __repr__(self) -> str:
        """Show how many names there are."""
        return f"<{type(self).__name__} of {len(self._content.nodes)} names>"

    def put(self, name: str, types: Types) -> None:
        """
        Give *name* these records, instead of those that it has.

        Args:
            name: The name.
            types: Such as ``{"MX": ["10 mx.example.org."]}``; ``{}`` for a name
                that exists and has nothing.

        Raises:
            ValueError: If they cannot be read.
        """
        self.update({name: types})

    def update(self, source: str | ZoneDict) -> None:
        """Give the names in *source* other records; see `put`, and the class."""
        if isinstance(source, str):
            self._read(source, "zone")
        else:
            self._set(Content({**self._content.nodes, **_parsed_dict(source)}))

    def remove(self, name: str) -> None:
        """
        Take *name* out of the zone, and leave what is below it.

        Raises:
            ValueError: If it has no records.
        """
        nodes = dict(self._content.nodes)
        if nodes.pop(_name(name), None) is None:
            msg = f"nothing to remove: the zone has no records of {name!r}"
            raise ValueError(msg)
        self._set(Content(nodes))

    def fault(self, name: str, kind: str | Fault, *, qtype: str = "ANY") -> None:
        """
        Let questions for *name* fail.

        Args:
            name: The name.
            kind: One of `FAULTS`, such as ``"servfail"`` or ``"slow(0.5)"``; or a
                function that plans what is sent.
            qtype: Only questions for ``MX``, ``A`` or ``AAAA``; all by default.

        Raises:
            ValueError: If there is no such fault or type.
        """
        given: object = kind
        if not isinstance(given, str) and not callable(given):
            msg = f"a fault is a name or a function: {kind!r}"
            raise ValueError(msg)  # noqa: TRY004 - all bad configuration is ValueError
        fault = fault_named(kind) if isinstance(kind, str) else kind
        self._faults[_name(name), _rdtype(qtype)] = _Faulty(fault)
        self._ready = {}

    def heal(self, name: str, *, qtype: str = "ANY") -> None:
        """
        Take back a `fault`; nothing happens where there is none.

        Raises:
            ValueError: If there is no such type.
        """
        self._faults.pop((_name(name), _rdtype(qtype)), None)
        self._ready = {}

    def play(
        self, wire: bytes, *, over_tcp: bool = False
    ) -> tuple[str, Iterable[Step]]:
        """
        Tell what is sent in answer to a query.

        Args:
            wire: A DNS message.
            over_tcp: It came over TCP.

        Returns:
            The question, such as ``"example.org MX"``, and the steps.

        Raises:
            ValueError: If *wire* is not a query.
        """
        ready_then = self._ready
        ready = ready_then.get((wire[2:], over_tcp))
        if ready is not None:
            exchange = Exchange(wire, lambda: wire[:2] + ready[1], 0, over_tcp)
            return ready[0], truth(exchange)
        query = _query(wire)
        question = query.question[0]
        name, rdtype = question.name, question.rdtype
        name_shown = name.to_text(omit_final_dot=True).lower()
        asked = f"{name_shown} {dns.rdatatype.to_text(rdtype)}"
        answer = partial(self._answer, query, over_tcp=over_tcp)
        faulty = self._faults.get((name, rdtype), self._faults.get((name, _ANY)))
        if faulty is None:
            message = answer()
            # Into the dict of the time when it was asked for: meanwhile the zone may
            # have changed in another thread, and has a new one.
            if len(ready_then) >= _MOST_READY:
                ready_then.clear()
            ready_then[wire[2:], over_tcp] = asked, message[2:]
            return asked, truth(Exchange(wire, lambda: message, 0, over_tcp))
        number = next(faulty.counts[asked, over_tcp])
        return asked, faulty.fault(Exchange(wire, answer, number, over_tcp))

    def _answer(self, query: dns.message.Message, *, over_tcp: bool) -> bytes:
        response = dns.message.make_response(query, recursion_available=True)
        self._content.fill(response)
        message = response.to_wire(max_size=MAX_MESSAGE, prefer_truncation=True)
        # RFC 6891, section 6.2.3: without EDNS there are 512 octets.
        limit = EDNS_PAYLOAD if query.edns >= 0 else _PLAIN_PAYLOAD
        if over_tcp or len(message) <= limit:
            return message
        response = dns.message.make_response(query, recursion_available=True)
        response.flags |= dns.flags.TC
        return response.to_wire()


class _Faulty:
    """A fault, and how often each question has met it."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.counts: defaultdict[tuple[str, bool], count[int]] = defaultdict(count)


def _query(wire: bytes) -> dns.message.Message:
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException as error:
        msg = f"not a DNS message: {error}"
        raise ValueError(msg) from None
    if not query.question or query.flags & dns.flags.QR:
        msg = "not a query"
        raise ValueError(msg)
    return query


def _rdtype(qtype: str) -> int:
    if qtype not in _QTYPES:
        msg = f"no question for {qtype!r} is ever asked; there are {_QTYPES_SHOWN}"
        raise ValueError(msg)
    return dns.rdatatype.from_text(qtype)


def _name(text: str) -> dns.name.Name:
    if "@" in text:
        msg = f"a zone has domains and no addresses: {text!r}"
        raise ValueError(msg)
    try:
        return dns.name.from_text(text)
    except dns.exception.DNSException as error:
        msg = f"not a domain name: {text!r}: {error}"
        raise ValueError(msg) from None


def _parsed_dict(source: ZoneDict) -> dict[dns.name.Name, Node]:
    _check_dict(source)
    nodes: dict[dns.name.Name, Node] = {}
    for name, types in source.items():
        node = nodes.setdefault(_name(name), {})
        for rdtype, rdatas in types.items():
            lines = [f"{_name(name)} {DEFAULT_TTL} IN {rdtype} {r}\n" for r in rdatas]
            # One by one, for a message that tells where the mistake is.
            for records in parsed(
                "".join(lines), f"zone[{name!r}][{rdtype!r}]"
            ).values():
                node.update(records)
    return nodes


def _check_dict(source: ZoneDict) -> None:
    if not _is_dict(source):
        msg = f"a zone is text or a dict of names: {source!r}"
        raise ValueError(msg)
    for name, types in source.items():
        if not _is_dict(types):
            msg = f"zone[{name!r}] must be a dict of types: {types!r}"
            raise ValueError(msg)
        for rdtype, rdatas in types.items():
            if isinstance(rdatas, str):
                msg = f"zone[{name!r}][{rdtype!r}] must be a list: [{rdatas!r}]"
                raise ValueError(msg)  # noqa: TRY004


def _is_dict(given: object) -> bool:
    return isinstance(given, Mapping)
