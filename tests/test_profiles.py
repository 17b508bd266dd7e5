"""What a profile is, and those of servers that nobody has recorded."""

from __future__ import annotations

import asyncio
import importlib
import pickle

from dataclasses import replace

import pytest

from senderdomain import (
    AsyncDomainVerifier,
    Depth,
    DomainVerifier,
    Failure,
    FailureReason,
    FindingCache,
    NoData,
    Outcome,
    Profile,
    Question,
    Receiver,
    Records,
    RecordType,
    Reply,
    Stage,
    presets,
)
from senderdomain._dns import DomainName
from senderdomain._finding import SyntaxFault, TargetFault
from senderdomain.profiles import PROFILES
from senderdomain.profiles._inquiry import Inquiry, Status, on_the_wire, res_query
from senderdomain.profiles._syntax import a_labels
from senderdomain.testing import AsyncZoneResolver, ZoneResolver

from .recorded_world import RECEIVER

ZONE = """
good.zz.        MX 10 mx.good.zz.
mx.good.zz.     A 8.8.8.8
null.zz.        MX 0 .
null10.zz.      MX 10 .
nullplus.zz.    MX 0 .
nullplus.zz.    MX 10 mx.good.zz.
addr.zz.        A 8.8.8.8
six.zz.         AAAA 2001:db8::1
dead.zz.        MX 10 gone.zz.
alive.zz.       MX 10 gone.zz.
alive.zz.       MX 20 mx.good.zz.
sick.zz.        MX 10 mx.sick.zz.
odd.zz.         MX 10 2a00::25.
odd.zz.         MX 20 *.star.zz.
found.oracle.zz. MX 10 mx.good.zz.
xn--mnchen-3ya.zz. MX 10 mx.good.zz.
1.2.0.192.in-addr.arpa. PTR host.zz.
"""


def made(kind=ZoneResolver):
    """Make a resolver with some trouble."""
    resolver = kind(ZONE)
    for name, fault in (
        ("mx.sick.zz", "servfail"),
        ("servfail.zz", "servfail"),
        ("refused.zz", "refused"),
        ("broken.oracle.zz", "servfail"),
        ("3.2.0.192.in-addr.arpa", "servfail"),
    ):
        resolver.fault(name, fault)
    resolver.fault("later.zz", "servfail", qtype="A")
    resolver.put("later.zz", {})
    return resolver


def said(profile, sender, **settings):
    """Ask *profile*, received by the host of the recordings."""
    policy = profile.received_by(RECEIVER)
    with DomainVerifier(made(), policy=policy) as verifier:
        return verifier.verify(sender, **settings).reply


MADDY, MOX, NETQMAIL = presets.MADDY, presets.MOX, presets.NETQMAIL
PLAN9, JAMES = presets.PLAN9, presets.JAMES
SENDMAIL, BADMX = presets.SENDMAIL_8_17, presets.SENDMAIL_8_17_BADMX

