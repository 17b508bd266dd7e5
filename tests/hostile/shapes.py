"""
Messages that are made to be expensive.

Owns      the shapes, each in any size.
Knows not who reads them.
"""

from __future__ import annotations

import struct

from collections.abc import Callable, Iterator

SIZES = (512, 1_232, 4_096, 65_535)

# Of the longest name: 127 labels that no host has, or 4 long ones.
ODD = b"\1\1" * 126 + b"\0"
LONG = (b"\x3f" + b"n" * 63) * 3 + b"\x3d" + b"n" * 61 + b"\0"

MX, CNAME, SOA, NS, A, TXT, OPT, DNAME = 15, 5, 6, 2, 1, 16, 41, 39
QNAME = b"\xc0\x0c"


def _pointer(at: int) -> bytes:
    return struct.pack("!H", 0xC000 | at & 0x3FFF)


def _record(owner: bytes, rtype: int, rdata: bytes, rclass: int = 1) -> bytes:
    return owner + struct.pack("!HHIH", rtype, rclass, 60, len(rdata)) + rdata


class _Builder:
    """Fills a message up to a size."""

    def __init__(self, section: bytes, size: int) -> None:
        self.octets = bytes(12) + section
        self.size = size
        self.counts = [0, 0, 0]

    def add(self, record: bytes, section: int = 0) -> bool:
        """Add a record if there is room."""
        if len(self.octets) + len(record) > self.size or self.counts[section] > 65_534:
            return False
        self.octets += record
        self.counts[section] += 1
        return True

    def fill(self, make: Callable[[int, int], bytes], section: int = 0) -> None:
        """Add what *make* makes of a number and the place where it will stand."""
        number = 0
        while self.add(make(number, len(self.octets)), section):
            number += 1

    def message(self, flags: int = 0x8180) -> bytes:
        """Give the message, with the ID zero."""
        head = struct.pack("!6H", 0, flags, 1, *self.counts)
        return head + self.octets[12:]


Shape = Callable[[bytes, int], bytes]
SHAPES: dict[str, Shape] = {}


def _shape(make: Callable[[_Builder], None]) -> None:
    def shape(section: bytes, size: int) -> bytes:
        builder = _Builder(section, size)
        make(builder)
        return builder.message()

    SHAPES[make.__name__.strip("_").replace("_", " ")] = shape


def _after_first(b: _Builder, name: bytes, rtype: int = MX) -> int:
    """Add one record whose owner is *name*; give where that stands."""
    at = len(b.octets)
    b.add(_record(name, rtype, b"\0\1" + _pointer(12) if rtype == MX else _pointer(12)))
    return at


@_shape
def _long_owners(b):
    at = _after_first(b, ODD)
    b.fill(lambda n, here: _record(_pointer(at), MX, b"\0\1" + _pointer(12)))


@_shape
def _long_exchanges(b):
    at = len(b.octets) + 14
    b.add(_record(QNAME, MX, b"\0\1" + ODD))
    b.fill(lambda n, here: _record(QNAME, MX, b"\0\1" + _pointer(at)))


@_shape
def _long_owners_and_exchanges(b):
    at = _after_first(b, ODD)
    b.fill(lambda n, here: _record(_pointer(at), MX, b"\0\1" + _pointer(at)))


@_shape
def _parts_of_one_long_name(b):
    at = _after_first(b, ODD)
    b.fill(
        lambda n, here: _record(
            _pointer(at + 2 * (n % 126)), MX, b"\0\1" + _pointer(at + 2 * (n % 125))
        )
    )


@_shape
def _names_written_out(b):
    b.fill(lambda n, here: _record(LONG, MX, b"\0\1" + LONG))


@_shape
def _odd_names_written_out(b):
    b.fill(lambda n, here: _record(ODD, MX, b"\0\1" + ODD))


@_shape
def _exchanges_that_are_no_hosts(b):
    b.fill(lambda n, here: _record(QNAME, MX, b"\0\1" + ODD))


@_shape
def _many_short_exchanges(b):
    b.fill(lambda n, here: _record(QNAME, MX, struct.pack("!H", n & 0xFFFF) + b"\1a\0"))


@_shape
def _many_roots(b):
    b.fill(lambda n, here: _record(QNAME, MX, b"\0\0\0"))


@_shape
def _each_name_on_top_of_the_last(b):
    last = [12]

    def snake(n, here):
        target = last[0] if n % 120 else 12
        last[0] = here + 14 if here < 0x3F00 else 12
        return _record(QNAME, MX, b"\0\1\1a" + _pointer(target))

    b.fill(snake)


