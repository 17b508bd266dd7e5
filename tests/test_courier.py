"""
Courier as it reads, asks and answers: profile `COURIER`.

Its names were compared with what libidn 1.41 makes of them; the verdicts with the
recordings.
"""

from __future__ import annotations

import pytest

from tests.stepping import advance

from senderdomain import (
    DomainName,
    DomainVerifier,
    Failure,
    FailureReason,
    Finding,
    NoData,
    Outcome,
    Question,
    presets,
)
from senderdomain.profiles import _courier
from senderdomain.profiles._courier_address import is_number, to_ascii, to_unicode
from senderdomain.testing import ZoneResolver

from .judged import judged

ZONE = """
mx.zz.              MX    10 host.zz.
host.zz.            A     100.128.0.25
only-a.zz.          A     127.0.0.1
only-aaaa.zz.       AAAA  ::1
txt.zz.             TXT   "x"
null.zz.            MX    0 .
null-and-mx.zz.     MX    0 .
null-and-mx.zz.     MX    10 host.zz.
gone.zz.            MX    10 nobody.zz.
ip.zz.              MX    10 192.0.2.1.
ip-and-mx.zz.       MX    10 host.zz.
ip-and-mx.zz.       MX    20 1.2.
ip6.zz.             MX    10 \\058\\0581.
spaces.zz.          MX    10 my\\032host.zz.
my\\032host.zz.     A     100.128.0.25
latin.zz.           MX    10 m\\252n.zz.
m\\252n.zz.         A     100.128.0.25
alias.zz.           CNAME mx.zz.
dangling.zz.        CNAME nobody.zz.
two.zz.             MX    10 first.zz.
two.zz.             MX    20 second.zz.
xn--mnchen-3ya.zz.  MX    10 host.zz.
xn--fa-hia.zz.      MX    10 host.zz.
fass.zz.            MX    10 host.zz.
"""
SEE = "\n517 Invalid domain, see <URL:https://www.ietf.org/rfc/rfc1035.txt>"
SYNTAX = "517 Syntax error."


def gone(domain):
    """The reply about a domain that does not exist."""
    return f"517-Domain does not exist: {domain}.{SEE}"


def later(domain):
    """The reply about a domain that nothing is known about."""
    return f"417 DNS lookup failure: {domain}.  Try again later."


def recursive(domain):
    """The reply about a domain with too many aliases."""
    return f"517-RFC 1035 violation: recursive CNAME records for {domain}.{SEE}"


def section(domain):
    """The reply about a domain with an address as MX."""
    return f"517-MX records for {domain} violate section 3.3.9 of RFC 1035.{SEE}"


def verdict(sender, *, zone=ZONE, **how):
    """What Courier says, and what it asked."""
    return judged(presets.COURIER, sender, zone=zone, **how)[:2]


def said(sender, **how):
    """What Courier says."""
    return verdict(sender, **how)[0]


# courieresmtpd.c: skipaddress; submit.C: getsender; libs/rw.c: rw_syntaxchk.
@pytest.mark.parametrize(
    "sender",
    [
        "<>",
        "<.>",
        "< >",
        "<\tu@nx.zz>",
        "<u@mx.zz>",
        " <u@mx.zz>",
        "<u@mx.zz>u@nx.zz",
        "<u@mx.zz\tu@nx.zz>",
        "<u@mx.zz..>",
        "<u@ mx\\ . zz)>",
        "<a@nx.zz@mx.zz>",
        "<a.b%c!d@mx.zz>",
        '<"a\\">b"@mx.zz>',
        "<\u00fc@mx.zz>",
        "<=?a?=@mx.zz>",
    ],
)
def test_some_strange_senders_are_taken(sender):
    """Some of them for nobody."""
    assert said(sender) == "250 Ok."