SAID = [
    # profile, sender, beginning of the reply, why
    (MADDY, "a@good.zz", "250", "an MX"),
    (MADDY, "a@addr.zz", "550 5.7.0 DNS error", "no implicit MX"),
    (MADDY, "a@gone.zz", "550 5.7.0 DNS error", "not found"),
    (MADDY, "a@found", "250", "the search list is used"),
    (MADDY, "a@null.zz", "501 5.7.27", "null MX"),
    (MADDY, "a@nullplus.zz", "501 5.7.27", "any null MX"),
    (MADDY, "a@servfail.zz", "450 4.7.0", "temporary"),
    (MADDY, "a@refused.zz", "550 5.7.0", "not temporary for Go"),
    (MADDY, "a@münchen.zz", "550 5.7.0", "U-labels are looked up"),
    (MADDY, "a@xn--mnchen-3ya.zz", "550 5.7.0", "made U-labels first"),
    (MADDY, "a@oracle.zz", "250", "its own"),
    (MADDY, "a", "501 5.1.8 No domain part", "unqualified"),
    (MADDY, "a@[192.0.2.1]", "550 5.7.0", "no MX of a literal"),
    (MADDY, "a b", "501 5.1.8 Malformed", "syntax"),
    (MOX, "a@good.zz", "250", "an MX with an address"),
    (MOX, "a@addr.zz", "250", "implicit MX"),
    (MOX, "a@six.zz", "250", "IPv6 counts"),
    (MOX, "a@null.zz", "550 5.7.27", "null MX"),
    (MOX, "a@null10.zz", "550 5.7.27", "at any preference"),
    (MOX, "a@dead.zz", "550 5.7.27", "no exchange has an address"),
    (MOX, "a@alive.zz", "250", "one suffices"),
    (MOX, "a@gone.zz", "550 5.7.27", "does not exist"),
    (MOX, "a@sick.zz", "451 4.4.0", "temporary trouble of a target"),
    (MOX, "a@servfail.zz", "451 4.4.0", "temporary"),
    (MOX, "a@later.zz", "451 4.4.0", "temporary trouble of an address"),
    (MOX, "a b", "501", "syntax"),
    (NETQMAIL, "a@good.zz", "250 ok", "an MX with an address"),
    (NETQMAIL, "a@addr.zz", "250 ok", "implicit MX"),
    (NETQMAIL, "a@six.zz", "553 sorry", "IPv6 does not count"),
    (NETQMAIL, "a@null.zz", "553 sorry", "the root has no address"),
    (NETQMAIL, "a@dead.zz", "553 sorry", "no exchange has an address"),
    (NETQMAIL, "a@alive.zz", "250 ok", "one suffices"),
    (NETQMAIL, "a@sick.zz", "451 DNS", "temporary trouble of a target"),
    (NETQMAIL, "a@servfail.zz", "451 DNS", "temporary"),
    (NETQMAIL, "a@later.zz", "451 DNS", "temporary trouble of an address"),
    (NETQMAIL, "a", "250 ok", "no domain, no check"),
    (PLAN9, "a@good.zz", "250", "an MX"),
    (PLAN9, "a@gone.zz", "554 5.1.8 Sender domain must exist: a@gone.zz", "absent"),
    (PLAN9, "a@servfail.zz", "250", "trouble passes"),
    (PLAN9, "a@null.zz", "250", "null MX is not known"),
    (JAMES, "a@good.zz", "250", "an MX"),
    (JAMES, "a@addr.zz", "250", "an address"),
    (JAMES, "a@gone.zz", "501 5.1.7 sender a@gone.zz contains", "absent"),
    (JAMES, "a@servfail.zz", "501 5.1.7", "trouble counts as absence"),
    (JAMES, "a@later.zz", "501 5.1.7", "of an address too"),
    # Of sendmail, what is neither recorded nor asked live.
    (SENDMAIL, "a@[192.0.2.1]", "250", "a literal with a name"),
    (SENDMAIL, "a@[192.0.2.2]", "553 5.1.8", "a literal without one"),
    (SENDMAIL, "a@[192.0.2.3]", "451 4.1.8", "nobody knows"),
    (SENDMAIL, "a@found", "250", "the search list is used"),
    (SENDMAIL, "a\ud800@gone.zz", "501 5.1.7 8-bit", "no client can send that"),
    (
        presets.SENDMAIL_8_9,
        "a@gone.zz",
        "501 a@gone.zz... Sender domain must exist",
        "",
    ),
    (presets.SENDMAIL_8_9, "a", "553 a... Domain name required", ""),
    (presets.SENDMAIL_8_11, "a@gone.zz", "501 5.1.8 a@gone.zz... Domain of", ""),
    (SENDMAIL, "a@broken", "451 4.1.8", "trouble in the search list"),
    (presets.POSTFIX, "a@b@c", "450 4.1.8", "the last one counts"),
    (presets.POSTFIX, "a@good.zz@oracle.zz", "250 2.1.0", "routed through its own"),
    (presets.POSTFIX, "-a@good.zz", "501 5.1.7", "allow_min_user = no"),
    (presets.POSTFIX, "good.zz!-a", "501 5.1.7", "wherever it comes from"),
    (presets.POSTFIX, "a@good.zz,", "250 2.1.0", "a list of one"),
    (presets.POSTFIX, "a@odd.zz", "250 2.1.0", "no name, and passes"),
    (SENDMAIL, "a%gone.zz@mx.oracle.zz", "553 5.1.8", "routed through its own"),
    (SENDMAIL, "a@localhost(c)", "553 5.5.4", "a comment hides nothing"),
    (SENDMAIL, "A <a@localhost>", "250", "a phrase hides it"),
    (SENDMAIL, "@x.zz:@y.zz:a@good.zz", "250", "route after route"),
    (SENDMAIL, "a@good.zz;", "250", "a semicolon at the end"),
    (SENDMAIL, "a@good.zz,b", "553 5.1.3", "a comma in the host"),
    (MADDY, "a@foo-xn--bar.zz", "550 5.7.0", "no A-label; and absent"),
    (MADDY, "a@" + ".".join(["x" * 61] * 4), "550 5.7.0", "no room for a suffix"),
    (SENDMAIL, "a@[IPv6:fe80::1%eth0]", "553 5.1.8", "a zone index has no name"),
    (SENDMAIL, "a@[192.0.2.1]", "250", "the address has a name"),
    (SENDMAIL, "a@1.2.0.192.in-addr.arpa", "553 5.1.8", "a domain like any other"),
    (MOX, "a" * 1001 + "@good.zz", "501", "RFC 5321 4.5.3.1.3: half a path is none"),
]


