"""
Exim, ``require verify = sender`` with the dnslookup router.

Owns      the profiles of Exim, and its words.
Knows not how it reads a sender (see `_exim_reading`), what it asks
          (see `_exim_routing`), other servers.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from .._finding import Outcome, SyntaxFault, TargetFault
from .._networks import Network
from .._profile import Profile, replies
from .._reply import Reply, Stage
from ._exim_reading import EximReading
from ._exim_routing import EximPlan

_FAILED = Reply(550, None, "Sender verify failed")
_VERIFICATION = "Verification failed for <{addr}>"
_UNROUTEABLE = Reply(
    550, None, (_VERIFICATION, "Unrouteable address", "Sender verify failed")
)
_ADDRESS = Reply(
    550,
    None,
    (
        _VERIFICATION,
        "It appears that the DNS operator for {ascii}",
        "has installed an invalid MX record with an IP address",
        "instead of a domain name on the right hand side.",
        "Sender verify failed",
    ),
)
_LATER = Reply(451, None, "Temporary local problem - please try later")
_INCOMPLETE = "Could not complete sender verify"


def _syntax(text: str) -> Reply:
    return Reply(501, None, text, stage=Stage.MAIL)


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, texts))


EXIM = Profile(
    "exim",
    replies(
        Reply(250, None, "OK"),
        {
            Outcome.NULL_MX: _FAILED,
            Outcome.UNUSABLE_MX: _FAILED,
            TargetFault.ADDRESS: _ADDRESS,
            TargetFault.SPECIAL_ADDRESS: _UNROUTEABLE,
            TargetFault.OWN_HOST: _LATER,
            Outcome.NODATA: _UNROUTEABLE,
            Outcome.NXDOMAIN: _UNROUTEABLE,
            Outcome.TEMPFAIL: _LATER,
            Outcome.UNQUALIFIED: _syntax("{arg}: sender address must contain a domain"),
            Outcome.ADDRESS_LITERAL: _syntax("{arg}: domain literals not allowed"),
            # Without a fault it is the command that is wrong, not the path.
            Outcome.MALFORMED: _syntax("{detail}"),
            **dict.fromkeys(SyntaxFault, _syntax("{arg}: {detail}")),
            TargetFault.NOT_A_HOST: _FAILED,
        },
    ),
    about="Exim 4, require verify = sender",
    reading=EximReading(),
    plan=EximPlan(_networks("0.0.0.0/32", "127.0.0.0/8", "::1/128")),
    pedigree="""\
Exim 4.96 (Debian 12, exim4-daemon-light), require verify = sender, a dnslookup router
with ignore_target_hosts = 0.0.0.0 : 127.0.0.0/8 : ::1, all else as by default;
src/parse.c, src/smtp_in.c, src/routers/dnslookup.c, src/host.c, src/dns.c. It asks
whether a bounce could be routed.
Differs from the RFCs, or harms: a domain whose best MX is the receiving host is
deferred until its senders give up, and so is one that does not fit into a DNS message;
both look like trouble of the server. NXDOMAIN for the MX is believed, and so is
FORMERR to be trouble that passes. A null MX has no code of its own (RFC 7505, section
4.2), and "." next to other MX is one more host without an address. An MX that is an IP
address is as good as none. "_" in a domain is a syntax error, in an exchange it is not.
There are no enhanced status codes. One verdict asks about all MX hosts, two questions
each, although one host is enough: Exim has no limit, here it is the 50 most preferred.
Not as Exim has it: octets above 127, which it repeats, are "?" here; its lines longer
than RFC 5321 allows are shortened; a domain behind two aliases or more is not asked
about once more, under the name of the last one; parameters of MAIL, and tabulators,
within the brackets of a path are nothing special; "%" in the first exchange of all,
without an address, makes Debian's build say 421 and hang up.
Unsure: which MX of the same preference is the first is left to chance. That decides
whether the text about IP addresses is sent; and, if the receiving host and another
one have the same preference, and what is better has no address, between 250 and 550.
U-labels are read as IDNA 2008 has it for registration; libidn2, which only looks them
up, lets some more pass. Local parts at local domains are taken to exist.""",
)

EXIM_DETAILS = replace(
    EXIM,
    name="exim-details",
    replies={
        **EXIM.replies,
        Outcome.TEMPFAIL: Reply(
            451, None, ("host lookup did not complete", _INCOMPLETE)
        ),
        TargetFault.OWN_HOST: Reply(451, None, ("{detail}", _INCOMPLETE)),
    },
    about="Exim 4 with smtp_return_error_details",
    pedigree=f"""\
{EXIM.pedigree}
smtp_return_error_details = true, which is about deferred senders only.""",
)

# exim4-config: conf.d/router/200_exim4-config_primary, the macro
# ROUTER_DNSLOOKUP_IGNORE_TARGET_HOSTS.
_DEBIAN = _networks(
    "0.0.0.0/32",
    "127.0.0.0/8",
    "192.168.0.0/16",
    "172.16.0.0/12",
    "10.0.0.0/8",
    "169.254.0.0/16",
    "255.255.255.255/32",
    "::/128",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
    "100::/64",
)

EXIM_DEBIAN = replace(
    EXIM,
    name="exim-debian",
    about="Exim 4 as Debian configures its router",
    plan=EximPlan(_DEBIAN),
    pedigree=f"""\
{EXIM.pedigree}
ignore_target_hosts as in Debian's exim4-config, for domains that it does not relay.""",
)
