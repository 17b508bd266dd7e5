"""
The names that Haraka's DNS questions end up with, on their way through Node.js.

Owns      `domainToASCII` of URLs, IDNA as Node.js does it, what c-ares asks at all.
Knows not addresses, answers.
"""

from __future__ import annotations

import re

from unicodedata import bidirectional

from ._inquiry import on_the_wire

# c-ares, src/lib/str/ares_str.c: ares_is_hostnamech.
_HOSTNAME = re.compile(r"[A-Za-z0-9._/*-]+").fullmatch

# https://url.spec.whatwg.org/#forbidden-domain-code-points, those apart that an
# address parser has let through never.
_FORBIDDEN = re.compile(r"[\x00-\x20\"#%/:<>?@\[\\\]^`{|}\x7f]").search

_DIGITS = re.compile(r"[0-9]+").fullmatch
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)").fullmatch
_OCTAL = re.compile(r"0[0-7]+").fullmatch
_ACE = "xn--"
_RTL = frozenset({"R", "AL", "AN"})
_NEUTRAL = frozenset({"EN", "ES", "CS", "ET", "ON", "BN", "NSM"})
_IN_LTR = _NEUTRAL | {"L"}
_IN_RTL = _NEUTRAL | _RTL
_OCTETS = 4


def to_ascii(name: str) -> str:
    """Bring *name* into ASCII as UTS 46 has it for the web; "" if that cannot be."""
    if name.isascii() and _ACE not in name.lower():
        return name.lower()
    import idna  # noqa: PLC0415 - most senders never need it

    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
        labels = [_label(label) for label in mapped.split(".")]
    except (ValueError, IndexError):
        return ""
    return ".".join(
        label if label.isascii() else _ACE + label.encode("punycode").decode("ascii")
        for label in labels
    )


def _label(label: str) -> str:
    """Make a U-label of *label* and look whether it is one."""
    import idna  # noqa: PLC0415 - see `to_ascii`

    if label.startswith(_ACE):
        encoded = label.removeprefix(_ACE)
        label = encoded.encode("ascii").decode("punycode")
        mapped = idna.uts46_remap(label, std3_rules=False, transitional=False)
        if label.isascii() or mapped != label or "." in label:
            raise ValueError(encoded)
    if not label.isascii():
        idna.check_initial_combiner(label)
        if not _is_bidi(label):
            raise ValueError(label)
        for at, char in enumerate(label):
            if char in "\u200c\u200d" and not idna.valid_contextj(label, at):
                raise ValueError(label)
    return label


def _is_bidi(label: str) -> bool:
    """Ada, src/validity.cpp, is_label_valid: RFC 5893, section 2, almost."""
    kinds = [bidirectional(char) for char in label]
    if _RTL.isdisjoint(kinds):
        return True
    while kinds[-1:] == ["NSM"]:
        kinds.pop()
    if kinds[0] == "L":
        return _IN_LTR.issuperset(kinds[:-1])  # the last one is not looked at
    last = kinds[-1] in _RTL or kinds[-1] == "EN"
    return last and _IN_RTL.issuperset(kinds) and not {"AN", "EN"}.issubset(kinds)


def domain_to_ascii(domain: str) -> str:
    """`url.domainToASCII`, which takes numbers for an IPv4 address; "" if it fails."""
    ascii_ = to_ascii(domain)
    if not ascii_ or _FORBIDDEN(ascii_):
        return ""
    parts = ascii_.removesuffix(".").split(".")
    if not _NUMBER(parts[-1]):
        return ascii_
    return _ipv4(parts)


def _ipv4(parts: list[str]) -> str:
    """https://url.spec.whatwg.org/#concept-ipv4-parser."""
    numbers = [_number(part) for part in parts]
    *first, last = numbers
    if len(numbers) > _OCTETS or -1 in numbers or any(n > 0xFF for n in first):  # noqa: PLR2004
        return ""
    if last >= 1 << 8 * (_OCTETS - len(first)):
        return ""
    for at, number in enumerate(first):
        last += number << 8 * (_OCTETS - 1 - at)
    return ".".join(str(octet) for octet in last.to_bytes(_OCTETS, "big"))


def _number(part: str) -> int:
    # The parser of addresses has kept *part* short.
    if part.startswith("0x") and _NUMBER(part):
        return int(part.removeprefix("0x") or "0", 16)
    if _OCTAL(part):
        return int(part, 8)
    if _DIGITS(part) and (part == "0" or not part.startswith("0")):
        return int(part)
    return -1


def asked_by_get_mx(host: str) -> str:
    """haraka-net-utils, lib/get_mx.js, normalizeDomain; then Node.js itself."""
    if not host.startswith(_ACE):
        host = domain_to_ascii(host) or host
    return to_ascii(host).removesuffix(".")


def is_askable(name: str) -> bool:
    """Whether c-ares puts *name* into a question: others are EBADNAME."""
    return bool(_HOSTNAME(name)) and on_the_wire(name)


def is_onion(name: str) -> bool:
    """Whether c-ares keeps *name* to itself, as RFC 7686 asks of it."""
    return name.endswith(".onion")
