"""
SMTP replies that are valid on the wire, or are not built at all.

Owns      the syntax of a reply (RFC 5321, section 4.2; RFC 2034, section 4) and
          what a stranger's text may look like inside one.
Knows not why a reply is given.
"""

from __future__ import annotations

import re

from enum import Enum

from ._value import value

# Octets in a reply line, CRLF included (RFC 5321, section 4.5.3.1.5).
MAX_REPLY_LINE = 512

# Octets of a stranger's text that a reply repeats. A reverse-path has at most
# 256 (RFC 5321, section 4.5.3.1.3).
MAX_ECHO = 256

# RFC 5321, section 4.2: first digit 2 to 5, second 0 to 5. A 3yz is no answer
# to MAIL FROM (section 4.3.2).
_CODES = frozenset(
    100 * first + 10 * second + third
    for first in (2, 4, 5)
    for second in range(6)
    for third in range(10)
)
_STATUS = re.compile(r"X\.(?:0|[1-9][0-9]{0,2})\.(?:0|[1-9][0-9]{0,2})").fullmatch


class Action(Enum):
    """What a reply makes of the sender, by its first digit (RFC 5321, s4.2.1)."""

    ACCEPT = "accept"
    DEFER = "defer"
    REJECT = "reject"

    __hash__ = object.__hash__


class Stage(Enum):
    """The command to which a server gives its verdict on the sender."""

    MAIL = "mail"
    RCPT = "rcpt"

    __hash__ = object.__hash__


_ACTIONS = {2: Action.ACCEPT, 4: Action.DEFER, 5: Action.REJECT}


def printable(text: str) -> str:
    """*text* with all but printable ASCII replaced by ``?``, one for one."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if " " <= c <= "~" else "?" for c in text)


def shortened(text: str, limit: int) -> str:
    """*text*, or its beginning and an ellipsis, in at most *limit* characters."""
    return text if len(text) <= limit else text[: max(0, limit - 3)] + "..."


def shown(text: str, limit: int = MAX_ECHO) -> str:
    """A stranger's *text* as printable ASCII of at most *limit* octets."""
    return printable(shortened(text, limit))


@value
class Reply:
    """
    One SMTP reply, or the template of one.

    Attributes:
        code: Three digits: 2yz accepts, 4yz defers, 5yz rejects.
        status: Enhanced status code with ``X`` for the class (RFC 3463,
            section 2), or None. The class is the first digit of *code*.
        text: One line, or several; printable ASCII without CR and LF.
        enhanced: Whether the status is sent, as RFC 2034, section 4, asks of
            servers that offer ENHANCEDSTATUSCODES.
        closes: Whether the server hangs up after it.
        stage: The command that it answers, if that is not the server's own choice:
            syntax is refused at MAIL, whenever the DNS is asked. Until then the
            client is told 250.

    Raises:
        ValueError: If it could not be sent as it is.
    """

    code: int
    status: str | None
    text: str | tuple[str, ...]
    enhanced: bool = False
    closes: bool = False
    stage: Stage | None = None

    def __post_init__(self) -> None:
        """Refuse what RFC 5321, section 4.2, does not allow."""
        code: object = self.code
        if not isinstance(code, int) or code not in _CODES:
            msg = f"not an SMTP reply code for MAIL FROM: {self.code!r}"
            raise ValueError(msg)
        if self.status is not None and not _STATUS(str(self.status)):
            msg = (
                f"not an enhanced status: {self.status!r}; write the class as X,"
                " for example 'X.1.8'"
            )
            raise ValueError(msg)
        text: object = self.text
        if not isinstance(text, str | tuple) or not text:
            msg = f"a reply needs text, or a tuple of at least one line: {text!r}"
            raise ValueError(msg)
        for line in self.texts:
            self._check(line)

    def _check(self, line: str) -> None:
        given: object = line
        bad: object = given
        if isinstance(given, str) and given:
            # Without the line itself: it may have the sender's local part in it.
            bad = None
            if printable(given) != given:
                bad = next(c for c in given if printable(c) != c)
        if bad is not None:
            msg = f"reply text must be printable ASCII, not {bad!r}"
            raise ValueError(msg)
        if len(line) > self.room:
            octets = len(line) - self.room + MAX_REPLY_LINE
            msg = f"reply line is {octets} octets, limit {MAX_REPLY_LINE}"
            raise ValueError(msg)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text, line by line."""
        return (self.text,) if isinstance(self.text, str) else self.text

    @property
    def room(self) -> int:
        """Octets that a line of text may have, the status always counted."""
        status = len(self.status) + 1 if self.status else 0
        return MAX_REPLY_LINE - len("250 \r\n") - status

    @property
    def action(self) -> Action:
        """Accept, defer or reject."""
        return _ACTIONS[self.code // 100]

    @property
    def enhanced_status(self) -> str | None:
        """The status with its class, such as ``5.1.8`` (RFC 2034, section 4)."""
        return f"{self.code // 100}{self.status[1:]}" if self.status else None

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines as sent, without CRLF (RFC 5321, section 4.2.1)."""
        status = f"{self.enhanced_status} " if self.enhanced and self.status else ""
        last = len(self.texts) - 1
        return tuple(
            f"{self.code}{' ' if number == last else '-'}{status}{text}"
            for number, text in enumerate(self.texts)
        )

    def __str__(self) -> str:
        """The lines as sent, a newline between them."""
        return "\n".join(self.lines)

    def __bytes__(self) -> bytes:
        """The octets as sent, each line with its CRLF."""
        return "".join(f"{line}\r\n" for line in self.lines).encode("ascii")
