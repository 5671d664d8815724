"""What a buyer is told, once."""

import orjson
import pytest
import structlog

from shared.messaging.causes import Cause, caused_by
from shared.messaging.outbox import publish
from shared.messaging.testing import published
from tests.integration.notifications.conftest import Start
from tests.integration.notifications.mail_servers import Mailboxes, aiosmtpd_server, scripted
from tests.integration.notifications.twilio_server import twilio
from tests.support.databases import Database
from tests.unit.notifications.samples import ORDER_ID, order_fulfilled


def test_an_order_told_twice_is_one_row_and_one_mail(start: Start) -> None:
    """Two messages with ids of their own about one order: the idempotency key makes them one."""
    handler = Mailboxes()
    with aiosmtpd_server(handler) as port:
        service = start(smtp=f"smtp://127.0.0.1:{port}")
        service.hear(order_fulfilled())
        service.hear(order_fulfilled())
    assert service.rows("emails", "idempotency_key, state, template, answer") == [
        (f"ticketing.order.fulfilled:ada@example.org:{ORDER_ID}", "sent", "tickets", "250 2.0.0 taken")
    ]
    assert service.rows("attempts", "number, channel, answer, error") == [(1, "email", "250 2.0.0 taken", None)]
    assert len(handler.envelopes) == 1


def test_a_message_delivered_again_sends_nothing_again(start: Start) -> None:
    """The same message id: the inbox keeps it quiet."""
    with scripted() as server:
        service = start(smtp=server.url)
        with service.database.work("notifications")() as session:
            publish(session, order_fulfilled())
        (message,) = service.database.query("SELECT body FROM messaging.outbox")
        service.deliver()
        service.database.query(
            "INSERT INTO messaging.outbox (message_id, kind, is_event, body) VALUES (gen_random_uuid(), 'x', true, %s)",
            message[0],
        )
        service.deliver()
        assert len(server.mails) == 1


def test_the_log_does_not_keep_the_tokens(start: Start) -> None:
    """The QR image in storage holds them; the log need not."""
    service = start()
    service.hear(order_fulfilled(2))
    assert "BH1." not in str(service.value("emails", "facts"))


def test_a_buyer_with_a_telephone_is_texted_the_link(start: Start) -> None:
    """Beside the mail, once."""
    with scripted() as server, twilio() as provider:
        service = start(smtp=server.url, twilio=provider.url)
        service.hear(order_fulfilled(customer_phone="+49 30 123456"))
        service.hear(order_fulfilled(customer_phone="+49 30 123456"))
    assert [(message["to"], message["body"]) for message in provider.messages] == [
        (
            "+4930123456",
            f"Your 2 tickets for An Evening with the Blue Note Quartet, order BH-7K2P9M: {order_fulfilled().tickets_url}",
        )
    ]
    assert service.rows("text_messages", "state, recipient, answer") == [
        ("sent", "+4930123456", provider.messages[0]["sid"])
    ]


def test_without_twilio_no_text_message_is_logged(start: Start) -> None:
    """One line at debug level says why."""
    with structlog.testing.capture_logs() as lines:
        service = start()
        service.hear(order_fulfilled(customer_phone="+4930123456"))
    assert service.rows("text_messages", "id") == []
    assert [line["log_level"] for line in lines if "Twilio is not set up" in line["event"]] == ["debug"]


@pytest.mark.parametrize("phone", ["030 123456", "tomorrow"])
def test_a_number_that_cannot_be_dialled_is_logged_as_failed(start: Start, phone: str) -> None:
    """Nobody is asked, nothing is retried, nobody is woken."""
    with twilio() as provider:
        service = start(twilio=provider.url, operations=("ops@example.org",))
        service.hear(order_fulfilled(customer_phone=phone))
        assert (provider.posts, provider.lists) == (0, 0)
    assert service.rows("text_messages", "state, recipient, error_code") == [("failed", phone, "invalid_phone_number")]
    assert service.rows("alerts", "fingerprint") == [("failed:notifications.email.send",)]


def test_the_journey_goes_on(database: Database, start: Start) -> None:
    """The mail's message belongs to the order's journey and organisation."""
    service = start()
    cause = Cause(correlation_id=ORDER_ID, organisation_id=order_fulfilled().organisation_id)
    with caused_by(cause), database.work("notifications")() as session:
        publish(session, order_fulfilled())
    (row,) = database.query("DELETE FROM messaging.outbox RETURNING body")
    service.run(orjson.loads(row[0]))
    with database.work("notifications")() as session:
        (sent,) = published(session)
    assert (sent.kind, sent.options["correlation_id"]) == ("notifications.email.send", str(ORDER_ID))
