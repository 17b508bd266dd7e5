"""
Fixtures for pytest: a zone, verifiers that answer from it, and a clock.

Owns      what of `senderdomain.testing` belongs to one test.
Knows not anything until a test asks for it: pytest loads this in every run of
          everybody who has the package installed.

    @pytest.mark.sender_zone({"example.org": {"MX": ["10 mx.example.org."]}})
    def test_unknown_domains_are_refused(sender_verifier):
        assert_rejected(sender_verifier.verify("<a@example.net>"))
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ._async_verifier import AsyncDomainVerifier
    from ._policy import Policy
    from ._verifier import DomainVerifier
    from .testing import LoopbackDNS, SettableClock, Zone

_MARKER = (
    "sender_zone(*zones, faults={}): what senderdomain's fixtures find in the DNS:"
    " master files as text, or dicts; and name -> fault"
)


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def sender_zone(request: pytest.FixtureRequest) -> Zone:
    """
    Give the zone of the test, as its markers ``sender_zone`` declare it.

    Those of the module come first, then those of the class and of the test itself.
    Names can be added (`Zone.put`) and broken (`Zone.fault`) as the test goes on;
    `Zone.questions` tells what was asked.
    """
    from .testing import Zone  # noqa: PLC0415

    zone = Zone()
    for marker in reversed(list(request.node.iter_markers("sender_zone"))):
        unknown = sorted(marker.kwargs.keys() - {"faults"})
        if unknown:
            msg = f"sender_zone takes zones and faults={{...}}, and no {unknown[0]!r}"
            raise pytest.UsageError(msg)
        try:
            for source in marker.args:
                zone.update(source)
            for name, kind in marker.kwargs.get("faults", {}).items():
                zone.fault(name, kind)
        except ValueError as error:
            msg = f"sender_zone of {request.node.nodeid}: {error}"
            raise pytest.UsageError(msg) from None
    return zone


@pytest.fixture
def sender_clock() -> SettableClock:
    """Give the clock of the caches of the test's verifiers."""
    from .testing import SettableClock  # noqa: PLC0415

    return SettableClock()


@pytest.fixture
def sender_policy() -> Policy:
    """Give the policy of the test's verifiers; override it to have another one."""
    from .presets import DEFAULT  # noqa: PLC0415

    return DEFAULT


@pytest.fixture
def sender_verifier(
    sender_zone: Zone, sender_clock: SettableClock, sender_policy: Policy
) -> Iterator[DomainVerifier]:
    """Give a verifier that answers from `sender_zone`, without the network."""
    from ._cache import FindingCache  # noqa: PLC0415
    from ._verifier import DomainVerifier  # noqa: PLC0415
    from .testing import ZoneResolver  # noqa: PLC0415

    cache = FindingCache(clock=sender_clock)
    resolver = ZoneResolver(sender_zone)
    with DomainVerifier(resolver, policy=sender_policy, cache=cache) as verifier:
        yield verifier


@pytest.fixture
def async_sender_verifier(
    sender_zone: Zone, sender_clock: SettableClock, sender_policy: Policy
) -> AsyncDomainVerifier:
    """
    Give the same for asyncio.

    It belongs to no event loop, so that it can be used with or without a plugin for
    asynchronous tests.
    """
    from ._async_verifier import AsyncDomainVerifier  # noqa: PLC0415
    from ._cache import FindingCache  # noqa: PLC0415
    from .testing import AsyncZoneResolver  # noqa: PLC0415

    cache = FindingCache(clock=sender_clock)
    resolver = AsyncZoneResolver(sender_zone)
    return AsyncDomainVerifier(resolver, policy=sender_policy, cache=cache)


@pytest.fixture
def loopback_dns(sender_zone: Zone) -> Iterator[LoopbackDNS]:
    """Give a DNS server on 127.0.0.1 that serves `sender_zone`."""
    from .testing import LoopbackDNS  # noqa: PLC0415

    with LoopbackDNS(sender_zone) as server:
        yield server
