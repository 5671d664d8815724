"""`/v1/connections`: secrets go in and never come out, and nobody sees another's."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from services.appointments.domain.connections import OF_SETTINGS, Provider
from shared.contracts.appointments import FindMissedBookings, FindMissedCalls, SyncCalendar
from shared.messaging.testing import assert_nothing_published, assert_published, published
from tests.integration.appointments.front import PUBLIC_URL, Front

CALCOM = {"provider": "calcom", "name": "The practice", "api_key": "cal_live_0123456789"}
RETELL = {"provider": "retell", "name": "Ava", "api_key": "key_0123456789"}


@pytest.fixture
def key(front: Front) -> str:
    return front.key("Practice")[1]


def made(front: Front, key: str, body: dict[str, Any]) -> dict[str, Any]:
    answered = front.call("POST", "/v1/connections", body, key=key)
    assert answered.status == 201, answered.body
    return dict(answered.body)


def test_a_connection_to_calcom_gets_a_secret_and_an_address(front: Front, key: str) -> None:
    """The secret is shown this once; the address is what is entered at Cal.com."""
    created = made(front, key, CALCOM)
    shown = front.call("GET", f"/v1/connections/{created['id']}", key=key).body
    assert created["webhook_url"] == f"{PUBLIC_URL}/webhooks/calcom/{created['id']}"
    assert len(created.pop("webhook_secret")) == 64
    assert shown == created


def test_the_event_types_of_a_new_calendar_are_read(front: Front, key: str) -> None:
    """Published with the row, for its organisation."""
    created = made(front, key, CALCOM)
    with front.database.work("appointments")() as session:
        assert_published(session, SyncCalendar, connection_id=created["id"])


def test_a_connection_to_retell_needs_no_secret(front: Front, key: str) -> None:
    """It signs with its API key; nothing is to be read from it at once."""
    created = made(front, key, RETELL)
    assert (created["webhook_secret"], created["webhook_url"]) == (
        None,
        f"{PUBLIC_URL}/webhooks/retell/{created['id']}",
    )
    with front.database.work("appointments")() as session:
        assert_nothing_published(session)


def test_secrets_are_encrypted_at_rest_and_never_shown(front: Front, key: str) -> None:
    """Neither in the rows nor in what is listed, or told by the outbox."""
    secret = "a-secret-of-our-own-choice"
    made(front, key, {**CALCOM, "webhook_secret": secret})
    listed = front.call("GET", "/v1/connections", key=key).body
    rows = front.database.query("SELECT api_key, webhook_secret FROM appointments.connections")
    kept = b"".join(bytes(value) for value in rows[0])
    outbox = b"".join(bytes(row[0]) for row in front.database.query("SELECT body FROM messaging.outbox"))
    for text in (secret, CALCOM["api_key"]):
        assert text not in str(listed)
        assert text.encode() not in kept + outbox


def test_nobody_sees_or_changes_another_organisation_s(front: Front, key: str) -> None:
    """Whatever is asked of it, it is not there."""
    path = f"/v1/connections/{made(front, key, CALCOM)['id']}"
    other = front.key("Other")[1]
    answers = [
        front.call("GET", path, key=other),
        front.call("PATCH", path, {"name": "mine"}, key=other),
        front.call("DELETE", path, key=other),
        front.call("POST", f"{path}/sync", key=other),
        front.call("POST", f"{path}/rotate-webhook-secret", key=other),
        front.call("GET", f"/v1/connections/{uuid4()}", key=other),
    ]
    assert [(answer.status, answer.body["code"]) for answer in answers] == [(404, "connection_not_found")] * 6
    assert front.call("GET", "/v1/connections", key=other).body["data"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": "google"},
        {"api_key": ""},
        {"api_key": "short"},
        {"api_key": "cal_live_\u00fc123456"},
        {"api_key": "cal_live 0123456"},
        {"api_key": "k" * 501},
        {"webhook_secret": "short"},
        {"webhook_secret": ""},
        {"name": ""},
        {"name": " "},
        {"name": "a\nb"},
        {"name": "n" * 201},
        {"apikey": "cal_live_0123456789"},
    ],
)
def test_what_cannot_be_a_connection_is_422(front: Front, key: str, wrong: dict[str, str]) -> None:
    """And the answer does not repeat the secret that was sent."""
    answered = front.call("POST", "/v1/connections", {**CALCOM, **wrong}, key=key)
    assert answered.status == 422
    assert "cal_live" not in str(answered.body)


def test_a_connection_is_renamed_and_given_other_secrets(front: Front, key: str) -> None:
    """What is left out stays."""
    path = f"/v1/connections/{made(front, key, CALCOM)['id']}"
    before = front.database.query("SELECT api_key, webhook_secret FROM appointments.connections")[0]
    changed = front.call("PATCH", path, {"name": "New", "api_key": "cal_live_9876543210"}, key=key)
    after = front.database.query("SELECT api_key, webhook_secret FROM appointments.connections")[0]
    assert (changed.status, changed.body["name"]) == (200, "New")
    assert (before[0] != after[0], before[1] == after[1]) == (True, True)


def test_another_key_is_tried_at_once(front: Front, key: str) -> None:
    """What the former one was refused for is forgotten; a new name changes nothing of it."""
    path = f"/v1/connections/{made(front, key, CALCOM)['id']}"
    front.database.query("UPDATE appointments.connections SET last_error = 'the key is refused'")
    front.database.query("DELETE FROM messaging.outbox")
    renamed = front.call("PATCH", path, {"name": "New"}, key=key)
    with front.database.work("appointments")() as session:
        assert_nothing_published(session)
    changed = front.call("PATCH", path, {"api_key": "cal_live_9876543210"}, key=key)
    with front.database.work("appointments")() as session:
        assert_published(session, SyncCalendar)
    assert (renamed.body["last_error"], changed.body["last_error"]) == ("the key is refused", None)


def test_calcom_cannot_do_without_a_secret(front: Front, key: str) -> None:
    """Retell can."""
    calcom = front.call("PATCH", f"/v1/connections/{made(front, key, CALCOM)['id']}", {"webhook_secret": None}, key=key)
    retell = front.call("PATCH", f"/v1/connections/{made(front, key, RETELL)['id']}", {"webhook_secret": None}, key=key)
    assert (calcom.status, calcom.body["code"], retell.status) == (422, "invalid_webhook_secret", 200)


def test_a_webhook_secret_is_made_anew(front: Front, key: str) -> None:
    """Another one, shown this once. Retell's is made there."""
    created = made(front, key, CALCOM)
    rotated = front.call("POST", f"/v1/connections/{created['id']}/rotate-webhook-secret", key=key)
    retell = made(front, key, RETELL)
    refused = front.call("POST", f"/v1/connections/{retell['id']}/rotate-webhook-secret", key=key)
    assert rotated.status == 200
    assert len(rotated.body["webhook_secret"]) == 64 != rotated.body["webhook_secret"] != created["webhook_secret"]
    assert (refused.status, refused.body["code"]) == (422, "invalid_webhook_secret")


