"""What people open without a key."""

import re
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from services.ticketing.domain.links import Links, link_expiry
from services.ticketing.domain.orders import Order
from shared.clock import now
from shared.ids import new_id
from shared.signed_links import SignedLinks, link_key
from tests.integration.ticketing.scene import OVER, Scene
from tests.support.databases import SECRET_KEY

LINKS = Links(SignedLinks("http://testserver", link_key(SECRET_KEY, "ticketing")))


@pytest.fixture
def browser(api: TestClient) -> TestClient:
    """Somebody without a key."""
    return TestClient(api.app)


def fulfilled(scene: Scene, quantity: int) -> Order:
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, quantity, price=0).id: quantity})
    scene.inline().drain()
    return order


def page_url(order: Order) -> str:
    return LINKS.order_url(order.id, link_expiry(now(), now()))


def test_the_page_shows_every_ticket_with_its_picture(scene: Scene, browser: TestClient) -> None:
    """Event, local time, place, codes to read out, and pictures that open."""
    order = fulfilled(scene, 3)
    page = browser.get(page_url(order))
    sources = [source.replace("&amp;", "&") for source in re.findall(r'<img src="([^"]+)"', page.text)]
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Wednesday, 1 May 2030, 20:00 (CEST)" in page.text
    assert all(f"{ticket.code[:5]} {ticket.code[5:]}" in page.text for ticket in scene.tickets(order))
    assert [browser.get(source).headers["content-type"] for source in sources] == ["image/png"] * 3


def test_a_big_order_has_pages_of_a_hundred(scene: Scene, browser: TestClient) -> None:
    """Each links to the others."""
    order = fulfilled(scene, 101)
    first, second = browser.get(page_url(order)), browser.get(page_url(order) + "&page=2")
    assert (first.text.count("<img"), second.text.count("<img")) == (100, 1)
    assert "Ticket 101 of 101" in second.text
    linked = re.findall(r'<a href="([^"]+page=2)"', first.text)[0].replace("&amp;", "&")
    assert browser.get(linked).text == second.text


def test_names_cannot_bring_markup_into_the_page(scene: Scene, browser: TestClient) -> None:
    """They come from customers."""
    order = fulfilled(scene, 1)
    scene.database.query("UPDATE ticketing.orders SET customer_name = '<script>alert(1)</script>'")
    page = browser.get(page_url(order))
    assert "<script>" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_page_before_its_tickets_says_so(scene: Scene, browser: TestClient) -> None:
    """And one of an order that has expired does not promise any."""
    event = scene.event()
    kind = scene.ticket_type(event, 5)
    held, over = scene.order(event, {kind.id: 1}), scene.order(event, {kind.id: 1}, hold=OVER)
    scene.sweep()
    assert "not ready yet" in browser.get(page_url(held)).text
    assert "There are no tickets here" in browser.get(page_url(over)).text


def test_a_bent_page_link_is_explained_to_a_person(scene: Scene, browser: TestClient) -> None:
    """In HTML, with the status for machines."""
    url = page_url(fulfilled(scene, 1))
    bent, expired = browser.get(url + "x"), browser.get(LINKS.order_url(new_id(), now() + OVER))
    assert (bent.status_code, expired.status_code) == (403, 410)
    assert "This link is not complete" in bent.text
    assert "This link has expired" in expired.text


def test_a_picture_without_its_signature_is_not_shown(scene: Scene, browser: TestClient) -> None:
    """Nor after its time, nor with the signature of another."""
    first, second = scene.tickets(fulfilled(scene, 2))
    good = LINKS.qr_url(first.id, link_expiry(now(), now()))
    bent = [
        good.replace(str(first.id), str(second.id)),
        good + "x",
        LINKS.qr_url(first.id, now() + OVER),
        urlsplit(good).path,
    ]
    answers = [browser.get(url) for url in bent]
    assert [answer.status_code for answer in answers] == [403, 403, 410, 403]


def test_a_picture_that_the_storage_has_lost_is_drawn_again(scene: Scene, browser: TestClient) -> None:
    """The same bytes, and they are there again; a ticket that is not there has none."""
    order = fulfilled(scene, 1)
    (ticket,) = scene.tickets(order)
    url, unknown = (LINKS.qr_url(one, link_expiry(now(), now())) for one in (ticket.id, new_id()))
    before = browser.get(url).content
    (scene.folder / ticket.qr_key).unlink()

    after = browser.get(url)

    assert (after.status_code, after.content) == (200, before)
    assert (scene.folder / ticket.qr_key).read_bytes() == before
    assert browser.get(unknown).status_code == 404
