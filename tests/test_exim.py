"""Exim, rule by rule; what it says as a whole is in the recordings."""

from __future__ import annotations

import random

from dataclasses import replace

import dns.rrset
import pytest

from senderdomain import DomainVerifier, Receiver, Stage, presets
from senderdomain._dns import FailureReason
from senderdomain._finding import Finding, Outcome, SyntaxFault, TargetFault
from senderdomain.testing import Zone, ZoneResolver
from senderdomain.testing._exchange import Exchange, answering

RECEIVER = Receiver(
    host="mx.us.example",
    local_domains=frozenset({"us.example"}),
    addresses=frozenset({"127.0.0.1", "::1", "198.51.100.9", "2001:db8::9"}),
)

ZONE = """
$TTL 60
good.example.       A    198.51.100.25
six.example.        AAAA 2001:db8::25
us4.example.        A    198.51.100.9
us6.example.        AAAA 2001:db8::9
lo.example.         A    127.0.0.1
lo6.example.        AAAA ::1
lo6only.example.    AAAA ::1
mapped.example.     AAAA ::ffff:127.0.0.1
mappedus.example.   AAAA ::ffff:198.51.100.9
private.example.    A    10.1.2.3
private6.example.   AAAA fc00::1
txt.example.        TXT  "nothing"
fail.example.       A    198.51.100.25
fail6.example.      A    198.51.100.25
fail6lo.example.    A    127.0.0.1
fail6txt.example.   TXT  "nothing"
alias.example.      CNAME good.example.
aliastxt.example.   CNAME txt.example.
xn--mnchen-3ya.example. A 198.51.100.25
mymx.example.       A    198.51.100.25
"""

OK = "250 OK"
FAILED = "550 Sender verify failed"
LATER = "451 Temporary local problem - please try later"


def unrouteable(address: str) -> str:
    """Give the reply for a domain that does not exist."""
    return f"550-Verification failed for <{address}>\n550-Unrouteable address\n{FAILED}"


def verified(
    sender: str | bytes,
    records: str = "",
    *,
    policy: str = "exim",
    stage: Stage = Stage.MAIL,
    smtputf8: bool = False,
) -> tuple[str, Finding, list[str]]:
    """Give the reply, the finding and what was asked."""
    zone = Zone(ZONE + records)
    zone.fault("fail.example", "servfail", qtype="ANY")
    for name in ("fail6.example", "fail6lo.example", "fail6txt.example"):
        zone.fault(name, "servfail", qtype="AAAA")
    return in_zone(zone, sender, policy=policy, stage=stage, smtputf8=smtputf8)


def in_zone(
    zone: Zone,
    sender: str | bytes,
    *,
    policy: str = "exim",
    stage: Stage = Stage.MAIL,
    smtputf8: bool = False,
) -> tuple[str, Finding, list[str]]:
    """Likewise, in any zone."""
    resolver = ZoneResolver(zone)
    profile = presets.PRESETS[policy].received_by(replace(RECEIVER, stage=stage))
    with DomainVerifier(resolver, policy=profile) as verifier:
        verdict = verifier.verify(sender, smtputf8=smtputf8)
        return str(verdict.reply), verdict.finding, [str(q) for q in resolver.questions]


def with_mx(*hosts: str) -> str:
    """Give a domain these MX, ever less preferred."""
    return "".join(
        f"d.example. MX {10 * number} {host}\n"
        for number, host in enumerate(hosts, start=1)
    )


# src/parse.c: parse_extract_address, and what it calls.
REFUSED = [
    ("<user@>", "domain missing or malformed"),
    ("<user@a..example>", "domain missing or malformed"),
    ("<user@good.example.>", "domain missing or malformed"),
    ("<user@-a.example>", "domain missing or malformed"),
    ("<user@@good.example>", "domain missing or malformed"),
    ("<user@[127.0.0.1]>", "domain literals not allowed"),
    ("<user@[junk>", "domain literals not allowed"),
    ("<@[127.0.0.1]:user@good.example>", "domain literals not allowed"),
    ("user@[127.0.0.1", "malformed domain literal"),
    (
        "<user@a_b.example>",
        "malformed address: _b.example> may not follow <user@a",
    ),
    (
        "<user@good.example> and the rest of a line that is too long",
        (
            "malformed address: and the rest of a line that is t may not follow"
            " <user@good.example> "
        ),
    ),
    ("user;", "malformed address: ; may not follow user"),
    ("<user> x", "malformed address: x may not follow <user> "),
    ("<user@good.example", "'>' missing at end of address"),
    ("<@good.example>", "no local part"),
    ("<@good.example,@good.example>", "colon expected after route list"),
    ("<@good.example,>", "colon expected after route list"),
    ("<@good.example:>", "missing or malformed local part"),
    ("<@good.example:user>", "domain missing in source-routed address"),
    ("@good.example:user", "domain missing in source-routed address"),
    ("<(comment)@good.example>", "no local part"),
    ('<"user@good.example>', "unmatched doublequote in local part"),
    ("<us er@good.example>", '"@" or "." expected after "us"'),
    ("<user\\>", '"@" or "." expected after "user\\>"'),
    ("(comment)", "empty address"),
    (";", "empty address"),
    (">", 'missing or malformed local part (expected word or "<")'),
    ("a phrase", 'missing or malformed local part (expected word or "<")'),
    ("<a(unended)(comment", '"@" or "." expected after "a"'),
    ("<a(unended\\", '"@" or "." expected after "a"'),
]


