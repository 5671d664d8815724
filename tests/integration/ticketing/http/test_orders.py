"""Orders over HTTP."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from services.ticketing import actors
from services.ticketing.domain.events import Event, TicketType
from services.ticketing.handlers.printing import PRINTED_AT_ONCE
from shared.contracts.ticketing import PrintTickets
from shared.ids import new_id
from shared.messaging.testing import run_inline
from tests.integration.ticketing.scene import OVER, Scene

CUSTOMER = {"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+49 30 901820"}


@pytest.fixture
def event(scene: Scene, api: TestClient) -> Event:
    return scene.event()


@pytest.fixture
def kind(scene: Scene, event: Event) -> TicketType:
    return scene.ticket_type(event, 5, max_per_order=4)


def body(event: Event, kind: TicketType, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    items = [{"ticket_type_id": str(kind.id), "quantity": quantity}]
    return {"event_id": str(event.id), "items": items, "customer": CUSTOMER, **changes}


def test_an_order_is_held_until_it_is_paid(api: TestClient, event: Event, kind: TicketType) -> None:
    """What a shop needs to take the payment."""
    answer = api.post("/v1/orders", json=body(event, kind, 2))
    order = answer.json()
    assert (answer.status_code, order["status"], order["amount"], order["currency"]) == (201, "held", 4_000, "eur")
    assert order["expires_at"].endswith("Z")
    assert (order["tickets"], order["tickets_url"], order["customer"]["phone"]) == ([], None, "+4930901820")
    assert api.get(f"/v1/orders/{order['id']}").json() == order


def test_items_of_one_type_are_added_up(api: TestClient, event: Event, kind: TicketType) -> None:
    """So that a limit holds for all of them together."""
    item = {"ticket_type_id": str(kind.id), "quantity": 2}
    fits = api.post("/v1/orders", json=body(event, kind, items=[item, item]))
    over = api.post("/v1/orders", json=body(event, kind, items=[item, item, item]))
    assert [item["quantity"] for item in fits.json()["items"]] == [4]
    assert (over.status_code, over.json()["code"]) == (422, "too_many_per_order")


def test_sold_out_is_a_conflict_that_names_the_type(api: TestClient, event: Event, kind: TicketType) -> None:
    """A shop can show it beside the type."""
    api.post("/v1/orders", json=body(event, kind, 4))
    answer = api.post("/v1/orders", json=body(event, kind, 2))
    assert (answer.status_code, answer.json()["code"]) == (409, "sold_out")
    assert answer.json()["ticket_type_id"] == str(kind.id)


def test_a_faulty_order_is_refused(api: TestClient, scene: Scene, event: Event, kind: TicketType) -> None:
    """With a code that tells the fault; nothing is held."""
    faults: list[tuple[dict[str, Any], str]] = [
        ({"items": []}, "validation_failed"),
        ({"items": [{"ticket_type_id": str(kind.id)}]}, "validation_failed"),
        ({"items": [{"ticket_type_id": str(kind.id), "quantity": 0}]}, "validation_failed"),
        ({"items": [{"quantity": 1}]}, "validation_failed"),
        ({"items": [{"ticket_type_id": str(kind.id), "quantity": 1, "seat_id": str(new_id())}]}, "validation_failed"),
        ({"items": [{"ticket_type_id": str(new_id()), "quantity": 1}]}, "unknown_ticket_type"),
        ({"items": [{"seat_id": str(new_id())}]}, "seats_not_supported"),
        ({"customer": CUSTOMER | {"email": "ada@example.com\r\nBcc: eve@example.com"}}, "validation_failed"),
        ({"customer": CUSTOMER | {"email": "ada"}}, "validation_failed"),
        ({"customer": CUSTOMER | {"name": "Ada\nEve"}}, "validation_failed"),
        ({"customer": CUSTOMER | {"phone": "030 901820"}}, "validation_failed"),
        ({"customer": {"name": "Ada"}}, "validation_failed"),
    ]
    answers = [api.post("/v1/orders", json=body(event, kind, **changes)) for changes, _ in faults]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(422, code) for _, code in faults]
    assert scene.reserved(kind) == 0


def test_the_same_idempotency_key_holds_tickets_once(
    api: TestClient, scene: Scene, event: Event, kind: TicketType
) -> None:
    """A shop's retry after a cut connection."""
    answers = [
        api.post("/v1/orders", json=body(event, kind, 2), headers={"Idempotency-Key": "cart-1"}) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert scene.reserved(kind) == 2


def test_a_free_order_has_its_tickets_soon(api: TestClient, scene: Scene, event: Event) -> None:
    """Each with its code, token and a picture that a browser can open without a key."""
    free = scene.ticket_type(event, 5, price=0)
    placed = api.post("/v1/orders", json=body(event, free, 2)).json()
    scene.generate(UUID(placed["id"]))
    order = api.get(f"/v1/orders/{placed['id']}").json()
    pictures = [TestClient(api.app).get(ticket["qr_url"]) for ticket in order["tickets"]]
    assert (placed["status"], order["status"], len(order["tickets"])) == ("paid", "fulfilled", 2)
    assert [ticket["state"] for ticket in order["tickets"]] == ["issued", "issued"]
    assert [(one.status_code, one.headers["content-type"], one.content[:4]) for one in pictures] == [
        (200, "image/png", b"\x89PNG")
    ] * 2


def test_a_hold_that_is_over_is_shown_as_expired(api: TestClient, scene: Scene, event: Event, kind: TicketType) -> None:
    """Before the sweep has come."""
    order = scene.order(event, {kind.id: 1}, hold=OVER)
    assert api.get(f"/v1/orders/{order.id}").json()["status"] == "expired"


def test_a_cancelled_order_is_shown_and_cannot_be_taken_back(
    api: TestClient, scene: Scene, event: Event, kind: TicketType
) -> None:
    """Cancelling is for what is not paid; once is enough."""
    order = scene.order(event, {kind.id: 1})
    answers = [api.post(f"/v1/orders/{order.id}/cancel") for _ in range(2)]
    paid = scene.order(event, {scene.ticket_type(event, 5, price=0).id: 1})
    refused = api.post(f"/v1/orders/{paid.id}/cancel")
    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(200, "cancelled")] * 2
    assert (refused.status_code, refused.json()["code"]) == (409, "order_state")


