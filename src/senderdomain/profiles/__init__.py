"""
Profiles of known servers: how each reads a sender, what it asks, what it says.

Owns      the list of profiles.
Knows not what any of them does.

Each is a constant with its pedigree, to be had from `senderdomain.presets` too.
"""

from __future__ import annotations

from ._courier import COURIER
from ._exim import EXIM, EXIM_DEBIAN, EXIM_DETAILS
from ._haraka import HARAKA, HARAKA_MXIP
from ._others import JAMES, MADDY, MOX, NETQMAIL, PLAN9
from ._postfix import POSTFIX, POSTFIX_550
from ._qpsmtpd import QPSMTPD, QPSMTPD_PERM
from ._sendmail import (
    SENDMAIL_8_9,
    SENDMAIL_8_11,
    SENDMAIL_8_17,
    SENDMAIL_8_17_BADMX,
)

__all__ = [
    "COURIER",
    "EXIM",
    "EXIM_DEBIAN",
    "EXIM_DETAILS",
    "HARAKA",
    "HARAKA_MXIP",
    "JAMES",
    "MADDY",
    "MOX",
    "NETQMAIL",
    "PLAN9",
    "POSTFIX",
    "POSTFIX_550",
    "QPSMTPD",
    "QPSMTPD_PERM",
    "SENDMAIL_8_9",
    "SENDMAIL_8_11",
    "SENDMAIL_8_17",
    "SENDMAIL_8_17_BADMX",
]

PROFILES = {
    profile.name: profile
    for profile in (
        SENDMAIL_8_9,
        SENDMAIL_8_11,
        SENDMAIL_8_17,
        SENDMAIL_8_17_BADMX,
        POSTFIX,
        POSTFIX_550,
        EXIM,
        EXIM_DETAILS,
        EXIM_DEBIAN,
        HARAKA,
        HARAKA_MXIP,
        QPSMTPD,
        QPSMTPD_PERM,
        COURIER,
        MADDY,
        MOX,
        NETQMAIL,
        PLAN9,
        JAMES,
    )
}
"""By the names that the command line knows them by."""
