"""I1 to I4: names in all scripts, as Unicode and IDNA have them, and what they cost."""

from __future__ import annotations

import itertools
import logging
import re
import subprocess
import sys
import unicodedata

from collections import Counter
from glob import glob
from pathlib import Path

import idna
import idna.uts46data
import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from senderdomain import AddressRules, DomainVerifier, SyntaxFault
from senderdomain._address import Mailbox, parse_domain
from senderdomain._domain import MAX_DOMAIN, domain_name
from senderdomain.testing import ZoneResolver

from .clocks import within
from .profile import amount

RULES = AddressRules()

# I1. Debian's unicode-data has no IdnaTestV2.txt; librust-idna-dev does.
PLACES = [
    "/usr/share/unicode/idna/IdnaTestV2.txt",
    "/usr/share/unicode/IdnaTestV2.txt",
    "/usr/share/cargo/registry/idna-*/tests/IdnaTestV2.txt",
]
ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\x\{([0-9A-Fa-f]+)\}")


def _text(field):
    if field == '""':
        return ""
    return ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)), field)


def _conformance():
    """Read source, ToASCII (nontransitional) and its status, line by line."""
    found = sorted(itertools.chain.from_iterable(map(glob, PLACES)))
    if not found:
        pytest.skip("needs IdnaTestV2.txt, from the Debian package librust-idna-dev")
    text = Path(found[-1]).read_text("utf-8")
    VERSIONS[:] = [re.findall(r"Version: (\S+)", text)[0], idna.uts46data.__version__]
    for line in text.splitlines():
        fields = [field.strip() for field in line.partition("#")[0].split(";")]
        if len(fields) < 5:
            continue
        source, unicode, unicode_status, ascii_, ascii_status = fields[:5]
        shown = _text(unicode) if unicode else _text(source)
        expected = _text(ascii_) if ascii_ else shown
        status = (ascii_status or unicode_status).strip("[]")
        yield _text(source), shown, expected, status


# Of Unicode: of the file, and of the library.
VERSIONS = ["", ""]


def _is_rtl(label):
    return any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in label)


def _deviation(source, shown, expected, status, got):  # noqa: PLR0911 - a list
    """Name the documented reason for which we differ, or give None."""
    refused = isinstance(got, SyntaxFault)
    if not status and refused:
        if expected.replace(".", "").isdigit():
            return "an address is no name"
        for label in shown.split("."):
            try:
                if not label.isascii():
                    idna.alabel(label)
            except idna.IDNAError:
                return "IDNA 2008 forbids what UTS 46 lets through"
        return None
    if status and not refused:
        mapped = unicodedata.normalize("NFKC", source).lower().replace("。", ".")
        labels = mapped.split(".")
        if any(label.isascii() and label[2:4] == "--" for label in labels):
            return "labels in ASCII are asked for as they are"
        only_bidi = all(code.strip()[:1] == "B" for code in status.split(","))
        if only_bidi and any(map(_is_rtl, labels)) and not all(map(_is_rtl, labels)):
            return "the rule of RFC 5893 is for each label, and not across them"
        if VERSIONS[0] != VERSIONS[1] and {"P1", "V6", "V7"} & {*status.split(", ")}:
            return "letters that this Unicode lets through, and the file's did not"
    return None


def test_the_conformance_tests_of_unicode(record_experiment):
    """I1: every line, or the reason for which it is read differently."""
    counts = Counter()
    others = []
    for source, shown, expected, status in _conformance():
        got = domain_name(source, RULES)
        if not status and got == expected.lower().removesuffix("."):
            counts["accepted as expected"] += 1
        elif status and isinstance(got, SyntaxFault):
            counts["refused as expected"] += 1
        else:
            reason = _deviation(source, shown, expected, status, got)
            counts[reason] += 1
            if reason is None:
                others.append((ascii(source), ascii(expected), status, got))
    assert not others, others[:10]
    assert counts["accepted as expected"] >= 300
    assert counts["refused as expected"] >= 3_000
    record_experiment(
        promise="I1",
        what="IdnaTestV2, ToASCII nontransitional",
        count=sum(counts.values()),
        result="; ".join(f"{n:,} {reason}" for reason, n in counts.most_common()),
    )