@pytest.mark.parametrize(("profile", "sender", "beginning", "why"), SAID)
def test_a_server_says(profile, sender, beginning, why):
    """By its source; nobody has recorded these."""
    assert str(said(profile, sender, smtputf8=True)).startswith(beginning), why


SENDERS = ["a@good.zz", "a@gone.zz", "<a@sick.zz>", "a", "<>", "a@[192.0.2.1]", "a b@c"]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.name)
def test_a_profile_says_the_same_in_a_task(profile):
    """There is one way to ask, and two that drive it."""
    policy = profile.received_by(RECEIVER)

    async def ask():
        settings = {"policy": policy}
        async with AsyncDomainVerifier(made(AsyncZoneResolver), **settings) as verifier:
            return [str((await verifier.verify(sender)).reply) for sender in SENDERS]

    assert asyncio.run(ask()) == [str(said(profile, sender)) for sender in SENDERS]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.name)
def test_a_profile_is_a_constant_with_a_pedigree(profile):
    """Of presets as well, under a name that says what it is; it can be pickled."""
    name = next(n for n in presets_names() if getattr(presets, n) is profile)
    assert name.isupper()
    assert presets.PRESETS[profile.name] is profile
    assert profile.about
    assert "Differs" in profile.pedigree or "Unsure" in profile.pedigree
    assert pickle.loads(pickle.dumps(profile)) == profile
    assert hash(profile) == hash(replace(profile))


def presets_names():
    """Tell the names of all profiles."""
    return importlib.import_module("senderdomain.profiles").__all__


def test_there_is_no_other_preset():
    """A misspelt constant is told as such."""
    with pytest.raises(AttributeError, match="POSTFIXX"):
        _ = presets.POSTFIXX


NAMES = (
    "default classic rfc sendmail-8.9 sendmail-8.11 sendmail sendmail-badmx postfix"
    " postfix-550 exim exim-debian haraka haraka-mxip qpsmtpd qpsmtpd-perm courier"
    " maddy mox netqmail plan9 james"
)


def test_every_server_has_its_name():
    """As the command line takes them."""
    assert set(NAMES.split()) <= presets.PRESETS.keys()


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.name)
def test_the_null_reverse_path_is_accepted_by_all(profile):
    """RFC 5321, section 4.5.5; and nothing is asked."""
    resolver = made()
    with DomainVerifier(resolver, policy=profile) as verifier:
        verdict = verifier.verify("<>")
    assert verdict.accepted
    assert verdict.outcome is Outcome.NULL_REVERSE_PATH
    assert resolver.questions == []


