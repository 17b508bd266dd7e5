"""
Verify all sorts of senders, and print what was opened meanwhile.

A script of its own, as who listens to audit events cannot be sent away again. See
test_addresses.py.
"""

from __future__ import annotations

import asyncio
import sys

from senderdomain import AsyncDomainVerifier, Depth, DomainVerifier, presets
from senderdomain.testing import AsyncZoneResolver, Zone, ZoneResolver

WATCHED = ("socket.", "subprocess.", "os.", "shutil.", "pickle.")
SENDERS = [
    "a@d.example",
    "a@gone.example",
    "a@bad.example",
    "a@m\xfcnchen.example",
    "a@[192.0.2.1]",
    "<>",
    "\xe9",
    b"\xff",
    "@",
] * 3
ZONE = Zone(
    {"d.example": {"MX": ["10 m.d.example."]}, "m.d.example": {"A": ["8.8.8.8"]}}
)
ZONE.fault("bad.example", "servfail")

seen = []


def audit(event, args):
    """Note what is opened, but for modules."""
    is_file = event == "open" and not str(args[0]).endswith((".py", ".pyc"))
    if is_file or event.startswith(WATCHED):
        seen.append((event, args))


async def in_loop():
    """Verify, in tasks."""
    for depth in Depth:
        resolver = AsyncZoneResolver(ZONE)
        async with AsyncDomainVerifier(resolver, depth=depth) as verifier:
            for sender in SENDERS:
                str((await verifier.verify(sender, smtputf8=True)).reply)


def in_thread(**settings):
    """Verify, and once more in a list."""
    with DomainVerifier(ZoneResolver(ZONE), **settings) as verifier:
        for sender in SENDERS:
            str(verifier.verify(sender, smtputf8=True).reply)
        for verdict in verifier.verify_many(SENDERS):
            str(verdict.reply)


def everything():
    """Verify at all depths, and as all servers do."""
    for depth in Depth:
        in_thread(depth=depth)
    for policy in presets.PRESETS.values():
        in_thread(policy=policy)


with asyncio.Runner() as runner:
    runner.run(in_loop())  # a loop opens a pair of sockets for itself
    everything()  # modules are loaded when they are needed
    sys.addaudithook(audit)
    everything()
    runner.run(in_loop())
    print(len(seen), seen[:3])