# I2. Letters that IDNA treats in special ways, and all others.
SPECIAL = "ßςıİ\u200c\u200d\u00b7\u0375\u05f3\u30fb\u0660\u06f0\u0640\u0300ü\u1e9eｱ℃Å"
LETTERS = st.one_of(
    st.sampled_from(SPECIAL + "ab-1"),
    st.characters(min_codepoint=0x80, exclude_categories=["Cs"]),
    st.characters(min_codepoint=0xC0, max_codepoint=0x24F),
    st.characters(min_codepoint=0x370, max_codepoint=0x6FF),
    st.characters(min_codepoint=0x900, max_codepoint=0xDFF),
    st.characters(min_codepoint=0x3040, max_codepoint=0x9FFF),
)
LABELS = st.text(LETTERS, min_size=1, max_size=12)


def _theirs(name):
    try:
        return idna.encode(name, uts46=True, std3_rules=False).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None


SEEN: Counter[str] = Counter()


@settings(max_examples=amount(10_000, 100_000))
@given(LABELS, LABELS)
def _differ(first, second):
    name = f"{first}.{second}.example"
    ours, theirs = domain_name(name, RULES), _theirs(name)
    if theirs is None:
        # Refused by both, or for a label that is ASCII in the end, and not judged.
        if not isinstance(ours, SyntaxFault):
            mapped = idna.uts46_remap(name, std3_rules=False).split(".")
            assert any(label.isascii() and label[2:4] == "--" for label in mapped)
            SEEN["labels in ASCII are asked for as they are"] += 1
        SEEN["refused"] += 1
    elif isinstance(ours, SyntaxFault):
        # Only letters, digits and hyphens, and only names (RFC 5321, s4.1.2).
        assert ours in (SyntaxFault.DOMAIN, SyntaxFault.IDN)
        assert (
            not re.fullmatch(
                r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*",
                theirs.removesuffix("."),
            )
            or len(name.encode()) > MAX_DOMAIN
        )
        SEEN["not letters, digits and hyphens"] += 1
    else:
        assert ours == theirs.removesuffix(".").lower()
        SEEN["same"] += 1


def test_names_are_those_of_the_reference(record_experiment):
    """I2: against `idna.encode` on whole names, which also judges labels in ASCII."""
    SEEN.clear()
    _differ()
    assert SEEN["same"] >= amount(10_000, 100_000) // 50, SEEN
    record_experiment(
        promise="I2",
        what="differential against idna",
        count=amount(10_000, 100_000),
        result=", ".join(f"{n:,} {kind}" for kind, n in SEEN.most_common()),
    )


def test_names_are_those_of_icu(record_experiment):
    """I2: the same against ICU, where PyICU is installed."""
    icu = pytest.importorskip(
        "icu", reason="PyICU, which has no wheel, is not installed"
    )
    converter = icu.IDNA.createUTS46Instance(icu.IDNA.NONTRANSITIONAL_TO_ASCII)
    info = icu.IDNAInfo()
    for name in ("bücher.example", "faß.example", "παράδειγμα.example"):
        assert domain_name(name, RULES) == converter.nameToASCII(name, info)
    record_experiment(promise="I2", what="ICU", count=3, result="same")


CODEC = """
import sys
from senderdomain import DomainVerifier, NxDomain
class Resolver:  # without dnspython, which loads that codec to have the choice
    def resolve(self, question, deadline):
        return NxDomain(60)
with DomainVerifier(Resolver()) as verifier:
    for name in ("b\\xfccher.example", "\\u2488.com", "\\u2100.com", "fa\\xdf.de"):
        verifier.verify(f"a@{name}", smtputf8=True)
        verifier.verify_domain(name)
        verifier.verify_header(f"a@{name}")
assert "encodings.idna" not in sys.modules, "IDNA 2003 was used"
assert "idna" in sys.modules
"""


def test_idna_2003_is_never_used():
    """I2: the codec of the standard library turns names into other names."""
    subprocess.run([sys.executable, "-c", CODEC], check=True)


# I3. Seconds of CPU: see docs/threat-model.md.
LIMIT = 10e-3