def test_a_deleted_connection_is_gone_with_its_secrets(front: Front, key: str) -> None:
    """The row stays, for its calls and appointments."""
    path = f"/v1/connections/{made(front, key, CALCOM)['id']}"
    assert front.call("DELETE", path, key=key).status == 204
    assert front.call("GET", path, key=key).status == 404
    assert front.call("DELETE", path, key=key).status == 404
    rows = front.database.query("SELECT api_key, webhook_secret, deleted_at IS NULL FROM appointments.connections")
    assert rows == [(None, None, False)]


def test_a_connection_is_synced_on_demand(front: Front, key: str) -> None:
    """Calendars and bookings of one, calls of the other; asked twice, it is done once."""
    calcom, retell = made(front, key, CALCOM), made(front, key, RETELL)
    answers = [front.call("POST", f"/v1/connections/{one['id']}/sync", key=key) for one in (calcom, retell, calcom)]
    with front.database.work("appointments")() as session:
        assert_published(session, FindMissedBookings, connection_id=calcom["id"])
        assert_published(session, FindMissedCalls, connection_id=retell["id"])
        kinds = sorted(message.kind for message in published(session))
    assert [answer.status for answer in answers] == [202] * 3
    assert kinds == sorted([SyncCalendar.kind] * 2 + [FindMissedBookings.kind, FindMissedCalls.kind])


