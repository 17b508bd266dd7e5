"""
Sixty zones and more, plain, signed and signed badly; each with a question about it.

Owns      what is in them, and what must come of them.
Knows not how they are signed and served.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from senderdomain import Outcome

MX, IMPLICIT = Outcome.MX, Outcome.IMPLICIT_MX
NODATA, NXDOMAIN = Outcome.NODATA, Outcome.NXDOMAIN
NULL, UNUSABLE, LATER = Outcome.NULL_MX, Outcome.UNUSABLE_MX, Outcome.TEMPFAIL

# What `sign` has made of those that are signed.
FILE = Path(__file__).parent / "data" / "signed.zones"
ZONE_MARK, ANCHOR_MARK = ";; zone ", ";; anchor "

MANY = "".join(f"@ MX {n} mail-{n:03}\n" for n in range(100))

# name -> records, what is asked for ("" is the zone itself), outcome
SHAPES = {
    "mx": ("@ MX 10 mail\nmail A 192.0.2.1", "", MX),
    "two-mx": ("@ MX 10 mail\n@ MX 20 mail.elsewhere.example.", "", MX),
    "a": ("@ A 192.0.2.1", "", IMPLICIT),
    "aaaa": ("@ AAAA 2001:db8::1", "", IMPLICIT),
    "null": ("@ MX 0 .", "", NULL),
    "null-and-a": ("@ MX 0 .\n@ A 192.0.2.1", "", NULL),
    "null-and-mx": ("@ MX 0 .\n@ MX 10 mail", "", MX),
    "bare": ("", "", NODATA),
    "text": ('@ TXT "x"', "", NODATA),
    "missing": ("@ MX 10 mail", "missing", NXDOMAIN),
    "below-missing": ("@ MX 10 mail", "a.b.c.missing", NXDOMAIN),
    "ent": ("a.ent A 192.0.2.1", "ent", NODATA),
    "below-ent": ("a.ent A 192.0.2.1", "b.ent", NXDOMAIN),
    "wildcard": ("* MX 10 mail", "any", MX),
    "wildcard-deep": ("* MX 10 mail", "so.many", MX),
    "wildcard-text": ('* TXT "x"', "any", NODATA),
    "wildcard-beside": ('* MX 10 mail\nthere TXT "x"', "there", NODATA),
    "wildcard-below": ('* MX 10 mail\nthere TXT "x"', "a.there", NXDOMAIN),
    "cname": ("b CNAME c\nc MX 10 mail", "b", MX),
    "cname-a": ("b CNAME c\nc A 192.0.2.1", "b", IMPLICIT),
    "cname-gone": ("b CNAME gone", "b", NXDOMAIN),
    "cname-loop": ("b CNAME c\nc CNAME b", "b", LATER),
    "dname": ("d DNAME e\nx.e MX 10 mail", "x.d", MX),
    "dname-gone": ("d DNAME e\nx.e MX 10 mail", "y.d", NXDOMAIN),
    "dname-itself": ("d DNAME e\nx.e MX 10 mail", "d", NODATA),
    "unusable": ("@ MX 10 my\\032mail", "", UNUSABLE),
    "many": (MANY, "", MX),
}

# What is done to a signed zone, and to which of the above.
SPOILT = {
    "forged": ("mx", LATER),  # the signature of the MX is of something else
    "expired": ("mx", LATER),
    "stripped": ("mx", LATER),  # no signatures at all
    "forged-denial": ("missing", LATER),
    "stripped-denial": ("missing", LATER),  # no NSEC
    "forged-nodata": ("bare", LATER),
    "forged-wildcard": ("wildcard", LATER),
    "forged-alias": ("cname", LATER),
    "other-key": ("mx", LATER),  # the trust anchor is of another key
    "other-key-denial": ("missing", LATER),
}

# Compact denial of existence (RFC 9824): NOERROR and an NSEC at the very name.
COMPACT = {
    "compact": ("@ MX 10 mail", "missing", NODATA),
    "compact-mx": ("@ MX 10 mail", "", MX),
    "compact-forged": ("@ MX 10 mail", "missing", LATER),
}

# Zones for which nobody answers as he should.
LAME = ["refusing", "silent", "unknown", "unloaded"]


@dataclass(frozen=True)
class Case:
    """
    One zone.

    Attributes:
        zone: Its name, with the final dot.
        records: Without SOA and NS.
        asked: The domain of the sender.
        outcome: What must come of it.
        how: plain, signed, compact, or what is wrong.
    """

    zone: str
    records: str
    asked: str
    outcome: Outcome
    how: str


def _case(label, how, records, asked, outcome):
    # NSD has "example.", and so it has an answer for everything below.
    zone = f"{label}.{how}.{'net' if how == 'unknown' else 'example'}."
    return Case(zone, records, f"{asked}.{zone}".strip("."), outcome, how)


def cases():
    """Make all of them."""
    for name, (records, asked, outcome) in SHAPES.items():
        for how in ("plain", "signed"):
            yield _case(name, how, records, asked, outcome)
    for how, (name, outcome) in SPOILT.items():
        records, asked, _ = SHAPES[name]
        yield _case(name, how, records, asked, outcome)
    for how, (records, asked, outcome) in COMPACT.items():
        yield _case("z", how, records, asked, outcome)
    for how in LAME:
        yield _case("z", how, "@ MX 10 mail", "", LATER)


HEAD = """$ORIGIN {zone}
$TTL 600
@ 900 SOA ns hostmaster 1 3600 600 86400 120
@ NS ns
ns A 127.0.0.1
"""


def master_file(case):
    """Write the zone, not signed."""
    return f"{HEAD.format(zone=case.zone)}{case.records}\n"


def read():
    """Read what `sign` has written: zone -> master file, trust anchor."""
    found = {}
    for part in FILE.read_text("utf-8").split(ZONE_MARK)[1:]:
        zone, anchor, text = part.split("\n", 2)
        found[zone] = text, anchor.removeprefix(ANCHOR_MARK)
    return found
