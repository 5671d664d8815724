"""Which URLs an endpoint may have."""

import pytest

from services.webhooks.domain.targets import Target, parse_target
from services.webhooks.errors import InvalidUrlError


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://shop.example/hooks?a=1", Target("shop.example", 443)),
        ("http://SHOP.example:8080", Target("shop.example", 8080)),
        ("http://192.0.2.1/", Target("192.0.2.1", 80)),
        ("https://[2001:DB8:0::1]:8443/x", Target("2001:db8::1", 8443)),
        ("https://xn--bcher-kva.example/", Target("xn--bcher-kva.example", 443)),
        ("http://my_host.internal/", Target("my_host.internal", 80)),
    ],
)
def test_a_url_names_host_and_port(url: str, target: Target) -> None:
    """Lower-case, without brackets, the scheme's own port where none is written."""
    assert parse_target(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user@shop.example/",
        "https://user:password@shop.example/",
        "http://127.0.0.1\\@shop.example/",
        "http://shop.example\\@127.0.0.1/",
        "https://shop.example/a b",
        "https://shop.example/\r\nHost: other",
        "https://shop.example:0/",
        "https://shop.example:65536/",
        "https://shop.example:port/",
        "https://bücher.example/",
        "https://shop..example/",
        "https://-shop.example/",
        "https://[::1/",
        "https://[::1%25eth0]/",
        "https://[not-an-address]/",
        "https://shop.example%2f@other/",
        "https://" + "a" * 64 + ".example/",
        "https://shop.example/" + "a" * 2000,
    ],
)
def test_a_url_that_can_be_read_in_two_ways_is_refused(url: str) -> None:
    """Nothing is let through that another parser could take for another host."""
    with pytest.raises(InvalidUrlError):
        parse_target(url)
