"""
Every way in which the DNS is known to fail, as data.

Owns      the list, in order.
Knows not verifiers.

    R  response codes      M  what stands in an MX   X  sockets, servers, systems
    N  forms of absence    C  aliases                P  users' resolvers
                           W  octets
"""

from ._case import FaultCase
from ._exchangers import EXCHANGERS
from ._messages import MESSAGES
from ._plug_ins import PLUG_INS
from ._responses import ALIASES, NO_DATA, RESPONSE_CODES
from ._stages import SENDER, Opened
from ._transports import TRANSPORTS

CATALOGUE: tuple[FaultCase, ...] = (
    *RESPONSE_CODES,
    *NO_DATA,
    *EXCHANGERS,
    *ALIASES,
    *MESSAGES,
    *TRANSPORTS,
    *PLUG_INS,
)
"""The 124 faults."""

__all__ = ["CATALOGUE", "SENDER", "FaultCase", "Opened"]