def test_another_organisation_sees_no_order(
    api: TestClient, stranger: TestClient, scene: Scene, event: Event, kind: TicketType
) -> None:
    """Nor can it order from a foreign event."""
    order = scene.order(event, {kind.id: 1})
    seen = [
        stranger.get(f"/v1/orders/{order.id}"),
        stranger.post(f"/v1/orders/{order.id}/cancel"),
        stranger.post("/v1/orders", json=body(event, kind)),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in seen] == [
        (404, "order_not_found"),
        (404, "order_not_found"),
        (404, "event_not_found"),
    ]


def test_a_large_order_shows_how_far_its_tickets_are(api: TestClient, scene: Scene, event: Event) -> None:
    """They are shown once all are printed: until then their number, and the batch that prints them."""
    free = scene.ticket_type(event, 200, price=0)
    order_id = api.post("/v1/orders", json=body(event, free, PRINTED_AT_ONCE + 1)).json()["id"]
    scene.generate(UUID(order_id))
    first = PrintTickets(order_id=UUID(order_id), first=0, count=PRINTED_AT_ONCE)
    run_inline(actors.print_tickets, first, scene.work, scene.press)

    halfway = api.get(f"/v1/orders/{order_id}").json()
    scene.inline().drain()
    whole = api.get(f"/v1/orders/{order_id}").json()

    assert (halfway["status"], halfway["tickets"], halfway["tickets_url"]) == ("paid", [], None)
    assert (halfway["ticket_count"], halfway["tickets_issued"]) == (PRINTED_AT_ONCE + 1, PRINTED_AT_ONCE)
    assert halfway["batch_id"] is not None
    assert (whole["status"], whole["tickets_issued"], len(whole["tickets"])) == (
        "fulfilled",
        *[PRINTED_AT_ONCE + 1] * 2,
    )
