"""Policies: total tables, and how one is made from another."""

from __future__ import annotations

import pickle
import re

import pytest

from hypothesis import given
from hypothesis import strategies as st

from senderdomain import (
    Action,
    DomainName,
    FailureReason,
    Finding,
    Outcome,
    Reply,
    SyntaxFault,
    TablePolicy,
    presets,
    shown,
)

OK = Reply(250, "X.1.0", "{arg} ok")
ALL_OK = dict.fromkeys(Outcome, OK)


def reply(policy, outcome, sender="a@b.example", reason=None):
    """Ask *policy* about a sender."""
    return policy(sender, Finding(DomainName("b.example"), outcome, reason))


def test_a_policy_with_a_gap_is_not_built():
    """All gaps are named, not only the first."""
    gaps = {o: OK for o in Outcome if o not in (Outcome.NODATA, Outcome.TEMPFAIL)}
    with pytest.raises(
        ValueError, match="policy 'ours' has no reply for NODATA, TEMPFAIL"
    ):
        TablePolicy("ours", gaps)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{mailbox}", "no field 'mailbox'; there are arg, addr, domain, ascii"),
        ("{arg.x}", "no field 'arg.x'"),
        ("{}", "no field ''"),
        ("{arg", "expected '}' before end of string"),
        ("{arg:d}", "no field 'arg:d'"),
        ("{arg!r}", "no field 'arg!r'"),
        ("{arg:{bogus}}", "no field 'arg:{bogus}'"),
    ],
)
def test_a_template_with_an_unknown_field_is_not_built(text, message):
    """A typing error must not wait for the first message."""
    broken = {**ALL_OK, Outcome.MX: Reply(250, None, text)}
    with pytest.raises(ValueError, match=re.escape(message)):
        TablePolicy("ours", broken)


def test_templates_know_the_sender():
    """As given, without brackets, its domain as given and as looked up."""
    text = "{arg}|{addr}|{domain}|{ascii}"
    policy = TablePolicy("ours", dict.fromkeys(Outcome, Reply(250, None, text)))
    assert str(reply(policy, Outcome.MX, "<a@B.Example>")) == (
        "250 <a@B.Example>|a@B.Example|B.Example|b.example"
    )
    assert str(reply(policy, Outcome.MX, "a@B.Example")) == (
        "250 a@B.Example|a@B.Example|B.Example|b.example"
    )


def test_braces_of_a_stranger_are_not_templates():
    """What is put in is not read again."""
    policy = TablePolicy("ours", ALL_OK)
    assert str(reply(policy, Outcome.MX, "{arg}{0}@x")) == "250 {arg}{0}@x ok"


def test_a_reason_can_have_a_reply_of_its_own():
    """It comes before that of its outcome."""
    bogus, other = Reply(451, None, "bogus"), Reply(451, None, "other")
    policy = presets.DEFAULT.with_replies(
        "ours", {FailureReason.BOGUS: bogus, Outcome.TEMPFAIL: other}
    )
    assert reply(policy, Outcome.TEMPFAIL, reason=FailureReason.BOGUS).texts == (
        "bogus",
    )
    assert reply(policy, Outcome.TEMPFAIL, reason=FailureReason.TIMEOUT).texts == (
        "other",
    )


def test_a_line_that_becomes_empty_is_a_dash():
    """A sender may have no domain."""
    policy = TablePolicy("ours", dict.fromkeys(Outcome, Reply(501, None, "{ascii}")))
    finding = Finding(DomainName(""), Outcome.MALFORMED)
    assert str(policy("x", finding)) == "501 -"


def test_lines_that_become_too_long_are_cut():
    """The policy cannot know how long a sender is."""
    text = "{arg}{arg}{arg}"
    policy = TablePolicy("ours", dict.fromkeys(Outcome, Reply(250, "X.1.0", text)))
    sent = bytes(reply(policy, Outcome.MX, "x" * 250))
    assert len(sent) <= 512
    assert sent.endswith(b"...\r\n")


def test_softening_turns_5_into_4():
    """In code and status, and nothing else."""
    soft = presets.RFC.softened()
    assert str(reply(soft, Outcome.NXDOMAIN)).startswith("450 4.1.8 ")
    for cause, before in presets.RFC.replies.items():
        after = soft.replies[cause]
        rejected = before.action is Action.REJECT
        assert after.code == before.code - (100 if rejected else 0)
        assert (after.text, after.status) == (before.text, before.status)


def test_at_rcpt_nothing_speaks_of_the_syntax_of_the_sender():
    """RFC 5321, section 4.3.2: there a 501 is about the recipient."""
    fitted = presets.DEFAULT.at_rcpt()
    assert {r.code for r in presets.DEFAULT.replies.values()} >= {501}
    for after in fitted.replies.values():
        assert after.code != 501
        assert after.status != "X.1.7"


