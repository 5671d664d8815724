"""Check-ins over HTTP."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi.testclient import TestClient

from services.ticketing.domain.tickets import Ticket, read_token
from shared.ids import new_id
from tests.integration.ticketing.scene import Scene


@pytest.fixture
def ticket(scene: Scene, api: TestClient) -> Ticket:
    """An issued ticket of the API's organisation."""
    (issued,) = scene.issued()
    return issued


def body(ticket: Ticket, **changes: Any) -> dict[str, Any]:
    fields = {"event_id": str(ticket.event_id), "token": ticket.token, "nonce": "scan-1", **changes}
    return {name: value for name, value in fields.items() if value is not None}


def test_a_ticket_is_redeemed_once(api: TestClient, ticket: Ticket) -> None:
    """The answer names the ticket, its buyer, the event, and when it was first redeemed."""
    first = api.post("/v1/check-ins", json=body(ticket, at="2030-05-01T18:00:00Z")).json()
    second = api.post("/v1/check-ins", json=body(ticket, nonce="scan-2"))
    assert (first["result"], second.status_code, second.json()["result"]) == ("ok", 200, "already_redeemed")
    assert first["ticket"]["code"] == ticket.code
    assert (first["ticket"]["customer_name"], first["event"]["name"]) == ("Ada Lovelace", "Spring Ball")
    assert second.json()["first_redeemed_at"] == first["first_redeemed_at"]


def test_a_code_is_as_good_as_a_token(api: TestClient, ticket: Ticket) -> None:
    """For when the screen is broken."""
    answer = api.post("/v1/check-ins", json=body(ticket, token=None, code=ticket.code.lower()))
    assert answer.json()["result"] == "ok"


def test_a_clock_that_runs_ahead_is_not_believed(api: TestClient, ticket: Ticket) -> None:
    """A scan is never later than now."""
    answer = api.post("/v1/check-ins", json=body(ticket, at="2199-01-01T00:00:00Z")).json()
    assert not answer["first_redeemed_at"].startswith("2199")


def test_a_faulty_check_in_is_refused(api: TestClient, ticket: Ticket) -> None:
    """With a code that tells the fault; the ticket stays good."""
    faults: list[tuple[dict[str, Any], int, str]] = [
        ({"token": "hello"}, 422, "bad_token"),
        ({"token": None}, 422, "validation_failed"),
        ({"code": "ABCDEFGHJK"}, 422, "validation_failed"),
        ({"nonce": ""}, 422, "validation_failed"),
        ({"nonce": None}, 422, "validation_failed"),
        ({"nonce": "a b"}, 422, "validation_failed"),
        ({"at": "2030-05-01T18:00:00"}, 422, "validation_failed"),
        ({"event_id": str(new_id())}, 404, "event_not_found"),
    ]
    answers = [api.post("/v1/check-ins", json=body(ticket, **changes)) for changes, _, _ in faults]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(status, code) for _, status, code in faults]
    assert api.post("/v1/check-ins", json=body(ticket)).json()["result"] == "ok"


def test_a_nonce_of_another_ticket_is_a_conflict(api: TestClient, scene: Scene, ticket: Ticket) -> None:
    """The scanner must draw a new one."""
    first, second = scene.issued(2)
    api.post("/v1/check-ins", json=body(first))
    answer = api.post("/v1/check-ins", json=body(second))
    assert (answer.status_code, answer.json()["code"]) == (409, "nonce_reused")


def test_a_scanner_can_verify_tickets_with_what_it_fetched(api: TestClient, scene: Scene, ticket: Ticket) -> None:
    """Offline: the key by its id, the signature, the event, and the list of tickets that are not good any more."""
    scene.database.query("UPDATE ticketing.tickets SET state = 'revoked' WHERE id = %s", ticket.id)
    fetched = api.get(f"/v1/events/{ticket.event_id}/check-in-keys").json()
    keys = {base64.b64decode(key["id"]): base64.b64decode(key["public_key"]) for key in fetched["keys"]}
    token = read_token(ticket.token)
    Ed25519PublicKey.from_public_bytes(keys[token.key_id]).verify(token.signature, token.signed)
    assert fetched["revoked_ticket_ids"] == [str(token.ticket_id)]


def test_another_organisation_cannot_check_in(stranger: TestClient, api: TestClient, ticket: Ticket) -> None:
    """The event is not there for it."""
    answer = stranger.post("/v1/check-ins", json=body(ticket))
    assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found")
    assert api.post("/v1/check-ins", json=body(ticket)).json()["result"] == "ok"
