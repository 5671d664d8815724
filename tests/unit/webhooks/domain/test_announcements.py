"""The body that subscribers get."""

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from services.webhooks.domain.announcements import MAX_BODY_BYTES, Announcement, EventType, Value, sent_id
from shared.contracts.ticketing import INLINE_TICKETS
from shared.ids import new_id

AT = datetime(2026, 5, 4, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2)))


def announcement(data: dict[str, Value]) -> Announcement:
    return Announcement(EventType.ORDER_PAID, UUID(int=1), UUID(int=2), AT, data)


def test_the_body_has_type_timestamp_and_data() -> None:
    """The three members of the specification, the time in UTC."""
    assert json.loads(announcement({"number": "Ä-1"}).body()) == {
        "type": "order.paid",
        "timestamp": "2026-05-04T10:30:15.123Z",
        "data": {"number": "Ä-1"},
    }


def test_the_key_names_what_happened_to_what() -> None:
    """So that the same event, told twice, is one message."""
    assert announcement({}).key == f"order.paid:{UUID(int=1)}"


def test_what_can_happen_again_has_its_occurrence_in_the_key() -> None:
    """Each move of an appointment is a message of its own; the first one, numbered 0, too."""
    moves = [
        Announcement(EventType.APPOINTMENT_RESCHEDULED, UUID(int=1), UUID(int=2), AT, {}, occurrence)
        for occurrence in (0, 1)
    ]
    assert [move.key for move in moves] == [f"appointment.rescheduled:{UUID(int=1)}:{number}" for number in (0, 1)]


def test_the_largest_order_stays_under_the_limit() -> None:
    """As many tickets as an event names."""
    ticket: dict[str, str] = {"id": str(new_id()), "code": "X" * 64}
    body = announcement({"tickets": [ticket] * INLINE_TICKETS, "number": "9" * 100}).body()
    assert len(body.encode()) < MAX_BODY_BYTES


def test_the_sent_id_has_no_full_stop() -> None:
    """It separates the parts of what is signed."""
    assert "." not in sent_id(new_id())


def test_the_time_is_told_in_utc() -> None:
    """Whatever zone it was given in."""
    told = json.loads(announcement({}).body())["timestamp"]
    assert datetime.fromisoformat(told).astimezone(UTC) == AT.replace(microsecond=123000)