def test_a_dry_run_accepts_and_remembers_what_it_would_have_said():
    """For all causes, those with a reply of their own included."""
    dry = presets.DEFAULT.dry_run()
    assert {r.action for r in dry.replies.values()} == {Action.ACCEPT}
    assert dry.shadow is presets.DEFAULT
    assert dry.dry_run().shadow is presets.DEFAULT
    # Whoever is accepted anyway is told the same.
    assert dry.replies[Outcome.NULL_REVERSE_PATH].text == "<>... Sender ok"


def test_combinators_may_come_in_any_order():
    """What a dry run would have said changes with them."""
    policy = presets.DEFAULT
    assert policy.softened().at_rcpt().replies == policy.at_rcpt().softened().replies
    for change in (
        TablePolicy.softened,
        TablePolicy.at_rcpt,
        TablePolicy.with_enhanced_codes,
    ):
        before, after = change(policy).dry_run(), change(policy.dry_run())
        assert after.replies == before.replies
        assert after.shadow.replies == before.shadow.replies


def test_a_table_cannot_get_a_gap_later():
    """It keeps a copy."""
    replies = dict(presets.DEFAULT.replies)
    policy = TablePolicy("ours", replies)
    replies.clear()
    assert reply(policy, Outcome.MX).code == 250


@pytest.mark.parametrize(
    "replies",
    [{"NXDOMAIN": Reply(550, None, "x")}, {Outcome.NXDOMAIN: "550 no"}],
)
def test_a_table_is_of_outcomes_and_replies(replies):
    """What is neither would be overlooked, or break at the first such sender."""
    with pytest.raises(ValueError, match="policy 'ours': not an outcome or a reason"):
        presets.DEFAULT.with_replies("ours", replies)


@pytest.mark.parametrize(
    "exempt",
    ["b.example", {"b.example"}, frozenset({"B.example"}), frozenset({5})],
)
def test_exempt_domains_are_names_as_they_are_looked_up(exempt):
    """`exempting` makes them so."""
    with pytest.raises(ValueError, match=r"use exempting\(\[...\]\)"):
        TablePolicy("ours", presets.DEFAULT.replies, exempt=exempt)


def test_a_long_sender_is_cut_and_not_the_words():
    """The client has to learn what is wrong."""
    domain = ".".join(["n" * 60] * 4)
    finding = Finding(DomainName(domain), Outcome.NXDOMAIN)
    text = str(presets.RFC(f"<a@{domain}>", finding))
    assert len(text) <= 510
    assert text.endswith(" does not exist")


def test_what_is_no_domain_is_not_shown_as_one():
    """It may be a part of the local part."""
    policy = presets.DEFAULT.with_replies(
        "ours", {Outcome.UNQUALIFIED: Reply(501, None, "no domain: {domain}.")}
    )
    finding = Finding(DomainName(""), Outcome.UNQUALIFIED)
    assert policy('"a@b"', finding).texts == ("no domain: .",)
    named = Finding(DomainName("b"), Outcome.UNQUALIFIED)
    assert policy("<a@B>", named).texts == ("no domain: B.",)


def test_enhanced_codes_can_be_switched():
    """On and off again."""
    on = presets.DEFAULT.with_enhanced_codes()
    assert str(reply(on, Outcome.NULL_MX)).startswith("550 5.7.27 ")
    assert on.without_enhanced_codes() == presets.DEFAULT


def test_domains_can_be_exempt():
    """With all names below them, in U-labels or A-labels."""
    policy = presets.DEFAULT.exempting(["Partner.Example", "münchen.example"])
    policy = policy.exempting("local")
    assert policy.exempts("partner.example")
    assert policy.exempts("mail.partner.example")
    assert policy.exempts("xn--mnchen-3ya.example")
    assert policy.exempts("corp.local")
    assert not policy.exempts("notpartner.example")
    assert not policy.exempts("example")
    with pytest.raises(ValueError, match="not a domain name: 'a b'"):
        policy.exempting(["a b"])


def test_a_policy_is_a_value():
    """It can be compared, hashed and pickled."""
    policy = presets.DEFAULT.exempting(["b.example"]).softened()
    copy = pickle.loads(pickle.dumps(policy))
    assert copy == policy
    assert hash(copy) == hash(policy)
    assert policy != presets.DEFAULT


POLICIES = st.sampled_from(list(presets.PRESETS.values())).flatmap(
    lambda policy: st.sampled_from(
        [
            policy,
            policy.softened(),
            policy.dry_run(),
            policy.at_rcpt(),
            policy.with_enhanced_codes(),
            policy.without_enhanced_codes(),
        ]
    )
)
VALID = re.compile(
    rb"(?:([245][0-5][0-9])-[\x20-\x7e]*\r\n)*[245][0-5][0-9] [\x20-\x7e]*\r\n"
).fullmatch


@given(
    POLICIES,
    st.sampled_from(Outcome),
    st.sampled_from([None, *FailureReason, *SyntaxFault]),
    st.text(max_size=600),
)
def test_every_reply_to_every_sender_can_be_sent(policy, outcome, reason, sender):
    """P2: policy, outcome and hostile text in any combination."""
    answer = reply(policy, outcome, shown(sender), reason)
    assert VALID(bytes(answer))
    assert all(len(line) <= 510 for line in answer.lines)
