"""Our profiles against what real servers have said: see tests/recorded/README.md."""

from __future__ import annotations

import json

import pytest

from senderdomain import presets
from senderdomain._reply import printable

from .peers.more import KNOWN as UNPREDICTED
from .peers.more import MORE
from .peers.predicted import predicted
from .peers.servers import ROOTS
from .recorded_matrix import PAGE, page
from .recorded_report import SERVERS, compared, questions_of, recorded_questions
from .recorded_world import RECORDED

# Where a profile says something else, and why.
UTF8 = "a reply of ours is ASCII, and shows all else as a question mark"
FORGED = "the server takes the answer to another question; our resolvers do not"
SHORT = (
    "the server reads seven octets as an answer; our resolvers wait for a better one"
)
EXIM = {"idn-u-noext": UTF8}
HARAKA = {
    "idn-u": UTF8,
    "idn-u-noext": UTF8,
    "idn-u-upper": UTF8,
    "idn-fwdot": UTF8,
    "idn-local": UTF8,
    "stub-short": SHORT,
}
KNOWN = {
    "exim": EXIM,
    "exim-rcpt": EXIM,
    "exim-debian": EXIM,
    "haraka": HARAKA,
    "haraka-mxip": HARAKA,
    "qpsmtpd": {"stub-wrongq": FORGED},
    "qpsmtpd-perm": {"stub-wrongq": FORGED},
    "courier": {"idn-a-nx": UTF8, "idn-u-upper": UTF8, "stub-wrongq": FORGED},
}

# Of these, the ones in which even the action is another one.
OTHER_ACTIONS = {"courier": ["stub-wrongq"]}


@pytest.mark.parametrize("server", SERVERS)
def test_a_profile_says_what_the_server_said(server):
    """Action, stage and every octet of the reply, but for what is known."""
    seen = [c for c in compared(server) if c.seen]
    different = {c.case.id: (c.our_line, c.their_line) for c in seen if not c.same}
    assert different.keys() == KNOWN.get(server, {}).keys(), different
    actions = [c.case.id for c in seen if not c.same_action]
    assert actions == OTHER_ACTIONS.get(server, [])


MORE_RECORDED = json.loads((RECORDED / "more.json").read_text())


@pytest.mark.parametrize("server", MORE_RECORDED)
def test_a_profile_says_what_a_server_said_to_stranger_senders(server):
    """Those of tests/peers/more.py, to Postfix, Sendmail and Exim."""
    theirs = MORE_RECORDED[server]["cases"]
    different = {}
    for case in MORE:
        stage, code, *lines = theirs[case.id]
        said = stage, code, tuple(map(printable, lines))
        ours = predicted(server, case)
        if said != ours and (ROOTS[server], case.sender) not in UNPREDICTED:
            different[case.sender] = (ours, said)
    assert different == {}


@pytest.mark.parametrize("server", SERVERS)
def test_the_default_asks_fewer_questions_than_any_server(server):
    """On all senders together; packets that were sent again are not counted."""
    ours, theirs = questions_of(presets.DEFAULT), recorded_questions(server)
    assert sum(ours.values()) < sum(theirs.values())


def test_the_default_never_asks_more_than_postfix():
    """Which asks in the same order: MX, A, AAAA."""
    ours, theirs = questions_of(presets.DEFAULT), recorded_questions("postfix")
    assert [name for name, asked in ours.items() if asked > theirs[name]] == []


def test_the_page_of_all_cases_is_up_to_date():
    """Run python -m tests.recorded_matrix."""
    assert PAGE.read_text(encoding="utf-8") == page()
