"""Which addresses a delivery may reach: the guard against requests forged through us (SSRF).

Python's own flags are not enough: `is_private` is False for 100.64.0.1, and `is_global` is True for NAT64 and 6to4
forms of private addresses, for 192.88.99.3, 5f00::1, 3fff::1 and for multicast, and both differ between versions. So
there is an explicit list (that of Svix, and IANA's special-purpose registries), and `is_global` on top of it.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

REFUSED: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, where clouds keep their metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/96",  # unspecified, loopback, and the former IPv4-compatible addresses
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64, local
        "100::/64",  # discard
        "2001::/23",  # IETF protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local, deprecated
        "ff00::/8",  # multicast
    )
)


def parse_address(text: str) -> Address:
    """The address in a text, as a resolver writes it. Raises ValueError."""
    return unwrapped(ip_address(text.partition("%")[0]))


def unwrapped(address: Address) -> Address:
    """The IPv4 address inside of an IPv4-mapped IPv6 one (::ffff:10.0.0.1); any other as it is."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_public(address: Address) -> bool:
    """Whether the address belongs to the public internet."""
    address = unwrapped(address)
    return address.is_global and not any(_contains(network, address) for network in REFUSED)


def may_be_reached(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether a delivery may go there: a public address, or one in a network that the installation allows."""
    address = unwrapped(address)
    return is_public(address) or any(_contains(network, address) for network in allowed)


def _contains(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network
