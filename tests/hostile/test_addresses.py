"""X1: which addresses are reachable; and no way out but the resolver."""

from __future__ import annotations

import subprocess
import sys

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest

from senderdomain._networks import is_reachable

# IANA's registries of special-purpose addresses, as of RFC 9780, with the multicast
# blocks and what has been deprecated; whether they are globally reachable.
BLOCKS = {
    "0.0.0.0/8": False,
    "10.0.0.0/8": False,
    "100.64.0.0/10": False,
    "127.0.0.0/8": False,
    "169.254.0.0/16": False,
    "172.16.0.0/12": False,
    "192.0.0.0/24": False,
    "192.0.0.0/29": False,
    "192.0.0.8/32": False,
    "192.0.0.9/32": True,
    "192.0.0.10/32": True,
    "192.0.0.170/32": False,
    "192.0.0.171/32": False,
    "192.0.2.0/24": False,
    "192.31.196.0/24": True,
    "192.52.193.0/24": True,
    "192.88.99.0/24": False,
    "192.168.0.0/16": False,
    "192.175.48.0/24": True,
    "198.18.0.0/15": False,
    "198.51.100.0/24": False,
    "203.0.113.0/24": False,
    "224.0.0.0/4": False,
    "240.0.0.0/4": False,
    "255.255.255.255/32": False,
    "0.0.0.0/0": True,
    "::/128": False,
    "::1/128": False,
    "::/96": False,
    "64:ff9b:1::/48": False,
    "100::/64": False,
    "100:0:0:1::/64": False,
    "2001::/23": False,
    "2001::/32": False,
    "2001:1::1/128": True,
    "2001:1::2/128": True,
    "2001:1::3/128": True,
    "2001:2::/48": False,
    "2001:3::/32": True,
    "2001:4:112::/48": True,
    "2001:10::/28": False,
    "2001:20::/28": True,
    "2001:30::/28": True,
    "2001:db8::/32": False,
    "2620:4f:8000::/48": True,
    "2000::/3": True,
    "3fff::/20": False,
    "5f00::/16": False,
    "fc00::/7": False,
    "fe80::/10": False,
    "fec0::/10": False,
    "ff00::/8": False,
    "::/0": False,
}
NETWORKS = {ip_network(block): answer for block, answer in BLOCKS.items()}
NAT64, MAPPED, SIX_TO_FOUR = (
    ip_network("64:ff9b::/96"),
    ip_network("::ffff:0:0/96"),
    ip_network("2002::/16"),
)


def expected(address):
    """Look *address* up: the most specific block decides."""
    if address.version == 6 and (address in NAT64 or address in MAPPED):
        return expected(IPv4Address(int(address) & 0xFFFFFFFF))
    if address.version == 6 and address in SIX_TO_FOUR:
        return expected(IPv4Address(int(address) >> 80 & 0xFFFFFFFF))
    blocks = [network for network in NETWORKS if address in network]
    return NETWORKS[max(blocks, key=lambda network: network.prefixlen)]


def corners(network):
    """Yield the first, the last and one inside; and who stands just outside."""
    first, size = int(network.network_address), network.num_addresses
    kind = type(network.network_address)
    for number in {first, first + size // 2, first + size - 1}:
        yield kind(number)
    for number in (first - 1, first + size):
        if 0 <= number < 2**network.max_prefixlen:
            yield kind(number)


def carriers(address):
    """Yield *address*, and the IPv6 addresses that it hides in."""
    yield address
    if address.version == 4:
        number = int(address)
        yield IPv6Address(int(NAT64.network_address) | number)
        yield IPv6Address(int(MAPPED.network_address) | number)
        yield IPv6Address(int(SIX_TO_FOUR.network_address) | number << 80)
        yield IPv6Address(int(SIX_TO_FOUR.network_address) | number << 80 | 0x19)


CASES = sorted(
    {
        each
        for network in [*NETWORKS, NAT64, MAPPED, SIX_TO_FOUR]
        for corner in corners(network)
        for each in carriers(corner)
    },
    key=lambda address: (address.version, int(address)),
)


def test_every_block_is_known_to_its_corners(record_experiment):
    """First, last, inside and outside of each, plain and hidden in IPv6."""
    wrong = [
        str(address)
        for address in CASES
        if is_reachable(str(address)) is not expected(address)
    ]
    assert not wrong
    assert len(CASES) >= 300
    record_experiment(
        promise="X1",
        what=f"addresses at the corners of {len(BLOCKS)} blocks, plain and in IPv6",
        count=len(CASES),
        result="all as IANA's registries have them",
    )


# What the metadata service of a cloud, or a router, may be reached at in disguise.
DISGUISES = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::1",
    "::169.254.169.254",
    "fd00:ec2::254",
    "fe80::1",
    "0.0.0.0",
    "::",
    "2001:0:a9fe:a9fe::1",
]


@pytest.mark.parametrize("address", DISGUISES)
def test_disguises_are_seen_through(address):
    """However an inner address is written."""
    assert not expected(ip_address(address))
    assert not is_reachable(address)


SCRIPT = Path(__file__).with_name("opens_nothing.py")


def test_nothing_is_opened_but_by_the_resolver(record_experiment):
    """No socket, no file, no process, no pickle, with a resolver that needs none."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0 []\n"
    record_experiment(
        promise="X1",
        what="audit events (socket, open, os, subprocess, pickle), all depths, presets",
        count=1,
        result="none, in threads and in a loop",
    )
