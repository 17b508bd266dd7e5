"""The presets, line by line."""

from __future__ import annotations

import pytest

from senderdomain import DomainName, Finding, Outcome, SyntaxFault, presets

ROWS = [
    # outcome                     default, classic, rfc
    (
        Outcome.MX,
        "250 <a@b.c>... Sender ok",
        "250 <a@b.c>... Sender ok",
        "250 2.1.0 <a@b.c>: sender ok",
    ),
    (
        Outcome.IMPLICIT_MX,
        "250 <a@b.c>... Sender ok",
        "250 <a@b.c>... Sender ok",
        "250 2.1.0 <a@b.c>: sender ok",
    ),
    (
        Outcome.NULL_MX,
        "550 <a@b.c>... Sender domain does not accept mail (null MX)",
        "250 <a@b.c>... Sender ok",
        "550 5.7.27 <a@b.c>: sender address has null MX",
    ),
    (
        Outcome.UNUSABLE_MX,
        "550 <a@b.c>... Sender domain has no usable mail exchanger",
        "250 <a@b.c>... Sender ok",
        "550 5.1.8 <a@b.c>: sender domain b.c has no usable MX",
    ),
    (
        Outcome.NODATA,
        "501 <a@b.c>... Sender domain must exist",
        "501 <a@b.c>... Sender domain must exist",
        "550 5.1.8 <a@b.c>: sender domain b.c has no MX and no address",
    ),
    (
        Outcome.NXDOMAIN,
        "501 <a@b.c>... Sender domain must exist",
        "501 <a@b.c>... Sender domain must exist",
        "550 5.1.8 <a@b.c>: sender domain b.c does not exist",
    ),
    (
        Outcome.TEMPFAIL,
        "451 <a@b.c>... Sender domain must resolve",
        "451 <a@b.c>... Sender domain must resolve",
        "451 4.4.3 <a@b.c>: sender domain b.c does not resolve now",
    ),
    (
        Outcome.SPECIAL_USE,
        "501 <a@b.c>... Sender domain must exist",
        "501 <a@b.c>... Sender domain must exist",
        "550 5.1.8 <a@b.c>: sender domain b.c does not exist",
    ),
    (
        Outcome.NULL_REVERSE_PATH,
        "250 <>... Sender ok",
        "250 <>... Sender ok",
        "250 2.1.0 <>: sender ok",
    ),
    (
        Outcome.ADDRESS_LITERAL,
        "250 <a@b.c>... Sender ok",
        "250 <a@b.c>... Sender ok",
        "250 2.1.0 <a@b.c>: sender ok",
    ),
    (
        Outcome.UNQUALIFIED,
        "501 <a@b.c>... Domain name required",
        "553 <a@b.c>... Domain name required",
        "501 5.1.7 <a@b.c>: sender address needs a domain",
    ),
    (
        Outcome.MALFORMED,
        "501 <a@b.c>... Bad sender address syntax",
        "501 <a@b.c>... Bad sender address syntax",
        "501 5.1.7 bad sender address syntax",
    ),
    (
        Outcome.EXEMPT,
        "250 <a@b.c>... Sender ok",
        "250 <a@b.c>... Sender ok",
        "250 2.1.0 <a@b.c>: sender ok",
    ),
]


@pytest.mark.parametrize(("outcome", "default", "classic", "rfc"), ROWS)
def test_presets_say(outcome, default, classic, rfc):
    """Whole lines: a wrong digit bounces somebody's mail."""
    finding = Finding(DomainName("b.c"), outcome)
    for policy, line in (
        (presets.DEFAULT, default),
        (presets.CLASSIC, classic),
        (presets.RFC, rfc),
    ):
        assert str(policy("<a@b.c>", finding)) == line


def test_every_outcome_has_a_row():
    """Nobody adds an outcome without deciding what to say."""
    assert [row[0] for row in ROWS] == list(Outcome)


OWN = [presets.DEFAULT, presets.CLASSIC, presets.RFC]


@pytest.mark.parametrize("policy", OWN, ids=lambda policy: policy.name)
def test_smtputf8_has_its_own_refusal(policy):
    """RFC 6531, section 3.5: 553 with X.6.7."""
    finding = Finding(DomainName(""), Outcome.MALFORMED, SyntaxFault.NO_SMTPUTF8)
    reply = policy("?@b.c", finding)
    assert (reply.code, reply.enhanced_status) == (553, "5.6.7")


MODERN = [
    (Outcome.NULL_MX, 550, "5.7.27"),
    (Outcome.TEMPFAIL, 451, "4.4.3"),
    (Outcome.MALFORMED, 501, "5.1.7"),
    (Outcome.NXDOMAIN, 501, "5.1.8"),
]


@pytest.mark.parametrize(("outcome", "code", "status"), MODERN)
def test_the_default_has_modern_status_codes(outcome, code, status):
    """Held, and sent when the server offers ENHANCEDSTATUSCODES."""
    reply = presets.DEFAULT.with_enhanced_codes().replies[outcome]
    assert (reply.code, reply.enhanced_status) == (code, status)
    assert reply.lines[0].startswith(f"{code} {status} ")


def test_only_classic_hangs_up():
    """RFC 5321, section 3.8, allows it after a 421 only; the article does it."""
    closing = {
        policy.name: {c for c, reply in policy.replies.items() if reply.closes}
        for policy in OWN
    }
    assert closing == {
        "default": set(),
        "classic": {Outcome.NXDOMAIN, Outcome.NODATA, Outcome.SPECIAL_USE},
        "rfc": set(),
    }


def test_presets_are_known_by_their_names():
    """And say in a line what they are."""
    for name, policy in presets.PRESETS.items():
        assert policy.name == name
        assert policy.about