@pytest.mark.parametrize(("path", "error"), REFUSED)
def test_what_cannot_be_parsed_is_refused_in_exims_own_words(
    path: str, error: str
) -> None:
    """At MAIL, with what Exim stumbled over."""
    reply, finding, asked = verified(path, stage=Stage.RCPT)
    assert (reply, asked) == (f"501 {path}: {error}", [])
    assert finding.outcome is Outcome.MALFORMED


# The same functions, for what they let through.
READ = [
    ("<user@GOOD.example>", "user@GOOD.example"),
    ("  <user@good.example>  ", "user@good.example"),
    ("user@good.example", "user@good.example"),
    ('<"a b".c@good.example>', '"a b".c@good.example'),
    ('<"a\\"b"@good.example>', '"a\\"b"@good.example'),
    ("<a\\@b@good.example>", "a\\@b@good.example"),
    ("<a..b.@good.example>", "a..b.@good.example"),
    ("<u%x.example@good.example>", "u%x.example@good.example"),
    ("<x.example!u@good.example>", "x.example!u@good.example"),
    ("<@x.example,@y.example:u@good.example>", "u@good.example"),
    ("@x.example:u@good.example", "u@good.example"),
    ("<u(a(b\\))c) @ good (d) . example (e) > (f)", "u@good.example"),
    ("A. Phrase <u@good.example>", "u@good.example"),
    ("<\xfcser@good.example>", "\xfcser@good.example"),
]


@pytest.mark.parametrize(("path", "address"), READ)
def test_an_address_is_found_in_what_decorates_it(path: str, address: str) -> None:
    """Phrases, comments, source routes; quotes stay."""
    assert verified(path)[::2] == (
        OK,
        ["good.example MX", "good.example AAAA", "good.example A"],
    )
    assert presets.EXIM.reading.address(path) == address


def test_an_address_that_is_repeated_has_lost_its_decoration() -> None:
    """smtp_in.c, smtp_handle_acl_fail: the address, not the argument."""
    reply, _, _ = verified('<@x.example:"a b"(c)@Gone.example>')
    assert reply == unrouteable('"a b"@Gone.example')


def test_what_cannot_be_parsed_is_repeated_as_it_came() -> None:
    """There is nothing better."""
    assert presets.EXIM.reading.address("<user@>") == "user@"


@pytest.mark.parametrize("path", ["<>", "< (comment) >", "A phrase <>"])
def test_the_null_sender_is_accepted_unasked(path: str) -> None:
    """acl.c, acl_verify: rc = OK."""
    assert verified(path)[::2] == (OK, [])


def test_a_sender_without_domain_is_refused_at_mail() -> None:
    """smtp_in.c, MAIL: sender_unqualified_hosts is empty."""
    reply, finding, _ = verified("<user>", stage=Stage.RCPT)
    assert reply == "501 <user>: sender address must contain a domain"
    assert finding.outcome is Outcome.UNQUALIFIED
    profile = presets.EXIM.received_by(replace(RECEIVER, stage=Stage.RCPT))
    assert profile.said("<user>", finding).stage is Stage.MAIL


def test_the_routing_of_a_sender_is_told_at_the_receivers_stage() -> None:
    """Wherever the access control list has the condition."""
    profile = presets.EXIM.received_by(replace(RECEIVER, stage=Stage.RCPT))
    _, finding, _ = verified("<user@gone.example>")
    assert profile.said("<user@gone.example>", finding).stage is Stage.RCPT


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("<u\0@good.example>", "NUL characters are not allowed in SMTP commands"),
        (" \t", "MAIL must have an address operand"),
    ],
)
def test_a_command_that_is_none_is_refused_without_its_argument(
    path: str, said: str
) -> None:
    """smtp_in.c: BADCHAR_CMD, MAIL."""
    assert verified(path)[0] == f"501 {said}"


