"""
How sendmail reads a sender: rulesets canonify (3) and Parse0 (0), then check_mail.

Owns      its syntax errors, in its words.
Knows not what is looked up.
"""

from __future__ import annotations

import re

from .._address import Mailbox
from .._dns import DomainName
from .._domain import NO_DOMAIN
from .._finding import Finding, Outcome, SyntaxFault
from .._names import label_text
from .._profile import Receiver
from .._value import value
from ._sendmail_tokens import PrescanError, joined, tokens
from ._syntax import local, malformed, octets_of, unqualified

# conf.h: MAXNAME, in octets, of which the last one is a NUL.
_MAX_NAME = 255

# err.c, shortenstring: what is longer than MAXSHORTSTR loses its middle.
_MAX_SHORT = 203
_HALF = 100

# parseaddr.c, invalidaddr: octets that sendmail uses for its own purposes; and
# hasctrlchar.
_C1 = re.compile(r"[\x80-\x9f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_LOCALHOST = frozenset(
    {"localhost", "[127.0.0.1]", "[ipv6:0:0:0:0:0:0:0:1]", "[ipv6:::1]"}
)

# proto.m4: characters that make a local part be looked at again, class O.
_ROUTING = frozenset("@%!")


def octets(path: str) -> str:
    """*path* with one character for each of its octets."""
    return octets_of(path).decode("latin-1")


def seven_bits(text: str) -> str:
    """Show octets as sendmail does: without their eighth bit."""
    return "".join(chr(ord(c) & 0x7F) for c in text)


def short(text: str) -> str:
    """Leave the middle of a long *text* out."""
    return text if len(text) <= _MAX_SHORT else f"{text[:_HALF]}...{text[-_HALF:]}"


@value
class SendmailReading:
    """cf/m4/proto.m4: canonify, Parse0 and check_mail; parseaddr.c: prescan."""

    def read(
        self, path: str, receiver: Receiver, *, smtputf8: bool
    ) -> Mailbox | Finding:
        """See `Reading.read`; Debian builds it without SMTPUTF8."""
        del smtputf8
        text = octets(path)
        try:
            found = tokens(text)
        except PrescanError as error:
            return malformed(error.fault, str(error))
        return (
            _unfit(text)
            or _localhost(found, receiver)
            or _parsed(_focused(found), receiver)
        )

    def argument(self, path: str) -> str:
        """See `Reading.argument`; err.c: fmtmsg."""
        text = octets(path)
        too_long = len(text) > _MAX_NAME and _is_balanced(text)
        return short(seven_bits(text[:_MAX_NAME] if too_long else text))

    def address(self, path: str) -> str:
        """See `Reading.address`: the macro ``$&f``."""
        try:
            user, host = _split(_focused(tokens(octets(path))))
        except PrescanError:
            return ""
        address = joined(user)
        return seven_bits(f"{address}@{joined(host).rstrip('.')}" if host else address)


def _is_balanced(text: str) -> bool:
    try:
        tokens(text)
    except PrescanError:
        return False
    return True


def _unfit(text: str) -> Finding | None:
    if len(text) > _MAX_NAME:
        address = seven_bits(text[:_MAX_NAME])
        words = f'Address "{address}" too long ({_MAX_NAME} bytes max)'
        return malformed(SyntaxFault.TOO_LONG, words)
    if _C1.search(text):
        return malformed(SyntaxFault.NO_SMTPUTF8, seven_bits(_C1.sub("?", text)))
    return None


def _localhost(found: list[str], receiver: Receiver) -> Finding | None:
    # check_mail: "user@localhost" from elsewhere is nobody's address. A phrase before
    # the brackets hides it.
    bare = found[1:-1] if found[:1] == ["<"] else found
    if "@" not in bare:
        return None
    domain = "".join(bare[_last(bare, "@") + 1 :]).lower()
    own = receiver.host.partition(".")[2].lower()
    if domain in _LOCALHOST or (own and domain == f"localhost.{own}"):
        return malformed(SyntaxFault.ADDRESS_LITERAL)
    return None


