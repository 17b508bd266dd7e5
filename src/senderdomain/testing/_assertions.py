"""
Assertions about verdicts that read like SMTP.

Owns      what a failed one says: what was expected, what came, and why it came.
Knows not test runners: an `AssertionError` is understood by all of them.
"""

from __future__ import annotations

from .._explain import explanation
from .._reply import Action
from .._verdict import Verdict


def assert_reply(verdict: Verdict, *lines: str) -> None:
    """
    Assert that the client is told this, to the letter.

    Args:
        verdict: Of any verifier.
        lines: As on the wire, without CRLF: ``"250 a@b.example... Sender ok"``.

    Raises:
        AssertionError: If it is not; the message tells why, with the evidence.
    """
    __tracebackhide__ = True
    if verdict.reply.lines != lines:
        _fail(verdict, "\n          ".join(lines) or "(no line at all)")


def assert_accepted(verdict: Verdict) -> None:
    """Assert a 2yz reply; see `assert_reply`."""
    __tracebackhide__ = True
    _assert_action(verdict, Action.ACCEPT, "250")


def assert_deferred(verdict: Verdict) -> None:
    """Assert a 4yz reply; see `assert_reply`."""
    __tracebackhide__ = True
    _assert_action(verdict, Action.DEFER, "4yz")


def assert_rejected(verdict: Verdict) -> None:
    """Assert a 5yz reply; see `assert_reply`."""
    __tracebackhide__ = True
    _assert_action(verdict, Action.REJECT, "5yz")


def _assert_action(verdict: Verdict, action: Action, code: str) -> None:
    __tracebackhide__ = True
    if verdict.action is not action:
        _fail(verdict, f"{code}, {action.value}")


def _fail(verdict: Verdict, expected: str) -> None:
    __tracebackhide__ = True
    got = "\n          ".join(verdict.reply.lines)
    lines = [
        f"the reply to {verdict.sender!a} is another one",
        f"expected  {expected}",
        f"got       {got}",
        f"outcome   {verdict.outcome.name}",
        *explanation(verdict),
    ]
    raise AssertionError("\n".join(lines))
