"""What all tests share."""

from __future__ import annotations

import pytest

from hypothesis import HealthCheck, settings

# Deterministic, so that a red run can be repeated; no deadline, so that a slow
# machine is not a failing one.
settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,
    max_examples=300,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("default")


class FakeClock:
    """A monotonic clock that stands still unless it is told to go on."""

    def __init__(self) -> None:
        """Begin at an odd time, so that nobody takes 0 for granted."""
        self.now = 1_000.5

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock to the test."""
    return FakeClock()