# src/parse.c, end of parse_extract_address: EXIM_EMAILADDR_MAX.
def test_an_address_has_256_octets_at_most() -> None:
    """Comments behind it are counted as well."""
    local_part = "u" * (256 - len("@good.example"))
    assert verified(f"<{local_part}@good.example>")[0] == OK
    reply, finding, _ = verified(f"<{local_part}@good.example(c)>")
    assert reply.endswith(f": address is ridiculously long: {'u' * 64}...")
    assert finding.reason is SyntaxFault.TOO_LONG


@pytest.mark.parametrize("local_part", ["u" * 1000, '"' + "u" * 1000 + '"'])
def test_a_path_of_which_only_the_beginning_is_known_is_too_long(
    local_part: str,
) -> None:
    """And not without a bracket, or a quote."""
    reply, _, _ = verified(f"<{local_part}@good.example>")
    assert reply.endswith(f": address is ridiculously long: {local_part[:64]}...")


def test_a_path_of_which_only_the_beginning_is_known_can_be_wrong_before() -> None:
    """The first error is the one that is told."""
    reply, _, _ = verified(f"<user@a_{'b' * 1000}")
    assert ": malformed address: _bbb" in reply


# src/parse.c: read_domain with allow_utf8_domains; src/utf8.c.
@pytest.mark.parametrize(
    ("domain", "smtputf8", "reply"),
    [
        ("m\xfcnchen.example", True, OK),
        ("M\xdcNCHEN\u3002example", True, OK),
        ("m\xfcnchen.example\u3002", True, OK),
        (
            "m\xfcnchen.example",
            False,
            (
                "501 <u@m?nchen.example>: malformed address: ?nchen.example> may not"
                " follow <u@m"
            ),
        ),
        (b"m\xc3.example", True, "501 <u@m?.example>: invalid UTF-8 byte sequence"),
        (b"m\xff.example", True, "501 <u@m?.example>: invalid UTF-8 byte sequence"),
        # Right octets, and no character.
        (b"\xf8\x88\x80\x80\x80.example", True, FAILED),
        ("\U0001f600.example", True, FAILED),
        ("\xfc.example", True, unrouteable("u@?.example")),
        (f"\xfc.{'a' * 64}.example", True, FAILED),
    ],
)
def test_u_labels_need_smtputf8_and_become_a_labels(
    domain: str | bytes, smtputf8: bool, reply: str
) -> None:
    """What looks like UTF-8 passes the parser; libidn2 looks closer."""
    octets = domain.encode() if isinstance(domain, str) else domain
    assert verified(b"<u@" + octets + b">", smtputf8=smtputf8)[0] == reply


def test_surrogates_that_stand_for_no_octet_are_shown_as_well() -> None:
    """No client can send one; callers can."""
    reply, _, _ = verified("<u@\ud800>")
    assert reply == "501 <u@?>: domain missing or malformed"


# src/dns.c: dns_basic_lookup, check_dns_names_pattern.
@pytest.mark.parametrize(
    "path", ["<u@a-.example>", "u@[127.0.0.1]", "<\\\\@good.example>"]
)
def test_a_name_that_is_no_host_is_neither_asked_for_nor_explained(path: str) -> None:
    """host_find_failed_syntax has a message for the log only."""
    reply, finding, asked = verified(path)
    assert (reply, asked) == (FAILED, [])
    assert finding.reason is TargetFault.NOT_A_HOST


@pytest.mark.parametrize("domain", ["a" * 64, f"{'a' * 60}." * 4 + "aa"])
def test_a_name_that_fits_into_no_message_is_deferred_for_ever(domain: str) -> None:
    """res_search(3) says NO_RECOVERY, hence DNS_FAIL."""
    assert verified(f"<u@{domain}.example>")[::2] == (LATER, [])


def test_local_domains_are_accepted_unasked() -> None:
    """They are routed by another router."""
    assert verified("<u@US.example>")[::2] == (OK, [])


