"""
Signs the zones of `zones`, once, and for a long time.

    python -m tests.hostile.sign

The result is tests/hostile/data/signed.zones, so that the tests need no cryptography.
Needs the package `cryptography`; keys come from the names of the zones and are worth
nothing.
"""

from __future__ import annotations

import hashlib
import io
import sys

from datetime import UTC, datetime

import dns.dnssec
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone

from .zones import ANCHOR_MARK, FILE, ZONE_MARK, Case, cases, master_file

# The year 2086 is nearly as far away as 32 bits let it be (RFC 4034, s3.1.5).
BEGIN, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2086, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)


def _key(name: str):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(
        hashlib.sha256(name.encode()).digest()
    )
    public = private.public_key()
    return private, dns.dnssec.make_dnskey(public, "ED25519", flags=257)


def _compact(zone: dns.zone.Zone, private, dnskey) -> None:
    """Add what a server that signs as it answers would say of a missing name."""
    name = dns.name.from_text("missing", zone.origin)
    text = f"\\000.{name} RRSIG NSEC TYPE128"
    rrset = dns.rrset.from_text(name, 120, "IN", "NSEC", text)
    rrsig = dns.dnssec.sign(
        rrset, private, zone.origin, dnskey, inception=BEGIN, expiration=END
    )
    node = zone.find_node(name, create=True)
    node.replace_rdataset(rrset.to_rdataset())
    node.replace_rdataset(dns.rdataset.from_rdata(120, rrsig))


def _forge(zone: dns.zone.Zone, covered: str) -> None:
    """Turn a bit in each signature of *covered*."""
    rdtype = dns.rdatatype.from_text(covered)
    for node in zone.values():
        for rdataset in node:
            if rdataset.rdtype == dns.rdatatype.RRSIG and rdataset.covers == rdtype:
                (rrsig,) = rdataset
                forged = bytes([rrsig.signature[0] ^ 1]) + rrsig.signature[1:]
                rdataset.clear()
                rdataset.add(rrsig.replace(signature=forged), rdataset.ttl)


def _strip(zone: dns.zone.Zone, *rdtypes: str) -> None:
    wanted = set(map(dns.rdatatype.from_text, rdtypes))
    for node in zone.values():
        node.rdatasets = [
            each
            for each in node
            if each.rdtype not in wanted and each.covers not in wanted
        ]


SPOIL = {
    "forged": lambda zone: _forge(zone, "MX"),
    "stripped": lambda zone: _strip(zone, "RRSIG"),
    "forged-denial": lambda zone: _forge(zone, "NSEC"),
    "stripped-denial": lambda zone: _strip(zone, "NSEC"),
    "forged-nodata": lambda zone: _forge(zone, "NSEC"),
    "forged-wildcard": lambda zone: _forge(zone, "MX"),
    "forged-alias": lambda zone: _forge(zone, "CNAME"),
    "compact-forged": lambda zone: _forge(zone, "NSEC"),
}


def signed(case: Case) -> tuple[str, str]:
    """Give the master file and the trust anchor."""
    zone = dns.zone.from_text(master_file(case), case.zone, relativize=False)
    private, dnskey = _key(case.zone)
    begin, end = LONG_AGO if case.how == "expired" else (BEGIN, END)
    dns.dnssec.sign_zone(
        zone, keys=[(private, dnskey)], inception=begin, expiration=end, add_dnskey=True
    )
    if case.how.startswith("compact"):
        _compact(zone, private, dnskey)
    if case.how in SPOIL:
        SPOIL[case.how](zone)
    trusted = _key("another")[1] if case.how.startswith("other-key") else dnskey
    text = io.StringIO()
    zone.to_file(text, relativize=False)
    # RFC 9824; NSD does not know the name yet.
    master = text.getvalue().replace("NXNAME", "TYPE128")
    return master, f"{case.zone} DNSKEY {trusted}"


def main() -> None:
    """Write the file."""
    parts = []
    for case in cases():
        if case.how in ("plain", "refusing", "silent", "unknown", "unloaded"):
            continue
        text, anchor = signed(case)
        parts.append(f"{ZONE_MARK}{case.zone}\n{ANCHOR_MARK}{anchor}\n{text}")
    FILE.write_text("".join(parts), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
