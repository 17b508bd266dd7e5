"""Reverse-paths, from RFC 5321, section 4.1.2, and RFC 6531."""

from __future__ import annotations

import pytest

from hypothesis import example, given
from hypothesis import strategies as st

from senderdomain import AddressRules
from senderdomain._address import (
    MAX_PATH,
    AddressLiteral,
    Mailbox,
    Malformed,
    NullReversePath,
    as_text,
    parse_domain,
    parse_reverse_path,
    plain_domain,
    settled,
)
from senderdomain._finding import Outcome, SyntaxFault
from senderdomain._header import mailbox_in_header

LABEL_63 = "l" * 63
NAME_253 = ".".join(["n" * 63] * 3 + ["n" * 61])

WELL_FORMED = [
    # as sent               local part   domain            why
    ("a@b.example", "a", "b.example", "RFC 5321 4.1.2"),
    ("<a@b.example>", "a", "b.example", "with angle brackets"),
    ("A@B.Example", "A", "b.example", "RFC 5321 2.4: case of domains"),
    ("a@b.example.", "a", "b.example", "the final dot names the same domain"),
    ("a.b+c=d/e@b.example", "a.b+c=d/e", "b.example", "atext"),
    ("!#$%&'*+-/=?^_`{|}~@b.example", "!#$%&'*+-/=?^_`{|}~", "b.example", "atext"),
    ('"a b"@b.example', '"a b"', "b.example", "quoted string"),
    ('"a@x.example"@b.example', '"a@x.example"', "b.example", "last unquoted @"),
    (r'"a\"b\\"@b.example', r'"a\"b\\"', "b.example", "quoted pairs"),
    ('""@b.example', '""', "b.example", "*QcontentSMTP may be empty"),
    ("<@x.example:a@b.example>", "a", "b.example", "RFC 5321 C: source route"),
    ("<@x.example,@y.example:a@b.example>", "a", "b.example", "several hops"),
    ("a%x@b.example", "a%x", "b.example", "the local part is opaque"),
    ("x!a@b.example", "x!a", "b.example", "the local part is opaque"),
    ("u" * 65 + "@b.example", "u" * 65, "b.example", "RFC 5321 4.5.3.1: MAY refuse"),
    (f"a@{LABEL_63}.example", "a", f"{LABEL_63}.example", "RFC 1035 2.3.4"),
    (f"a@{NAME_253}", "a", NAME_253, "RFC 1035 2.3.4"),
    ("a@1.example", "a", "1.example", "RFC 1123 2.1"),
    ("a@b.123", "a", "b.123", "only a name of digits alone is an address"),
    ("a@xn--mnchen-3ya.example", "a", "xn--mnchen-3ya.example", "A-label"),
    ("a@XN--MNCHEN-3YA.example", "a", "xn--mnchen-3ya.example", "A-label"),
    ("a@xn--0.example", "a", "xn--0.example", "a bad A-label is asked for as it is"),
    ("user", "user", "", "unqualified"),
    ('"a b"', '"a b"', "", "unqualified"),
    ("a@localhost", "a", "localhost", "single label"),
]


@pytest.mark.parametrize(("sent", "local_part", "domain", "why"), WELL_FORMED)
def test_well_formed_senders_are_mailboxes(sent, local_part, domain, why):
    """A mailbox is what the standard says it is, as text and as octets."""
    expected = Mailbox(local_part, domain)
    assert parse_reverse_path(sent) == expected, why
    assert parse_reverse_path(sent.encode()) == expected, why


INTERNATIONAL = [
    # as sent               domain                     why
    ("a@münchen.example", "xn--mnchen-3ya.example", "RFC 6531 3.2"),
    ("a@MÜNCHEN.example", "xn--mnchen-3ya.example", "UTS 46 maps case"),
    ("a@faß.example", "xn--fa-hia.example", "non-transitional"),
    ("a@b。example", "b.example", "UTS 46 maps the ideographic full stop"),
    ("ü@b.example", "b.example", "RFC 6531 3.3: UTF-8 in the local part"),
    ('"ü "@b.example', "b.example", "and in a quoted one"),
    ("<@münchen.example:a@b.example>", "b.example", "and in a source route"),
]


@pytest.mark.parametrize(("sent", "domain", "why"), INTERNATIONAL)
def test_international_senders_need_smtputf8(sent, domain, why):
    """With the parameter they are looked up as A-labels, without it refused."""
    for given_ in (sent, sent.encode()):
        parsed = parse_reverse_path(given_, smtputf8=True)
        assert isinstance(parsed, Mailbox), why
        assert parsed.domain == domain, why
        assert parse_reverse_path(given_) == Malformed(SyntaxFault.NO_SMTPUTF8)


