"""
A known server as a whole: how it reads a sender, what it asks, what it says.

Owns      `Profile`, and `Receiver`: what a server's answer depends on besides the
          sender and the DNS.
Knows not any server: see `profiles`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from typing import ClassVar, Protocol, TypeAlias

from ._address import MAX_PATH, Mailbox, NullReversePath, as_text, parse_domain
from ._dns import DomainName, Steps
from ._domain import NO_DOMAIN
from ._finding import Finding, Outcome, SyntaxFault
from ._policy import FIELDS, Cause, TablePolicy
from ._reply import Action, Reply, Stage, shown
from ._value import value

# A server repeats more of a sender than we do, and sendmail shows what it cannot
# repeat; what goes out still fits into a reply.
_MOST_SHOWN = 500

PROFILE_FIELDS = {
    **FIELDS,
    "prefix": "{arg}; at RCPT the recipient",
    "detail": "what the server has to say about it",
    "host": "the receiving host's own name",
}


@value
class Receiver:
    """
    The server whose answer is asked for.

    Attributes:
        host: Its own host name.
        local_domains: The domains that it takes mail for as its own.
        addresses: Its own IP addresses.
        search: The domains that its resolver appends to names; the local domains if
            None. Few servers let it.
        stage: The command at which it checks the sender.
        recipient: The argument of RCPT, for servers that name it there; a stranger's
            text, of which a reply shows what is printable.

    Raises:
        ValueError: If a name or an address is not one.
    """

    host: str = "localhost"
    local_domains: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset({"127.0.0.1", "::1"})
    search: tuple[str, ...] | None = None
    stage: Stage = Stage.MAIL
    recipient: str = "<postmaster>"

    def __post_init__(self) -> None:
        """Bring names and addresses into the one form that can be compared."""
        from ipaddress import ip_address  # noqa: PLC0415 - only profiles need it

        stage: object = self.stage
        texts: tuple[object, ...] = self.host, self.recipient
        if not isinstance(stage, Stage) or not all(isinstance(t, str) for t in texts):
            msg = f"host and recipient are text, stage is a Stage: {texts!r}, {stage!r}"
            raise ValueError(msg)
        local = _names("local_domains", self.local_domains)
        object.__setattr__(self, "local_domains", frozenset(local))
        if self.search is not None:
            object.__setattr__(self, "search", tuple(_names("search", self.search)))
        given = _collected("addresses", "IP addresses", self.addresses)
        addresses = frozenset(str(ip_address(str(address))) for address in given)
        object.__setattr__(self, "addresses", addresses)

    @property
    def search_list(self) -> tuple[str, ...]:
        """What is appended to names."""
        return tuple(sorted(self.local_domains)) if self.search is None else self.search


def _collected(what: str, members: str, given: Iterable[str]) -> Iterable[str]:
    collection: object = given
    if isinstance(collection, str) or not isinstance(collection, Iterable):
        msg = f"{what} must be a collection of {members}, not {given!r}"
        raise ValueError(msg)  # noqa: TRY004 - all bad configuration is ValueError
    return given


def _names(what: str, given: Iterable[str]) -> list[str]:
    return [_name(what, domain) for domain in _collected(what, "domains", given)]


def _name(what: str, domain: str) -> str:
    parsed = parse_domain(domain)
    if not isinstance(parsed, Mailbox):
        msg = f"{what}: not a domain name: {domain!r}"
        raise ValueError(msg)  # noqa: TRY004 - all bad configuration is ValueError
    return parsed.domain


class Reading(Protocol):
    """How a server reads the argument of MAIL FROM."""

    def read(
        self,
        path: str,
        receiver: Receiver,
        *,
        smtputf8: bool,
    ) -> Mailbox | Finding:
        """
        Find the domain to be asked about.

        Args:
            path: As the client sent it, octets that are not UTF-8 as lone
                surrogates, and of an over-long one the beginning.
            receiver: The server.
            smtputf8: The client gave the SMTPUTF8 parameter.

        Returns:
            A mailbox, with the name in the form in which it is asked for; or what
            the server has decided without asking.
        """
        ...

    def argument(self, path: str) -> str:
        """Write the sender as the server does where it repeats it as given."""
        ...

    def address(self, path: str) -> str:
        """Write the sender as the server does where it has made sense of it."""
        ...


Plan: TypeAlias = Callable[[DomainName, Receiver], Steps[Finding]]
"""What a server asks about a domain, and what it makes of the answers."""


@value
class Profile(TablePolicy):
    """
    A policy that reads and asks as one known server does, too.

    Attributes:
        reading: How it reads a sender.
        plan: What it asks.
        receiver: Which host it is.
        patience: Seconds that it waits for the answer to one question, repetitions
            included; the default is libc's.
        pedigree: Version, configuration and source; what differs, what is unsure.
    """

    reading: Reading = field(kw_only=True)
    plan: Plan = field(kw_only=True)
    receiver: Receiver = field(default_factory=Receiver, kw_only=True)
    patience: float = field(default=10.0, kw_only=True)
    pedigree: str = field(default="", kw_only=True)
    _fields: ClassVar[Mapping[str, str]] = PROFILE_FIELDS

    def __post_init__(self) -> None:
        """Refuse what could not be waited for, too."""
        # The decorator has made another class of it, which super() does not know.
        TablePolicy.__post_init__(self)
        seconds: object = self.patience
        if not isinstance(seconds, int | float) or not seconds > 0:
            msg = f"patience must be seconds, above 0: {seconds!r}"
            raise ValueError(msg)

    def received_by(self, receiver: Receiver) -> Profile:
        """Let it be another host, or check at another stage."""
        shadow = self.shadow
        if isinstance(shadow, Profile):
            shadow = shadow.received_by(receiver)
        return replace(self, receiver=receiver, shadow=shadow)

    def at_rcpt(self) -> Profile:
        """Let it check at RCPT, as the server does there."""
        return self.received_by(replace(self.receiver, stage=Stage.RCPT))

    def read(
        self, reverse_path: str | bytes, *, smtputf8: bool
    ) -> NullReversePath | Mailbox | Finding:
        """
        Find the domain to be asked about, if any.

        Args:
            reverse_path: As the client sent it.
            smtputf8: The client gave the SMTPUTF8 parameter.

        Raises:
            TypeError: If it is neither text nor octets.
        """
        path = as_text(reverse_path)
        if path in ("", "<>"):  # the same to all of them (RFC 5321, section 4.5.5)
            return NullReversePath()
        sender = self.reading.read(path, self.receiver, smtputf8=smtputf8)
        if len(reverse_path) <= MAX_PATH or _is_malformed(sender):
            return sender
        # What is wrong with the beginning is wrong with the whole; all else that it
        # may seem to be is not.
        return _TOO_LONG

    def said(self, sender: str, finding: Finding) -> Reply:
        """See `TablePolicy.said`."""
        arg = _shown(self.reading.argument(sender))
        addr = _shown(self.reading.address(sender))
        stage = self.template(finding).stage or self.receiver.stage
        at_rcpt = stage is Stage.RCPT
        reply = self.filled(
            finding,
            {
                "arg": arg,
                "addr": addr,
                "prefix": _shown(self.receiver.recipient) if at_rcpt else arg,
                "domain": addr.rpartition("@")[2],
                "ascii": finding.domain,
                "detail": _shown(finding.detail),
                "host": _shown(self.receiver.host),
            },
        )
        if reply.action is Action.ACCEPT:
            stage = Stage.MAIL
        return replace(reply, stage=stage)

    def __call__(self, sender: str, finding: Finding, /) -> Reply:
        """See `Policy`."""
        return self.said(sender, finding)


_TOO_LONG = Finding(
    NO_DOMAIN, Outcome.MALFORMED, SyntaxFault.TOO_LONG, detail="address too long"
)


def _is_malformed(sender: Mailbox | Finding) -> bool:
    return isinstance(sender, Finding) and sender.outcome is Outcome.MALFORMED


def _shown(text: str) -> str:
    return shown(text, _MOST_SHOWN)


def replies(accepted: Reply, others: Mapping[Cause, Reply]) -> dict[Cause, Reply]:
    """Make a table in which all that has no other reply is *accepted*."""
    return {**dict.fromkeys(Outcome, accepted), **others}
