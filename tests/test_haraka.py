"""
Haraka as it reads, asks and answers: profiles `HARAKA` and `HARAKA_MXIP`.

The errors of its parser were compared with those of haraka-email-address 3.1.6 itself,
its names with what Node.js 20 asks; the verdicts with the recordings.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from senderdomain import DomainVerifier, Failure, FailureReason, Outcome, presets
from senderdomain.profiles import _haraka
from senderdomain.profiles._haraka_address import HarakaError, parse
from senderdomain.profiles._haraka_names import (
    asked_by_get_mx,
    domain_to_ascii,
    to_ascii,
)
from senderdomain.testing import ZoneResolver

from .judged import judged

ZONE = """
mx.zz.              MX    10 host.zz.
host.zz.            A     100.128.0.25
only-a.zz.          A     100.128.0.25
bogus-a.zz.         A     127.0.0.1
txt.zz.             TXT   "x"
null.zz.            MX    0 .
null-10.zz.         MX    10 .
null-and-mx.zz.     MX    0 .
null-and-mx.zz.     MX    10 host.zz.
gone.zz.            MX    10 nobody.zz.
ip.zz.              MX    10 192.0.2.1.
ip-bogus.zz.        MX    10 127.0.0.1.
ip6.zz.             MX    10 2a00\\058\\05825.
spaces.zz.          MX    10 my\\032host.zz.
onion.zz.           MX    10 x.onion.
x.onion.            A     100.128.0.25
bogus.zz.           MX    10 loop.zz.
loop.zz.            A     127.0.0.1
some-bogus.zz.      MX    10 loop.zz.
some-bogus.zz.      MX    20 host.zz.
xn--mnchen-3ya.zz.  MX    10 host.zz.
1.0.0.2.            MX    10 host.zz.
"""


AT = "Invalid RFC-5321 address at position "


def verdict(sender, *, profile=presets.HARAKA, zone=ZONE, **how):
    """What Haraka says, and what it asked."""
    return judged(profile, sender, zone=zone, **how)[:2]


def said(sender, **how):
    """What Haraka says."""
    return verdict(sender, **how)[0]


# lib/envelope.js, lib/literals.js, lib/address.js of haraka-email-address 3.1.6.
@pytest.mark.parametrize(
    ("sender", "error"),
    [
        ("<root>", AT + '5: expected "@"'),
        ("<a@b", AT + '4: expected ">"'),
        ("<a@b_c>", AT + '4: expected ">"'),
        (
            "<a@b>c",
            AT + "5: trailing input after address",
        ),
        (
            "<@b>",
            AT + '3: expected ":" after source route',
        ),
        ("<@b,c:d@e>", AT + '4: expected "@"'),
        (
            "<.a@b>",
            AT + "1: expected atom in local-part",
        ),
        ("<a..b@c>", AT + '3: expected atom after "."'),
        ("<a@b..c>", AT + "5: expected sub-domain"),
        ("<a@b.>", AT + "5: expected sub-domain"),
        (
            "<\U0001f600@>",
            AT + "4: expected sub-domain",
        ),
        ('<"a', AT + "3: unterminated quoted-string"),
        ('<"a\\\u00fc', AT + "3: invalid quoted-pair"),
        (
            '<"a\x7f',
            AT + "3: invalid character in quoted-string",
        ),
        (
            f"<a@{'l' * 64}.zz>",
            AT + "67: sub-domain label exceeds 63 octets",
        ),
        (
            "<a@[1.2.3.4>",
            AT + "12: unterminated address literal",
        ),
        (
            "<a@[1 2]>",
            AT + "5: invalid character in address literal",
        ),
        (
            "<a@[1.2.3]>",
            AT + "3: invalid address literal",
        ),
        (
            "<a@[-:x]>",
            AT + "3: invalid address literal",
        ),
        (f"<{'u' * 65}@b>", "RFC-5321 local-part exceeds 64 octets"),
        (f"<u@{'n' * 60}{'.nn' * 65}>", "RFC-5321 path exceeds 256 octets (259 given)"),
    ],
)
def test_an_address_that_cannot_be_parsed_is_refused_with_the_place_of_its_error(
    sender, error
):
    """Counted in code units of UTF-16, as JavaScript counts."""
    with pytest.raises(
        HarakaError, match=error.replace("(", r"\(").replace(")", r"\)")
    ):
        parse(sender)
    assert verdict(sender)[1] == []
    shown = sender.encode("ascii", "replace").decode().replace("\x7f", "")
    assert said(sender) == f"501 Invalid MAIL FROM address {shown}: {error}"


@pytest.mark.parametrize(
    ("literal", "valid"),
    [
        ("1.2.3.4", True),
        ("1.2.3.04", False),
        ("256.2.3.4", False),
        ("IPv6:1:2:3:4:5:6:7:8", True),
        ("IPv6:1:2:3:4:5:6:7", False),
        ("IPv6:::", True),
        ("IPv6:1::2::3", False),
        ("IPv6:1:2:3:4:5:6:7::", False),
        ("IPv6:1::12345", False),
        ("IPv6:::1.2.3.4", True),
        ("IPv6:::1.2.3.456", False),
        ("IPv6:1.2.3.4", False),
        ("2a00::25", True),  # a "Standardized-tag", and what stands behind it
        ("x-y:z", True),
        ("x:", False),
    ],
)
def test_an_address_literal_is_asked_for_as_a_name_which_c_ares_refuses(literal, valid):
    """The parser has let it through."""
    replied, questions = verdict(f"<a@[{literal}]>")
    expected = "450 Temp. resolver error (EBADNAME)"
    assert (replied == expected) is valid
    assert questions == []


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("<>", "<>"),
        ("<postmaster>", "<postmaster>"),
        ("<PostMaster>", "<postmaster>"),
        ("postmaster", "<postmaster>"),
        ("<User@MX.zz>", "<User@MX.zz>"),
        (" user@mx.zz ", "<user@mx.zz>"),
        ('<"a \\" b"@mx.zz>', '<"a \\" b"@mx.zz>'),
        ("<@a.zz,@b.zz:user@mx.zz>", "<user@mx.zz>"),
        ("<a%b!c@mx.zz>", "<a%b!c@mx.zz>"),
        ("<a.b.c@mx.zz>", "<a.b.c@mx.zz>"),
    ],
)
def test_whom_it_accepts_it_shows_as_it_has_understood_him(sender, shown):
    """Without source route, quotes as given."""
    assert said(sender) == f"250 sender {shown} OK"


def test_control_characters_are_not_shown():
    """They are left out, not replaced."""
    assert said("<\x01\x7f>").startswith("501 Invalid MAIL FROM address <>: Invalid")


def test_u_labels_are_taken_with_and_without_smtputf8():
    """Nobody looks for the parameter (RFC 6531, section 3.4)."""
    for smtputf8 in (False, True):
        replied, questions = verdict("<u@M\u00dcNCHEN.zz>", smtputf8=smtputf8)
        assert replied == "250 sender <u@M?NCHEN.zz> OK"
        assert questions[0] == "xn--mnchen-3ya.zz MX"


def test_octets_that_are_not_utf8_are_no_idn_domain():
    """Node.js has made them U+FFFD."""
    replied = said(b"<u@m\xffx.zz>")
    assert replied == "501 Invalid MAIL FROM address <u@m?x.zz>: invalid IDN domain"


# Compared with url.domainToASCII and what dns.resolveMx asks, of Node.js 20.20.2.
@pytest.mark.parametrize(
    ("host", "url", "asked"),
    [
        ("A.zz", "a.zz", "a.zz"),
        ("fa\u00df.zz", "xn--fa-hia.zz", "xn--fa-hia.zz"),
        ("xn--fa-hia.zz", "xn--fa-hia.zz", "xn--fa-hia.zz"),
        ("a\u3002zz", "a.zz", "a.zz"),
        ("zz\u3002", "zz.", "zz"),
        ("\u2603.zz", "xn--n3h.zz", "xn--n3h.zz"),
        ("mx.xn--0.zz", "", ""),
        ("xn--0.zz", "", ""),
        ("xn--.zz", "", ""),
        ("xn--ab-.zz", "", ""),
        ("a\u200db.zz", "", ""),
        ("\u0915\u094d\u200d\u0915.zz", "xn--11ba1o090g.zz", "xn--11ba1o090g.zz"),
        ("\u0301a.zz", "", ""),
        ("\u05d01a.zz", "", ""),
        ("\u05d0\u0301.zz", "xn--lsa15l.zz", "xn--lsa15l.zz"),
        ("zz\u05d0", "xn--zz-wld", "xn--zz-wld"),
        ("a.1", "", "a.1"),
        ("1.2", "1.0.0.2", "1.0.0.2"),
        ("0x7f.1", "127.0.0.1", "127.0.0.1"),
        ("a.0x", "", "a.0x"),
        ("0x.1", "0.0.0.1", "0.0.0.1"),
        ("010.1", "8.0.0.1", "8.0.0.1"),
        ("09.1", "", "09.1"),
        ("256.1", "", "256.1"),
        ("4294967296", "", "4294967296"),
        ("1.2.3.4.5", "", "1.2.3.4.5"),
        ("\uff0520.zz", "", ""),
    ],
)
def test_names_go_through_the_idna_of_the_web(host, url, asked):
    """UTS 46, and IPv4 addresses in all their forms."""
    assert domain_to_ascii(host) == url
    if url:
        assert asked_by_get_mx(host) == asked
    else:
        assert asked_by_get_mx(host) in (asked, to_ascii(host))


def test_an_undecodable_a_label_makes_it_ask_about_the_root():
    """Which has neither MX nor address, so that we need not ask."""
    zone = ZONE + "xn--0.zz. MX 10 host.zz."
    replied, questions = verdict("<u@xn--0.zz>", zone=zone)
    assert replied == "550 No MX for your FROM address"
    assert questions == []


def test_a_number_becomes_an_ipv4_address_before_it_is_asked_for():
    """The name may exist, but that is not what is asked."""
    assert verdict("<u@1.2>")[1][0] == "1.0.0.2 MX"


def test_a_label_that_idna_makes_too_long_cannot_be_asked_for():
    """The parser counts the octets of UTF-8 only."""
    label = "".join(chr(0x4E00 + 700 * n) for n in range(21))  # 63 octets as given
    replied, questions = verdict(f"<u@{label}.zz>")
    assert replied == "450 Temp. resolver error (EBADNAME)"
    assert questions == []


# index.js: hook_mail; haraka-net-utils, lib/get_mx.js.
@pytest.mark.parametrize(
    ("domain", "default", "mx_ip"),
    [
        ("mx.zz", "250", "250"),
        ("only-a.zz", "550 No valid MX", "250"),
        ("bogus-a.zz", "550 No valid MX", "550 No valid MX"),
        ("txt.zz", "550 No MX", "550 No MX"),
        ("nx.zz", "550 No MX", "550 No MX"),
        ("null.zz", "550 5.7.27 Null MX: null.zz does not send mail", "550 5.7.27"),
        ("null-10.zz", "550 No valid MX", "550 No valid MX"),
        ("null-and-mx.zz", "250", "250"),
        ("gone.zz", "550 No valid MX", "550 No valid MX"),
        ("ip.zz", "550 No valid MX", "250"),
        ("ip-bogus.zz", "550 No valid MX", "550 No valid MX"),
        ("ip6.zz", "550 No valid MX", "250"),
        ("spaces.zz", "550 No valid MX", "550 No valid MX"),
        ("onion.zz", "550 No valid MX", "550 No valid MX"),
        ("bogus.zz", "550 No valid MX", "550 No valid MX"),
        ("some-bogus.zz", "250", "250"),
        ("x.onion", "550 No MX", "550 No MX"),
    ],
)
def test_what_the_dns_has_decides_about_a_domain(domain, default, mx_ip):
    """The implicit MX counts with allow_mx_ip only."""
    assert said(f"<u@{domain}>").startswith(default)
    mx_ip_said = said(f"<u@{domain}>", profile=presets.HARAKA_MXIP)
    assert mx_ip_said.startswith(mx_ip)


def test_it_asks_for_all_hosts_and_both_families_ipv6_first():
    """At the same time, after the MX."""
    assert verdict("<u@some-bogus.zz>")[1] == [
        "some-bogus.zz MX",
        "loop.zz AAAA",
        "loop.zz A",
        "host.zz AAAA",
        "host.zz A",
    ]


def test_it_does_not_ask_for_onion_names():
    """RFC 7686, section 2, item 4."""
    assert verdict("<u@x.onion>")[1] == []
    assert verdict("<u@onion.zz>")[1] == ["onion.zz MX"]


# ipaddr.js 2.5.0: range().
@pytest.mark.parametrize(
    ("address", "bogus"),
    [
        ("0.0.0.0", True),
        ("0.0.0.1", False),
        ("127.8.9.10", True),
        ("255.255.255.255", True),
        ("10.1.2.3", False),
        ("::1", True),
        ("::2", False),
        ("fe80::1", True),
        ("fc00::1", True),
        ("ff02::1", True),
        ("::ffff:100.128.0.25", True),
        ("2002:6480:19::1", True),
        ("2001:db8::1", True),
        ("2001:200::1", False),
        ("2a00::25", False),
    ],
)
def test_addresses_at_which_no_mail_can_be_received_do_not_count(address, bogus):
    """A few of IPv4, all special ones of IPv6."""
    kind = "AAAA" if ":" in address else "A"
    zone = f"d.zz. MX 10 h.zz.\nh.zz. {kind} {address}\n"
    assert said("<u@d.zz>", zone=zone).startswith("550" if bogus else "250")


# c-ares: ares_dns_query_reply_tostatus.
@pytest.mark.parametrize(
    ("fault", "reply"),
    [
        ("servfail", "450 Temp. resolver error (ESERVFAIL)"),
        ("refused", "450 Temp. resolver error (EREFUSED)"),
        ("formerr", "450 Temp. resolver error (EFORMERR)"),
        ("notimp", "450 Temp. resolver error (ENOTIMP)"),
        ("timeout", "450 Temp. resolver error (ETIMEOUT)"),
        ("truncated", "450 Temp. resolver error (ECONNREFUSED)"),
        ("malformed", "450 Temp. resolver error (EBADRESP)"),
        ("slow(0.9)", "250 sender <u@mx.zz> OK"),
        ("slow(1.1)", "450 Temp. resolver error (ETIMEOUT)"),
    ],
)
def test_the_reply_to_trouble_with_the_mx_names_the_error_of_c_ares(fault, reply):
    """One second, then it is a timeout."""
    assert said("<u@mx.zz>", faults=[("mx.zz", fault, "MX")]) == reply


@pytest.mark.parametrize("fault", ["servfail", "refused", "timeout"])
def test_trouble_with_addresses_is_taken_for_absence(fault):
    """Promise.allSettled, and only what is fulfilled counts."""
    host = [("host.zz", fault, "ANY")]
    assert said("<u@mx.zz>", faults=host) == "550 No valid MX for your FROM address"
    both = [("only-a.zz", fault, "A"), ("only-a.zz", fault, "AAAA")]
    assert said("<u@only-a.zz>", faults=both) == "550 No MX for your FROM address"


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure(FailureReason.SERVFAIL, "referral", 0), ""),
        (Failure(FailureReason.SERVFAIL, "NOTAUTH", 9), ""),
        (Failure(FailureReason.FILTERED, "", 3), ""),
        (Failure(FailureReason.ALIAS_LOOP, "", 0), ""),
        (Failure(FailureReason.RESOLVER_DOWN), "ECONNREFUSED"),
        (Failure(FailureReason.OVERLOAD), "ESERVFAIL"),
    ],
)
def test_codes_for_absence_and_for_what_c_ares_does_not_know(failure, code):
    """An empty code means: go on with the addresses."""
    assert _haraka._error(failure) == code


def test_mx_at_the_end_of_a_long_chain_of_aliases_count():
    """Nobody looks who owns them."""
    chain = "".join(f"c{n}.zz. CNAME c{n + 1}.zz.\n" for n in range(20))
    zone = f"{ZONE}{chain}c20.zz. MX 10 host.zz.\n"
    assert said("<u@c0.zz>", zone=zone) == "250 sender <u@c0.zz> OK"


def test_only_so_many_hosts_are_asked_for(monkeypatch):
    """Whoever asks for more must not be told that none is usable."""
    monkeypatch.setattr(_haraka, "_MAX_HOSTS", 2)
    hosts = "".join(f"d.zz. MX {n} h{n}.zz.\n" for n in range(3))
    replied, questions = verdict("<u@d.zz>", zone=f"{hosts}h2.zz. A 100.128.0.25\n")
    assert replied == "450 Temp. resolver error (ETIMEOUT)"
    assert len(questions) == 5


def test_the_finding_tells_why_there_is_no_usable_host():
    """For whom the reply is not enough."""
    resolver = ZoneResolver(ZONE)
    with DomainVerifier(resolver, policy=presets.HARAKA) as verifier:
        finding = verifier.verify("<u@bogus.zz>").finding
    assert finding.outcome is Outcome.UNUSABLE_MX


def test_patience_ends_with_a_share_of_the_deadline():
    """Other questions must have their time, too."""
    profile = replace(presets.HARAKA, patience=100.0)
    resolver = ZoneResolver(ZONE)
    resolver.fault("mx.zz", "slow(2.4)", qtype="MX")
    for deadline, action in ((10, "250"), (9, "450")):
        with DomainVerifier(resolver, policy=profile, deadline=deadline) as verifier:
            assert str(verifier.verify("<u@mx.zz>").reply).startswith(action)
