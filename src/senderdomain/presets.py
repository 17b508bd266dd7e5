"""
Policies that answer as a known server does, each with its pedigree.

Owns      the words.
Knows not how they come to be sent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ._finding import Outcome, SyntaxFault
from ._policy import TablePolicy
from ._reply import Reply

_OK = Reply(250, "X.1.0", "{arg}... Sender ok")
_NULL_OK = Reply(250, "X.1.0", "<>... Sender ok")
_GONE = Reply(501, "X.1.8", "{arg}... Sender domain must exist")
_LATER = Reply(451, "X.4.3", "{arg}... Sender domain must resolve")
_UNUSABLE = Reply(550, "X.1.8", "{arg}... Sender domain has no usable mail exchanger")
_NULL_MX = Reply(550, "X.7.27", "{arg}... Sender domain does not accept mail (null MX)")
_UNQUALIFIED = Reply(501, "X.1.7", "{arg}... Domain name required")
_SYNTAX = Reply(501, "X.1.7", "{arg}... Bad sender address syntax")
_SMTPUTF8 = Reply(553, "X.6.7", "{arg}... Non-ASCII sender address needs SMTPUTF8")

DEFAULT = TablePolicy(
    "default",
    {
        Outcome.MX: _OK,
        Outcome.IMPLICIT_MX: _OK,
        Outcome.NULL_MX: _NULL_MX,
        Outcome.UNUSABLE_MX: _UNUSABLE,
        Outcome.NODATA: _GONE,
        Outcome.NXDOMAIN: _GONE,
        Outcome.TEMPFAIL: _LATER,
        Outcome.SPECIAL_USE: _GONE,
        Outcome.NULL_REVERSE_PATH: _NULL_OK,
        Outcome.ADDRESS_LITERAL: _OK,
        Outcome.UNQUALIFIED: _UNQUALIFIED,
        Outcome.MALFORMED: _SYNTAX,
        SyntaxFault.NO_SMTPUTF8: _SMTPUTF8,
        Outcome.EXEMPT: _OK,
    },
    about="article Q280118, with modern replies where 2001 had none",
)
"""
The words and codes of article Q280118, and modern replies where 2001 had none.

Source: Microsoft Q280118 (April 2001) for 250 and 501; RFC 7505, section 4.2, for
        550 5.7.27; RFC 3463, section 3.5, for X.4.3; RFC 6531, section 3.5, for
        553 5.6.7; RFC 5321, section 4.1.2, for 501 at bad syntax.
Shown:  The article has both lines from a live server.
Differs: It does not hang up, which RFC 5321, section 3.8, allows no server to do
        without a 421.
"""


def _classic(reply: Reply) -> Reply:
    return replace(reply, closes=True)


CLASSIC = TablePolicy(
    "classic",
    {
        Outcome.MX: _OK,
        Outcome.IMPLICIT_MX: _OK,
        Outcome.NULL_MX: _OK,
        Outcome.UNUSABLE_MX: _OK,
        Outcome.NODATA: _classic(_GONE),
        Outcome.NXDOMAIN: _classic(_GONE),
        Outcome.TEMPFAIL: Reply(451, "X.1.8", "{arg}... Sender domain must resolve"),
        Outcome.SPECIAL_USE: _classic(_GONE),
        Outcome.NULL_REVERSE_PATH: _NULL_OK,
        Outcome.ADDRESS_LITERAL: _OK,
        Outcome.UNQUALIFIED: Reply(553, "X.5.4", "{arg}... Domain name required"),
        Outcome.MALFORMED: _SYNTAX,
        SyntaxFault.NO_SMTPUTF8: _SMTPUTF8,
        Outcome.EXEMPT: _OK,
    },
    about="article Q280118 to the letter; hangs up after its 501",
)
"""
Article Q280118 to the letter, hang-up included.

Source: Microsoft Q280118 (April 2001); sendmail 8.9, cf/m4/proto.m4, ruleset
        check_mail, whose words these are, for what the article does not show.
Shown:  The article: 501, then the connection is closed; 250.
Unsure: Whether the server of the article told NODATA from NXDOMAIN.
Differs: Null MX and unusable MX are accepted: RFC 7505 is of 2015. SMTPUTF8 has its
        modern reply, for want of any other.
"""

_RFC_GONE = Reply(550, "X.1.8", "<{addr}>: sender domain {ascii} does not exist")

RFC = TablePolicy(
    "rfc",
    {
        Outcome.MX: Reply(250, "X.1.0", "<{addr}>: sender ok"),
        Outcome.IMPLICIT_MX: Reply(250, "X.1.0", "<{addr}>: sender ok"),
        Outcome.NULL_MX: Reply(550, "X.7.27", "<{addr}>: sender address has null MX"),
        Outcome.UNUSABLE_MX: Reply(
            550, "X.1.8", "<{addr}>: sender domain {ascii} has no usable MX"
        ),
        Outcome.NODATA: Reply(
            550, "X.1.8", "<{addr}>: sender domain {ascii} has no MX and no address"
        ),
        Outcome.NXDOMAIN: _RFC_GONE,
        Outcome.TEMPFAIL: Reply(
            451, "X.4.3", "<{addr}>: sender domain {ascii} does not resolve now"
        ),
        Outcome.SPECIAL_USE: _RFC_GONE,
        Outcome.NULL_REVERSE_PATH: Reply(250, "X.1.0", "<>: sender ok"),
        Outcome.ADDRESS_LITERAL: Reply(250, "X.1.0", "<{addr}>: sender ok"),
        Outcome.UNQUALIFIED: Reply(
            501, "X.1.7", "<{addr}>: sender address needs a domain"
        ),
        Outcome.MALFORMED: Reply(501, "X.1.7", "bad sender address syntax"),
        SyntaxFault.NO_SMTPUTF8: Reply(
            553, "X.6.7", "non-ASCII sender address needs SMTPUTF8"
        ),
        Outcome.EXEMPT: Reply(250, "X.1.0", "<{addr}>: sender ok"),
    },
    about="what the RFCs recommend, with enhanced status codes",
).with_enhanced_codes()
"""
What the RFCs recommend, with enhanced status codes.

Source: RFC 5321, sections 3.3 and 7.9 (550); RFC 3463, section 3.2 (X.1.7, X.1.8)
        and 3.5 (X.4.3); RFC 7505, section 4.2 (550 5.7.27); RFC 6531, section 3.5.
"""

_OWN = {policy.name: policy for policy in (DEFAULT, CLASSIC, RFC)}

if TYPE_CHECKING:
    PRESETS: dict[str, TablePolicy]


def __getattr__(name: str) -> object:
    """Load the profiles of other servers when somebody wants one."""
    from . import profiles  # noqa: PLC0415 - most programs need none of them

    if name == "PRESETS":
        return {**_OWN, **profiles.PROFILES}
    if name in profiles.__all__:
        return getattr(profiles, name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
