"""
From a finding to a reply: opinion as data.

Owns      the `Policy` protocol, the table that has a reply for everything, and
          the ways to make one table from another.
Knows not the DNS, how a finding was reached; no words of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from string import Formatter
from typing import ClassVar, Protocol, TypeAlias, cast

from ._address import Mailbox, parse_domain
from ._dns import DomainName, FailureReason
from ._finding import Finding, Outcome, SyntaxFault, TargetFault
from ._reply import Action, Reply, shortened, shown
from ._value import value

Cause: TypeAlias = Outcome | FailureReason | SyntaxFault | TargetFault
"""What a table can have a reply for."""

# A mapping is invariant in its keys: one of outcomes only is not one of causes.
Replies: TypeAlias = (
    Mapping[Cause, Reply]
    | Mapping[Outcome, Reply]
    | Mapping[FailureReason, Reply]
    | Mapping[SyntaxFault, Reply]
    | Mapping[TargetFault, Reply]
)

# What a template may mention. A sender is shown as printable ASCII.
FIELDS = {
    "arg": "the sender as the client gave it, angle brackets included",
    "addr": "the same without angle brackets",
    "domain": "the domain as the client gave it",
    "ascii": "the domain that was looked up",
}


class Policy(Protocol):
    """
    Chooses the reply to a finding.

    Any callable of this shape will do. The sender is given as printable ASCII of
    at most 256 octets, so that it can be put into a `Reply` as it is.
    """

    def __call__(self, sender: str, finding: Finding, /) -> Reply:
        """Choose the reply for *sender*, about whose domain *finding* speaks."""
        ...


@value
class TablePolicy:
    """
    A policy that is nothing but a table.

    Attributes:
        name: Shown in error messages and by ``senderdomain presets``.
        replies: A reply for every `Outcome`; a `FailureReason`, `SyntaxFault` or
            `TargetFault` can have one of its own, which then comes first. In the
            text, ``{arg}`` and the other `FIELDS` stand for the sender.
        about: One line for people.
        exempt: Domains that are accepted unasked, with everything below them.
        shadow: The policy that would have decided, for a dry run.

    Raises:
        ValueError: If an outcome has no reply, or a text an unknown field. A gap
            in a policy should stop the server from starting, not surprise it at
            three in the morning.
    """

    name: str
    replies: Mapping[Cause, Reply] = field(hash=False)
    about: str = ""
    exempt: frozenset[DomainName] = frozenset()
    shadow: TablePolicy | None = None
    _fields: ClassVar[Mapping[str, str]] = FIELDS

    def __post_init__(self) -> None:
        """Refuse gaps and unknown fields, and what is no table at all."""
        # A copy: nobody shall make a gap in it later.
        object.__setattr__(self, "replies", dict(self.replies))
        self._check_exempt()
        missing = [outcome.name for outcome in Outcome if outcome not in self.replies]
        if missing:
            msg = f"policy {self.name!r} has no reply for {', '.join(missing)}"
            raise ValueError(msg)
        for cause, reply in self.replies.items():
            given: tuple[object, object] = (cause, reply)
            if not isinstance(given[0], Cause) or not isinstance(given[1], Reply):
                msg = (
                    f"policy {self.name!r}: not an outcome or a reason, and a Reply:"
                    f" {given[0]!r}: {given[1]!r}"
                )
                raise ValueError(msg)  # noqa: TRY004
            for line in reply.texts:
                self._check_fields(cause, line)

    def _check_exempt(self) -> None:
        given: object = self.exempt
        if not isinstance(given, frozenset) or not all(map(_is_canonical, given)):
            msg = f"policy {self.name!r}: use exempting([...]), which takes any domain"
            raise ValueError(msg)

    def _check_fields(self, cause: Cause, line: str) -> None:
        try:
            # A field with a conversion or a format is as unknown as any other.
            fields = {
                f"{field}{(conversion and f'!{conversion}') or ''}{spec and f':{spec}'}"
                for _, field, spec, conversion in Formatter().parse(line)
                if field is not None
            }
            unknown = sorted(fields - self._fields.keys())
        except ValueError as error:
            msg = f"policy {self.name!r}, {cause.name}: {error}: {line!r}"
            raise ValueError(msg) from None
        if unknown:
            msg = (
                f"policy {self.name!r}, {cause.name}: no field {unknown[0]!r}; there"
                f" are {', '.join(self._fields)}"
            )
            raise ValueError(msg)

    def __call__(self, sender: str, finding: Finding, /) -> Reply:
        """See `Policy`."""
        addr = sender[1:-1] if sender[:1] == "<" and sender[-1:] == ">" else sender
        # Without a domain, what follows an "@" is some part of a local part.
        known = finding.domain or finding.outcome is Outcome.ADDRESS_LITERAL
        fields = {
            "arg": sender,
            "addr": addr,
            "domain": addr.rpartition("@")[2] if known else "",
            "ascii": shown(finding.domain),
        }
        return self.filled(finding, fields)

    def said(self, sender: str, finding: Finding) -> Reply:
        """Choose the reply for a *sender* as the client has sent it."""
        return self(shown(sender), finding)

    def filled(self, finding: Finding, fields: Mapping[str, str]) -> Reply:
        """Choose the reply, and put the *fields* of its template into it."""
        reply = self.template(finding)
        text = [_filled(line, fields, reply.room) for line in reply.texts]
        return Reply(
            reply.code,
            reply.status,
            tuple(text),
            reply.enhanced,
            reply.closes,
            reply.stage,
        )

    def template(self, finding: Finding) -> Reply:
        """Choose the reply whose fields are still to be filled."""
        reply = self.replies[finding.outcome]
        if finding.reason is not None:
            reply = self.replies.get(finding.reason, reply)
        return reply

    def _mapped(self, name: str, change: Callable[[Reply], Reply]) -> TablePolicy:
        replies = {cause: change(reply) for cause, reply in self.replies.items()}
        # What a dry run would have said changes like what is said.
        shadow = self.shadow and self.shadow._mapped(name, change)
        return replace(self, name=name, replies=replies, shadow=shadow)

    def with_replies(self, name: str, replies: Replies) -> TablePolicy:
        """Make a policy called *name* that differs in *replies*."""
        others = cast("Mapping[Cause, Reply]", replies)
        return replace(self, name=name, replies={**self.replies, **others})

    def softened(self) -> TablePolicy:
        """Defer where this policy rejects: 5 becomes 4, in code and status."""

        def soften(reply: Reply) -> Reply:
            if reply.action is not Action.REJECT:
                return reply
            return replace(reply, code=reply.code - 100)

        return self._mapped(f"{self.name}, softened", soften)

    def with_enhanced_codes(self) -> TablePolicy:
        """Send enhanced status codes (RFC 2034)."""
        return self._mapped(self.name, lambda reply: replace(reply, enhanced=True))

    def without_enhanced_codes(self) -> TablePolicy:
        """Send no enhanced status codes."""
        return self._mapped(self.name, lambda reply: replace(reply, enhanced=False))

    def at_rcpt(self) -> TablePolicy:
        """
        Fit the replies for RCPT, where servers often decide.

        There a 501 would speak of the recipient's syntax, and X.1.7 of that of
        another command (RFC 5321, section 4.3.2; RFC 3463, section 3.2).
        """

        def fit(reply: Reply) -> Reply:
            code = reply.code
            if code % 100 == 1 and reply.action is not Action.ACCEPT:
                code += 49  # 501 becomes 550, and 401, a softened one, 450
            status = "X.1.8" if reply.status == "X.1.7" else reply.status
            return replace(reply, code=code, status=status)

        return self._mapped(f"{self.name}, at RCPT", fit)

    def accepting_in_outage(self) -> TablePolicy:
        """
        Accept whom nothing is known of because the resolver is out of order.

        Others that fail are deferred as before; see `Safeguards`.
        """
        name = f"{self.name}, accepting in an outage"
        return self.with_replies(name, {FailureReason.OUTAGE: self.replies[Outcome.MX]})

    def dry_run(self) -> TablePolicy:
        """Accept everybody; `Verdict.would_be` tells what would have been said."""

        def accept(reply: Reply) -> Reply:
            return reply if reply.action is Action.ACCEPT else self.replies[Outcome.MX]

        accepting = self._mapped(f"{self.name}, dry run", accept)
        return replace(accepting, shadow=self.shadow or self)

    def exempting(self, domains: Iterable[str]) -> TablePolicy:
        """
        Accept *domains*, and all below them, without asking the DNS.

        Args:
            domains: A-labels or U-labels.

        Raises:
            ValueError: If one of them is not a domain name.
        """
        exempt = set(self.exempt)
        for domain in [domains] if isinstance(domains, str) else domains:
            parsed = parse_domain(domain)
            if not isinstance(parsed, Mailbox):
                msg = f"not a domain name: {domain!r}"
                raise ValueError(msg)  # noqa: TRY004
            exempt.add(parsed.domain)
        return replace(self, exempt=frozenset(exempt))

    def exempts(self, domain: str) -> bool:
        """Whether *domain*, or a name above it, is exempt."""
        while domain:
            if domain in self.exempt:
                return True
            _, _, domain = domain.partition(".")
        return False


def _is_canonical(domain: object) -> bool:
    if not isinstance(domain, str):
        return False
    parsed = parse_domain(domain)
    return isinstance(parsed, Mailbox) and parsed.domain == domain


def _filled(line: str, fields: Mapping[str, str], room: int) -> str:
    text = line.format_map(fields)
    if len(text) > room:
        # What a stranger has sent is cut, and not what we have to say about it.
        names = [name for _, name, _, _ in Formatter().parse(line) if name is not None]
        bare = len(line.format_map(dict.fromkeys(fields, "")))
        share = (room - bare) // max(1, len(names))
        short = {name: shortened(each, share) for name, each in fields.items()}
        text = line.format_map(short)
    # A line may consist of a field that is empty for this sender.
    return shortened(text, room) or "-"
