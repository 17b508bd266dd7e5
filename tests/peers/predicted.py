"""
What a server ought to say to a sender.

Owns      the expectation.
Knows not what servers said.

As recorded, for the few cases in `world`. A server has the replies of its family,
unless it has one of its own.
"""

from __future__ import annotations

from .case import Case
from .servers import ROOTS

Reply = tuple[str, int, tuple[str, ...]]
"""Stage, code, lines; in these, ``{}`` stands for the sender."""

# What all the others check at MAIL, these check at RCPT.
AT_RCPT = ("postfix-default", "exim-rcpt")

OK: dict[str, Reply] = {
    "postfix": ("-", 250, ("2.1.0 Ok",)),
    "sendmail": ("-", 250, ("2.1.0 <{}>... Sender ok",)),
    "exim": ("-", 250, ("OK",)),
}

REJECTED = "<{}>: Sender address rejected: "
ABSENT = "5.1.8 <{}>... Domain of sender address {} does not exist"

POSTFIX_GONE: dict[str, Reply] = {
    "postfix": ("mail", 450, (f"4.1.8 {REJECTED}Domain not found",)),
    "postfix-550": ("mail", 550, (f"5.1.8 {REJECTED}Domain not found",)),
}
SENDMAIL_GONE: dict[str, Reply] = {"sendmail": ("mail", 553, (ABSENT,))}
EXIM_GONE: dict[str, Reply] = {
    "exim": (
        "mail",
        550,
        (
            "Verification failed for <{}>",
            "Unrouteable address",
            "Sender verify failed",
        ),
    ),
}
EXIM_UNUSABLE: dict[str, Reply] = {"exim": ("mail", 550, ("Sender verify failed",))}
EXIM_LATER: dict[str, Reply] = {
    "exim": ("mail", 451, ("Temporary local problem - please try later",))
}

GONE = POSTFIX_GONE | SENDMAIL_GONE | EXIM_GONE

LATER: dict[str, Reply] = EXIM_LATER | {
    # Unless told otherwise, it waits for a better reason until RCPT.
    "postfix": ("rcpt", 450, (f"4.1.8 {REJECTED}Domain not found",)),
    "postfix-550": ("mail", 450, (f"4.1.8 {REJECTED}Domain not found",)),
    "sendmail": (
        "mail",
        451,
        ("4.1.8 Domain of sender address {} does not resolve",),
    ),
}

REPLIES: dict[str, dict[str, Reply]] = {
    "mx-ok": OK,
    "a-only": OK,
    "null-mx": OK
    | EXIM_UNUSABLE
    | {
        "postfix": (
            "mail",
            550,
            (f"5.7.27 {REJECTED}Domain null-mx.zz does not accept mail (nullMX)",),
        ),
    },
    "txt-only": GONE,
    "nx": GONE,
    "mx-target-nx": OK | EXIM_UNUSABLE,
    "mx-10": OK
    | {
        "exim-debian": EXIM_UNUSABLE["exim"],
        "sendmail-badmx": (
            "mail",
            550,
            ("5.1.2 <{}>... Invalid MX record for host mx-10.zz",),
        ),
    },
    "mx-us": OK | EXIM_LATER,
    "under_score": OK
    | {
        "exim": (
            "mail",
            501,
            ("<{}>: malformed address: _score.zz> may not follow <user@under",),
        ),
    },
    "stub-servfail": LATER,
    "stub-timeout": LATER,
    "stub-formerr": GONE | EXIM_LATER,
    "stub-mxservfail-aok": OK
    | EXIM_LATER
    | {
        "sendmail-badmx": (
            "mail",
            450,
            ("4.1.2 <{}>... MX lookup failure for stub-mxservfail-aok.zz",),
        ),
    },
    "null": OK,
    # Sendmail sees octets, and shows seven of their bits.
    "idn-u": OK
    | {
        "sendmail": (
            "mail",
            553,
            (ABSENT.replace("{}", "user@mC<nchen.zz"),),
        ),
    },
    "octets": {
        "postfix": ("mail", 500, ("5.5.2 Error: bad UTF-8 syntax",)),
        "sendmail": ("mail", 553, (ABSENT.replace("{}", "user@m|nchen.zz"),)),
        "exim": (
            "mail",
            501,
            ("<{}>: malformed address: \udcfcnchen.zz> may not follow <user@m",),
        ),
    },
}

SYNTAX = 501
"""What is refused before anything is checked, at MAIL in any case."""


def predicted(server: str, case: Case) -> Reply | None:
    """Tell what *server* says to *case*; None if nobody claims to know."""
    replies = REPLIES.get(case.id)
    if replies is None:
        return None
    stage, code, lines = replies.get(server, replies[ROOTS[server]])
    if server in AT_RCPT and stage == "mail" and code not in {500, SYNTAX}:
        stage = "rcpt"
    sender = case.sender.decode("utf-8", "surrogateescape")
    return stage, code, tuple(line.replace("{}", sender) for line in lines)