# src/host.c: host_find_bydns, when there is no MX.
@pytest.mark.parametrize(
    ("domain", "reply", "outcome"),
    [
        ("good.example", OK, Outcome.IMPLICIT_MX),
        ("six.example", OK, Outcome.IMPLICIT_MX),
        ("alias.example", OK, Outcome.IMPLICIT_MX),
        ("mappedus.example", OK, Outcome.IMPLICIT_MX),
        ("fail6.example", OK, Outcome.IMPLICIT_MX),
        ("fail6txt.example", LATER, Outcome.TEMPFAIL),
        ("fail.example", LATER, Outcome.TEMPFAIL),
        ("us4.example", LATER, Outcome.UNUSABLE_MX),
        ("us6.example", LATER, Outcome.UNUSABLE_MX),
        ("txt.example", unrouteable("u@txt.example"), Outcome.NODATA),
        ("aliastxt.example", unrouteable("u@aliastxt.example"), Outcome.NODATA),
        ("gone.example", unrouteable("u@gone.example"), Outcome.NXDOMAIN),
        ("lo.example", unrouteable("u@lo.example"), Outcome.UNUSABLE_MX),
        ("mapped.example", unrouteable("u@mapped.example"), Outcome.NODATA),
        ("fail6lo.example", unrouteable("u@fail6lo.example"), Outcome.UNUSABLE_MX),
    ],
)
def test_without_mx_the_addresses_of_the_domain_decide(
    domain: str, reply: str, outcome: Outcome
) -> None:
    """An address of our own is one too many."""
    said, finding, _ = verified(f"<u@{domain}>")
    assert (said, finding.outcome) == (reply, outcome)


IP_ADDRESS = """\
550-Verification failed for <u@D.example>
550-It appears that the DNS operator for d.example
550-has installed an invalid MX record with an IP address
550-instead of a domain name on the right hand side.
550 Sender verify failed"""

# src/host.c: host_find_bydns with MX, host_scan_for_local_hosts; what is said then is
# in src/routers/dnslookup.c.
THROUGH_MX = [
    (["good.example."], OK),
    (["gone.example.", "good.example."], OK),
    (["fail.example.", "good.example."], OK),
    (["lo.example.", "good.example."], OK),
    ([".", "good.example."], OK),
    (["192.0.2.1.", "good.example."], OK),
    (["private.example."], OK),
    (["alias.example."], OK),
    (["."], FAILED),
    ([".", "gone.example."], FAILED),
    (["gone.example.", "."], FAILED),
    (["gone.example."], FAILED),
    (["txt.example."], FAILED),
    (["aliastxt.example."], FAILED),
    (["lo.example."], FAILED),
    (["lo6.example.", "lo.example."], FAILED),
    (["a-.example."], FAILED),
    (["fail.example."], LATER),
    (["gone.example.", "fail.example."], LATER),
    (["fail6txt.example."], LATER),
    (["fail6lo.example."], FAILED),
    (["192.0.2.1."], IP_ADDRESS),
    (["2001:db8::1."], IP_ADDRESS),
    (["192.0.2.1.", "gone.example."], IP_ADDRESS),
    (["gone.example.", "192.0.2.1."], FAILED),
    (["lo.example.", "192.0.2.1."], IP_ADDRESS),
    (["us4.example."], LATER),
    (["us6.example.", "good.example."], LATER),
    (["lo.example.", "us4.example."], LATER),
    (["good.example.", "us4.example.", "six.example."], OK),
    (["gone.example.", "us4.example.", "good.example."], FAILED),
    (["fail.example.", "us4.example.", "good.example."], LATER),
]


@pytest.mark.parametrize(("hosts", "reply"), THROUGH_MX)
def test_the_hosts_of_all_mx_decide_together(hosts: list[str], reply: str) -> None:
    """The hosts are listed with the best one first."""
    assert verified("<u@D.example>", with_mx(*hosts))[0] == reply


def test_a_better_host_of_ipv6_comes_before_ourselves_at_the_same_preference() -> None:
    """Which is of use only if we are not among the best."""
    gone = "d.example. MX 1 gone.example.\n"
    both = "d.example. MX 5 us4.example.\nd.example. MX 5 six.example.\n"
    assert verified("<u@d.example>", gone + both)[0] == OK
    assert verified("<u@d.example>", both)[0] == LATER


def test_each_host_is_asked_about_once_and_ip_addresses_never() -> None:
    """AAAA is first."""
    twice = "d.example. MX 90 good.example.\n"
    _, _, asked = verified(
        "<u@d.example>", twice + with_mx("192.0.2.1.", "good.example.", "lo.example.")
    )
    assert asked == [
        "d.example MX",
        "good.example AAAA",
        "good.example A",
        "lo.example AAAA",
        "lo.example A",
    ]


