"""The fixtures for pytest, as a user's project has them."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys

from pathlib import Path

import pytest

from senderdomain import FailureReason

DOCS = Path(__file__).parent.parent / "docs" / "testing.md"

FIVE_LINES = """
import pytest
from senderdomain.testing import assert_rejected

@pytest.mark.sender_zone({"example.org": {"MX": ["10 mx.example.org."]}})
def test_unknown_domains_are_refused(sender_verifier):
    assert_rejected(sender_verifier.verify("<a@example.net>"))
"""


def run(directory, source, *options):
    """Run pytest on a project that consists of one file."""
    path = Path(directory, "test_users.py")
    path.write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    # Nothing of our own run's settings.
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_ADDOPTS"}
    done = subprocess.run(
        [*command, "--strict-markers", f"--rootdir={directory}", str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        env=environment,
    )
    return done.returncode, done.stdout + done.stderr


NEITHER = ["-p", "no:asyncio", "-p", "no:anyio"]


def test_a_first_test_is_five_lines(tmp_path):
    """Without any other plug-in."""
    status, output = run(tmp_path, FIVE_LINES, *NEITHER)
    assert status == 0, output


def test_everything_can_be_had_without_a_plugin_for_asyncio(tmp_path):
    """Zone, clock, policy, both verifiers and a server."""
    source = """
import asyncio
import pytest
from senderdomain import DomainVerifier, presets
from senderdomain.resolvers import StubResolver
from senderdomain.testing import assert_accepted, assert_deferred, assert_reply

pytestmark = pytest.mark.sender_zone("example.org. 60 MX 10 mx.example.org.")

@pytest.fixture
def sender_policy():
    return presets.RFC

@pytest.mark.sender_zone(
    {"own.example": {"A": ["192.0.2.1"]}}, faults={"dead.example": "timeout"}
)
class TestIntake:
    @pytest.mark.sender_zone(faults={"late.example": "slow(60)"})
    def test_markers_add_up(self, sender_verifier, sender_zone):
        for name in ("example.org", "own.example"):
            assert_accepted(sender_verifier.verify(f"a@{name}"))
        for name in ("dead.example", "late.example"):
            assert_deferred(sender_verifier.verify(f"a@{name}"))
        assert str(sender_zone.questions[0]) == "example.org MX"

def test_time_goes_by(sender_verifier, sender_clock, sender_zone):
    assert_accepted(sender_verifier.verify("a@example.org"))
    sender_clock.advance(59)
    assert sender_verifier.verify("a@example.org").cached
    sender_clock.advance(1)
    sender_zone.remove("example.org")
    assert_reply(
        sender_verifier.verify("a@example.org"),
        "550 5.1.8 <a@example.org>: sender domain example.org does not exist",
    )

def test_asyncio(async_sender_verifier):
    verdict = asyncio.run(async_sender_verifier.verify("a@example.org"))
    assert_accepted(verdict)

def test_a_real_socket(loopback_dns):
    resolver = StubResolver([loopback_dns.server])
    assert_accepted(DomainVerifier(resolver).verify("a@example.org"))
    assert loopback_dns.asked == {"example.org MX": 1}
    resolver.close()
"""
    status, output = run(tmp_path, source, *NEITHER, "-W", "error")
    assert status == 0, output
    assert "4 passed" in output


@pytest.mark.parametrize("plugin", ["asyncio", "anyio"])
def test_the_fixtures_get_on_with_plugins_for_asyncio(tmp_path, plugin):
    """In tests that are coroutines."""
    others = {"asyncio": "anyio", "anyio": "asyncio"}
    source = f"""
import pytest
from senderdomain.testing import assert_accepted

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.{plugin}
@pytest.mark.sender_zone("example.org. MX 10 mx.example.org.")
async def test_asyncio(async_sender_verifier):
    assert_accepted(await async_sender_verifier.verify("a@example.org"))
"""
    status, output = run(tmp_path, source, "-p", f"no:{others[plugin]}")
    assert status == 0, output
    assert "1 passed" in output


MISTAKES = [
    ({"args": ["example.org. NX"]}, r"test_mistake.*: not a master file: zone:1: "),
    ({"args": [{"b.example": {"A": ["x"]}}]}, r"zone\['b.example'\]\['A'\]:1: "),
    (
        {"kwargs": {"faults": {"b.example": "servfial"}}},
        "no fault 'servfial'; there are servfail, refused",
    ),
    (
        {"kwargs": {"fault": {}}},
        r"sender_zone takes zones and faults=\{...\}, and no 'fault'",
    ),
]


@pytest.mark.parametrize(("marker", "message"), MISTAKES)
def test_mistakes_in_a_marker_are_told(request, marker, message):
    """With the test, and the line or the choice."""
    request.node.add_marker(
        pytest.mark.sender_zone(*marker.get("args", ()), **marker.get("kwargs", {}))
    )
    with pytest.raises(pytest.UsageError, match=message):
        request.getfixturevalue("sender_zone")


@pytest.mark.sender_zone(
    "b.example. 60 MX 10 mx.b.example.", faults={"c.example": "refused"}
)
def test_fixtures_work_together(
    sender_verifier, async_sender_verifier, sender_zone, sender_clock, loopback_dns
):
    """One zone, one clock."""
    verdicts = [
        sender_verifier.verify("a@b.example"),
        asyncio.run(async_sender_verifier.verify("a@b.example")),
    ]
    assert verdicts[0] == verdicts[1]
    assert len(sender_zone.questions) == 2
    assert sender_verifier.verify("a@c.example").reason is FailureReason.REFUSED
    sender_clock.advance(60)
    assert not sender_verifier.verify("a@b.example").cached
    assert loopback_dns.zone is sender_zone


def test_the_plugin_costs_who_does_not_use_it_next_to_nothing():
    """It loads neither dnspython nor asyncio, nor anything else of that size."""
    script = """
import sys, pytest
before = set(sys.modules)
import senderdomain.pytest_plugin
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(new & {"dns", "idna", "cachetools", "asyncio", "socket", "email"}))
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_the_files_in_the_documentation_pass(tmp_path):
    """Each is a file of a user's as a whole."""
    blocks = re.findall(
        r"```python\n(# test_\w+\.py\n.*?)```", DOCS.read_text(), re.DOTALL
    )
    assert len(blocks) >= 3
    for block in blocks:
        status, output = run(tmp_path, block, *NEITHER, "-W", "error")
        assert status == 0, output
        assert " passed" in output
