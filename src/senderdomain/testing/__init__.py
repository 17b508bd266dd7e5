"""
For tests: a DNS in memory, and the same one on a real socket, without the network.

    from senderdomain import DomainVerifier
    from senderdomain.testing import ZoneResolver

    resolver = ZoneResolver({"example.org": {"MX": ["10 mx.example.org."]}})
    verifier = DomainVerifier(resolver)

`ZoneResolver` and `AsyncZoneResolver` answer from a zone, `LoopbackDNS` serves it
over UDP and TCP. `CATALOGUE` has every fault that is known, `record` makes a zone of
what the DNS really says. The fixtures for pytest are in `senderdomain.pytest_plugin`.
"""

from ._assertions import (
    assert_accepted,
    assert_deferred,
    assert_rejected,
    assert_reply,
)
from ._catalogue import CATALOGUE, SENDER, FaultCase
from ._clock import SettableClock
from ._faults import FAULTS
from ._loopback import LoopbackDNS
from ._record import Recorder, Recording, record
from ._resolver import AsyncZoneResolver, ZoneResolver
from ._zone import Zone

__all__ = [
    "CATALOGUE",
    "FAULTS",
    "SENDER",
    "AsyncZoneResolver",
    "FaultCase",
    "LoopbackDNS",
    "Recorder",
    "Recording",
    "SettableClock",
    "Zone",
    "ZoneResolver",
    "assert_accepted",
    "assert_deferred",
    "assert_rejected",
    "assert_reply",
    "record",
]
