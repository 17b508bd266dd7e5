"""
What sendmail's prescan makes of an address: tokens, without comments.

Owns      its lexical rules and errors (parseaddr.c: prescan, cataddr).
Knows not what an address means.
"""

from __future__ import annotations

import re

from collections.abc import Iterator

from .._finding import SyntaxFault

# parseaddr.c: no token may have more octets.
_MAX_TOKEN = 256
_TOO_LONG = "prescan: token too long"

# A quoted string; an operator (conf.c: OperatorChars, and the delimiters); white
# space; a run of anything else, in which a backslash takes the next octet with it.
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"|[.:%@!^/\[\]+,;<>()"]|[ \t\r\n]+'
    r"|(?:\\.|[^.:%@!^/\[\]+,;<>()\" \t\r\n\\])+|\\",
    re.DOTALL,
)
_OPERATORS = frozenset(".:%@!^/[]+,;<>")


class PrescanError(ValueError):
    """
    Why an address has no tokens, in sendmail's words.

    Args:
        words: For the reply.
        fault: What is wrong.
    """

    def __init__(self, words: str, fault: SyntaxFault) -> None:
        """See the class."""
        super().__init__(words)
        self.fault = fault


class UnbalancedError(PrescanError):
    """
    Something is open that is never closed, or the other way round.

    Args:
        mark: The character.
    """

    def __init__(self, mark: str) -> None:
        """See the class."""
        super().__init__(f"Unbalanced '{mark}'", SyntaxFault.LOCAL_PART)


def tokens(text: str) -> list[str]:
    """
    Split *text*.

    Two words with nothing but white space between them get a dot there: the option
    BlankSub.

    Raises:
        PrescanError: If it has none.
    """
    found: list[str] = []
    blank = False
    for word in _without_comments(text):
        if word.isspace():
            blank = True
            continue
        words = found and _is_word(found[-1]) and _is_word(word)
        if blank and words:
            found.append(".")
        blank = False
        found.append(word)
        if len(word) > _MAX_TOKEN:
            raise PrescanError(_TOO_LONG, SyntaxFault.TOO_LONG)
    _check_brackets(found)
    return found


def _is_word(word: str) -> bool:
    return word not in _OPERATORS and word[0] != '"'


def _without_comments(text: str) -> Iterator[str]:
    depth = 0
    for word in _TOKEN.findall(text):
        if word == '"' and not depth:
            raise UnbalancedError('"')
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
            if depth < 0:
                raise UnbalancedError(")")
        elif not depth:
            yield word
    if depth:
        raise UnbalancedError("(")


def _check_brackets(found: list[str]) -> None:
    depth = 0
    for word in found:
        depth += (word == "<") - (word == ">")
        if depth < 0:
            raise UnbalancedError(">")
    if depth:
        raise UnbalancedError("<")


_DEQUOTED = re.compile(r"\\(.)", re.DOTALL)


def joined(found: list[str]) -> str:
    """Write tokens as sendmail writes ``$&f``: without quotes and backslashes."""
    bare = (t[1:-1] if t[0] == '"' else t for t in found)
    return "".join(_DEQUOTED.sub(r"\1", each) for each in bare)
