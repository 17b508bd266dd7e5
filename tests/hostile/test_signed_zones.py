"""Z1: seventy zones, signed, badly signed and lame, as NSD and Unbound serve them."""

from __future__ import annotations

import asyncio

from contextlib import ExitStack, closing

import pytest

from senderdomain import (
    Action,
    AsyncDomainVerifier,
    Depth,
    DomainVerifier,
    FailureReason,
    NoData,
    NxDomain,
    Outcome,
)
from senderdomain.resolvers import AsyncStubResolver, StubResolver

from ..real_servers import (
    HOST,
    NSD,
    NSD_ZONE,
    UNBOUND,
    UNBOUND_STUB,
    _running,
    _written,
    binary,
    refusing,
    silent,
)
from .zones import LAME, SPOILT, Case, cases, master_file, read

CASES = [*cases()]

# Seconds. Unbound takes its time to give up a server, or signatures.
DEADLINE = 20.0

VALIDATOR = """
server:
    module-config: "validator iterator"
    ede: yes
    qname-minimisation: no
"""


def _file(case: Case) -> str:
    return f"{case.zone}zone"


@pytest.fixture(scope="module")
def unbound(tmp_path_factory):
    """Run NSD with all zones, and an Unbound that validates; give its address."""
    home = tmp_path_factory.mktemp("signed")
    nsd, resolver = binary("nsd"), binary("unbound")
    signed = read()
    with ExitStack() as stack:

        def nsd_command(port, home):
            text = NSD.format(HOST=HOST, port=port, home=home)
            (home / "example.zone").write_text(
                "$ORIGIN example.\n@ 900 SOA ns h 1 2 3 4 5\n@ 900 NS ns\n"
                "ns A 127.0.0.1\n",
                "utf-8",
            )
            text += NSD_ZONE.format(name="example")
            for case in CASES:
                if case.how in ("refusing", "silent", "unknown"):
                    continue
                if case.how != "unloaded":
                    known = signed.get(case.zone)
                    master = known[0] if known else master_file(case)
                    (home / _file(case)).write_text(master, "utf-8")
                text += NSD_ZONE.format(name=case.zone.removesuffix("."))
            return [nsd, "-d", "-c", _written(home / "nsd.conf", text)]

        auth = stack.enter_context(_running(nsd_command, home / "nsd"))
        ports = {
            "refusing": stack.enter_context(refusing()),
            "silent": stack.enter_context(silent()),
        }

        def unbound_command(port, home):
            text = UNBOUND.format(HOST=HOST, port=port, home=home).replace(
                '    module-config: "iterator"\n', ""
            )
            text += VALIDATOR
            for case in CASES:
                if case.zone in signed:
                    text += f'    trust-anchor: "{signed[case.zone][1]}"\n'
            for name in ("example.", *(case.zone for case in CASES)):
                how = name.split(".")[1]
                text += UNBOUND_STUB.format(
                    HOST=HOST, name=name, port=ports.get(how, auth)
                )
            return [resolver, "-d", "-p", "-c", _written(home / "unbound.conf", text)]

        port = stack.enter_context(_running(unbound_command, home / "unbound"))
        yield f"{HOST}:{port}"


def _sync(server, sender):
    with closing(StubResolver([server])) as resolver:
        return DomainVerifier(resolver, deadline=DEADLINE).verify(sender)


def _async(server, sender):
    async def main():
        with closing(AsyncStubResolver([server])) as resolver:
            verifier = AsyncDomainVerifier(resolver, deadline=DEADLINE)
            return await verifier.verify(sender)

    return asyncio.run(main())


def test_there_are_sixty_zones():
    """As the plan has it; each of its own, and the file has all that are signed."""
    assert len({case.zone for case in CASES}) == len(CASES) >= 60
    plain = {case.zone for case in CASES if case.how in ("plain", *LAME)}
    assert {case.zone for case in CASES} - plain == read().keys()


@pytest.mark.server
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.zone)
def test_a_zone_gets_its_verdict(unbound, case, record_experiment):
    """Z1: in a thread and in a task; nothing that is bogus or lame is refused."""
    for way in (_sync, _async):
        verdict = way(unbound, f"a@{case.asked}")
        assert verdict.outcome is case.outcome, (verdict.finding, case)
        if case.how in SPOILT or case.how == "compact-forged":
            assert verdict.reason is FailureReason.BOGUS
        if case.outcome is Outcome.TEMPFAIL:
            assert verdict.action is Action.DEFER
    record_experiment(
        promise="Z1",
        what=f"zones of NSD and Unbound, {case.zone}",
        count=2,
        result="as it is",
    )


@pytest.mark.server
def test_compact_denial_is_no_nxdomain(unbound):
    """Z1: a verdict rests on three absences, and not on the rcode (RFC 9824)."""
    compact = _sync(unbound, "a@missing.z.compact.example").finding
    plain = _sync(unbound, "a@missing.missing.signed.example").finding
    assert [type(answer) for _, answer in compact.evidence] == [NoData] * 3
    assert [type(answer) for _, answer in plain.evidence] == [NxDomain]


@pytest.mark.server
@pytest.mark.parametrize(
    ("domain", "outcome"),
    [
        ("mx.signed.example", Outcome.MX),
        ("wildcard.signed.example", Outcome.UNUSABLE_MX),
    ],
)
def test_greater_depths_take_proven_absence_for_it(unbound, domain, outcome):
    """Z1: an exchange that a signed zone says has no address is unusable."""
    with closing(StubResolver([unbound])) as resolver:
        verifier = DomainVerifier(resolver, deadline=DEADLINE, depth=Depth.EXCHANGES)
        asked = domain if outcome is Outcome.MX else f"any.{domain}"
        assert verifier.verify(f"a@{asked}").outcome is outcome
