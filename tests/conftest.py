"""What all tests share."""

from __future__ import annotations

import os

import pytest

from hypothesis import HealthCheck, settings

from senderdomain._notices import _NOTICES
from senderdomain.testing import SettableClock

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


@pytest.fixture
def clock() -> SettableClock:
    """Give a clock to the test, between two whole seconds."""
    return SettableClock(1_000.5)


@pytest.fixture(autouse=True)
def _nothing_said_yet():
    """Let no test be silent because another one has said the same a moment ago."""
    _NOTICES.reset()


# What test_faults.py has found: id -> fault, outcome in a thread and in a task,
# questions, seconds.
FAULT_TABLE = {}


def pytest_terminal_summary(terminalreporter, config):
    """Print the table of faults, in CI and for who asks for details."""
    if not FAULT_TABLE or not (os.environ.get("CI") or config.get_verbosity() > 0):
        return
    terminalreporter.section("faults")
    for case, sync, loop, questions, seconds in FAULT_TABLE.values():
        elapsed = " ".join(f"{1000 * each:4.0f} ms" for each in seconds)
        terminalreporter.line(
            f"{case.id}  {sync:24} {loop:24} {questions} asked  {elapsed:15}"
            f"  {case.about}{case.note and f' ({case.note})'}"
        )
    terminalreporter.line(f"{len(FAULT_TABLE)} of 124 faults")