def test_the_same_request_twice_makes_one_connection(front: Front, key: str) -> None:
    """With an Idempotency-Key; the second answer has the secret, too."""
    answers = [front.call("POST", "/v1/connections", CALCOM, {"Idempotency-Key": "once"}, key=key) for _ in range(2)]
    assert answers[0] == answers[1]
    assert front.database.value("SELECT count(*) FROM appointments.connections") == 1


class TestOfTheSettings:
    """The connection of those who have only one: environment variables, and no row until it is needed."""

    @pytest.fixture
    def owner(self, front: Front) -> str:
        organisation_id, key = front.key("Owner")
        front.set_up_company(organisation_id)
        front.configure(
            calcom_api_key=SecretStr("cal_live_settings"),
            calcom_webhook_secret=SecretStr("a-secret-of-the-settings"),
            retell_api_key=SecretStr("key_settings"),
        )
        return key

    def test_it_is_shown_to_the_one_company(self, front: Front, owner: str) -> None:
        """First in the list, with the plain addresses."""
        own = made(front, owner, CALCOM)
        listed = front.call("GET", "/v1/connections", key=owner).body["data"]
        assert [(one["webhook_url"].removeprefix(PUBLIC_URL), one["of_settings"]) for one in listed] == [
            ("/webhooks/retell", True),
            ("/webhooks/calcom", True),
            (f"/webhooks/calcom/{own['id']}", False),
        ]

    def test_pages_hold_each_connection_once(self, front: Front, owner: str) -> None:
        """From page to page, one on each."""
        ids, cursor = [made(front, owner, CALCOM)["id"], made(front, owner, RETELL)["id"]], ""
        seen = list[str]()
        for _ in range(4):
            page = front.call("GET", f"/v1/connections?limit=1{cursor}", key=owner).body
            seen += [one["id"] for one in page["data"]]
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == [str(one) for one in sorted(OF_SETTINGS.values())] + ids
        assert page["next_cursor"] is None

    def test_it_is_not_changed_here(self, front: Front, owner: str) -> None:
        """409, and what to change instead."""
        path = f"/v1/connections/{OF_SETTINGS[Provider.CALCOM]}"
        answers = [
            front.call("PATCH", path, {"name": "x"}, key=owner),
            front.call("DELETE", path, key=owner),
            front.call("POST", f"{path}/rotate-webhook-secret", key=owner),
        ]
        assert [(answer.status, answer.body["code"]) for answer in answers] == [(409, "connection_of_settings")] * 3
        assert "APPOINTMENTS_CALCOM_" in answers[0].body["detail"]

    def test_it_is_synced_on_demand(self, front: Front, owner: str) -> None:
        """Like any other."""
        connection_id = OF_SETTINGS[Provider.CALCOM]
        assert front.call("POST", f"/v1/connections/{connection_id}/sync", key=owner).status == 202
        with front.database.work("appointments")() as session:
            assert_published(session, SyncCalendar, connection_id=str(connection_id))

    def test_it_serves_nobody_where_two_have_a_company(self, front: Front, owner: str) -> None:
        """Neither is shown it."""
        other_id, other = front.key("Other")
        assert front.call("GET", "/v1/connections", key=other).body["data"] == []
        front.set_up_company(other_id)
        for key in (owner, other):
            assert front.call("GET", "/v1/connections", key=key).body["data"] == []
            path = f"/v1/connections/{OF_SETTINGS[Provider.CALCOM]}"
            assert front.call("GET", path, key=key).status == 404


def test_the_document_names_every_call(front: Front) -> None:
    """With its problems, and the key that a POST can carry."""
    paths = front.call("GET", "/openapi.json").body["paths"]
    named = {f"{method} {path}" for path, methods in paths.items() for method in methods if "connection" in path}
    assert named == {
        "post /v1/connections",
        "get /v1/connections",
        "get /v1/connections/{connection_id}",
        "patch /v1/connections/{connection_id}",
        "delete /v1/connections/{connection_id}",
        "post /v1/connections/{connection_id}/sync",
        "post /v1/connections/{connection_id}/rotate-webhook-secret",
        "post /webhooks/{source}/{connection}",
    }
    assert "default" not in str(paths["/v1/connections/{connection_id}"]["patch"]["requestBody"])


def test_ids_are_those_of_rows(front: Front, key: str) -> None:
    """A UUID of version 7, so that lists are in the order of their making."""
    assert UUID(made(front, key, CALCOM)["id"]).version == 7