def test_a_profile_can_do_what_a_policy_can():
    """Softer, in a dry run, with exemptions, with other words."""
    soft = SENDMAIL.softened()
    assert isinstance(soft, Profile)
    assert str(said(soft, "a@gone.zz")).startswith("453 4.1.8")
    dry = SENDMAIL.dry_run().received_by(RECEIVER)
    with DomainVerifier(made(), policy=dry) as verifier:
        verdict = verifier.verify("a@gone.zz")
    assert (verdict.reply.code, verdict.would_be.code) == (250, 553)
    assert said(SENDMAIL.exempting(["gone.zz"]), "a@gone.zz").code == 250
    words = {Outcome.NXDOMAIN: Reply(550, None, "{host} does not know {domain}")}
    other = SENDMAIL.with_replies("other", words)
    assert str(said(other, "a@gone.zz")) == "550 mx.oracle.zz does not know gone.zz"


def test_the_recipient_is_named_at_rcpt():
    """PEERS: with delay_checks the prefix of sendmail is the recipient."""
    at_rcpt = SENDMAIL.received_by(replace(RECEIVER, stage=Stage.RCPT))
    with DomainVerifier(made(), policy=at_rcpt) as verifier:
        late = verifier.verify("<a@gone.zz>").reply
        early = verifier.verify("<a@b..zz>").reply
        fine = verifier.verify("<a@good.zz>").reply
    assert late.lines[0].startswith("553 5.1.8 <postmaster@oracle.zz>... Domain of")
    assert late.stage is Stage.RCPT
    assert early.lines[0].startswith("553 5.1.2 <a@b..zz>... Invalid host name")
    assert (early.stage, fine.stage) == (Stage.MAIL, Stage.MAIL)


def test_a_recipient_is_shown_as_any_stranger_is():
    """Whatever it is, the reply can be sent."""
    wild = replace(RECEIVER, stage=Stage.RCPT, recipient="<\ud800ü@b>\r\nX" * 99)
    with DomainVerifier(made(), policy=SENDMAIL.received_by(wild)) as verifier:
        reply = verifier.verify("<a@gone.zz>").reply
    assert str(reply).startswith("553 5.1.8 <??@b>??X<??@b>")


MANY = "\n".join(f"many.zz. MX {n} g{n}.zz." for n in range(60))
LAST = "\nmany.zz. MX 99 mx.good.zz.\nmx.good.zz. A 8.8.8.8\n"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.name)
def test_what_we_do_not_look_at_is_not_absent(profile):
    """A server looks at all of 61 MX, of which the last one will do."""
    resolver = ZoneResolver(MANY + LAST)
    with DomainVerifier(resolver, policy=profile, deadline=60) as verifier:
        reply = verifier.verify("<a@many.zz>").reply
    # reject_type perm makes 5yz of all that is temporary.
    assert reply.code // 100 != 5 or profile is presets.QPSMTPD_PERM
    assert len(resolver.questions) <= 1 + 2 * 51


def test_a_long_list_of_mx_is_no_deep_stack():
    """A resolver that answers at once is asked in a loop."""
    zone = "\n".join(f"many.zz. MX {n} g{n}.zz." for n in range(50))
    policy = BADMX.received_by(RECEIVER)
    with DomainVerifier(ZoneResolver(zone), policy=policy) as verifier:
        assert verifier.verify("a@many.zz").reply.code == 250


def test_a_profile_asks_a_bare_domain_and_a_header_too():
    """With our own reading, as no server has one for these."""
    with DomainVerifier(made(), policy=presets.POSTFIX) as verifier:
        assert verifier.verify_domain("good.zz").accepted
        assert verifier.verify_header("A <a@gone.zz>").deferred


def test_a_profile_is_remembered_apart():
    """A cache that has served another lookup is refused."""
    cache = FindingCache()
    with DomainVerifier(made(), policy=MOX, cache=cache) as verifier:
        assert verifier.verify("a@dead.zz").outcome is Outcome.UNUSABLE_MX
        again = verifier.verify("b@dead.zz")
    assert again.cached
    with pytest.raises(ValueError, match="for one profile"):
        DomainVerifier(made(), policy=JAMES, cache=cache)
    with pytest.raises(ValueError, match="as deep as the server"):
        DomainVerifier(made(), policy=MOX, depth=Depth.EXCHANGES)


