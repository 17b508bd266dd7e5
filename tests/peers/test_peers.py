"""
Peers: real Postfix, Sendmail and Exim from Debian, asked in the same run.

What the library predicts is only worth something if the servers say it. `live`
starts them, in eight configurations, in the world of the recordings; besides the
recorded senders, `more` has some of our own.
"""

from __future__ import annotations

import pytest

from tests.recorded_world import cases

from senderdomain._reply import printable

from .case import Case
from .live import Live, missing
from .more import KNOWN, MORE
from .predicted import predicted
from .servers import ROOTS

WORLD = "tests.recorded_world:live_world"
CASES = [*(Case(c.id, c.sender, c.smtputf8) for c in cases()), *MORE]


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
def test_a_server_says_what_is_predicted(live: Live, peer, case, request):
    """Stage, code, and every line; but for octets that no reply of ours has."""
    if reason := KNOWN.get((ROOTS[peer], case.sender)):
        request.applymarker(pytest.mark.xfail(reason=reason))
    answer = live.answers(peer)[case.id]
    said = answer.stage, answer.code, tuple(map(printable, answer.lines))
    assert said == predicted(peer, case), f"{live.about(peer)}, on {case.sender!r}"
