"""
The address parser of qpsmtpd: lib/Qpsmtpd/Address.pm and lib/Qpsmtpd/Command.pm.

Owns      its grammar, with what its authors have not meant.
Knows not the DNS, replies.

It sees octets: all text here is Latin-1.
"""

from __future__ import annotations

import re

from .._value import value
from ._syntax import octets_of

_ATEXT = r"a-zA-Z0-9!#%&*+=?^_`{|}~$'\-/"
_STARTS_WITH_ATOM = re.compile(f"[{_ATEXT}]").match
_QTEXT = r"[\x01-\x08\x0b\x0c\x0e-\x1f\x21\x23-\x5b\x5d-\x7f]"
_TEXT = r"[\x01-\x09\x0b\x0c\x0e-\x7f]"
_QUOTED = re.compile(rf'"((?:{_QTEXT}|\\{_TEXT})*)"').fullmatch
_QUOTED_PAIR = re.compile(rf"\\({_TEXT})")
_TO_QUOTE = re.compile(rf"[^{_ATEXT}.]")

# The dot between two labels is not escaped, and so is any octet; which is one that no
# label has, as all others find a place in a label.
_LABEL = r"[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*"
_NAME = rf"{_LABEL}(?:[^-a-zA-Z0-9\n]{_LABEL})*"
_NUMBER = r"[0-9]{1,3}"
_LITERAL = rf"\[(?:(?:{_NUMBER}\.){{3}}{_NUMBER}|IPv6:[0-9A-Fa-f:.]+)\]"
_DOMAIN = rf"(?:{_LITERAL}|{_NAME})"
_IS_DOMAIN = re.compile(_DOMAIN).fullmatch
_ROUTE = re.compile(rf"@{_DOMAIN}(?:,@{_DOMAIN})*:").match

_IN_BRACKETS = re.compile(r"<[^\n]*>").fullmatch

_SPACES = " \t\n\r\f\v"
_SPACE = re.compile(f"[{_SPACES}]").search


@value
class QpsmtpdAddress:
    """
    An address that was read.

    Attributes:
        user: Without quotes; None for nobody.
        host: "" if there is none.
    """

    user: str | None
    host: str

    def __str__(self) -> str:
        """Write it as `format` does."""
        if self.user is None:
            return "<>"
        host = f"@{self.host}" if self.host else ""
        quoted = _TO_QUOTE.sub(r"\\\g<0>", self.user)
        if quoted != self.user:
            return f'<"{quoted}"{host}>'
        return f"<{self.user}{host}>"


NOBODY = QpsmtpdAddress(None, "")


def path_in(argument: str) -> str | None:
    """Command.pm, _get_mail_params: none has a space behind an "@"."""
    path = octets_of(argument).decode("latin-1").strip(_SPACES)
    _, _, behind = path.partition("@")
    return None if _SPACE(behind) else path


def parse(path: str) -> QpsmtpdAddress | None:
    """SMTP.pm: mail_pre_respond."""
    if not _IN_BRACKETS(path):
        return None
    if "[undefined]" in path or path == "<#@[]>":
        return NOBODY
    return _canonified(path[1:-1])


def _canonified(path: str) -> QpsmtpdAddress | None:
    """Address.pm: canonify."""
    if route := _ROUTE(path):
        path = path[route.end() :]
    if not path:
        return NOBODY
    if path.lower() == "postmaster":
        return QpsmtpdAddress("postmaster", "")
    user, _, host = path.rpartition("@")
    if not _IS_DOMAIN(host):
        return None
    if _STARTS_WITH_ATOM(user):  # and nobody looks what follows
        return QpsmtpdAddress(user, host)
    quoted = _QUOTED(user)
    return quoted and QpsmtpdAddress(_QUOTED_PAIR.sub(r"\1", quoted[1]), host)
