"""The guard's table: which addresses a delivery may reach."""

from ipaddress import ip_network

import pytest

from services.webhooks.domain.addresses import REFUSED, is_public, may_be_reached, parse_address

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "198.20.0.1", "2606:4700:4700::1111"]
PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "64:ff9b:1::1",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
]
TRAPS = {
    "100.64.0.1": "is_private is False for carrier-grade NAT",
    "192.88.99.3": "is_global is True for a 6to4 relay",
    "64:ff9b::a00:1": "is_global is True for NAT64 of 10.0.0.1",
    "2002:c0a8:1::1": "is_global is True for 6to4 of 192.168.0.1",
    "5f00::1": "is_global is True for segment routing",
    "3fff::1": "is_global is True for the newer documentation network",
    "224.0.0.1": "is_global is True for multicast",
    "ff02::1": "is_global is True for multicast",
    "::ffff:10.0.0.1": "an IPv4 address in IPv6 clothes",
    "::ffff:169.254.169.254": "the metadata service in IPv6 clothes",
}


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_may_be_reached(text: str) -> None:
    """Neighbours of refused networks among them."""
    assert may_be_reached(parse_address(text), ())


@pytest.mark.parametrize("text", [*PRIVATE, *TRAPS])
def test_addresses_that_are_not_public_are_refused(text: str) -> None:
    """Every network of the rule, and those that Python's own flags let through."""
    assert not may_be_reached(parse_address(text), ())


@pytest.mark.parametrize("network", REFUSED, ids=str)
def test_each_refused_network_is_refused_from_end_to_end(network: object) -> None:
    """The first and the last address of each."""
    found = ip_network(str(network))
    assert not is_public(found[0])
    assert not is_public(found[-1])


@pytest.mark.parametrize(
    ("text", "reached"),
    [("10.20.3.4", True), ("::ffff:10.20.3.4", True), ("10.21.0.1", False), ("fd00::5", True), ("8.8.8.8", True)],
)
def test_allowed_networks_are_reached_besides_the_public_ones(text: str, reached: bool) -> None:
    """An installation names the networks that its own receivers are in."""
    allowed = (ip_network("10.20.0.0/16"), ip_network("fd00::/8"))
    assert may_be_reached(parse_address(text), allowed) is reached
