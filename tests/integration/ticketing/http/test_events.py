"""Events and ticket types over HTTP."""

from typing import Any

from fastapi.testclient import TestClient

from shared.ids import new_id

EVENT = {"name": "Spring Ball", "starts_at": "2030-05-01T20:00:00+02:00", "currency": "EUR"}


def created(api: TestClient, **changes: Any) -> dict[str, Any]:
    answer = api.post("/v1/events", json=EVENT | changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_an_event_is_created_and_shown(api: TestClient) -> None:
    """Times come back in UTC, the currency in lower case."""
    event = created(api, venue="Town Hall", ends_at="2030-05-02T01:00:00Z")
    assert event == {
        "id": event["id"],
        "name": "Spring Ball",
        "starts_at": "2030-05-01T18:00:00Z",
        "ends_at": "2030-05-02T01:00:00Z",
        "venue": "Town Hall",
        "currency": "eur",
    }
    assert api.get(f"/v1/events/{event['id']}").json() == event


def test_a_faulty_event_is_refused(api: TestClient) -> None:
    """Whatever the fault; nothing is stored."""
    faults = [
        {"currency": "xyz"},
        {"name": " "},
        {"name": "a\nb"},
        {"starts_at": "2030-05-01T20:00:00"},
        {"ends_at": "2030-05-01T19:59:59+02:00"},
        {"begins_at": "2030-05-01T20:00:00Z"},
    ]
    answers = [api.post("/v1/events", json=EVENT | fault) for fault in faults]
    codes = ["validation_failed"] * 5 + ["unknown_field"]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(422, code) for code in codes]
    assert api.get("/v1/events").json()["data"] == []


def test_events_are_listed_page_by_page(api: TestClient) -> None:
    """Oldest first; the cursor leads on to the last page."""
    ids = [created(api)["id"] for _ in range(3)]
    first = api.get("/v1/events", params={"limit": 2}).json()
    second = api.get("/v1/events", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [event["id"] for event in first["data"] + second["data"]] == ids
    assert second["next_cursor"] is None


def test_ticket_types_are_created_listed_and_shown(api: TestClient) -> None:
    """With how many are left."""
    event = created(api)
    path = f"/v1/events/{event['id']}/ticket-types"
    answer = api.post(path, json={"name": "Standing", "price": 2_000, "quantity": 50, "max_per_order": 4})
    kind = answer.json()
    assert (answer.status_code, kind["available"], kind["currency"]) == (201, 50, "eur")
    assert api.get(path).json() == {"data": [kind], "next_cursor": None}
    assert api.get(f"{path}/{kind['id']}").json() == kind


def test_a_faulty_ticket_type_is_refused(api: TestClient) -> None:
    """Prices are integers in minor units; whatever the fault, nothing is put on sale."""
    path = f"/v1/events/{created(api)['id']}/ticket-types"
    good = {"name": "Standing", "price": 2_000, "quantity": 50}
    faults: list[dict[str, Any]] = [{"price": -1}, {"price": 1.5}, {"quantity": 0}, {"max_per_order": 0}, {"name": ""}]
    answers = [api.post(path, json=good | fault) for fault in faults]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(422, "validation_failed")] * len(faults)
    assert api.get(path).json()["data"] == []


def test_another_organisation_sees_nothing(api: TestClient, stranger: TestClient) -> None:
    """Neither in its lists nor by id."""
    event = created(api)
    path = f"/v1/events/{event['id']}"
    kind = api.post(f"{path}/ticket-types", json={"name": "Standing", "price": 2_000, "quantity": 50}).json()
    seen = [stranger.get(path), stranger.get(f"{path}/ticket-types"), stranger.get(f"{path}/ticket-types/{kind['id']}")]
    seen.append(stranger.get(f"{path}/check-in-keys"))
    seen.append(stranger.post(f"{path}/ticket-types", json={"name": "Mine", "price": 0, "quantity": 1}))
    assert [(answer.status_code, answer.json()["code"]) for answer in seen] == [(404, "event_not_found")] * 5
    assert stranger.get("/v1/events").json()["data"] == []


def test_an_unknown_ticket_type_is_not_found(api: TestClient) -> None:
    """With a code of its own."""
    answer = api.get(f"/v1/events/{created(api)['id']}/ticket-types/{new_id()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "ticket_type_not_found")