def test_what_a_profile_takes_for_missing_may_have_children():
    """Sendmail does so with co.uk, which has no address; RFC 8020 is not meant."""
    zone = ZoneResolver("co.zz. TXT x\nbbc.co.zz. MX 10 mx.bbc.co.zz.\n")
    with DomainVerifier(zone, policy=SENDMAIL) as verifier:
        for _ in range(3):
            assert verifier.verify("a@co.zz").reply.code == 553
        assert verifier.verify("news@bbc.co.zz").reply.code == 250


def test_a_profile_is_moved_with_its_shadow():
    """To another host, and to another stage."""
    trial = replace(presets.POSTFIX, shadow=presets.POSTFIX_550).at_rcpt()
    assert trial.receiver.stage is trial.shadow.receiver.stage is Stage.RCPT
    mixed = replace(presets.POSTFIX, shadow=presets.RFC).received_by(RECEIVER)
    assert (mixed.receiver, mixed.shadow) == (RECEIVER, presets.RFC)


@pytest.mark.parametrize("patience", [0, -1, float("nan"), "5"])
def test_nobody_can_wait_for_no_time(patience):
    """Nor for a word."""
    with pytest.raises(ValueError, match="patience must be seconds, above 0"):
        replace(presets.POSTFIX, patience=patience)


@pytest.mark.parametrize("domain", ["ü" * 64 + ".zz", "ü." * 130 + "zz"])
def test_a_name_that_could_not_be_asked_for_is_not_converted(domain):
    """The conversion takes the longer, the longer a label is."""
    assert a_labels(domain) is None


def test_a_detail_is_remembered():
    """Haraka names the error."""
    policy = presets.HARAKA.received_by(RECEIVER)
    with DomainVerifier(made(), policy=policy) as verifier:
        replies = {str(verifier.verify("a@refused.zz").reply) for _ in range(3)}
    assert replies == {"450 Temp. resolver error (EREFUSED)"}


BAD_RECEIVERS = [
    ({"local_domains": "example.org"}, "collection of domains"),
    ({"local_domains": {"-x"}}, "not a domain name"),
    ({"search": ["a b"]}, "not a domain name"),
    ({"addresses": {"example.org"}}, "example.org"),
    ({"stage": "mail"}, "stage is a Stage"),
    ({"recipient": None}, "host and recipient are text"),
    ({"local_domains": 5}, "collection of domains"),
    ({"addresses": "192.0.2.1"}, "collection of IP addresses"),
    ({"addresses": 5}, "collection of IP addresses"),
]


@pytest.mark.parametrize(("settings", "message"), BAD_RECEIVERS)
def test_a_receiver_that_cannot_be_is_refused(settings, message):
    """When it is made."""
    with pytest.raises(ValueError, match=message):
        Receiver(**settings)


def test_a_receiver_is_known_by_one_spelling():
    """U-labels, case, final dots; IPv6."""
    receiver = Receiver(
        local_domains={"MÜNCHEN.example."}, addresses={"::0001"}, search=["B.example"]
    )
    assert receiver.local_domains == {"xn--mnchen-3ya.example"}
    assert receiver.addresses == {"::1"}
    assert receiver.search_list == ("b.example",)
    assert Receiver(local_domains={"b.zz", "a.zz"}).search_list == ("a.zz", "b.zz")


