"""
qpsmtpd as it reads, asks and answers: profiles `QPSMTPD` and `QPSMTPD_PERM`.

The readings were compared with those of lib/Qpsmtpd/Address.pm itself, names with what
Net::DNS 1.36 puts into a query; the verdicts with the recordings.
"""

from __future__ import annotations

import pytest

from senderdomain import Receiver, TargetFault, presets
from senderdomain.profiles import _qpsmtpd

from .judged import judged

ZONE = """
mx.zz.            MX    10 host.zz.
host.zz.          A     100.128.0.25
only-a.zz.        A     127.0.0.1
only-aaaa.zz.     AAAA  ::1
txt.zz.           TXT   "x"
null.zz.          MX    0 .
gone.zz.          MX    10 nobody.zz.
alias.zz.         CNAME txt.zz.
ip.zz.            MX    10 192.0.2.1.
ip-short.zz.      MX    10 127.1.
ip-big.zz.        MX    10 256.1.
ip6.zz.           MX    10 \\058\\0581.
spaces.zz.        MX    10 my\\032host.zz.
my\\032host.zz.   A     100.128.0.25
single.zz.        MX    10 mailer.
mailer.           A     100.128.0.25
second.zz.        MX    10 nobody.zz.
second.zz.        MX    20 host.zz.
a_b.zz.           MX    10 host.zz.
a\\064b.zz.       MX    10 host.zz.
m\\195\\188n.zz.  MX    10 host.zz.
4.3.2.1.in-addr.arpa. MX 10 host.zz.
box.ours.zz.      MX    10 host.zz.
"""
FAILED = "450 Temporary address resolution failure (#4.4.3)"
FQDN = "450 FQDN required in the envelope sender (#4.1.8)"
UNPARSED = "501 could not parse your mail from command"
OURS = Receiver(local_domains=frozenset({"ours.zz"}))


def verdict(sender, *, profile=presets.QPSMTPD, zone=ZONE, **how):
    """What qpsmtpd says, what it asked, and what was found."""
    return judged(profile, sender, zone=zone, **how)


def said(sender, **how):
    """What qpsmtpd says."""
    return verdict(sender, **how)[0]


# lib/Qpsmtpd/Address.pm: canonify, format.
@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("<>", "<>"),
        ("<@mx.zz:>", "<>"),
        ("<#@[]>", "<>"),
        ("<u@[undefined]>", "<>"),
        ("<User@MX.zz> ", "<User@MX.zz>"),
        ("<@a.zz,@b.zz:user@mx.zz>", "<user@mx.zz>"),
        ("<@[1.2.3.4]:user@mx.zz>", "<user@mx.zz>"),
        ("<@a:b:user@mx.zz>", "<user@mx.zz>"),
        ("<user@@mx.zz>", '<"user\\@"@mx.zz>'),
        ("<a b@mx.zz>", '<"a\\ b"@mx.zz>'),
        ('<"a\\@b"@mx.zz>', '<"a\\@b"@mx.zz>'),
        ('<"ab"@mx.zz>', "<ab@mx.zz>"),
        ('<""@mx.zz>', "<@mx.zz>"),
        ("<a\u00fc@mx.zz>", '<"a\\?\\?"@mx.zz>'),
        ("<a..b@mx.zz>", "<a..b@mx.zz>"),
        ("<u@[100.128.0.25]>", "<u@[100.128.0.25]>"),
        ("<u@[999.1.1.1]>", "<u@[999.1.1.1]>"),
    ],
)
def test_whom_it_accepts_it_shows_as_it_has_understood_him(sender, shown):
    """It is enough for a local part to begin with an atom."""
    expected = f"250 {shown}, sender OK - how exciting to get mail from you!"
    assert said(sender) == expected


@pytest.mark.parametrize(
    "sender",
    [
        "root",
        "<root>",
        "<u@mx.zz",
        "<u\n@mx.zz>",
        "<@mx.zz>",
        "<.u@mx.zz>",
        '<"a b"@mx.zz>',
        '<"a"b@mx.zz>',
        "<u@mx..zz>",
        "<u@mx.zz.>",
        "<u@-mx.zz>",
        "<u@mx-.zz>",
        "<u@[2a00::25]>",
        "<u@[1.2.3.4>",
        "<u@m\u00fcn.zz>",
        "<\u00fc@mx.zz>",
    ],
)
def test_what_it_cannot_parse_it_refuses_with_one_text(sender):
    """Non-ASCII with SMTPUTF8, too: it has never heard of that."""
    assert said(sender, smtputf8=True) == UNPARSED
    assert verdict(sender)[1] == []


