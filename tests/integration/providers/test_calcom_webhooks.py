"""Webhooks of the local Cal.com."""

import hashlib
import hmac
from typing import Any

import pytest

from deploy.local.providers.client import Calcom
from tests.integration.providers.conftest import Api, Taker, utc, workday
from tests.support.waiting import wait_for

SECRET = "the-webhooks-own-secret"


@pytest.fixture
def heard(calcom: Calcom, taker: Taker) -> Taker:
    """Somebody who is told of everything."""
    calcom.subscribe(taker.url, SECRET)
    return taker


def after(heard: Taker, count: int) -> list[dict[str, Any]]:
    """The bodies, once there are so many."""
    wait_for(lambda: len(heard.taken) >= count, 5, f"{count} webhooks")
    return heard.bodies()


def test_each_is_signed_over_its_raw_body(api: Api, heard: Taker) -> None:
    """Text beyond ASCII is left as it is, without spaces after commas: parsed and written again it is another body."""
    made = api.booked(workday(), metadata={"appointment_id": "a1"})
    (body,) = after(heard, 1)
    headers, raw = heard.taken[0]
    assert headers["x-cal-signature-256"] == hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    assert headers["x-cal-webhook-version"] == "2021-10-20"
    assert "Zoë Müller".encode() in raw
    assert (body["payload"]["uid"], body["payload"]["metadata"]) == (made["uid"], {"appointment_id": "a1"})
    assert (body["payload"]["status"], body["payload"]["iCalSequence"]) == ("ACCEPTED", 0)


def test_a_moved_booking_names_what_it_was(api: Api, heard: Taker) -> None:
    """Another uid, the former in rescheduleUid, the sequence one higher, iCalUID the same."""
    former = api.booked(workday())
    after(heard, 1)
    moved = api.ask("POST", f"/v2/bookings/{former['uid']}/reschedule", {"start": utc(workday(11))}).json()["data"]
    payload = after(heard, 2)[1]["payload"]
    assert heard.events() == ["BOOKING_CREATED", "BOOKING_RESCHEDULED"]
    assert (payload["uid"], payload["rescheduleUid"], payload["iCalSequence"]) == (moved["uid"], former["uid"], 1)
    assert (payload["iCalUID"], payload["rescheduleStartTime"]) == (former["icsUid"], former["start"])


def test_a_request_that_was_moved_is_requested_again(calcom: Calcom, api: Api, heard: Taker) -> None:
    """BOOKING_REQUESTED with rescheduleUid: the name alone does not tell."""
    former = api.booked(workday(), eventTypeId=2)
    after(heard, 1)
    calcom.do(former["uid"], "reschedule", start=utc(workday(13)))
    bodies = after(heard, 2)
    assert heard.events() == ["BOOKING_REQUESTED", "BOOKING_REQUESTED"]
    assert bodies[1]["payload"]["rescheduleUid"] == former["uid"]


def test_a_cancelled_booking_has_another_shape(calcom: Calcom, api: Api, heard: Taker) -> None:
    """Times with an offset, no metadata, no price, the sequence one higher."""
    made = api.booked(workday())
    after(heard, 1)
    calcom.do(made["uid"], "cancel", cancellationReason="ill")
    payload = after(heard, 2)[1]["payload"]
    assert (payload["cancellationReason"], payload["price"], "metadata" in payload) == ("ill", None, False)
    assert (payload["startTime"][-6:], payload["iCalSequence"], payload["status"]) == ("+00:00", 1, "CANCELLED")


@pytest.mark.parametrize(
    ("deed", "event"), [("confirm", "BOOKING_CREATED"), ("decline", "BOOKING_REJECTED"), ("paid", "BOOKING_PAID")]
)
def test_what_a_host_does_is_announced(calcom: Calcom, api: Api, heard: Taker, deed: str, event: str) -> None:
    """Confirmed, declined, paid."""
    made = api.booked(workday(), eventTypeId=2)
    after(heard, 1)
    calcom.do(made["uid"], deed)
    assert after(heard, 2)[1]["triggerEvent"] == event


def test_who_did_not_come_has_a_shape_of_its_own(calcom: Calcom, api: Api, heard: Taker) -> None:
    """`bookingUid` in place of `uid`, and who it was."""
    made = api.booked(workday())
    after(heard, 1)
    calcom.do(made["uid"], "absent")
    body = after(heard, 2)[1]
    assert (body["triggerEvent"], body["payload"]["bookingUid"]) == ("BOOKING_NO_SHOW_UPDATED", made["uid"])
    assert body["payload"]["attendees"] == [{"email": "zoe@example.org", "noShow": True}]


def test_a_walk_in_has_no_metadata_of_ours(calcom: Calcom, heard: Taker) -> None:
    """Somebody books on Cal.com's own page."""
    calcom.book(workday())
    assert after(heard, 1)[0]["payload"]["metadata"] == {}


def test_they_come_twice_in_reverse_or_never(calcom: Calcom, api: Api, heard: Taker) -> None:
    """As told: two copies of each; held back and sent the newest first; none at all."""
    calcom.send_webhooks(copies=2)
    made = api.booked(workday())
    after(heard, 2)
    calcom.send_webhooks(hold=2)
    calcom.do(made["uid"], "reschedule", start=utc(workday(11)))
    moved = calcom.standing()[0]["uid"]
    calcom.do(moved, "cancel")
    after(heard, 4)
    calcom.send_webhooks(never=True)
    calcom.book(workday(12))
    assert heard.taken[0][1] == heard.taken[1][1]
    assert heard.events()[2:] == ["BOOKING_CANCELLED", "BOOKING_RESCHEDULED"]
    assert len(calcom.webhooks()) == 4


def test_an_old_one_can_be_sent_again(calcom: Calcom, api: Api, heard: Taker) -> None:
    """Byte for byte, or written anew with an older time."""
    made = api.booked(workday())
    after(heard, 1)
    calcom.send_again(0)
    after(heard, 2)
    calcom.send_about(made["uid"], "BOOKING_CREATED", age=3600)
    bodies = after(heard, 3)
    assert heard.taken[0][1] == heard.taken[1][1]
    assert bodies[2]["createdAt"] < bodies[0]["createdAt"]


def test_one_that_is_not_taken_is_lost(calcom: Calcom, api: Api, heard: Taker) -> None:
    """Cal.com does not try again: what was missed has to be looked for."""
    heard.statuses.append(500)
    api.booked(workday())
    wait_for(lambda: [each for each in calcom.webhooks() if each["is_over"]], 5, "the delivery to be over")
    assert calcom.webhooks()[0]["statuses"] == [500]


def test_without_a_secret_it_says_so(calcom: Calcom, api: Api, taker: Taker) -> None:
    """The literal that a receiver must refuse. Subscribed by the API, for one event only."""
    body = {"subscriberUrl": taker.url, "triggers": ["BOOKING_CANCELLED"], "active": True}
    subscribed = api.ask("POST", "/v2/webhooks", body)
    made = api.booked(workday())
    calcom.do(made["uid"], "cancel")
    after(taker, 1)
    assert (subscribed.status, taker.events()) == (201, ["BOOKING_CANCELLED"])
    assert taker.taken[0][0]["x-cal-signature-256"] == "no-secret-provided"