MALFORMED = [
    # as sent                 fault                      why
    ("<", SyntaxFault.BRACKETS, "unbalanced"),
    (">", SyntaxFault.BRACKETS, "unbalanced"),
    ("<a@b.example", SyntaxFault.BRACKETS, "unbalanced"),
    ("a@b.example>", SyntaxFault.BRACKETS, "unbalanced"),
    ("<<a@b.example>>", SyntaxFault.LOCAL_PART, "only one pair"),
    (" a@b.example", SyntaxFault.LOCAL_PART, "no white space"),
    ("a b@b.example", SyntaxFault.LOCAL_PART, "no white space"),
    ("a..b@b.example", SyntaxFault.LOCAL_PART, "RFC 5321 4.1.2: dot-string"),
    (".a@b.example", SyntaxFault.LOCAL_PART, "dot-string"),
    ("a.@b.example", SyntaxFault.LOCAL_PART, "dot-string"),
    ('a"b"@b.example', SyntaxFault.LOCAL_PART, "quotes around all or nothing"),
    ('"a"b@b.example', SyntaxFault.LOCAL_PART, "quotes around all or nothing"),
    ('"a@b.example', SyntaxFault.LOCAL_PART, "open quote"),
    ('"a\rb"@b.example', SyntaxFault.LOCAL_PART, "no controls in quotes"),
    ('"a\\\nb"@b.example', SyntaxFault.LOCAL_PART, "nor in quoted pairs"),
    ("a\0@b.example", SyntaxFault.LOCAL_PART, "no controls"),
    ("a\x7f@b.example", SyntaxFault.LOCAL_PART, "no controls"),
    ("a@", SyntaxFault.DOMAIN, "no domain"),
    ("a@.", SyntaxFault.DOMAIN, "the root"),
    ("a@b..example", SyntaxFault.DOMAIN, "empty label"),
    ("a@.b.example", SyntaxFault.DOMAIN, "empty label"),
    ("a@b.example..", SyntaxFault.DOMAIN, "empty label"),
    ("a@-b.example", SyntaxFault.DOMAIN, "RFC 5321 4.1.2: let-dig"),
    ("a@b-.example", SyntaxFault.DOMAIN, "let-dig"),
    ("a@b_c.example", SyntaxFault.DOMAIN, "RFC 5321 4.1.2: no underscore"),
    ("a@b c.example", SyntaxFault.DOMAIN, "LDH"),
    ("a@b\\.c.example", SyntaxFault.DOMAIN, "no escapes"),
    ("a@192.0.2.1", SyntaxFault.DOMAIN, "an address needs brackets"),
    ("a@b@c.example", SyntaxFault.DOMAIN, "two unquoted @"),
    ("a@@c.example", SyntaxFault.DOMAIN, "two unquoted @"),
    (f"a@{'l' * 64}.example", SyntaxFault.DOMAIN, "RFC 1035 2.3.4"),
    (f"a@{NAME_253}n", SyntaxFault.DOMAIN, "RFC 1035 2.3.4"),
    ("a@[fe80::1%eth0]", SyntaxFault.ADDRESS_LITERAL, "no tag, no zone index"),
    ('"\\ü"@b.example', SyntaxFault.NO_SMTPUTF8, "RFC 6531"),
    ("@b.example", SyntaxFault.SOURCE_ROUTE, "a route that leads nowhere"),
    ("@b.example:", SyntaxFault.SOURCE_ROUTE, "a route that leads nowhere"),
    ("@b.example,c.example:a@d.example", SyntaxFault.SOURCE_ROUTE, "hop without @"),
    ("@b..example:a@d.example", SyntaxFault.SOURCE_ROUTE, "hop without a name"),
    ("@:a@d.example", SyntaxFault.SOURCE_ROUTE, "hop without a name"),
    ("a@[", SyntaxFault.ADDRESS_LITERAL, "unclosed"),
    ("a@[192.0.2.1", SyntaxFault.ADDRESS_LITERAL, "unclosed"),
    ("a@[]", SyntaxFault.ADDRESS_LITERAL, "empty"),
    ("a@[192.0.2.256]", SyntaxFault.ADDRESS_LITERAL, "Snum is 0 to 255"),
    ("a@[192.0.2]", SyntaxFault.ADDRESS_LITERAL, "four Snums"),
    ("a@[IPv6:x]", SyntaxFault.ADDRESS_LITERAL, "not IPv6"),
    ("a@[IPv6:fe80::1%eth0]", SyntaxFault.ADDRESS_LITERAL, "no zone index"),
    ("a@[2001:db8::1]", SyntaxFault.ADDRESS_LITERAL, "RFC 5321 4.1.3: IPv6 tag"),
    ("a@[x]", SyntaxFault.ADDRESS_LITERAL, "no tag"),
    ("a@[x:]", SyntaxFault.ADDRESS_LITERAL, "no content"),
    ("a@[x:[]]", SyntaxFault.ADDRESS_LITERAL, "brackets in the content"),
    ("a" * (MAX_PATH + 1), SyntaxFault.TOO_LONG, "RFC 5321 4.5.3.1.4"),
]