def _full(piece, prefix=""):
    size = len(piece.encode("utf-8", "surrogatepass"))
    return prefix + piece * ((253 - len(prefix)) // size)


def test_no_character_is_expensive(record_experiment):
    """I3: 253 octets of each code point, in one label and in many."""
    worst, at, count = 0.0, 0, 0
    for codepoint in range(0x80, 0x110000, amount(97, 3)):
        character = chr(codepoint)
        for text in (
            _full(character),
            _full(f"{character}."),
            _full(character, "xn--"),
        ):
            cost = within(LIMIT, lambda text=text: parse_domain(text))
            assert cost <= LIMIT, (hex(codepoint), cost)
            count += 1
            if cost > worst:
                worst, at = cost, codepoint
    record_experiment(
        promise="I3",
        what="code points x 253 octets",
        count=count,
        result=f"{1e3 * worst:.2f} ms at the most (U+{at:04X})",
    )


PATTERNS = [
    *(
        first * repeat + second
        for first in (
            "\u0661",
            "\u0300",
            "\u3164",
            "\ufdfa",
            "ß",
            "\u200d",
            "\u1100",
            "ü",
        )
        for repeat in (1, 3)
        for second in ("", "a", ".", "\u0301")
    ),
]


def test_there_are_sixty_four_patterns():
    """As the plan has it."""
    assert len(set(PATTERNS)) == 64


@pytest.mark.parametrize("pattern", PATTERNS, ids=ascii)
def test_no_pattern_is_expensive(pattern, record_experiment):
    """I3: at every length up to the limit, and far beyond."""
    worst = 0.0
    for octets in (16, 63, 64, 128, 200, 252, 253, 255, 256, 512, 100_000):
        size = len(pattern.encode("utf-8"))
        text = pattern * (octets // size + 1)
        for given_ in (text, text[: octets // 2], f"{text[:80]}.example"):
            cost = within(LIMIT, lambda text=given_: parse_domain(text))
            assert cost <= LIMIT, (octets, cost)
            worst = max(worst, cost)
    record_experiment(
        promise="I3",
        what="patterns",
        count=33,
        result=f"{1e3 * worst:.2f} ms at the most",
    )


# I4. A letter, and what looks like it in another script.
LOOKALIKES = {
    "a": "аɑα",
    "c": "сϲ",
    "d": "ԁ",
    "e": "еҽ",
    "g": "ɡ",
    "h": "һ",
    "i": "іɩ",
    "j": "јϳ",
    "k": "κ",
    "l": "ӏ",
    "m": "м",
    "n": "ո",
    "o": "оοօ",
    "p": "рρ",
    "q": "ԛ",
    "r": "г",
    "s": "ѕ",
    "u": "υս",
    "v": "νѵ",
    "w": "ԝω",
    "x": "хχ",
    "y": "уү",
    "z": "ᴢ",
}
BRANDS = [
    "paypal",
    "apple",
    "google",
    "amazon",
    "microsoft",
    "facebook",
    "netflix",
    "deutschebank",
    "chase",
    "wellsfargo",
    "postbank",
    "sparkasse",
    "ebay",
    "twitter",
    "linkedin",
    "instagram",
    "yahoo",
    "outlook",
    "icloud",
    "dropbox",
    "adobe",
    "visa",
    "mastercard",
    "americanexpress",
    "kraken",
    "coinbase",
    "binance",
    "revolut",
    "stripe",
    "github",
    "gitlab",
    "debian",
    "ubuntu",
    "fedora",
    "python",
    "kernel",
    "mozilla",
    "cloudflare",
    "akamai",
]


def _pairs():
    for brand in BRANDS:
        for letter, others in LOOKALIKES.items():
            if letter in brand:
                for other in others:
                    yield f"{brand}.example", f"{brand.replace(letter, other)}.example"


PAIRS = [*itertools.islice(_pairs(), 400)]


def test_names_that_look_alike_are_different_names(caplog, record_experiment):
    """I4: keys differ, each reading of one name has one key, and logs are in ASCII."""
    caplog.set_level(logging.DEBUG, "senderdomain")
    count = 0
    with DomainVerifier(ZoneResolver()) as verifier:
        for plain, other in PAIRS:
            parsed = parse_domain(other)
            if not isinstance(parsed, Mailbox):
                continue  # refused: not PVALID in IDNA 2008, or of mixed directions
            caplog.clear()
            count += 1
            assert parsed.domain != plain
            assert parsed.domain.startswith("xn--")
            assert parse_domain(parsed.domain) == parsed
            one = verifier.verify(f"a@{plain}")
            two = verifier.verify(f"a@{other}", smtputf8=True)
            assert one.domain == plain
            assert two.domain == parsed.domain
            assert str(two.reply).isascii()
            said = [record.getMessage() for record in caplog.records]
            first, second = (line for line in said if line.startswith("sender"))
            assert plain in first
            assert parsed.domain in second
            assert (first + second).isascii()
            assert (first + second).isprintable()
    assert count >= 200
    record_experiment(
        promise="I4", what="homographs", count=count, result="distinct keys, in ASCII"
    )
