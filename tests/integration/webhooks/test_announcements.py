"""One delivery for each endpoint that wants to know, however often the same is said."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import orjson

from services.webhooks import actors
from services.webhooks.domain.announcements import MAX_BODY_BYTES
from services.webhooks.handlers import announcements, endpoints
from shared.clock import now
from shared.contracts.appointments import AppointmentBooked, AppointmentCancelled, AppointmentRescheduled
from shared.contracts.ticketing import INLINE_TICKETS, IssuedTicket, OrderFulfilled
from shared.contracts.webhooks import DeliverWebhook
from shared.ids import new_id
from shared.messaging.testing import assert_nothing_published, assert_published, published, run_inline
from tests.integration.webhooks.shop import Shop, Worker, order_paid
from tests.support.databases import Database

URL = "https://shop.example/hooks"


def fulfilled(organisation_id: UUID) -> OrderFulfilled:
    ticket = IssuedTicket(
        id=new_id(), code="K7PM2Q9R", token="BH1.secret.secret", ticket_type="Stalls", qr_key="tickets/1.png"
    )
    return OrderFulfilled(
        order_id=new_id(),
        number="BH-1002",
        organisation_id=organisation_id,
        event_id=new_id(),
        event_name="Concert",
        starts_at=now(),
        customer_name="Ada",
        customer_email="ada@example.com",
        customer_phone="+491701234567",
        amount=9000,
        currency="eur",
        ticket_count=2000,
        tickets=[ticket] * INLINE_TICKETS,
        tickets_url="https://tickets.example/o/secret-link",
        fulfilled_at=now(),
    )


def delivered_to(database: Database) -> set[UUID]:
    return {row[0] for row in database.query("SELECT endpoint_id FROM webhooks.deliveries")}


def test_each_subscribed_enabled_endpoint_of_the_organisation_gets_one(shop: Shop) -> None:
    """Not those of others, of other types, disabled or deleted."""
    wanted = {shop.subscribe(URL)[0], shop.subscribe(URL, "order.fulfilled", "order.paid")[0]}
    shop.subscribe(URL, "order.fulfilled")
    Shop(shop.database).subscribe(URL)
    disabled, deleted = shop.subscribe(URL)[0], shop.subscribe(URL)[0]
    with shop.database.work("webhooks")() as session:
        endpoints.change(session, shop.organisation_id, disabled, {"enabled": False})
        endpoints.delete(session, shop.organisation_id, deleted)
    shop.pay_an_order()
    with shop.database.work("webhooks")() as session:
        commands = [message.fields["delivery_id"] for message in published(session)]
    deliveries = shop.database.query("SELECT id, endpoint_id, state FROM webhooks.deliveries")
    assert {row[1] for row in deliveries} == wanted
    assert sorted(commands) == sorted(str(row[0]) for row in deliveries)


def test_the_same_event_many_times_is_one_message(shop: Shop) -> None:
    """Ten at once, and once more later."""
    shop.subscribe(URL)
    order_id = new_id()
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: shop.pay_an_order(order_id), range(10)))
    shop.pay_an_order(order_id)
    with shop.database.work("webhooks")() as session:
        assert len(published(session)) == 1
    assert shop.database.value("SELECT count(*) FROM webhooks.deliveries") == 1


def test_what_nobody_wants_is_not_stored(shop: Shop) -> None:
    """An event that nobody hears is normal."""
    shop.pay_an_order()
    with shop.database.work("webhooks")() as session:
        assert_nothing_published(session)
    assert shop.database.value("SELECT count(*) FROM webhooks.outbound_messages") == 0


def test_what_only_a_disabled_endpoint_wants_is_kept_for_it(shop: Shop) -> None:
    """Stored, so that it can be replayed when it is enabled again."""
    endpoint_id, _ = shop.subscribe(URL)
    with shop.database.work("webhooks")() as session:
        endpoints.change(session, shop.organisation_id, endpoint_id, {"enabled": False})
    shop.pay_an_order()
    assert delivered_to(shop.database) == set()
    assert shop.database.value("SELECT count(*) FROM webhooks.outbound_messages") == 1


def test_tickets_are_told_without_what_opens_a_door(shop: Shop, worker: Worker) -> None:
    """Ids, codes and their number: no token, no link, nothing of the buyer's, and under 20 kB."""
    shop.subscribe(URL)
    event = fulfilled(shop.organisation_id)
    run_inline(actors.announce_order_fulfilled, event, shop.database.work("webhooks"), worker.dependencies)
    body = str(shop.database.value("SELECT body FROM webhooks.outbound_messages"))
    data = orjson.loads(body)["data"]
    assert (data["ticket_count"], len(data["tickets"])) == (2000, INLINE_TICKETS)
    assert data["tickets"][0] == {"id": str(event.tickets[0].id), "code": "K7PM2Q9R"}
    assert not any(secret in body for secret in ("BH1.", "secret-link", "ada@example.com", "+49170", "Ada"))
    assert len(body.encode()) < MAX_BODY_BYTES


