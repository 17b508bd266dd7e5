"""What all tests share."""

from __future__ import annotations

import json
import os

from pathlib import Path

import pytest

from hypothesis import HealthCheck, settings

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


@pytest.fixture
def record_experiment(request):
    """Give what notes what a test has shown, for the table of `tests.hostile`."""

    def record(*, promise, what, count, result):
        noted = {"promise": promise, "what": what, "count": count, "result": result}
        request.node.user_properties.append(("experiment", noted))

    return record


# What test_faults.py has found: id -> fault, outcome in a thread and in a task,
# questions, seconds.
FAULT_TABLE = {}


def pytest_terminal_summary(terminalreporter, config):
    """Write down what was recorded; print the table of faults, in CI or if asked."""
    where = os.environ.get("SENDERDOMAIN_EXPERIMENTS")
    if where:
        Path(where).write_text(json.dumps(_reported(terminalreporter)), "utf-8")
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


def _reported(terminalreporter):
    return [
        {
            "test": report.nodeid,
            "outcome": kind,
            "seconds": report.duration,
            "experiments": [
                noted for name, noted in report.user_properties if name == "experiment"
            ],
        }
        for kind in ("passed", "failed", "error", "skipped")
        for report in terminalreporter.stats.get(kind, [])
        if kind != "passed" or report.when == "call"
    ]
