"""Replies: valid on the wire, or not built (RFC 5321, section 4.2; RFC 2034)."""

from __future__ import annotations

import re

import pytest

from hypothesis import given
from hypothesis import strategies as st

from senderdomain import Action, Reply, shown
from senderdomain._reply import MAX_ECHO

VALID = re.compile(
    rb"(?:([245][0-5][0-9])-[\x20-\x7e]+\r\n)*([245][0-5][0-9]) [\x20-\x7e]+\r\n"
).fullmatch


def test_a_reply_is_what_the_article_shows():
    """The words of Q280118, as text and as octets."""
    reply = Reply(501, "X.1.8", "test@DomainTest.com... Sender domain must exist")
    assert str(reply) == "501 test@DomainTest.com... Sender domain must exist"
    assert bytes(reply) == f"{reply}\r\n".encode()
    assert reply.action is Action.REJECT
    assert reply.enhanced_status == "5.1.8"


def test_the_class_of_the_status_follows_the_code():
    """RFC 2034, section 4: it equals the first digit of the code."""
    assert str(Reply(451, "X.4.3", "later", enhanced=True)) == "451 4.4.3 later"
    assert str(Reply(250, "X.1.0", "ok", enhanced=True)) == "250 2.1.0 ok"
    assert Reply(250, None, "ok", enhanced=True).lines == ("250 ok",)
    assert Reply(250, None, "ok").enhanced_status is None


def test_every_line_of_a_long_reply_has_code_and_status():
    """RFC 5321, section 4.2.1: a hyphen on all lines but the last."""
    reply = Reply(550, "X.1.8", ("one", "two", "three"), enhanced=True)
    assert reply.lines == ("550-5.1.8 one", "550-5.1.8 two", "550 5.1.8 three")
    assert bytes(reply) == b"550-5.1.8 one\r\n550-5.1.8 two\r\n550 5.1.8 three\r\n"


@pytest.mark.parametrize(
    ("code", "status", "text", "message"),
    [
        (354, None, "x", "not an SMTP reply code for MAIL FROM: 354"),
        (99, None, "x", "not an SMTP reply code"),
        (560, None, "x", "not an SMTP reply code"),
        (5010, None, "x", "not an SMTP reply code"),
        (501, "5.1.8", "x", "not an enhanced status: '5.1.8'; write the class as X"),
        (501, "X.1", "x", "not an enhanced status"),
        (501, None, "x\r\n250 ok", "must be printable ASCII"),
        (501, None, "ü", "must be printable ASCII"),
        (501, None, "", "a reply needs text"),
        (501, None, ("x", ""), "must be printable ASCII, not ''"),
        (501, None, "secret@x \u2026 gone", "must be printable ASCII, not '\u2026'"),
        (501, None, ["x"], "a reply needs text, or a tuple"),
        (501, None, b"x", "a reply needs text, or a tuple"),
        (501, None, (b"x",), "must be printable ASCII"),
        (501, None, (5,), "must be printable ASCII"),
        ("501", None, "x", "not an SMTP reply code for MAIL FROM: '501'"),
        (501, "X.01.008", "x", "not an enhanced status: 'X.01.008'"),
        (501, 518, "x", "not an enhanced status: 518"),
        (501, None, (), "at least one line"),
        (501, None, ("x", "y\n"), "must be printable ASCII"),
        (501, None, "x" * 507, "reply line is 513 octets, limit 512"),
        (501, "X.1.8", "x" * 501, "reply line is 513 octets, limit 512"),
    ],
)
def test_a_reply_that_is_not_valid_is_not_built(code, status, text, message):
    """And the message says how to mend it."""
    with pytest.raises(ValueError, match=re.escape(message)):
        Reply(code, status, text)


def test_the_longest_line_has_512_octets():
    """RFC 5321, section 4.5.3.1.5, CRLF included."""
    assert len(bytes(Reply(501, None, "x" * 506))) == 512
    assert len(bytes(Reply(501, "X.1.8", "x" * 500, enhanced=True))) == 512


@given(st.text(max_size=400))
def test_a_stranger_is_shown_as_printable_ascii(text):
    """One character for one, at most MAX_ECHO of them."""
    seen = shown(text)
    assert seen.isascii()
    assert not seen or seen.isprintable()
    assert len(seen) == min(len(text), MAX_ECHO)


@given(
    st.integers(0, 999),
    st.none() | st.from_regex(r"X\.[0-9]{1,4}\.[0-9]{1,3}", fullmatch=True),
    st.lists(st.text(max_size=520), max_size=3).map(tuple) | st.text(max_size=520),
    st.booleans(),
)
def test_what_is_built_can_be_sent(code, status, text, enhanced):
    """Exactly one reply comes out, whatever goes in."""
    try:
        reply = Reply(code, status, text, enhanced=enhanced)
    except ValueError:
        return
    octets = bytes(reply)
    match = VALID(octets)
    assert match
    assert all(len(line) <= 512 for line in octets.splitlines(keepends=True))
    assert {line[:3] for line in reply.lines} == {str(code)}
    assert "\r\n".join(reply.lines).encode() + b"\r\n" == octets


def test_actions_follow_the_first_digit():
    """RFC 5321, section 4.2.1."""
    codes = {250: Action.ACCEPT, 451: Action.DEFER, 550: Action.REJECT}
    assert {code: Reply(code, None, "x").action for code in codes} == codes


@pytest.mark.parametrize(
    ("length", "limit", "seen"),
    [(10, 10, "x" * 10), (11, 10, "x" * 7 + "..."), (9, 3, "..."), (9, 4, "x...")],
)
def test_what_is_cut_says_so(length, limit, seen):
    """In as many characters as it may have, and not before it has to."""
    assert shown("x" * length, limit) == seen
