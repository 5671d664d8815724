"""Signed links."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from services.ticketing.domain.links import Links, link_expiry, order_path, qr_path
from shared.signed_links import LinkExpiredError, LinkInvalidError, SignedLinks, link_key

NOW = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
TICKET, OTHER = UUID(int=1), UUID(int=2)
LINKS = Links(SignedLinks("https://tickets.example/", link_key("a secret of the test", "ticketing")))


def parts(url: str) -> tuple[str, int, str]:
    split = urlsplit(url)
    query = parse_qs(split.query)
    return split.path, int(query["expires"][0]), query["signature"][0]


def test_a_link_that_was_made_here_is_good() -> None:
    """It is below the public address, and its check raises nothing."""
    url = LINKS.qr_url(TICKET, LATER)
    LINKS.check(*parts(url), NOW)
    assert url.startswith("https://tickets.example/tickets/")


def test_an_order_has_a_page() -> None:
    """Its link is checked with the page's own path."""
    path, expires, signature = parts(LINKS.order_url(TICKET, LATER))
    LINKS.check(order_path(TICKET), expires, signature, NOW)
    assert path == order_path(TICKET)


def test_a_link_ends_at_its_time() -> None:
    """Not a second later."""
    path, expires, signature = parts(LINKS.qr_url(TICKET, LATER))
    with pytest.raises(LinkExpiredError) as refused:
        LINKS.check(path, expires, signature, LATER)
    assert refused.value.http_status == 410


@pytest.mark.parametrize("signature", ["", "x", "ä", "A" * 22])
def test_a_made_up_signature_is_refused(signature: str) -> None:
    """Whatever it looks like."""
    with pytest.raises(LinkInvalidError) as refused:
        LINKS.check(qr_path(TICKET), int(LATER.timestamp()), signature, NOW)
    assert refused.value.http_status == 403


def test_a_signature_is_good_for_its_ticket_page_time_and_installation_only() -> None:
    """A link cannot be bent to another ticket, to the order's page, to a later time, or used elsewhere."""
    path, expires, signature = parts(LINKS.qr_url(TICKET, LATER))
    elsewhere = Links(SignedLinks("https://tickets.example", link_key("another secret", "ticketing")))
    refused = []
    for links, bent_path, bent_expires in (
        (LINKS, qr_path(OTHER), expires),
        (LINKS, order_path(TICKET), expires),
        (LINKS, path, expires + 1),
        (elsewhere, path, expires),
    ):
        with pytest.raises(LinkInvalidError):
            links.check(bent_path, bent_expires, signature, NOW)
        refused.append(bent_path)
    assert len(refused) == 4


def test_without_a_secret_no_link_is_made() -> None:
    """An empty key would let everybody sign."""
    with pytest.raises(ValueError, match="SECRET_KEY"):
        link_key("", "ticketing")


@pytest.mark.parametrize(
    ("over_at", "expected"),
    [
        (NOW + timedelta(days=100), NOW + timedelta(days=130)),
        (NOW - timedelta(days=100), datetime(2026, 5, 31, tzinfo=UTC)),
    ],
)
def test_a_link_lasts_thirty_days_after_the_event_or_today(over_at: datetime, expected: datetime) -> None:
    """Links of one day are equal, so that browsers keep the pictures."""
    assert link_expiry(over_at, NOW) == expected