def test_two_names_that_come_to_the_same_are_asked_for_at_the_same_time() -> None:
    """Each question is put down once."""
    both = with_mx("alias.example.", "other.example.")
    other = "other.example. CNAME good.example.\n"
    reply, finding, _ = verified("<u@d.example>", both + other)
    assert reply == OK
    assert len(finding.evidence) == len(set(finding.evidence))


def test_no_more_than_fifty_hosts_are_asked_about() -> None:
    """Exim would go on."""
    many = with_mx(*(f"gone{number}.example." for number in range(60)), "good.example.")
    reply, _, asked = verified("<u@d.example>", many)
    # What nobody has looked at is not absent.
    assert reply == "451 Temporary local problem - please try later"
    assert len(asked) == 1 + 2 * 50


# src/string.c: string_copy_dnsdomain.
@pytest.mark.parametrize(
    ("exchange", "reply"), [("my\\.mx.example.", OK), ("my\\032mx.example.", FAILED)]
)
def test_an_escape_in_an_exchange_is_undone_or_lost(exchange: str, reply: str) -> None:
    """The latter is a bug of the Debian package."""
    assert verified("<u@d.example>", with_mx(exchange))[0] == reply


# src/dns.c: dns_lookup follows one alias, whose target is not in the answer.
@pytest.mark.parametrize(
    ("aliases", "reason"), [(1, None), (2, FailureReason.ALIAS_LOOP)]
)
def test_one_alias_is_followed_by_asking_again(
    aliases: int, reason: FailureReason | None
) -> None:
    """dns_cname_loops is 1."""
    zone = Zone("$TTL 60\nt.t.d.example. MX 10 good.example.\n" + ZONE[9:])

    def only_an_alias(exchange: Exchange) -> bytes:
        response = exchange.response()
        name = response.question[0].name
        target = f"t.{name}" if aliases > 1 else "good.example."
        response.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", target))
        return response.to_wire()

    zone.fault("d.example", answering(only_an_alias), qtype="MX")
    zone.fault("t.d.example", answering(only_an_alias), qtype="MX")
    _, finding, asked = in_zone(zone, "<u@d.example>")
    assert finding.reason is reason
    assert asked[:2] == [
        "d.example MX",
        f"{'t.d' if aliases > 1 else 'good'}.example MX",
    ]


@pytest.mark.parametrize("fault", ["formerr", "servfail", "refused", "timeout"])
def test_trouble_with_the_mx_is_never_made_good_by_an_address(fault: str) -> None:
    """mx_fail_domains is empty."""
    zone = Zone(ZONE)
    zone.fault("good.example", fault, qtype="MX")
    assert in_zone(zone, "<u@good.example>")[0] == LATER


# conf.d/router/200_exim4-config_primary
@pytest.mark.parametrize("host", ["private.example.", "private6.example."])
def test_debian_ignores_addresses_that_are_nobodys_on_the_internet(host: str) -> None:
    """Upstream has no list at all by default."""
    assert verified("<u@d.example>", with_mx(host), policy="exim")[0] == OK
    assert verified("<u@d.example>", with_mx(host), policy="exim-debian")[0] == FAILED


# src/smtp_in.c: smtp_handle_acl_fail; src/routers/rf_self_action.c.
@pytest.mark.parametrize(
    ("hosts", "detail"),
    [
        (["fail.example."], "host lookup did not complete"),
        (["us4.example."], "lowest numbered MX record points to local host"),
    ],
)
def test_with_details_a_deferred_sender_is_told_why(
    hosts: list[str], detail: str
) -> None:
    """acl_temp_details is set then."""
    reply, _, _ = verified("<u@d.example>", with_mx(*hosts), policy="exim-details")
    assert reply == f"451-{detail}\n451 Could not complete sender verify"


def test_with_details_our_own_address_is_told_from_our_own_mx() -> None:
    """rf_self_action has two messages."""
    reply, _, _ = verified("<u@us4.example>", policy="exim-details")
    assert reply.startswith("451-remote host address is the local host\n")


def test_no_octets_at_all_raise() -> None:
    """Whatever a client sends has a reading."""
    tokens = [*b'@<>()"\\.,:;[] \t-_\x00\xff\xc3\xbc', *b"a1"]
    generator = random.Random(1)
    for _ in range(2000):
        path = bytes(generator.choices(tokens, k=generator.randint(0, 30)))
        text = path.decode("utf-8", "surrogateescape")
        for smtputf8 in (False, True):
            presets.EXIM.reading.read(text, RECEIVER, smtputf8=smtputf8)
        presets.EXIM.reading.address(text)