@pytest.mark.parametrize("sender", ["<u@mx zz>", "<u@mx.zz x>", "<u@\tmx.zz>"])
def test_a_space_behind_an_at_sign_is_an_error_of_its_own(sender):
    """lib/Qpsmtpd/Command.pm: _get_mail_params."""
    assert said(sender) == "501 Syntax error in parameters"


@pytest.mark.parametrize("sender", ["<postmaster>", "<PostMaster>", "<u@0>"])
def test_who_has_no_host_has_no_fqdn(sender):
    """The parser takes them, the plugin does not; "0" is false in Perl."""
    assert said(sender) == FQDN
    assert verdict(sender)[1] == []


# Compared with Net::DNS::Packet->new(...)->data.
@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("MX.zz", "mx.zz MX"),
        ("a_b.zz", "a_b.zz MX"),
        ("a@b.zz", None),
        ("a\\064b.zz", "a\\064b.zz MX"),
        ("a\\300b.zz", "ab.zz MX"),
        ("a\\b.zz", "ab.zz MX"),
        ("a/b.zz", "a\\047b.zz MX"),
        ("1.2.3.4", "4.3.2.1.in-addr.arpa MX"),
        ("1.2", "2.1.in-addr.arpa MX"),
        ("1.2.3.4.5", "4.3.2.1.in-addr.arpa MX"),
    ],
)
def test_names_are_asked_for_as_net_dns_understands_them(host, asked):
    """Any octet parts two labels in an address, but only the dot in a name."""
    questions = verdict(f"<u@{host}>")[1]
    assert questions[0] == (asked or "b.zz MX")


def test_an_octet_that_is_not_ascii_is_latin_1():
    """Net::DNS makes UTF-8 of it."""
    assert verdict(b"<u@m\xfcn.zz>")[1][0] == "m\\195\\188n.zz MX"


def test_a_single_label_is_asked_for_in_the_first_domain_of_the_search_list():
    """And is not found as it is."""
    profile = presets.QPSMTPD.received_by(OURS)
    replied, questions, _ = verdict("<u@box>", profile=profile)
    assert replied.startswith("250")
    assert questions[0] == "box.ours.zz MX"
    assert said("<u@mailer>", profile=profile) == FAILED
    assert said("<u@mailer>").startswith("250")
    assert said("<u@single.zz>", profile=profile) == FQDN
    assert said("<u@single.zz>").startswith("250")


def test_a_label_that_is_too_long_for_the_dns_is_accepted():
    """Net::DNS dies, and a plugin that dies has declined to decide."""
    replied, questions, _ = verdict(f"<u@{'l' * 64}.zz>")
    assert replied.startswith("250")
    assert questions == []


def test_a_name_that_is_too_long_for_the_dns_is_not_found():
    """Nobody answers a query with more than 255 octets of name."""
    replied, questions, _ = verdict(f"<u@{'.'.join(['n' * 60] * 5)}>")
    assert replied == FAILED
    assert questions == []


def test_an_ipv6_literal_is_taken_for_a_name():
    """Which nobody has."""
    assert said("<u@[IPv6:2a00::25]>") == FAILED


# plugins/resolvable_fromhost: check_dns, mx_address_resolves; Net/IP.pm.
@pytest.mark.parametrize(
    ("domain", "reply"),
    [
        ("mx.zz", "250"),
        ("only-a.zz", "250"),
        ("only-aaaa.zz", "250"),
        ("txt.zz", FAILED),
        ("nx.zz", FAILED),
        ("alias.zz", FAILED),
        ("null.zz", FQDN),
        ("gone.zz", FQDN),
        ("ip.zz", "250"),
        ("ip-short.zz", FQDN),
        ("ip-big.zz", FQDN),
        ("ip6.zz", "250"),
        ("spaces.zz", "250"),
        ("second.zz", "250"),
    ],
)
def test_what_the_dns_has_decides_about_a_domain(domain, reply):
    """Addresses without MX are not looked at."""
    assert said(f"<u@{domain}>").startswith(reply)