def test_a_profile_waits_for_a_share_of_the_deadline():
    """So that a question without an answer leaves time for the others."""
    deadlines = []

    class Listening(ZoneResolver):
        def resolve(self, question, deadline):
            deadlines.append(deadline)
            return super().resolve(question, deadline)

    for policy in (presets.DEFAULT, presets.POSTFIX, presets.HARAKA):
        with DomainVerifier(Listening(ZONE), policy=policy, deadline=8) as verifier:
            verifier.verify("a@good.zz")
    default, postfix, haraka = deadlines[:3]
    assert default - postfix > 5
    assert postfix - haraka > 0.5


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Failure(FailureReason.SERVFAIL, rcode=0), Status.NO_DATA),
        (Failure(FailureReason.FILTERED, rcode=3), Status.NOT_FOUND),
        (Failure(FailureReason.REFUSED, rcode=1), Status.NO_RECOVERY),
        (Failure(FailureReason.SERVFAIL, rcode=6), Status.NO_RECOVERY),
        (Failure(FailureReason.MALFORMED), Status.GARBAGE),
        (Failure(FailureReason.ALIAS_LOOP), Status.ALIAS),
        (Failure(FailureReason.TIMEOUT), Status.TRY_AGAIN),
        (Failure(FailureReason.RESOLVER_DOWN), Status.TRY_AGAIN),
        (NoData(60, aliases=("b.zz",)), Status.ALIAS),
        (NoData(60), Status.NO_DATA),
    ],
)
def test_the_c_library_tells_its_caller(failure, status):
    """h_errno, of glibc 2.36."""
    steps = res_query(Inquiry(DomainName("a.zz")), "a.zz", RecordType.MX)
    next(steps)
    with pytest.raises(StopIteration) as done:
        steps.send(failure)
    assert done.value.value.status is status


def test_the_c_library_asks_twice_where_the_server_could_not():
    """Options attempts:2."""
    steps = res_query(Inquiry(DomainName("a.zz")), "a.zz", RecordType.MX)
    question = next(steps)
    assert steps.send(Failure(FailureReason.SERVFAIL, rcode=2)) == question
    with pytest.raises(StopIteration) as done:
        steps.send(Records(60, ()))
    assert done.value.value.status is Status.FOUND


def test_what_does_not_fit_a_message_is_not_asked():
    """RFC 1035, section 2.3.4; an escape is one octet."""
    assert on_the_wire("a" * 63 + ".zz")
    assert not on_the_wire("a" * 64 + ".zz")
    assert not on_the_wire("a..zz")
    assert on_the_wire("\\032" * 63 + ".zz")
    assert not on_the_wire(".".join(["a" * 60] * 5))
    steps = res_query(Inquiry(DomainName("a..zz")), "a..zz", RecordType.MX)
    with pytest.raises(StopIteration) as done:
        next(steps)
    assert done.value.value.status is Status.NO_RECOVERY


def test_names_are_read_back_from_ptr_records():
    """As an address literal needs them."""
    question = Question(DomainName("1.2.0.192.in-addr.arpa"), RecordType.PTR)
    resolver = made()
    answer = resolver.resolve(question, float("inf"))
    assert answer.rrset == ("host.zz",)


def test_badmx_asks_what_the_best_mx_is():
    """cf/feature/badmx.m4: trouble defers, and a null MX alone is none."""
    assert str(said(BADMX, "a@servfail.zz")).startswith("451 4.1.8")
    assert said(BADMX, "a@null.zz").code == 250
    reply = said(BADMX, "<a@null10.zz>")
    assert (
        str(reply) == "550 5.1.2 <a@null10.zz>... Illegal MX record for host null10.zz"
    )


def test_causes_of_profiles_are_those_of_the_library():
    """A table may have a reply for each of them."""
    causes = {type(c) for profile in PROFILES.values() for c in profile.replies}
    assert causes <= {Outcome, FailureReason, SyntaxFault, TargetFault}


def test_a_profile_reads_each_sender_in_its_own_way_however_well_it_is_known():
    """A domain seen twice takes nobody past the syntax of the server."""
    resolver = ZoneResolver({"d.example": {"MX": ["10 mx.d.example."]}})
    with DomainVerifier(resolver, policy=presets.POSTFIX) as verifier:
        for _ in range(4):
            assert verifier.verify("a@d.example").accepted
        assert verifier._core.warm("a@d.example") is None
        assert verifier._core.warm_domain("d.example") is None
    with DomainVerifier(resolver) as verifier:
        for _ in range(4):
            assert verifier.verify("a@d.example").accepted
        assert verifier._core.warm("a@d.example").accepted
