"""
For tests: a DNS in memory, and the same one on a real socket, without the network.

    from senderdomain import DomainVerifier
    from senderdomain.testing import ZoneResolver

    resolver = ZoneResolver({"example.org": {"MX": ["10 mx.example.org."]}})
    verifier = DomainVerifier(resolver)

`ZoneResolver` and `AsyncZoneResolver` answer from a zone, `LoopbackDNS` serves it
over UDP and TCP.
"""

from ._catalogue import CATALOGUE, SENDER, FaultCase
from ._clock import SettableClock
from ._faults import FAULTS
from ._loopback import LoopbackDNS
from ._resolver import AsyncZoneResolver, ZoneResolver
from ._zone import Zone

__all__ = [
    "CATALOGUE",
    "FAULTS",
    "SENDER",
    "AsyncZoneResolver",
    "FaultCase",
    "LoopbackDNS",
    "SettableClock",
    "Zone",
    "ZoneResolver",
]