@pytest.mark.parametrize(
    "sender",
    [
        "<root>",
        "<postmaster>",
        "<u@>",
        "<@mx.zz>",
        "<u@@mx.zz>",
        "<u@mx>",
        "<u@mx..zz>",
        "<u@.mx.zz>",
        "<u..v@mx.zz>",
        "<u:@mx.zz>",
        "<@a.zz,@b.zz:u@mx.zz>",
        "<u@[127.0.0.1]>",
        "<u@a/b.zz>",
        "<u@a b.zz>",
        "<u@a\\b.zz>",
        '<u@"mx".zz>',
        '<"a b"@mx.zz>',
        "<u\x01@mx.zz>",
        "<u@mx.zz(x)>",
        "<<u@mx.zz>",
        "<u;@mx.zz>",
    ],
)
def test_others_are_syntax_errors(sender):
    """module.esmtp/esmtp.c: rfc822check wants atoms and at least one dot."""
    assert verdict(sender) == (SYNTAX, [])


@pytest.mark.parametrize("sender", ["<u@mx.zz", '<"u@mx.zz>', "<u@mx.zz\\>"])
def test_without_brackets_there_is_no_address(sender):
    """A bracket inside quotes or behind a backslash is none."""
    expected = "554 Syntax error - your mail software violates RFC 821."
    assert verdict(sender) == (expected, [])


# Compared with libidn 1.41: idna_to_unicode_8z8z, idna_to_ascii_8z.
@pytest.mark.parametrize(
    ("name", "shown", "asked"),
    [
        ("MX.zz", "MX.zz", "mx.zz"),
        ("XN--MNCHEN-3YA.zz", "m\u00fcnchen.zz", "xn--mnchen-3ya.zz"),
        ("M\u00dcNCHEN.zz", "M\u00dcNCHEN.zz", "xn--mnchen-3ya.zz"),
        ("fa\u00df.zz", "fa\u00df.zz", "fass.zz"),
        ("xn--fa-hia.zz", "xn--fa-hia.zz", "xn--fa-hia.zz"),
        ("xn--0.zz", "xn--0.zz", "xn--0.zz"),
        ("mx\u3002zz", "mx.zz", "mx.zz"),
        ("\U0001f600.zz", "\U0001f600.zz", None),
        ("\ufffd.zz", "\ufffd.zz", None),
        ("m\udcfcn.zz", "m\udcfcn.zz", None),
        ("l" * 64, "l" * 64, None),
    ],
)
def test_names_go_through_idna_2003(name, shown, asked):
    """What cannot be converted stays as it is, or is no name."""
    assert to_unicode(name) == shown
    assert to_ascii(name) == asked


def test_u_labels_are_taken_with_and_without_smtputf8():
    """Nobody looks for the parameter (RFC 6531, section 3.4)."""
    for smtputf8 in (False, True):
        replied, questions = verdict("<u@m\u00fcnchen.zz>", smtputf8=smtputf8)
        assert replied == "250 Ok."
        assert questions[0] == "xn--mnchen-3ya.zz MX"


@pytest.mark.parametrize("domain", ["M\u00dcNCHEN.zz", "fa\u00df.zz"])
def test_a_name_that_idna_changes_is_not_found_in_the_answer_about_it(domain):
    """rfc1035_hostnamecmp: they differ in more than the case of ASCII letters."""
    shown = domain.encode("ascii", "replace").decode()
    assert said(f"<u@{domain}>") == gone(shown)


def test_a_labels_are_shown_as_u_labels():
    """As far as a reply can show them."""
    assert said("<u@xn--nxmnchen-o9a.zz>") == gone("nxmnch?en.zz")


@pytest.mark.parametrize(
    "domain",
    [f"{'l' * 64}.zz", ".".join(["n" * 60] * 5), "\U0001f600.zz"],
)
def test_a_name_that_cannot_be_asked_for_is_trouble(domain):
    """RFC1035_MX_INTERNAL, or a FORMERR; for ever."""
    replied, questions = verdict(f"<u@{domain}>")
    assert replied == later(domain.replace("\U0001f600", "?"))
    assert questions == []


