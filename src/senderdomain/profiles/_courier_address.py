"""
The addresses and names of Courier: rfc822.c, esmtp.c, and IDNA 2003.

Owns      which paths it takes, and the two forms of a name, to show and to ask for.
Knows not the DNS, replies.
"""

from __future__ import annotations

import re

from string import ascii_lowercase, ascii_uppercase

from ._syntax import is_utf8

_SPACES = r" \t\n\v\f\r"

# rfc822/rfc822.c: rfc822_tokenize. Backslashes and closing parentheses are skipped; an
# encoded word is an atom.
_TOKEN = re.compile(
    rf"""
    (?P<quoted>"(?:[^"\\]|\\.|\\$)*"?)
    |(?P<encoded>=\?[^()<>\[\]:;@\\,."{_SPACES}]*?\?=)
    |(?P<special>[<>@,;:.\[\](%!?=/])
    |(?P<atom>[^<>@,;:.\[\]()%!"\\?=/{_SPACES}]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_NOT_PRINTED = re.compile(r"[\x00-\x20]").search

_ACE = "xn--"
_MAX_PREPARED = 255
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)

# rfc1035/rfc1035bindsource.c and others: doaton.
_NUMBERS = re.compile(
    r"(?:0[0-7]*|[1-9][0-9]*)(?:\.(?:0[0-7]*|[1-9][0-9]*)){0,3}"
).fullmatch
_32_BITS = 1 << 32


def path_in(argument: str) -> str | None:
    """module.esmtp/courieresmtpd.c, skipaddress: what is in the brackets."""
    text = argument.lstrip(" \t\n\v\f\r")
    if text[:1] != "<":
        return None
    quoted = False
    at = 1
    while at < len(text):
        char = text[at]
        if char == ">" and not quoted:
            return text[1:at]
        quoted ^= char == '"'
        at += 2 if char == "\\" else 1
    return None


def as_sender(path: str) -> str:
    """submit.C, getsender: no options, no final dots, and a domain of U-labels."""
    text = path.partition("\t")[0].rstrip(".")
    user, at, domain = text.rpartition("@")
    return f"{user}{at}{to_unicode(domain)}" if at else text


def domain_of(sender: str) -> str | None:
    """libs/rw.c, rw_syntaxchk; module.esmtp/esmtp.c, rfc822check: "" for nobody."""
    tokens = list(_TOKEN.finditer(sender))
    if not tokens:
        return ""
    if not _is_spaced_well(tokens):
        return None
    texts = [token[0] for token in tokens]
    if "@" not in texts:
        return None
    start = len(texts) - texts[::-1].index("@")
    names, dots = tokens[start::2], texts[start + 1 :: 2]
    if not dots or any(dot != "." for dot in dots):
        return None
    if any(name.lastgroup not in ("atom", "encoded") for name in names):
        return None
    return "".join(texts[start:])


def _is_spaced_well(tokens: list[re.Match[str]]) -> bool:
    """Whether no "@", ":" or "." stands beside another one, or at an end."""
    alone = False
    for token in tokens:
        text = token[0]
        if text in ("<", ">", ";", "("):
            return False
        if text in ("@", ":", "."):
            if not alone:
                return False
            alone = False
            continue
        if token.lastgroup != "special" and _NOT_PRINTED(text):
            return False
        alone = True
    return alone


def to_unicode(name: str) -> str:
    """`idna_to_unicode_8z8z` of libidn 1: what cannot be converted stays as it is."""
    from encodings.idna import dots  # noqa: PLC0415 - most senders never need it

    if not is_utf8(name) or (name.isascii() and _ACE not in name.lower()):
        return name
    return ".".join(map(_label_to_unicode, dots.split(name)))


def _label_to_unicode(label: str) -> str:
    from encodings.idna import ToUnicode  # noqa: PLC0415 - see `to_unicode`

    try:
        prepared = _prepared(label).lower()
        encoded = prepared.isascii() and prepared.startswith(_ACE)
        return ToUnicode(prepared) if encoded else label
    except UnicodeError:
        return label


def to_ascii(name: str) -> str | None:
    """`idna_to_ascii_8z` of libidn 1, or None where that fails."""
    from encodings.idna import ToASCII, dots  # noqa: PLC0415 - see `to_unicode`

    try:
        labels = [ToASCII(_prepared(label)) for label in dots.split(name)]
        return b".".join(labels).decode("ascii").lower()
    except UnicodeError:
        return None


def _prepared(label: str) -> str:
    """RFC 3490, section 4.1, step 2: without what Unicode 3.2 has not had."""
    from encodings.idna import nameprep  # noqa: PLC0415 - see `to_unicode`
    from stringprep import in_table_a1, in_table_b1  # noqa: PLC0415 - see `to_unicode`
    from unicodedata import normalize  # noqa: PLC0415 - see `to_unicode`

    if label.isascii():
        return label
    if any(map(in_table_a1, label)):
        raise UnicodeError(label)
    # One letter can become eighteen, each of which is looked at for long; and all
    # for nothing where there are more than 63.
    kept = "".join(letter for letter in label if not in_table_b1(letter))
    if len(normalize("NFKC", kept)) > _MAX_PREPARED:
        raise UnicodeError(label)
    return nameprep(label)


def is_same(name: str, other: str) -> bool:
    """rfc1035.c, rfc1035_hostnamecmp: but for the case of ASCII letters."""
    return name.translate(_LOWER) == other.translate(_LOWER)


def is_number(name: str) -> bool:
    """doaton: whether *name* is an IPv4 address, in any of the forms of inet_aton."""
    if not _NUMBERS(name):
        return False
    parts = name.split(".")
    numbers = [_number(part) for part in parts]
    last = 1 << 8 * (5 - len(numbers))
    if len(numbers) == 1:
        return True
    return max(numbers[:-1]) <= 0xFF and numbers[-1] < last  # noqa: PLR2004


def _number(part: str) -> int:
    # Digit by digit, in 32 bits; what has more digits is not worth reading.
    return int(part[-40:], 8 if part[0] == "0" else 10) % _32_BITS
