"""
Which addresses mail could be sent to from anywhere on the Internet.

Owns      the special-purpose address registries of IANA (RFC 6890), as far as
          `ipaddress` of the oldest Python that we run on does not know them, and
          what hides inside an IPv6 address.
Knows not exchanges, the DNS, policies.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# RFC 6052, section 2.1: the IPv4 address is in the last 32 bits.
_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_BITS = 0xFFFFFFFF

# RFC 4291, section 2.4, and what IANA has assigned: all global unicast is in here.
_V6, _UNICAST = 6, IPv6Network("2000::/3")

# Inside blocks that are not globally reachable as a whole.
_REACHABLE = tuple(
    map(
        ip_network,
        (
            "192.0.0.9/32",  # RFC 7723
            "192.0.0.10/32",  # RFC 8155
            "2001:1::1/128",  # RFC 7723
            "2001:1::2/128",  # RFC 8155
            "2001:1::3/128",  # RFC 9665
            "2001:3::/32",  # RFC 7450
            "2001:4:112::/48",  # RFC 7535
            "2001:20::/28",  # RFC 7343
            "2001:30::/28",  # RFC 9374
        ),
    )
)

# What `ipaddress` has too, but not in every Python from 3.11 on.
_UNREACHABLE = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # RFC 6890
            "192.88.99.0/24",  # RFC 7526, deprecated
            "::/96",  # RFC 4291, section 2.5.5.1, deprecated
            "64:ff9b:1::/48",  # RFC 8215
            "100::/64",  # RFC 6666
            "100:0:0:1::/64",  # RFC 9780
            "2001::/23",  # RFC 2928
            "3fff::/20",  # RFC 9637
            "5f00::/16",  # RFC 9602
            "fec0::/10",  # RFC 3879, deprecated
        ),
    )
)


def unwrapped(address: Address) -> Address:
    """
    Find the IPv4 address that packets to an IPv6 *address* end at.

    IPv4-mapped (RFC 4291, section 2.5.5.2), NAT64 (RFC 6052), 6to4 (RFC 3056).
    """
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & _IPV4_BITS)
    return address.ipv4_mapped or address.sixtofour or address


@lru_cache(1024)
def is_reachable(text: str) -> bool:
    """Whether an address is globally reachable, and not one of a group."""
    address = unwrapped(ip_address(text))
    if any(address in network for network in _REACHABLE):
        return True
    if address.is_multicast or any(address in network for network in _UNREACHABLE):
        return False
    return address.is_global and (address.version != _V6 or address in _UNICAST)


def is_within(text: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address, as it is or unwrapped, is in one of *networks*."""
    address = ip_address(text)
    return any(
        each in network
        for each in {address, unwrapped(address)}
        for network in networks
    )