# rfc1035: doaton.
@pytest.mark.parametrize(
    ("name", "is_ip"),
    [
        ("1.2.3.4", True),
        ("1.2.3.256", False),
        ("256.2.3.4", False),
        ("1.2.65535", True),
        ("1.2.65536", False),
        ("1.16777215", True),
        ("1.16777216", False),
        ("99999999999", True),
        ("010.1", True),
        ("08.1", False),
        ("1.2.3.4.5", False),
        ("mx.1", False),
    ],
)
def test_addresses_are_recognized_in_all_forms_of_inet_aton(name, is_ip):
    """One to four numbers, octal ones with a leading zero."""
    assert is_number(name) is is_ip


def test_an_address_as_domain_does_not_exist():
    """And is not asked for."""
    assert verdict("<u@192.0.2.1>") == (gone("192.0.2.1"), [])


# submit.C: checkdns; rfc1035mxlist.c: domxlistcreate.
@pytest.mark.parametrize(
    ("domain", "reply"),
    [
        ("mx.zz", None),
        ("only-a.zz", None),
        ("only-aaaa.zz", None),
        ("alias.zz", None),
        ("spaces.zz", None),
        ("null-and-mx.zz", None),
        ("txt.zz", gone),
        ("nx.zz", gone),
        ("dangling.zz", gone),
        ("null.zz", gone),
        ("gone.zz", gone),
        ("latin.zz", gone),
        ("ip.zz", section),
        ("ip6.zz", section),
        ("ip-and-mx.zz", section),
    ],
)
def test_what_the_dns_has_decides_about_a_domain(domain, reply):
    """One address among the MX spoils all others."""
    assert said(f"<u@{domain}>") == (reply(domain) if reply else "250 Ok.")


def test_it_asks_for_all_hosts_and_both_families_ipv6_first():
    """One after the other."""
    assert verdict("<u@two.zz>")[1] == [
        "two.zz MX",
        "first.zz AAAA",
        "first.zz A",
        "second.zz AAAA",
        "second.zz A",
    ]


@pytest.mark.parametrize("fault", ["servfail", "refused", "formerr", "timeout"])
def test_trouble_with_the_mx_is_trouble(fault):
    """Whatever else there is."""
    assert said("<u@only-a.zz>", faults=[("only-a.zz", fault, "MX")]) == later(
        "only-a.zz"
    )


# rfc1035mxlist.c: add_arecords.
@pytest.mark.parametrize(
    ("aaaa", "a", "reply"),
    [
        ("servfail", None, None),
        (None, "servfail", gone),
        ("servfail", "servfail", later),
        ("timeout", "truncated", later),
    ],
)
def test_trouble_with_one_family_is_believed_to_be_absence(aaaa, a, reply):
    """If the other one has an answer."""
    zone = "d.zz. A 100.128.0.25\n" if reply is None else 'd.zz. TXT "x"\n'
    faults = [("d.zz", fault, qtype) for fault, qtype in ((aaaa, "AAAA"), (a, "A"))]
    faults = [each for each in faults if each[1]]
    expected = reply("d.zz") if reply else "250 Ok."
    assert said("<u@d.zz>", zone=zone, faults=faults) == expected


# domxlistcreate: seen_good, seen_softerr, RFC1035_MX_IGNORESOFTERR.
@pytest.mark.parametrize(
    ("records", "faulty", "reply"),
    [
        ("second.zz. A 100.128.0.25", ["first.zz"], None),
        ("", ["first.zz"], gone),
        ("", ["first.zz", "second.zz"], later),
    ],
)
def test_trouble_with_hosts_counts_only_if_all_have_it(records, faulty, reply):
    """A host that does not exist is "good", too."""
    faults = [(name, "servfail", "ANY") for name in faulty]
    expected = reply("two.zz") if reply else "250 Ok."
    assert said("<u@two.zz>", zone=f"{ZONE}{records}\n", faults=faults) == expected


