"""What others are told when a mail or a text message has come to its end."""

from uuid import UUID, uuid4

from services.notifications.domain.sendings import Channel
from services.notifications.repository import Suppressions
from shared.contracts.notifications import AlertOperations
from tests.integration.notifications.conftest import Start
from tests.integration.notifications.mail_servers import scripted
from tests.integration.notifications.twilio_server import Answer, twilio
from tests.unit.notifications.samples import order_fulfilled

PHONE = "+4930123456"


def test_a_mail_that_was_sent_is_told_of_once(start: Start) -> None:
    """With its organisation and its template, in the transaction that records it."""
    event = order_fulfilled()
    with scripted() as server:
        service = start(smtp=server.url)
        service.hear(event)
    (told,) = service.told
    assert UUID(told["notification_id"]) == service.value("emails", "id")
    assert UUID(told["organisation_id"]) == event.organisation_id
    assert (told["channel"], told["template"], told["state"]) == ("email", "tickets", "sent")


def test_a_try_that_is_repeated_is_no_end(start: Start) -> None:
    """Only the last of three is told of."""
    with scripted(RCPT=b"451 4.7.1 not now\r\n") as server:
        service = start(smtp=server.url)
        service.hear(order_fulfilled())
        before = list(service.told)
        service.deliver_put_off()
        service.deliver_put_off()
    assert (before, [told["state"] for told in service.told]) == ([], ["failed"])


def test_a_mail_that_a_person_sends_after_all_ends_anew(start: Start) -> None:
    """The later word replaces the earlier one."""
    with scripted(RCPT=b"550 5.7.1 no\r\n") as server:
        service = start(smtp=server.url)
        service.hear(order_fulfilled())
        del server.script["RCPT"]
        service.retry_failed()
    failed, sent = service.told
    assert (failed["state"], sent["state"]) == ("failed", "sent")
    assert failed["notification_id"] == sent["notification_id"]
    assert failed["ended_at"] < sent["ended_at"]


def test_a_suppressed_mail_is_told_of(start: Start) -> None:
    """Nothing was sent, and that is its end."""
    event = order_fulfilled()
    with scripted() as server:
        service = start(smtp=server.url)
        with service.database.work("notifications")() as session:
            suppressions = Suppressions(session)
            suppressions.add(Channel.EMAIL, event.customer_email, code="recipient_refused", reason="gone")
        service.hear(event)
    assert [told["state"] for told in service.told] == ["suppressed"]


def test_text_messages_are_told_of_by_how_they_end(start: Start) -> None:
    """Perhaps sent; sent; to a number that cannot be dialled."""
    with scripted() as mail, twilio() as provider:
        service = start(smtp=mail.url, twilio=provider.url)
        provider.answers = [Answer(0)]
        service.hear(order_fulfilled(customer_phone=PHONE))
        service.deliver_put_off()
        service.hear(order_fulfilled(customer_phone=PHONE, order_id=uuid4()))
        service.hear(order_fulfilled(customer_phone="tomorrow", order_id=uuid4()))
    ended = [(told["template"], told["state"]) for told in service.told if told["channel"] == "sms"]
    assert ended == [("text_message", "unknown"), ("text_message", "sent"), ("text_message", "failed")]


def test_what_operations_are_alerted_to_is_nobody_elses_business(start: Start) -> None:
    """It belongs to no organisation, and is no figure of anybody's."""
    with scripted() as server:
        service = start(smtp=server.url, operations=("ops@example.com",))
        service.hear(AlertOperations(subject="Look", text="at this", fingerprint="a"))
        assert len(server.mails) == 1
    assert service.told == []