@pytest.mark.parametrize(("sent", "fault", "why"), MALFORMED)
def test_malformed_senders_are_told_apart(sent, fault, why):
    """What is wrong is found before anything is asked."""
    assert parse_reverse_path(sent) == Malformed(fault), why
    assert parse_reverse_path(sent.encode()) == Malformed(fault), why


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (b"a@\xff.example", SyntaxFault.NOT_UTF8),
        (b"\xc0\xaf@b.example", SyntaxFault.NOT_UTF8),
        ("a@\udcff.example", SyntaxFault.NOT_UTF8),
        ("a@\u200dx.example", SyntaxFault.IDN),
        ("a@ü_.example", SyntaxFault.IDN),
        ("a@" + "ü" * 64 + ".example", SyntaxFault.IDN),
        ("a@" + "ü" * 128 + ".example", SyntaxFault.IDN),
        ("a@１９２.0.2.1", SyntaxFault.DOMAIN),
        ("a\x01ü@b.example", SyntaxFault.LOCAL_PART),
    ],
)
def test_smtputf8_does_not_let_everything_through(sent, fault):
    """Octets that are not UTF-8, and names that IDNA does not know, are malformed."""
    assert parse_reverse_path(sent, smtputf8=True) == Malformed(fault)


@pytest.mark.parametrize("sent", ["", "<>", b"", b"<>"])
def test_the_null_reverse_path_has_two_spellings(sent):
    """RFC 5321, section 4.5.5; aiosmtpd hands it over with its brackets."""
    assert parse_reverse_path(sent) == NullReversePath()


@pytest.mark.parametrize(
    "literal",
    [
        "192.0.2.1",
        "001.2.3.4",
        "IPv6:2001:db8::1",
        "ipv6:::ffff:192.0.2.1",
        "tag:content",
        "tag:a@b",
    ],
)
def test_address_literals_are_recognised(literal):
    """RFC 5321, section 4.1.3, the general form included."""
    assert parse_reverse_path(f"a@[{literal}]") == AddressLiteral("a", literal)


OUTCOMES = [
    ("a@b.example", None),
    ("<>", Outcome.NULL_REVERSE_PATH),
    ("a@[192.0.2.1]", Outcome.ADDRESS_LITERAL),
    ("a b@c.example", Outcome.MALFORMED),
    ("user", Outcome.UNQUALIFIED),
    ("user@single", Outcome.UNQUALIFIED),
    ("a@b.test", None),
    ("a@b.internal", None),
    ("a@local.example", None),
    ("a@notlocal.example", None),
    ("a@b.notlocal", None),
    *(
        (f"a@{prefix}{name}{dot}", Outcome.SPECIAL_USE)
        for name in ("invalid", "LOCALHOST", "local", "onion", "alt")
        for prefix in ("", "b.")
        for dot in ("", ".")
    ),
]


@pytest.mark.parametrize(("sent", "outcome"), OUTCOMES)
def test_syntax_settles_what_it_can(sent, outcome):
    """Special-use names are whole labels (RFC 6761, 6762, 7686, 9476)."""
    finding = settled(parse_reverse_path(sent))
    assert outcome == (finding and finding.outcome)
    assert finding is None or finding.evidence == ()


def test_a_fullwidth_special_use_name_is_special_too():
    """The rule is applied after the conversion to A-labels."""
    parsed = parse_reverse_path("a@ｌｏｃａｌｈｏｓｔ", smtputf8=True)
    finding = settled(parsed)
    assert finding is not None
    assert finding.outcome is Outcome.SPECIAL_USE