def test_paid_and_fulfilled_of_one_order_are_two_messages(shop: Shop) -> None:
    """The key is type and order together."""
    shop.subscribe(URL)
    event = fulfilled(shop.organisation_id)
    with shop.database.work("webhooks")() as session:
        announcements.order_fulfilled(session, event)
        announcements.order_paid(session, order_paid(shop.organisation_id, event.order_id))
    types = shop.database.query("SELECT event_type FROM webhooks.outbound_messages ORDER BY id")
    assert [row[0] for row in types] == ["order.fulfilled", "order.paid"]


def test_a_delivery_belongs_to_the_journey_of_its_organisation(shop: Shop) -> None:
    """The command says for whom it is."""
    shop.subscribe(URL)
    shop.pay_an_order()
    with shop.database.work("webhooks")() as session:
        command = assert_published(session, DeliverWebhook, delivery_id=str(shop.delivery()), by_hand=False)
    assert command.options["organisation_id"] == str(shop.organisation_id)


STARTS = datetime(2031, 3, 20, 11, 0, tzinfo=timezone(timedelta(hours=1)))


def appointment(organisation_id: UUID, appointment_id: UUID | None = None) -> dict[str, Any]:
    return {
        "appointment_id": appointment_id or new_id(),
        "organisation_id": organisation_id,
        "service": "Prüfung",
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(minutes=30),
    }


def told(database: Database) -> list[tuple[str, dict[str, Any]]]:
    rows = database.query("SELECT event_type, body FROM webhooks.outbound_messages ORDER BY id")
    return [(row[0], orjson.loads(row[1])["data"]) for row in rows]


def test_a_booked_appointment_is_told_once(shop: Shop, worker: Worker) -> None:
    """Ids, the service and the times in UTC; nothing of who comes."""
    shop.subscribe(URL, "appointment.booked")
    facts, call_id = appointment(shop.organisation_id), new_id()
    event = AppointmentBooked(**facts, call_id=call_id, customer_id=None, booked_at=now())
    for _ in range(2):
        run_inline(actors.announce_appointment_booked, event, shop.database.work("webhooks"), worker.dependencies)
    expected = {
        "appointment_id": str(facts["appointment_id"]),
        "organisation_id": str(shop.organisation_id),
        "service": "Prüfung",
        "starts_at": "2031-03-20T10:00:00Z",
        "ends_at": "2031-03-20T10:30:00Z",
        "call_id": str(call_id),
        "customer_id": None,
    }
    assert told(shop.database) == [("appointment.booked", expected)]


def test_each_move_of_an_appointment_is_told_once(shop: Shop, worker: Worker) -> None:
    """The sequence says which is meant, however often it is said."""
    shop.subscribe(URL)
    facts = appointment(shop.organisation_id)
    moves = [
        AppointmentRescheduled(
            **facts, previous_starts_at=STARTS - timedelta(days=1), sequence=sequence, rescheduled_at=now()
        )
        for sequence in (1, 1, 2)
    ]
    for event in moves:
        run_inline(actors.announce_appointment_rescheduled, event, shop.database.work("webhooks"), worker.dependencies)
    assert [(kind, data["sequence"], data["previous_starts_at"]) for kind, data in told(shop.database)] == [
        ("appointment.rescheduled", 1, "2031-03-19T10:00:00Z"),
        ("appointment.rescheduled", 2, "2031-03-19T10:00:00Z"),
    ]


def test_an_appointment_that_falls_again_is_told_again(shop: Shop, worker: Worker) -> None:
    """It was taken up in between; the same message twice is one."""
    shop.subscribe(URL)
    facts = appointment(shop.organisation_id)
    days = [datetime(2031, 3, day, tzinfo=UTC) for day in (1, 1, 2)]
    for day in days:
        event = AppointmentCancelled(**facts, reason="ill " * 2_000, cancelled_at=day)
        run_inline(actors.announce_appointment_cancelled, event, shop.database.work("webhooks"), worker.dependencies)
    assert [(kind, len(data["reason"])) for kind, data in told(shop.database)] == [("appointment.cancelled", 500)] * 2
