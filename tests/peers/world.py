"""
A DNS and some senders, of those that the recordings have.

Owns      which names there are, and what is wrong with them.
Knows not what servers make of it.
"""

from __future__ import annotations

from senderdomain.testing import Zone

from .case import Case

TEXT = """
mx-ok.zz.                       MX  10 mx.mx-ok.zz.
mx.mx-ok.zz.                    A   100.128.0.25
a-only.zz.                      A   100.128.0.25
null-mx.zz.                     MX  0 .
txt-only.zz.                    TXT "v=spf1 -all"
mx-target-nx.zz.                MX  10 gone.mx-target-nx.zz.
mx-10.zz.                       MX  10 mx.mx-10.zz.
mx.mx-10.zz.                    A   10.1.2.3
mx-us.zz.                       MX  10 mx.oracle.zz.
mx.oracle.zz.                   A   100.128.0.9
under_score.zz.                 MX  10 mx.mx-ok.zz.
xn--mnchen-3ya.zz.              MX  10 mx.mx-ok.zz.
stub-mxservfail-aok.zz.         A   100.128.0.25
"""

FAULTS = [
    ("stub-servfail.zz", "servfail", "ANY"),
    ("stub-timeout.zz", "timeout", "ANY"),
    ("stub-formerr.zz", "formerr", "ANY"),
    ("stub-mxservfail-aok.zz", "servfail", "MX"),
]

DOMAINS = (
    "mx-ok",
    "a-only",
    "null-mx",
    "txt-only",
    "nx",
    "mx-target-nx",
    "mx-10",
    "mx-us",
    "under_score",
    "stub-servfail",
    "stub-timeout",
    "stub-formerr",
    "stub-mxservfail-aok",
)

CASES = [
    *(Case(domain, f"user@{domain}.zz".encode()) for domain in DOMAINS),
    Case("null", b""),
    Case("idn-u", "user@münchen.zz".encode(), smtputf8=True),
    Case("octets", b"user@m\xfcnchen.zz"),
]


def zone() -> Zone:
    """Make it anew: it remembers what was asked."""
    made = Zone(f"$TTL 60\n{TEXT}")
    for name, kind, qtype in FAULTS:
        made.fault(name, kind, qtype=qtype)
    return made
