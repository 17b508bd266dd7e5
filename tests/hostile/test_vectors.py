"""P4: senders written by hand, each with what must come of it."""

from __future__ import annotations

import ast

from pathlib import Path

import pytest

from senderdomain import AddressRules, DomainVerifier, Outcome, SyntaxFault
from senderdomain.testing import ZoneResolver

FILE = Path(__file__).parent / "data" / "senders.txt"
RULES = {False: AddressRules(), True: AddressRules(underscore=True)}
FAULTS = {
    **{fault.name: fault for fault in SyntaxFault},
    # An outcome has the same name.
    "ADDRESS_LITERAL_BAD": SyntaxFault.ADDRESS_LITERAL,
}
del FAULTS["ADDRESS_LITERAL"]
OUTCOMES = {outcome.name: outcome for outcome in Outcome}


def vectors():
    """Read the file."""
    for number, line in enumerate(FILE.read_text("utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            expected, flags, sender = line.split("|", 2)
            # Quotes are characters like any other.
            literal = sender[1:].replace("'", "\\'")
            yield number, expected.strip(), flags, ast.literal_eval(f"'{literal}'")


VECTORS = list(vectors())


def test_there_are_four_hundred(record_experiment):
    """As the plan has it, and no two are the same."""
    assert len(VECTORS) >= 400
    assert len({vector[2:] for vector in VECTORS}) == len(VECTORS)
    record_experiment(
        promise="P4", what="vectors by hand", count=len(VECTORS), result="as expected"
    )


def ask(verifier, sender, flags):
    """Ask as the flags have it."""
    if "d" in flags:
        return verifier.verify_domain(sender)
    if "h" in flags:
        return verifier.verify_header(sender)
    return verifier.verify(sender, smtputf8="8" in flags)


@pytest.mark.parametrize(("number", "expected", "flags", "sender"), VECTORS, ids=ascii)
def test_a_sender_is_what_it_is(number, expected, flags, sender):
    """P4: its outcome, its fault, or the domain that is looked up; nothing else is."""
    resolver = ZoneResolver()
    rules = RULES["_" in flags]
    with DomainVerifier(resolver, rules=rules) as verifier:
        verdict = ask(verifier, sender, flags)
    asked = {str(question.qname) for question in resolver.questions}
    if expected in FAULTS:
        assert (verdict.outcome, verdict.reason) == (
            Outcome.MALFORMED,
            FAULTS[expected],
        ), f"line {number}"
        assert not asked
    elif expected in OUTCOMES:
        assert verdict.outcome is OUTCOMES[expected], f"line {number}"
        assert not asked
    else:
        assert verdict.domain == expected, f"line {number}"
        assert asked == {expected}


@pytest.mark.parametrize(("number", "expected", "flags", "sender"), VECTORS, ids=ascii)
def test_octets_are_what_their_text_is(number, expected, flags, sender):
    """P4: UTF-8, and lone surrogates where it is not (PEP 383)."""
    rules = RULES["_" in flags]
    try:
        octets = sender.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that no octet stands for
        octets = sender.encode("utf-8", "surrogatepass")
    with DomainVerifier(ZoneResolver(), rules=rules) as verifier:
        text = ask(verifier, sender, flags)
        from_octets = ask(verifier, octets, flags)
    assert (text.outcome, text.reason, text.domain) == (
        from_octets.outcome,
        from_octets.reason,
        from_octets.domain,
    ), f"line {number}: {expected}"
