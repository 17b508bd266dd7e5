"""What assertions say when they fail."""

from __future__ import annotations

import re

import pytest

from senderdomain import DomainVerifier, Outcome, Reply, presets
from senderdomain.testing import (
    ZoneResolver,
    assert_accepted,
    assert_deferred,
    assert_rejected,
    assert_reply,
)

GONE = "501 test@DomainTest.com... Sender domain must exist"
ZONE = {"domaintest.com": {"MX": ["10 mx.example."]}}


def test_a_reply_as_expected_is_no_news():
    """To the letter; several lines too."""
    verdict = DomainVerifier(ZoneResolver()).verify("test@DomainTest.com")
    assert_reply(verdict, GONE)
    assert_rejected(verdict)
    policy = presets.DEFAULT.with_replies(
        "ours", {Outcome.NXDOMAIN: Reply(450, None, ("one", "two"))}
    )
    verdict = DomainVerifier(ZoneResolver(), policy=policy).verify("a@b.example")
    assert_reply(verdict, "450-one", "450 two")
    assert_deferred(verdict)


def test_another_reply_is_explained():
    """With the outcome and the evidence."""
    verdict = DomainVerifier(ZoneResolver(ZONE)).verify("test@DomainTest.com")
    assert_accepted(verdict)
    with pytest.raises(AssertionError) as caught:
        assert_reply(verdict, GONE)
    *lines, last = str(caught.value).splitlines()
    assert lines == [
        "the reply to 'test@DomainTest.com' is another one",
        "expected  501 test@DomainTest.com... Sender domain must exist",
        "got       250 test@DomainTest.com... Sender ok",
        "outcome   MX",
        "why       at least one usable MX",
        "domain    domaintest.com",
        "asked     domaintest.com MX: 10 mx.example. (TTL 300 s)",
    ]
    assert re.fullmatch(r"valid     300 s, found in \d+\.\d ms", last)


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (assert_deferred, "expected  4yz, defer"),
        (assert_rejected, "expected  5yz, reject"),
    ],
)
def test_another_action_is_explained(check, expected):
    """What a stranger has sent is shown escaped."""
    verdict = DomainVerifier(ZoneResolver()).verify("<>")
    with pytest.raises(AssertionError, match=expected):
        check(verdict)
    verdict = DomainVerifier(ZoneResolver()).verify("é\n@x")
    with pytest.raises(AssertionError, match=r"to '\\xe9\\n@x' is another one"):
        assert_accepted(verdict)
    with pytest.raises(AssertionError, match=r"expected  \(no line at all\)"):
        assert_reply(verdict)