def test_it_asks_one_host_after_the_other_ipv4_first():
    """Until one is valid."""
    zone = f"{ZONE}second.zz. MX 30 another.zz.\n"
    assert verdict("<u@second.zz>", zone=zone)[1] == [
        "second.zz MX",
        "nobody.zz A",
        "nobody.zz AAAA",
        "host.zz A",
        "host.zz AAAA",
    ]


def test_it_asks_for_both_families_of_a_domain_without_mx():
    """Even if the first one has been there."""
    assert verdict("<u@only-a.zz>")[1] == [
        "only-a.zz MX",
        "only-a.zz A",
        "only-a.zz AAAA",
    ]


def test_it_does_not_ask_for_the_root():
    """The host of a null MX has no address."""
    assert verdict("<u@null.zz>")[1] == ["null.zz MX"]


# ip_is_valid, with inet_aton of Perl's Socket; config.sample.
@pytest.mark.parametrize(
    ("address", "valid"),
    [
        ("127.0.53.53", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("169.254.1.1", False),
        ("224.0.0.1", False),
        ("239.255.255.255", False),
        ("172.16.1.1", True),
        ("240.0.0.1", True),
        ("255.255.255.255", True),
        ("::1", True),
        ("fe80::1", True),
        ("::ffff:127.0.0.1", False),
        ("::ffff:100.128.0.25", True),
    ],
)
def test_invalid_networks_are_those_of_ipv4(address, valid):
    """An IPv4-mapped address is an IPv4 address for getaddrinfo(3)."""
    kind = "AAAA" if ":" in address else "A"
    zone = f"d.zz. MX 10 h.zz.\nh.zz. {kind} {address}\n"
    assert said("<u@d.zz>", zone=zone).startswith("250") is valid


def test_only_the_first_address_of_a_host_counts():
    """Of IPv4, if it has both."""
    zone = "d.zz. MX 10 h.zz.\nh.zz. A 10.1.2.3\nh.zz. AAAA 2a00::25\n"
    assert said("<u@d.zz>", zone=zone) == FQDN


@pytest.mark.parametrize("fault", ["servfail", "refused", "timeout", "truncated"])
def test_trouble_is_absence(fault):
    """Net::DNS has no records either way."""
    mx = [("only-a.zz", fault, "MX")]
    assert said("<u@only-a.zz>", faults=mx).startswith("250")
    all_ = [("mx.zz", fault, "ANY")]
    assert said("<u@mx.zz>", faults=all_) == FAILED
    host = [("host.zz", fault, "ANY")]
    assert said("<u@mx.zz>", faults=host) == FQDN


def test_reject_type_perm_makes_all_that_permanent():
    """Trouble with the DNS, too."""
    perm = presets.QPSMTPD_PERM
    assert said("<u@nx.zz>", profile=perm) == (
        "550 Temporary address resolution failure (#5.4.3)"
    )
    assert said("<u@gone.zz>", profile=perm) == (
        "550 FQDN required in the envelope sender (#5.1.8)"
    )
    assert said("<root>", profile=perm) == UNPARSED


def test_mx_at_the_end_of_a_long_chain_of_aliases_count():
    """Nobody looks who owns them."""
    chain = "".join(f"c{n}.zz. CNAME c{n + 1}.zz.\n" for n in range(20))
    zone = f"{ZONE}{chain}c20.zz. MX 10 host.zz.\n"
    assert said("<u@c0.zz>", zone=zone).startswith("250")


def test_only_so_many_hosts_are_asked_for(monkeypatch):
    """Whoever asks for more must not be told that none is usable."""
    monkeypatch.setattr(_qpsmtpd, "_MAX_HOSTS", 2)
    hosts = "".join(f"d.zz. MX {n} h{n}.zz.\n" for n in range(3))
    replied, questions, _ = verdict("<u@d.zz>", zone=f"{hosts}h2.zz. A 100.128.0.25\n")
    assert replied == FAILED
    assert len(questions) == 5


@pytest.mark.parametrize(
    ("domain", "fault"),
    [
        ("null.zz", TargetFault.NULL),
        ("gone.zz", TargetFault.NO_ADDRESS),
        ("ip-short.zz", TargetFault.SPECIAL_ADDRESS),
    ],
)
def test_the_finding_tells_what_is_wrong_with_the_first_host(domain, fault):
    """For whom the reply is not enough."""
    assert verdict(f"<u@{domain}>")[2].reason is fault
