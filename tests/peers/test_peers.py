"""
Peers: real Postfix, Sendmail and Exim from Debian, asked in the same run.

What the library predicts is only worth something if the servers say it. `live`
starts them, in eight configurations; `world` is their DNS, and has the senders.
"""

from __future__ import annotations

import pytest

from .live import Live, missing
from .predicted import predicted
from .servers import ROOTS
from .world import CASES

WORLD = "tests.peers.world:zone"


@pytest.fixture(scope="session")
def live(tmp_path_factory):
    """Start all that can be started, at the first test that wants one."""
    with Live(CASES, WORLD, tmp_path_factory.mktemp("peers")) as servers:
        yield servers


@pytest.fixture(scope="session", params=ROOTS)
def peer(request):
    """Name a server; skip the test if it cannot be started here."""
    if reason := missing(request.param):
        pytest.skip(reason)
    return request.param


@pytest.mark.peers
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_server_says_what_is_predicted(live: Live, peer, case):
    """Stage, code, and every line."""
    expected = predicted(peer, case)
    if expected is None:
        pytest.skip(f"nobody claims to know what {peer} says to {case.id}")
    answer = live.answers(peer)[case.id]
    said = (answer.stage, answer.code, answer.lines)
    assert said == expected, f"{live.about(peer)}, on {case.sender!r}"
