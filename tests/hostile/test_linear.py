"""P3: input costs what its first octets cost, and no sender is expensive."""

from __future__ import annotations

import pytest

from senderdomain import DomainVerifier, presets
from senderdomain._address import MAX_PATH
from senderdomain._header import MAX_HEADER

from .clocks import peak, seconds, within
from .profile import amount
from .test_input import InMemory, verifier

# Piece that is repeated, and what stands before and behind all of it.
SHAPES = {
    "dots": (".", "a@", ""),
    "letters": ("a", "", "@b.example"),
    "letters in a domain": ("a", "b@", ".example"),
    "labels": ("a.", "b@", "example"),
    "atoms": ("a.", "", "a@b.example"),
    "quotes": ('"', "", "@b.example"),
    "quoted": ("a", '"', '"@b.example'),
    "open quote": ("a", '"', ""),
    "backslashes": ("\\", '"', ""),
    "quoted pairs": ('\\"', '"', '"@b.example'),
    "at signs": ("@", "a", ""),
    "angles": ("<", "", ">"),
    "closing angles": (">", "<a@b.example", ""),
    "commas": (",", "<@a", ":a@b.example>"),
    "route": ("@a.example,", "<", "@b.example:c@d.example>"),
    "colons": (":", "<@a", ""),
    "brackets": ("[", "a@", ""),
    "literal": ("1.", "a@[", "]"),
    "IPv6": ("1:", "a@[IPv6:", "1]"),
    "tagged": ("x", "a@[tag:", "]"),
    "hyphens": ("-", "a@b", "c.example"),
    "underscores": ("_", "a@b", "c.example"),
    "arabic digits": ("\u0661", "a@", ""),
    "combining marks": ("\u0300", "a@b", ".example"),
    "U-labels": ("ü.", "a@", "example"),
    "A-labels": ("xn--mnchen-3ya.", "a@", "example"),
    "broken A-labels": ("xn--", "a@", ""),
    "joiners": ("\u200d", "a@b", ".example"),
    "surrogates": ("\udcff", "a@", ".example"),
    "ligatures": ("\ufdfa", "a@", ".example"),
    "parentheses": ("(", "", ") <a@b.example>"),
    "nested": ("(a", "", " a@b.example"),
    "encoded words": ("=?utf-8?q?a?= ", "", "<a@b.example>"),
    "initials": (". ", "", "<a@b.example>"),
    "dots and quotes": ("a.", '. """"""""""""""""""""a.', " <a@b.example>"),
    "spaces": (" ", "", "a@b.example"),
    "folds": ("\r\n ", "a@b.example", ""),
    "semicolons": (";", "a:", ""),
    "controls": ("\0", "a@", ""),
}
PLAIN = {"default", "classic", "rfc"}
WAYS = ["verify", "verify_domain", "verify_header"]

# Limits, in seconds of CPU time: a refusal costs less than a hundredth of the former.
REFUSAL = 50e-6
ACCEPTED = 10e-3
FACTOR = 12
MEMORY = 64 * 1024


def made(shape, octets):
    """Make a sender of about that many octets, and not fewer."""
    piece, before, behind = SHAPES[shape]
    size = len(piece.encode("utf-8", "surrogatepass"))
    return before + piece * (octets // size + 1) + behind


def test_there_are_thirty_shapes():
    """As the plan has it, and some more."""
    assert len(SHAPES) >= 30


@pytest.fixture(scope="module")
def asked():
    """Give one verifier to all."""
    with DomainVerifier(InMemory()) as verifier:
        yield verifier


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_long_is_refused_at_once(shape, asked, record_experiment):
    """P3: from 4 KiB to 10 MB, as text and as octets, whatever it is made of."""
    worst = 0.0
    for encode in (str, lambda text: text.encode("utf-8", "surrogatepass")):
        for way in WAYS:
            verify = getattr(asked, way)
            costs = {}
            for octets in (5_000, 10**5, 10**6, 10**7):
                given = encode(made(shape, octets))
                costs[octets] = seconds(lambda v=verify, g=given: v(g), times=50)
                assert costs[octets] <= REFUSAL, (way, octets, costs)
            assert costs[10**7] <= FACTOR * costs[10**6], (way, costs)
            worst = max(worst, *costs.values())
            # The first time may import something, which stays.
            assert peak(lambda v=verify, g=given: v(g)) <= MEMORY, way
    record_experiment(
        promise="P3",
        what=f"refusal, {shape}",
        count=24,
        result=f"{1e6 * worst:.1f} us at the most",
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_short_enough_is_cheap(shape, asked, record_experiment):
    """P3: at every length that is looked at, each eighth in CI."""
    worst = 0.0
    count = 0
    for way, limit in zip(WAYS, (MAX_PATH, MAX_PATH, MAX_HEADER), strict=True):
        verify = getattr(asked, way)
        for octets in range(1, limit + 1, amount(37, 3)):
            text = made(shape, octets)
            for given in (text[:limit], text.encode("utf-8", "surrogatepass")[:limit]):
                cost = within(ACCEPTED, lambda v=verify, g=given: v(g))
                assert cost <= ACCEPTED, (way, octets, cost)
                worst = max(worst, cost)
                count += 1
    record_experiment(
        promise="P3",
        what=f"looked at, {shape}",
        count=count,
        result=f"{1e3 * worst:.2f} ms at the most",
    )


def test_the_limit_is_above_every_path(asked):
    """P3: what may come in one command is looked at (RFC 5321, s4.5.3.1.4)."""
    name = ".".join(["n" * 63] * 3 + ["n" * 61])
    assert asked.verify(f"<{'u' * 64}@{name}>").domain == name


PROFILES = [name for name, policy in presets.PRESETS.items() if name not in PLAIN]


@pytest.mark.parametrize("name", PROFILES)
def test_no_reading_of_another_server_is_expensive(name, record_experiment):
    """P3: profiles read senders in ways of their own."""
    worst = 0.0
    count = 0
    with verifier(presets.PRESETS[name]) as asked:
        for shape in SHAPES:
            for octets in amount((60, 250, 1_000), range(10, 1_500, 30)):
                given = made(shape, octets)
                cost = within(ACCEPTED, lambda g=given: asked.verify(g, smtputf8=True))
                assert cost <= ACCEPTED, (shape, octets, cost)
                worst = max(worst, cost)
                count += 1
    record_experiment(
        promise="P3",
        what=f"looked at by {name}",
        count=count,
        result=f"{1e3 * worst:.2f} ms at the most",
    )
