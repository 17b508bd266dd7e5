"""
From a ``From:`` field to the mailbox in it.

Owns      which fields are parsed at all; the standard library's parser does the rest.
Knows not what the mailbox is worth: see `_address`.
"""

from __future__ import annotations

import re

from ._address import check_type

# Characters in a header line (RFC 5322, section 2.1.1).
MAX_HEADER = 998


# Line breaks that mean nothing: those of a folded field (RFC 5322, section 2.2.3), and
# the one at its end. The parser would drop any others, and join what they part.
_FOLDS = re.compile(r"\r?\n(?=[ \t]|\Z)").sub

# What makes the standard library's parser begin something new. Ordinary fields have
# a few of these; hundreds of them take it a tenth of a second. A dot does so where
# white space follows, as behind an initial.
_COSTLY = '("<[,:;@\\'
_INITIALS = re.compile(r"\.\s").findall
MAX_COSTLY = 40

# Other dots cost less. The longest name has 126, the longest local part 31.
MAX_DOTS = 160


# What hides characters from their meaning, and what lies between: a quoted string, a
# domain literal (RFC 5322, sections 3.2.4, 3.4.1). Comments are for `_comment_end`.
_TOKEN = re.compile(
    r"""[^"(\[\\]+ | "(?:[^"\\]|\\.)*" | \[(?:[^\[\]\\]|\\.)*\]""",
    re.DOTALL | re.VERBOSE,
).match

# What counts in a comment, where a quote is a character (RFC 5322, section 3.2.2).
_NESTING = re.compile(r"\\.|[()]", re.DOTALL).finditer

# The route of an angle-addr (RFC 5322, section 4.4).
_ROUTE = re.compile(r"<\s*@[^<>:]*:").sub


def _comment_end(text: str, at: int) -> int | None:
    depth = 0
    for token in _NESTING(text, at):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if not depth:
            return token.end()
    return None


def _plain(text: str) -> str:
    # Without quoted strings and comments. What does not end hides nothing, nor does
    # anything behind a backslash where none belongs. A domain literal stays, for with
    # an "@" in it, it is none.
    plain, at = "", 0
    while at < len(text):
        if text[at] == "(":
            end = _comment_end(text, at)
        else:
            token = _TOKEN(text, at)
            end = token and token.end()
        if end is None:
            break
        if text[at] not in '("':
            plain += text[at:end]
        at = end
    return plain + text[at:]


def _has_several(text: str) -> bool:
    # Of "a@b <c@d>", the parser takes the first and forgets the second.
    return _ROUTE("<", _plain(text)).count("@") > 1


def mailbox_in_header(given: str | bytes) -> str | None:
    """
    Take the one mailbox out of a ``From:`` field (RFC 5322, section 3.6.2).

    Returns:
        The addr-spec; None if the field has none, several, or is not one.
    """
    check_type(given)
    if len(given) > MAX_HEADER:
        return None
    text = given if isinstance(given, str) else given.decode("utf-8", "surrogateescape")
    text = _FOLDS("", text)
    if "\r" in text or "\n" in text or _is_costly(text) or _has_several(text):
        return None
    from email.policy import default  # noqa: PLC0415 - 15 ms that few need

    try:
        addresses = default.header_factory("From", text).addresses
    except Exception:  # noqa: BLE001 - the parser leaks IndexError and more
        return None
    if len(addresses) != 1 or not addresses[0].domain:
        return None
    return str(addresses[0].addr_spec)


def _is_costly(text: str) -> bool:
    if text.count(".") > MAX_DOTS:
        return True
    return sum(map(text.count, _COSTLY)) + len(_INITIALS(text)) > MAX_COSTLY