@pytest.mark.parametrize(
    ("aliases", "reply"),
    [(10, None), (11, recursive), (16, recursive), (20, recursive)],
)
def test_ten_aliases_are_followed(aliases, reply):
    """rfc1035_resolve_cname: recursion_count."""
    chain = "".join(f"c{n}.zz. CNAME c{n + 1}.zz.\n" for n in range(aliases))
    mx = f"{ZONE}{chain}c{aliases}.zz. MX 10 host.zz.\n"
    assert said("<u@c0.zz>", zone=mx) == (reply("c0.zz") if reply else "250 Ok.")
    address = f"d.zz. MX 10 c0.zz.\n{chain}c{aliases}.zz. A 100.128.0.25\n"
    assert said("<u@d.zz>", zone=address) == (reply("d.zz") if reply else "250 Ok.")


def test_at_the_end_of_aliases_without_records_it_asks_again():
    """And for addresses it begins at the beginning."""
    zone = 'd.zz. CNAME e.zz.\ne.zz. TXT "x"\n'
    assert verdict("<u@d.zz>", zone=zone) == (
        gone("d.zz"),
        ["d.zz MX", "e.zz MX", "d.zz AAAA", "e.zz AAAA", "d.zz A", "e.zz A"],
    )


def test_aliases_without_end_are_recursive():
    """Nobody asks for ever."""
    answer = NoData(0, aliases=("d.zz",))
    steps = _courier.courier_plan(DomainName("d.zz"), presets.COURIER.receiver)
    step, asked = advance(steps), 0
    while isinstance(step, Question):
        step, asked = advance(steps, answer), asked + 1
    assert isinstance(step, Finding)
    assert step.reason is FailureReason.ALIAS_LOOP
    assert asked == 11


@pytest.mark.parametrize(
    ("failure", "end"),
    [
        (Failure(FailureReason.SERVFAIL, "referral", 0), _courier._End.ABSENT),
        (Failure(FailureReason.FILTERED, "", 3), _courier._End.ABSENT),
        (Failure(FailureReason.ALIAS_LOOP, "", 3), _courier._End.ABSENT),
        (Failure(FailureReason.ALIAS_LOOP, "", 0), _courier._End.RECURSIVE),
        (Failure(FailureReason.SERVFAIL, "NOTAUTH", 9), _courier._End.SOFT),
        (Failure(FailureReason.MALFORMED), _courier._End.SOFT),
    ],
)
def test_what_becomes_of_failures(failure, end):
    """An rcode is what it is, and no answer is a SERVFAIL."""
    assert _courier._failed(failure).end is end


def test_only_so_many_hosts_are_asked_for(monkeypatch):
    """Whoever asks for more must not be told that none is usable."""
    monkeypatch.setattr(_courier, "_MAX_HOSTS", 2)
    hosts = "".join(f"d.zz. MX {n} h{n}.zz.\n" for n in range(3))
    replied, questions = verdict("<u@d.zz>", zone=f"{hosts}h2.zz. A 100.128.0.25\n")
    assert replied == later("d.zz")
    assert len(questions) == 5


@pytest.mark.parametrize(
    ("domain", "outcome"),
    [("txt.zz", Outcome.NODATA), ("nx.zz", Outcome.NXDOMAIN)],
)
def test_the_finding_tells_more_than_the_reply(domain, outcome):
    """For whom the reply is not enough."""
    with DomainVerifier(ZoneResolver(ZONE), policy=presets.COURIER) as verifier:
        assert verifier.verify(f"<u@{domain}>").finding.outcome is outcome


@pytest.mark.parametrize("label", ["\ufdfa" * 85, "\u00ad" * 300 + "\ufdfa" * 20])
def test_a_label_that_grows_without_end_is_not_prepared(label, monkeypatch):
    """Each of these becomes 18 letters, and nameprep looks at each for long."""
    seen = []
    monkeypatch.setattr("encodings.idna.nameprep", seen.append)
    assert to_ascii(label) is None
    assert to_unicode(label) == label
    assert not seen