@_shape
def _chains_of_sixteen_pointers(b):
    last = [12]

    def hop(n, here):
        target = last[0] if n % 15 else 12
        last[0] = here + 12 if here < 0x3F00 else 12
        return _record(QNAME, 99 if n % 15 else MX, _pointer(target))

    b.fill(hop)


@_shape
def _a_chain_of_thousands_of_pointers(b):
    last = [12]

    def hop(n, here):
        target, last[0] = last[0], here + 12 if here < 0x3F00 else last[0]
        return _record(QNAME, 99, _pointer(target))

    b.fill(hop)
    b.octets = b.octets[:-16] + _record(QNAME, MX, b"\0\1" + _pointer(last[0]))


@_shape
def _owners_behind_chains(b):
    last = [12]

    def hop(n, here):
        target, last[0] = last[0], here if here < 0x3F00 else last[0]
        return _record(b"\1a" + _pointer(target) if n % 100 else QNAME, MX, b"\0\1\0")

    b.fill(hop)


@_shape
def _a_count_of_65535(b):
    b.add(_record(QNAME, MX, b"\0\1\1a\0"))
    b.counts[0] = 65_535


@_shape
def _aliases_at_long_names(b):
    at = _after_first(b, ODD, CNAME)
    b.fill(lambda n, here: _record(_pointer(at), CNAME, _pointer(12)))


@_shape
def _different_aliases(b):
    _chain(b)


@_shape
def _an_alias_chain_of_long_names(b):
    b.add(_record(QNAME, CNAME, b"\4%04x" % 0 + ODD[:240] + b"\0"))
    _chain(b)


def _chain(b):
    b.fill(
        lambda n, here: _record(
            b"\4%04x" % n + ODD[:240] + b"\0",
            CNAME,
            b"\4%04x" % (n + 1) + ODD[:240] + b"\0",
        )
    )


@_shape
def _renamed_subtrees(b):
    b.fill(
        lambda n, here: _record(
            b"\4%04x" % n + b"\0", DNAME, b"\4%04x" % (n + 1) + b"\0"
        )
    )


@_shape
def _soas_with_long_names(b):
    b.fill(lambda n, here: _record(ODD, SOA, LONG + LONG + bytes(20)), 1)


@_shape
def _soas_of_one_long_name(b):
    at = len(b.octets)
    b.add(_record(ODD, SOA, b"\0\0" + bytes(20)), 1)
    b.fill(
        lambda n, here: _record(
            _pointer(at), SOA, _pointer(at) + _pointer(at) + bytes(20)
        ),
        1,
    )


@_shape
def _delegations(b):
    b.fill(lambda n, here: _record(ODD, NS, LONG), 1)


@_shape
def _glue(b):
    b.add(_record(QNAME, MX, b"\0\1\1a\0"))
    b.fill(lambda n, here: _record(ODD, A, bytes(4)), 2)


@_shape
def _an_opt_full_of_errors(b):
    options = struct.pack("!HHH", 15, 2, 6) * ((b.size - len(b.octets) - 11) // 6)
    b.add(b"\0" + struct.pack("!HHIH", OPT, 1232, 0, len(options)) + options, 2)


@_shape
def _an_opt_full_of_nothing(b):
    options = struct.pack("!HH", 65_001, 0) * ((b.size - len(b.octets) - 11) // 4)
    b.add(b"\0" + struct.pack("!HHIH", OPT, 1232, 0, len(options)) + options, 2)


@_shape
def _another_class(b):
    b.fill(lambda n, here: _record(ODD, MX, b"\0\1" + ODD, rclass=3))


@_shape
def _text(b):
    b.add(_record(QNAME, TXT, (b"\xff" + b"t" * 255) * ((b.size - 60) // 256)))


@_shape
def _records_of_nothing(b):
    b.fill(lambda n, here: _record(b"\0", 256, b""))


@_shape
def _zeros(b):
    b.octets += bytes(b.size - len(b.octets))
    b.counts = [65_535, 65_535, 65_535]


@_shape
def _pointers_only(b):
    b.octets += QNAME * ((b.size - len(b.octets)) // 2)
    b.counts = [65_535, 65_535, 65_535]


def messages(section: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Make all shapes in all sizes."""
    for name, make in SHAPES.items():
        for size in SIZES:
            yield name, size, make(section, size)
