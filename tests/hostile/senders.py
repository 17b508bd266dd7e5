"""
Senders that nobody should have to read, made fast.

Owns      40 grammars, and what is done to what they make.
Knows not what they mean.
"""

from __future__ import annotations

import random

from collections.abc import Callable, Iterator
from typing import TypeAlias

Rng: TypeAlias = random.Random
Grammar: TypeAlias = Callable[[Rng], str]

_ATEXT = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+-/=?^_`{|}~"
_LDH = "abcdefghijklmnopqrstuvwxyz0123456789-"
# What parsers trip over: controls, specials, white space of all kinds, marks that
# combine, join or turn around, digits of other scripts, surrogates, the far planes.
NASTY = (
    '\0\t\n\v\f\r\x1b\x1c\x7f\x80\x85\x9f\xa0\xad "(),.:;<>@[\\]%!$&*^`{|}~-_'
    "üßſıİσς\u0300\u0661\u06f0\u061c\u0640\u200b\u200c\u200d\u200e\u202e\u2028\u2029"
    "\u2066\u3002\uff0e\uff61\ufe52\uff20\uff1c\u2488\u2100\ufdfa\ufeff\ufffd\uffff"
    "\ud800\udbff\udc00\udc80\udcff\udfff\U0001f4a9\U000e0001\U0010ffff"
)
_SCRIPTS = [(0xE0, 0x17F), (0x370, 0x4FF), (0x590, 0x6FF), (0x900, 0xDFF)]
_SCRIPTS += [(0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xFF00, 0xFFEF)]


def _word(rng: Rng, letters: str = _LDH, longest: int = 12) -> str:
    return "".join(rng.choices(letters, k=rng.randint(1, longest)))


def _name(rng: Rng) -> str:
    return ".".join(_word(rng) for _ in range(rng.randint(1, 4)))


def _atoms(rng: Rng) -> str:
    return ".".join(_word(rng, _ATEXT, 6) for _ in range(rng.randint(1, 3)))


def _script(rng: Rng, longest: int = 8) -> str:
    first, last = rng.choice(_SCRIPTS)
    return "".join(
        chr(rng.randint(first, last)) for _ in range(rng.randint(1, longest))
    )


def _quoted(rng: Rng) -> str:
    return '"' + "".join(rng.choices(_ATEXT + '  @.\\"<>', k=rng.randint(0, 9))) + '"'


def _long(rng: Rng, piece: str) -> str:
    return piece * (rng.choice((60, 64, 127, 250, 256, 512, 520, 2_000)) // len(piece))


GRAMMARS: list[Grammar] = [
    lambda r: f"{_atoms(r)}@{_name(r)}.example",
    lambda r: f"<{_atoms(r)}@{_name(r)}.example>",
    lambda r: f"{_quoted(r)}@{_name(r)}.example",
    lambda r: f"<{_quoted(r)}@{_name(r)}>",
    lambda r: f"<@{_name(r)}:{_atoms(r)}@{_name(r)}>",
    lambda r: f"<@{_name(r)},@{_name(r)}.a:{_quoted(r)}@{_name(r)}.example>",
    lambda r: f"{_atoms(r)}@[{r.randint(0, 300)}.{r.randint(0, 300)}.0.1]",
    lambda r: f"{_atoms(r)}@[IPv6:{r.randint(0, 65535):x}::{r.randint(0, 65535):x}]",
    lambda r: f"{_atoms(r)}@[{_word(r)}:{_word(r, _ATEXT)}]",
    lambda r: f"{_atoms(r)}@{_script(r)}.example",
    lambda r: f"{_script(r)}@{_script(r)}.{_script(r)}",
    lambda r: f"{_atoms(r)}@xn--{_word(r)}.example",
    lambda r: f"{_atoms(r)}@{_word(r)}.xn--{_word(r, _LDH, 50)}",
    lambda r: f"{_atoms(r)}@{r.randint(0, 999)}.{r.randint(0, 999)}.1.2",
    lambda r: (
        f"{_atoms(r)}@{_name(r)}.{r.choice(('local', 'onion', 'invalid', 'alt'))}"
    ),
    lambda r: f"{_atoms(r)}@localhost",
    _atoms,
    _quoted,
    lambda r: f"@{_name(r)}",
    lambda r: f"{_atoms(r)}@",
    lambda r: r.choice(("", "<>", "<", ">", "@", "<@>", "<@:>", '""', "\\", ".")),
    lambda r: f"{_atoms(r)}@{_long(r, 'a')}.example",
    lambda r: f"{_atoms(r)}@{_long(r, 'a.')}example",
    lambda r: f"{_long(r, 'u')}@{_name(r)}.example",
    lambda r: f"{_atoms(r)}@{_long(r, 'ü')}.example",
    lambda r: f"{_atoms(r)}@{_long(r, chr(0x661))}",
    lambda r: f"{_atoms(r)}@{_long(r, 'a' + chr(0x300))}",
    lambda r: _long(r, r.choice(NASTY)),
    lambda r: "".join(r.choices(NASTY, k=r.randint(0, 40))),
    lambda r: "".join(chr(r.randint(0, 0x10FFFF)) for _ in range(r.randint(0, 20))),
    lambda r: f"{_atoms(r)}@{_name(r)}.example{r.choice(NASTY)}",
    lambda r: f"{_atoms(r)}{r.choice(NASTY)}@{_name(r)}.example",
    lambda r: f'"{r.choice(NASTY)}{r.choice(NASTY)}"@{_name(r)}.example',
    lambda r: f"{_atoms(r)}@{_name(r)}{r.choice('。．｡')}example",
    lambda r: f"{_atoms(r)}%{_name(r)}@{_name(r)}.example",
    lambda r: f"{_name(r)}!{_atoms(r)}@{_name(r)}.example",
    lambda r: (
        f"{_atoms(r)}@{_name(r)}.example> SIZE={r.randint(0, 10**9)} BODY=8BITMIME"
    ),
    lambda r: f"{_atoms(r)}@{_name(r)}.example>\r\n250 ok\r\nRCPT TO:<x@y.example",
    lambda r: f"{_word(r)} {_word(r)} <{_atoms(r)}@{_name(r)}.example>",
    lambda r: f"=?utf-8?q?{_word(r)}?= ({_word(r)}) <{_quoted(r)}@{_name(r)}.example>",
]


def _mutated(rng: Rng, text: str) -> str:
    at = rng.randint(0, len(text))
    match rng.randrange(6):
        case 0:
            return text[:at] + rng.choice(NASTY) + text[at:]
        case 1:
            return text[:at] + text[at + rng.randint(1, 5) :]
        case 2:
            return text[:at] + rng.choice(NASTY) + text[at + 1 :]
        case 3:
            return text[:at] + text[max(0, at - 9) :]
        case 4:
            return text[at:] + text[:at]
        case _:
            return text[:at] + chr(rng.randint(0, 0x10FFFF)) + text[at:]


def _octets(rng: Rng, text: str) -> bytes:
    octets = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.3:
        at = rng.randint(0, len(octets))
        octets = octets[:at] + rng.randbytes(rng.randint(1, 3)) + octets[at + 1 :]
    return octets


def senders(seed: int, count: int) -> Iterator[str | bytes]:
    """Make *count* senders, always the same ones for a *seed*."""
    rng = random.Random(seed)
    for _ in range(count):
        text = rng.choice(GRAMMARS)(rng)
        while rng.random() < 0.5:
            text = _mutated(rng, text)
        yield _octets(rng, text) if rng.random() < 0.4 else text
