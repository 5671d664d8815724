"""Webhooks of Cal.com and Retell at the gateway, of the settings and of each connection."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from services.appointments.domain.connections import OF_SETTINGS, Provider
from services.webhooks.sources import calcom, retell
from shared.contracts.webhooks import CalcomEventReceived, RetellEventReceived
from shared.messaging.testing import assert_nothing_published, assert_published, published
from tests.integration.appointments.front import Answered, Front

SECRET, KEY = "a-secret-of-the-settings", "key_of_the_settings"
BOOKED = '{"triggerEvent": "BOOKING_CREATED",  "payload": {"uid": "u1", "title": "Pr\\u00fcfung \\/ ü 😀"}}'.encode()
CALL = '{"event": "call_ended", "call": {"call_id": "c1", "transcript": "Gr\\u00fc\\u00df Gott \\/ ü 😀"}}'.encode()


def signed_by_calcom(body: bytes, secret: str) -> dict[str, str]:
    return {"X-Cal-Signature-256": calcom.sign(body, secret)}


def signed_by_retell(body: bytes, key: str, *, off_ms: int = 0) -> dict[str, str]:
    stamp = str(int(time.time() * 1000) + off_ms)
    return {"X-Retell-Signature": f"v={stamp},d={retell.sign(stamp, body, key)}"}


def connected(front: Front, organisation: str, **body: Any) -> dict[str, Any]:
    answered = front.call(
        "POST", "/v1/connections", {"name": "x", "api_key": "key_0123456789", **body}, key=front.key(organisation)[1]
    )
    assert answered.status == 201
    return dict(answered.body)


def path_of(made: dict[str, Any]) -> str:
    return f"/webhooks/{made['provider']}/{made['id']}"


@pytest.fixture
def configured(front: Front) -> Front:
    front.configure(calcom_webhook_secret=SecretStr(SECRET), retell_api_key=SecretStr(KEY))
    return front


def stored(front: Front) -> list[tuple[Any, ...]]:
    return front.database.query("SELECT source, event_type, body FROM webhooks.inbound_events ORDER BY received_at")


def codes(*answers: Answered) -> list[tuple[int, str]]:
    return [(answer.status, answer.body.get("code") or answer.body["result"]) for answer in answers]


def test_webhooks_of_the_settings_are_stored_as_they_came(configured: Front) -> None:
    """The raw bytes, and a message without a connection."""
    answers = [
        configured.call("POST", "/webhooks/calcom", BOOKED, signed_by_calcom(BOOKED, SECRET)),
        configured.call("POST", "/webhooks/retell", CALL, signed_by_retell(CALL, KEY)),
    ]
    assert codes(*answers) == [(200, "stored")] * 2
    rows = [(source, event_type, bytes(body)) for source, event_type, body in stored(configured)]
    assert rows == [("calcom", "BOOKING_CREATED", BOOKED), ("retell", "call_ended", CALL)]
    with configured.database.work("webhooks")() as session:
        booked = assert_published(session, CalcomEventReceived, connection_id=None)
        ended = assert_published(session, RetellEventReceived, connection_id=None, external_id="c1")
    assert booked.fields["data"] == {"uid": "u1", "title": "Prüfung / ü 😀"}
    assert ended.fields["data"]["transcript"] == "Grüß Gott / ü 😀"


def test_a_body_that_was_written_again_is_refused(configured: Front) -> None:
    """Its text is the same, its bytes are not."""
    for path, body, headers in (
        ("/webhooks/calcom", BOOKED, signed_by_calcom(BOOKED, SECRET)),
        ("/webhooks/retell", CALL, signed_by_retell(CALL, KEY)),
    ):
        rewritten = json.dumps(json.loads(body)).encode()
        assert codes(configured.call("POST", path, rewritten, headers)) == [(401, "bad_signature")]
    assert stored(configured) == []


def test_the_same_webhook_ten_times_at_once_is_one(configured: Front) -> None:
    """All are answered with success, one of them stored it."""
    headers = signed_by_calcom(BOOKED, SECRET)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: configured.call("POST", "/webhooks/calcom", BOOKED, headers), range(10)))
    assert sorted(codes(*answers)) == [(200, "duplicate")] * 9 + [(200, "stored")]
    with configured.database.work("webhooks")() as session:
        assert len(published(session)) == 1


def test_an_event_of_a_call_that_is_sent_again_is_one(configured: Front) -> None:
    """Signed anew, with another time; the other event of the call is another."""
    again = CALL.replace(b"ended", b"analyzed")
    answers = [
        configured.call("POST", "/webhooks/retell", body, signed_by_retell(body, KEY, off_ms=off))
        for body, off in ((CALL, 0), (CALL, 1_000), (again, 0), (again, -1_000))
    ]
    assert [answer.body["result"] for answer in answers] == ["stored", "duplicate", "stored", "duplicate"]


@pytest.mark.parametrize("off_ms", [-301_000, 302_000])
def test_a_call_signed_too_long_ago_or_in_the_future_is_refused(configured: Front, off_ms: int) -> None:
    """Both ways."""
    answered = configured.call("POST", "/webhooks/retell", CALL, signed_by_retell(CALL, KEY, off_ms=off_ms))
    assert codes(answered) == [(401, "bad_signature")]


def test_headers_that_are_missing_wrong_or_empty_words_are_refused(configured: Front) -> None:
    """400 for what is no signature, 401 for one that does not hold."""
    malformed, bad = (400, "malformed_webhook"), (401, "bad_signature")
    answers = [
        configured.call("POST", "/webhooks/calcom", BOOKED),
        configured.call("POST", "/webhooks/calcom", BOOKED, {"X-Cal-Signature-256": "rubbish"}),
        configured.call("POST", "/webhooks/calcom", BOOKED, {"X-Cal-Signature-256": "no-secret-provided"}),
        configured.call("POST", "/webhooks/calcom", BOOKED, signed_by_calcom(BOOKED, "another-secret")),
        configured.call("POST", "/webhooks/retell", CALL),
        configured.call("POST", "/webhooks/retell", CALL, {"X-Retell-Signature": "v=1,d=2"}),
        configured.call("POST", "/webhooks/retell", CALL, signed_by_retell(CALL, "another_key")),
    ]
    assert codes(*answers) == [malformed, malformed, bad, bad, malformed, malformed, bad]
    assert stored(configured) == []
    with configured.database.work("webhooks")() as session:
        assert_nothing_published(session)


def test_what_is_not_set_up_is_404(front: Front) -> None:
    """Without settings, whatever the signature."""
    answers = [
        front.call("POST", "/webhooks/calcom", BOOKED, signed_by_calcom(BOOKED, "")),
        front.call("POST", "/webhooks/retell", CALL, signed_by_retell(CALL, "")),
    ]
    assert codes(*answers) == [(404, "source_not_set_up")] * 2


def test_each_connection_has_an_address_and_a_secret_of_its_own(configured: Front) -> None:
    """The message says which; the same body at two addresses is two events."""
    ours, theirs = connected(configured, "Ours", provider="calcom"), connected(configured, "Theirs", provider="calcom")
    answers = [
        configured.call("POST", path_of(one), BOOKED, signed_by_calcom(BOOKED, one["webhook_secret"]))
        for one in (ours, theirs, ours)
    ]
    crossed = configured.call("POST", path_of(ours), BOOKED, signed_by_calcom(BOOKED, theirs["webhook_secret"]))
    settings = configured.call("POST", path_of(ours), BOOKED, signed_by_calcom(BOOKED, SECRET))
    assert codes(*answers) == [(200, "stored"), (200, "stored"), (200, "duplicate")]
    assert codes(crossed, settings) == [(401, "bad_signature")] * 2
    with configured.database.work("webhooks")() as session:
        for one in (ours, theirs):
            assert_published(session, CalcomEventReceived, connection_id=one["id"])


def test_retell_signs_with_its_api_key_or_the_one_with_the_badge(configured: Front) -> None:
    """Where another key is given for it, that one alone."""
    plain = connected(configured, "Plain", provider="retell")
    badge = connected(configured, "Badge", provider="retell", webhook_secret="key_with_the_badge")
    answers = [
        configured.call("POST", path_of(plain), CALL, signed_by_retell(CALL, "key_0123456789")),
        configured.call("POST", path_of(badge), CALL, signed_by_retell(CALL, "key_with_the_badge")),
        configured.call("POST", path_of(badge), CALL, signed_by_retell(CALL, "key_0123456789")),
    ]
    assert codes(*answers) == [(200, "stored"), (200, "stored"), (401, "bad_signature")]
    with configured.database.work("webhooks")() as session:
        assert_published(session, RetellEventReceived, connection_id=plain["id"], external_id="c1")


def test_a_new_secret_is_in_force_at_once(configured: Front) -> None:
    """The former one is refused."""
    made = connected(configured, "Ours", provider="calcom")
    key = configured.key("Ours")[1]
    rotated = configured.call("POST", f"/v1/connections/{made['id']}/rotate-webhook-secret", key=key).body
    answers = [
        configured.call("POST", path_of(made), BOOKED, signed_by_calcom(BOOKED, one["webhook_secret"]))
        for one in (made, rotated)
    ]
    assert codes(*answers) == [(401, "bad_signature"), (200, "stored")]


def test_addresses_of_no_connection_are_404(configured: Front) -> None:
    """Unknown, of the other provider, deleted, no id at all, of the settings, of a source without connections."""
    made = connected(configured, "Ours", provider="calcom")
    deleted = connected(configured, "Ours", provider="calcom")
    configured.call("DELETE", f"/v1/connections/{deleted['id']}", key=configured.key("Ours")[1])
    headers = {**signed_by_calcom(BOOKED, made["webhook_secret"]), **signed_by_retell(BOOKED, "key_0123456789")}
    paths = [
        f"/webhooks/calcom/{uuid4()}",
        f"/webhooks/retell/{made['id']}",
        path_of(deleted),
        "/webhooks/calcom/rubbish",
        f"/webhooks/calcom/{OF_SETTINGS[Provider.CALCOM]}",
        f"/webhooks/stripe/{made['id']}",
        f"/webhooks/paypal/{made['id']}",
    ]
    answers = [configured.call("POST", path, BOOKED, headers) for path in paths]
    assert codes(*answers) == [(404, "source_not_set_up")] * len(paths)
    assert stored(configured) == []


def test_a_long_call_goes_to_storage(configured: Front) -> None:
    """The message then says where it lies, and whose it is."""
    body = json.dumps({"event": "call_analyzed", "call": {"call_id": "c2", "transcript": "ü" * 60_000}}).encode()
    assert configured.call("POST", "/webhooks/retell", body, signed_by_retell(body, KEY)).status == 200
    with configured.database.work("webhooks")() as session:
        message = assert_published(session, RetellEventReceived, external_id="c2", data=None)
    assert (configured.storage_folder / message.fields["storage_key"]).read_bytes() == body