def test_the_operator_can_allow_names():
    """Underscores, and special-use names where a private zone has them."""
    rules = AddressRules(underscore=True, special_use=frozenset({"local"}))
    assert parse_domain("_b.example", rules=rules) == Mailbox("", "_b.example")
    assert rules.looks_up("corp.local")
    assert rules.looks_up("local")
    assert not rules.looks_up("corp.onion")
    assert not rules.looks_up("notlocal.invalid")
    assert not AddressRules(special_use={"a.local"}).looks_up("ba.local")
    assert AddressRules(special_use=[".Local."]) == AddressRules(special_use={"local"})


def test_special_use_names_given_as_text_are_a_mistake():
    """They would be taken for a set of letters."""
    with pytest.raises(ValueError, match="must be a set of names"):
        AddressRules(special_use="local")


def test_an_ordinary_name_is_no_special_use_name():
    """Allowing it would change nothing."""
    with pytest.raises(ValueError, match=r"'b\.example' is looked up anyway; special"):
        AddressRules(special_use={"b.example"})


def test_home_arpa_is_looked_up_like_any_name():
    """RFC 8375: where it exists, it exists for whom the resolver serves."""
    assert settled(parse_reverse_path("a@host.home.arpa")) is None


HEADERS = [
    ("Alice <a@b.example>", "a@b.example"),
    ("a@b.example", "a@b.example"),
    ('"Doe, J." <a@b.example>', "a@b.example"),
    ("=?utf-8?q?J=C3=BCrgen?= <a@b.example>", "a@b.example"),
    (b"Alice <a@b.example>", "a@b.example"),
    ("a@b.example, c@d.example", None),
    ("Alice", None),
    ("", None),
    ("a@b.example" * 100, None),
    ("(@" * 400, None),
    (". " * 400 + "<a@b.example>", None),
    ("a." * 161 + "a <a@b.example>", None),
    ("J. R. R. Tolkien <a@b.example>", "a@b.example"),
    (f"<{'a.' * 31}a@{'b.' * 123}example>", f"{'a.' * 31}a@{'b.' * 123}example"),
    ("(@)" * 10 + " Alice <a@b.example>", "a@b.example"),
    (" ".join(["=?utf-8?b?w5w=?="] * 20) + " <a@b.example>", "a@b.example"),
    # Folded, RFC 5322, section 2.2.3; any other line break is none.
    ("A long name\r\n <a@b.example>", "a@b.example"),
    ("A long name\n\t<a@b.example>\n", "a@b.example"),
    (b"A long name\r\n <a@b.example>\r\n", "a@b.example"),
    ("a@b.example\r\nBcc: c@d.example", None),
    ("a@b.example\rc", None),
    ("a@b.exa\r\nmple", None),
    # Several, whatever the parser makes of them.
    ("a@b.example <c@d.example>", None),
    ("<a@b.example> <c@d.example>", None),
    ("A @ B <a@b.example>", None),
    ('"a@b" (c@d (e@f)) <a@b.example>', "a@b.example"),
    ('"a@b"@c.example', '"a@b"@c.example'),
    ("<@x.example,@y.example:a@b.example>", "a@b.example"),
    # RFC 5322, section 3.2: what hides characters is read from left to right.
    ('(") x@b.example <y@d.example> (")', None),
    ('(don"t) x@b.example <y@d.example> (it"s)', None),
    (r"(\") x@b.example <y@d.example> (\")", None),
    (r"(\() x@b.example <y@d.example> (\))", None),
    ("x@[(] <y@d.example> (])", None),
    ('x@["] <y@d.example> "]', None),
    (r'\" x@b.example <y@d.example> "', None),
    ('" x@b.example <y@d.example>', None),
    ("( x@b.example <y@d.example>", None),
    ("[ x@b.example <y@d.example>", None),
    ("[x@b.example] <y@d.example>", None),
    ('(a"b) <a@b.example>', "a@b.example"),
    (r"(a\)b@c) <a@b.example>", "a@b.example"),
    ('"a (b" <a@b.example>', "a@b.example"),
    (r'"a\"@b" <a@b.example>', "a@b.example"),
]


@pytest.mark.parametrize(("field", "mailbox"), HEADERS)
def test_a_from_field_has_one_mailbox(field, mailbox):
    """RFC 5322, section 3.6.2; none and several are no sender."""
    assert mailbox_in_header(field) == mailbox


