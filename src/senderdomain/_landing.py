"""
How a thread waits for a flight to land.

Owns      waking it up, and giving up in time; or at once where it waits for itself.
Knows not who flies.
"""

from __future__ import annotations

import threading

from ._dns import DomainName, FailureReason
from ._finding import Finding
from ._flight import tempfail
from ._notices import complain


def reentrant(domain: DomainName) -> Finding:
    """Log that a lookup waits for itself, and make the finding that ends it."""
    complain("resolver asks the verifier that is asking it, about %s", domain)
    return tempfail(domain, FailureReason.RESOLVER_BUG)


class Landing:
    """
    A waiter for a thread.

    Attributes:
        finding: None until the flight has landed.
    """

    __slots__ = ("_event", "finding")

    def __init__(self) -> None:
        """Begin without a finding."""
        self.finding: Finding | None = None
        self._event: threading.Event | None = None

    def __call__(self, finding: Finding, /) -> None:
        """Take the finding, in any thread."""
        self.finding = finding
        event = self._event
        if event is not None:
            event.set()

    def wait(self, seconds: float, domain: DomainName) -> Finding:
        """Wait for another thread's flight, for so long at the most."""
        if self.finding is None:
            self._event = event = threading.Event()
            event.wait(0.0 if self._is_there() else max(0.0, seconds))
        return self.finding or tempfail(domain, FailureReason.TIMEOUT)

    def _is_there(self) -> bool:
        # Asked again once others can see the event: it may have come just before.
        return self.finding is not None