def _focused(found: list[str]) -> list[str]:
    """Canonify: take brackets, what is around them, and a route away."""
    if "<" in found:
        inner = found[len(found) - found[::-1].index("<") :]
        found = inner[: inner.index(">")]
    while found[-1:] == [";"]:
        found = found[:-1]
    for mark in (",", ":"):
        while found[:1] == ["@"] and mark in found[2:-1]:
            found = found[found.index(mark, 2) + 1 :]
    return found


def _split(found: list[str]) -> tuple[list[str], list[str]]:
    """Canonify: tell user and host, by ``@``, or else by ``!`` or ``%``."""
    if "@" in found:
        mark = _last(found, "@")
        return found[:mark], found[mark + 1 :]
    if "!" in found[1:-1]:
        mark = found.index("!")
        if "." in found[:mark]:  # otherwise it is in the pseudo-domain UUCP
            return found[mark + 1 :], found[:mark]
    elif "%" in found[1:-1]:
        mark = _last(found, "%")
        return found[:mark], found[mark + 1 :]
    return found, []


def _last(found: list[str], token: str) -> int:
    return len(found) - 1 - found[::-1].index(token)


def _parsed(found: list[str], receiver: Receiver) -> Mailbox | Finding:
    """Parse0, and what check_mail makes of the result."""
    if found == ["@"]:
        words = "List:; syntax illegal for recipient addresses"
        return malformed(SyntaxFault.SOURCE_ROUTE, words)
    user, host = _split(found)
    if not host and "@" not in found:
        return _without_host(user)
    if not user:
        return malformed(SyntaxFault.SOURCE_ROUTE, "User address required")
    if not host:
        return malformed(SyntaxFault.SOURCE_ROUTE, "Hostname required")
    if "@" in user or "," in user or "," in host:
        return malformed(SyntaxFault.SOURCE_ROUTE, "Invalid route address")
    return _host(user, "".join(host), receiver)


def _without_host(user: list[str]) -> Mailbox | Finding:
    if "!" in user[1:-1]:
        host = "".join(user[: user.index("!")])
        return Mailbox("".join(user), _domain(f"{host}.uucp"))
    if user == ['""']:
        return malformed(SyntaxFault.SOURCE_ROUTE, "User address required")
    return unqualified()


def _host(user: list[str], host: str, receiver: Receiver) -> Mailbox | Finding:
    if host[:1] == "[":
        return _literal(user, host, receiver)
    name = host.rstrip(".").lower() or "."
    wrong = _wrong_with(name, f"{joined(user)}@{host}")
    if wrong is not None:
        return wrong
    own = name in receiver.local_domains or name == receiver.host.lower()
    if own and not _ROUTING.isdisjoint(user):
        return _parsed(user, receiver)
    if name in (receiver.host.lower(), "localhost"):
        return local(name)
    return Mailbox("".join(user), _domain(name))


def _wrong_with(name: str, address: str) -> Finding | None:
    if ":" in name:
        words = "Colon illegal in host name part"
        return malformed(SyntaxFault.SOURCE_ROUTE, words)
    if name[:1] == "." or ".." in name:
        return malformed(SyntaxFault.DOMAIN, "Invalid host name")
    if _CONTROL.search(address):
        shown = seven_bits(_CONTROL.sub("?", address))
        return malformed(SyntaxFault.CONTROL, shown)
    return None


def _domain(name: str) -> DomainName:
    labels = (label_text(label.encode("latin-1")) for label in name.split("."))
    return DomainName(".".join(labels))


def _literal(user: list[str], host: str, receiver: Receiver) -> Mailbox | Finding:
    from ipaddress import ip_address  # noqa: PLC0415 - literals are rare

    text, bracket, rest = host[1:].partition("]")
    if rest:
        return malformed(SyntaxFault.DOMAIN, "Invalid address")
    # map.c, host_map_lookup: what is not an address has no name either.
    nobody = Finding(NO_DOMAIN, Outcome.NXDOMAIN)
    if not bracket:
        return nobody
    try:
        address = ip_address(text[5:] if text[:5].lower() == "ipv6:" else text)
    except ValueError:
        return nobody
    if "%" in text:  # a zone index has no name
        return nobody
    if str(address) in receiver.addresses:
        return local(receiver.host)
    # The final dot, which no domain here has, tells the plan that it is a literal's.
    return Mailbox("".join(user), DomainName(f"{address.reverse_pointer}."))