@pytest.mark.parametrize("kind", [str, bytes])
def test_long_input_is_cut_before_it_is_looked_at(kind):
    """Nobody has to carry a stranger's megabytes around."""
    huge = "a" * 10_000_000 if kind is str else b"a" * 10_000_000
    assert parse_reverse_path(huge) == Malformed(SyntaxFault.TOO_LONG)
    assert parse_domain(huge) == Malformed(SyntaxFault.TOO_LONG)
    assert len(as_text(huge)) <= 320


def test_a_path_is_measured_in_octets():
    """RFC 5321, section 4.5.3.1: of text as of octets."""
    path = "ü" * 300 + "@b.example"
    for given_ in (path, path.encode()):
        sender = parse_reverse_path(given_, smtputf8=True)
        assert sender == Malformed(SyntaxFault.TOO_LONG)


def test_both_forms_of_a_name_follow_the_same_rules():
    """Labels in ASCII are not judged by those beside them."""
    rules = AddressRules(underscore=True)
    for prefix in ("_dmarc", "r3---sn", "xn--0"):
        a_label = parse_domain(f"{prefix}.xn--bcher-kva.example", rules=rules)
        assert parse_domain(f"{prefix}.bücher.example", rules=rules) == a_label
        assert isinstance(a_label, Mailbox)


@pytest.mark.parametrize("given_", [None, 5, ["a@b.c"], bytearray(b"a@b.c")])
def test_only_a_wrong_type_raises(given_):
    """Text and octets are the right types."""
    for parse in (parse_reverse_path, parse_domain):
        with pytest.raises(TypeError, match="a sender is str or bytes"):
            parse(given_)


NASTY = st.text(
    st.sampled_from('ab.@<>"\\[]:,- \t\r\n\0\x7f_%!üß。\u200d\udcff٠ﷺ1IPv6xn'),
    max_size=80,
)


@given(st.one_of(NASTY, st.text(max_size=600), st.binary(max_size=600)))
@example("a@" + "\u0661" * 250)
@example("a@" + ".".join("a" * 126))
def test_any_input_has_a_result(sent):
    """Nothing that a client sends raises, with and without SMTPUTF8."""
    for smtputf8 in (False, True):
        sender = parse_reverse_path(sent, smtputf8=smtputf8)
        finding = settled(sender)
        assert finding is not None or sender.domain.isascii()
    parse_domain(sent)
    mailbox_in_header(sent)


LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
ATOM = st.from_regex(r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,8}", fullmatch=True)


@given(
    st.lists(ATOM, min_size=1, max_size=4).map(".".join),
    st.lists(LABELS, min_size=2, max_size=5).map(".".join),
)
def test_whatever_the_grammar_makes_is_accepted(local_part, domain):
    """And the key of a key is the key (RFC 5321, section 4.1.2)."""
    if domain.replace(".", "").isdigit():
        return
    expected = Mailbox(local_part, domain)
    assert parse_reverse_path(f"{local_part}@{domain}") == expected
    assert parse_reverse_path(f"<{local_part}@{domain.upper()}.>") == expected
    assert parse_domain(domain) == Mailbox("", domain)


@given(st.text(st.characters(min_codepoint=0x80), min_size=1, max_size=20))
def test_u_labels_and_a_labels_have_one_key(label):
    """RFC 6531, section 3.2: the A-label form is the name."""
    first = parse_domain(f"{label}.example")
    if isinstance(first, Mailbox):
        assert parse_domain(first.domain) == first


PLAIN = st.from_regex(
    r"[A-Za-z0-9.+!-]{1,9}@[a-z0-9.-]{1,70}(com|local|c|7)?", fullmatch=True
)


@given(PLAIN | st.text(max_size=80))
@example("user@mail.example-site.co.uk")
@example("a@" + "x" * 63 + ".com")
@example("a@" + "x" * 64 + ".com")
@example("a@b.example\n")
@example("a@x.localhost")
@example("a@1.2.3.4")
def test_a_plain_sender_has_the_domain_that_the_rules_give_it(text):
    """The short way leads to the same end, or is not taken."""
    domain = plain_domain(text)
    if domain is not None:
        sender = parse_reverse_path(text)
        assert settled(sender) is None
        assert sender.domain == domain


def test_plain_senders_take_the_short_way():
    """In every Python: some have trouble with groups that give nothing back."""
    for text in ("user@abcdefghij.com", "first.last+tag@mail.example-site.co.uk"):
        assert plain_domain(text) == text.partition("@")[2]
