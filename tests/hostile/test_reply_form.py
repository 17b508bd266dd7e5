"""P2: every reply that can be built can be put on the wire."""

from __future__ import annotations

import random

import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from senderdomain import (
    FailureReason,
    Finding,
    Outcome,
    Reply,
    SyntaxFault,
    TablePolicy,
    TargetFault,
    presets,
)
from senderdomain._policy import FIELDS

from .profile import amount
from .replies import fault, heard
from .senders import NASTY, senders

TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="{}")
)
PIECES = st.one_of(
    TEXT.map(lambda text: text[:40]),
    st.sampled_from([f"{{{name}}}" for name in FIELDS]),
    st.sampled_from(["{{", "}}", "...", "x" * 100]),
)
LINES = st.lists(PIECES, min_size=1, max_size=8).map("".join)
STATUSES = st.one_of(
    st.none(),
    st.builds("X.{}.{}".format, st.integers(0, 999), st.integers(0, 999)),
)
REPLIES = st.tuples(
    st.one_of(
        st.sampled_from([250, 421, 450, 451, 501, 550, 553]), st.integers(0, 999)
    ),
    STATUSES,
    st.one_of(LINES, st.lists(LINES, max_size=4).map(tuple)),
    st.booleans(),
)
SENDERS = st.one_of(
    st.text(st.sampled_from(NASTY), max_size=300),
    st.text(max_size=600),
    st.builds("{}@{}".format, TEXT, TEXT),
)
REASONS = [None, *FailureReason, *SyntaxFault, *TargetFault]


def build(parts):
    """Build a reply, or None if it is refused with a reason."""
    try:
        return Reply(*parts)
    except ValueError:
        return None


@settings(max_examples=amount(20_000, 200_000))
@given(REPLIES, SENDERS, st.sampled_from(Outcome), st.sampled_from(REASONS))
def _any_reply(parts, sender, outcome, reason):
    reply = build(parts)
    if reply is None:
        return
    COUNTED.append(1)
    assert not fault(bytes(reply), enhanced=reply.enhanced and bool(reply.status))
    try:
        policy = TablePolicy("p", dict.fromkeys(Outcome, reply))
    except ValueError:
        return
    said = policy.said(sender, Finding("d.example", outcome, reason))
    octets = bytes(said)
    assert not fault(octets, enhanced=said.enhanced and bool(said.status)), octets
    assert not heard(octets), octets
    assert said.code == reply.code
    for changed in (
        policy.softened(),
        policy.with_enhanced_codes(),
        policy.at_rcpt(),
        policy.dry_run(),
    ):
        octets = bytes(changed.said(sender, Finding("d.example", outcome, reason)))
        assert not fault(octets), octets


COUNTED: list[int] = []


def test_any_template_with_any_sender_is_one_reply(record_experiment):
    """P2: hypothesis chooses code, status, template, sender and finding."""
    COUNTED.clear()
    _any_reply()
    built = len(COUNTED)
    assert built >= amount(20_000, 200_000) // 50  # or it would show nothing
    record_experiment(
        promise="P2",
        what="hypothesis: template x outcome x sender",
        count=amount(20_000, 200_000),
        result=f"all well formed, {built:,} could be built",
    )


@pytest.mark.parametrize("name", sorted(presets.PRESETS))
def test_the_words_of_a_preset_with_any_sender_are_one_reply(name, record_experiment):
    """P2: and plain randomness chooses many more."""
    count = amount(60_000, 1_000_000) // len(presets.PRESETS) + 1
    policy = presets.PRESETS[name]
    rng = random.Random(name)
    for sender in senders(sum(map(ord, name)), count):
        text = sender if isinstance(sender, str) else sender.decode("utf-8", "replace")
        finding = Finding(
            rng.choice(("", "d.example", "x" * 253)),
            rng.choice(list(Outcome)),
            rng.choice(REASONS),
        )
        octets = bytes(policy.said(text, finding))
        assert not fault(octets), (text, finding, octets)
    record_experiment(
        promise="P2", what=f"random, {name}", count=count, result="all well formed"
    )


BAD_TEXTS = [
    "",
    "\r",
    "\n",
    "a\r\nb",
    "\0",
    "\t",
    "\x7f",
    "\x80",
    "ü",
    "\u2028",
    "\ud800",
]
BAD_TEXTS += ["x" * 600, ("a", "b\n"), ("",), (), ["a"], b"a", None, 5]


@pytest.mark.parametrize("text", BAD_TEXTS, ids=repr)
def test_a_reply_that_cannot_be_sent_cannot_be_built(text):
    """P2: whoever writes a policy is told so when he starts."""
    with pytest.raises(ValueError, match=r"reply|printable"):
        Reply(550, "X.1.8", text)


@pytest.mark.parametrize(
    "code", [-550, 0, 99, 199, 300, 354, 460, 560, 600, 5500, "550"]
)
def test_only_codes_of_the_standard_can_be_built(code):
    """P2: RFC 5321, section 4.2, and no 3yz."""
    with pytest.raises(ValueError, match="not an SMTP reply code"):
        Reply(code, None, "x")
