"""One text message of the log: never sent again while it may have been sent."""

from uuid import uuid4

import pytest

from shared.contracts.notifications import SendSms
from tests.integration.notifications.conftest import Start
from tests.integration.notifications.mail_servers import scripted
from tests.integration.notifications.twilio_server import Answer, twilio
from tests.unit.notifications.samples import order_fulfilled

PHONE = "+4930123456"
STATE = "state, outcome_open, error_code, answer"


def test_a_text_message_whose_answer_was_lost_is_found_and_not_repeated(start: Start) -> None:
    """Twilio took it; its id is recorded from its list."""
    with scripted() as mail, twilio() as provider:
        provider.answers = [Answer(0, takes=True)]
        service = start(smtp=mail.url, twilio=provider.url)
        service.hear(order_fulfilled(customer_phone=PHONE))
        assert service.rows("text_messages", STATE) == [("sending", True, "outcome_unknown", None)]
        service.deliver_put_off()
        assert (provider.posts, provider.lists) == (1, 1)
        assert service.rows("text_messages", STATE) == [("sent", False, None, provider.messages[0]["sid"])]


def test_one_that_is_not_listed_ends_as_unknown_and_is_never_repeated(start: Start) -> None:
    """Also when a person retries the job: it is looked for again, and only that."""
    with scripted() as mail, twilio() as provider:
        provider.answers = [Answer(0)]
        service = start(smtp=mail.url, twilio=provider.url)
        service.hear(order_fulfilled(customer_phone=PHONE))
        service.deliver_put_off()
        assert service.rows("text_messages", STATE) == [("unknown", True, "outcome_unknown", None)]
        service.retry_failed()
        assert (provider.posts, provider.lists) == (1, 2)
    assert service.rows("text_messages", STATE) == [("unknown", True, "outcome_unknown", None)]
    assert service.failed_jobs()[0] == ("notifications.sms.send", "permanent", "outcome_unknown")
    assert service.rows("alerts", "fingerprint") == [("failed:notifications.sms.send",)]


def test_one_that_is_listed_late_is_recorded_when_a_person_looks_again(start: Start) -> None:
    """From unknown to sent."""
    with scripted() as mail, twilio() as provider:
        provider.answers = [Answer(0)]
        service = start(smtp=mail.url, twilio=provider.url)
        service.hear(order_fulfilled(customer_phone=PHONE))
        service.deliver_put_off()
        provider.take(PHONE, service.value("text_messages", "body"))
        service.retry_failed()
        assert provider.posts == 1
    assert service.value("text_messages", "state") == "sent"


def test_a_look_up_that_fails_is_no_licence_to_send_again(start: Start) -> None:
    """It is asked again, then left as unknown."""
    with scripted() as mail, twilio() as provider:
        provider.answers = [Answer(0, takes=True), Answer(500), Answer(500)]
        service = start(smtp=mail.url, twilio=provider.url)
        service.hear(order_fulfilled(customer_phone=PHONE))
        service.deliver_put_off()
        service.deliver_put_off()
        assert (provider.posts, provider.lists) == (1, 2)
    assert service.rows("text_messages", STATE) == [("unknown", True, "outcome_unknown", None)]


def test_a_provider_that_is_away_when_a_person_looks_again_changes_nothing(start: Start) -> None:
    """The doubt stays, and with it the rule not to send again."""
    with scripted() as mail, twilio() as provider:
        provider.answers = [Answer(0)]
        service = start(smtp=mail.url, twilio=provider.url)
        service.hear(order_fulfilled(customer_phone=PHONE))
        service.deliver_put_off()
        away = start(smtp=mail.url, twilio="http://127.0.0.1:9")
        away.retry_failed()
        assert away.rows("text_messages", STATE) == [("sending", True, "outcome_unknown", None)]
        service.deliver_put_off()
        assert provider.posts == 1
    assert service.value("text_messages", "state") == "unknown"


def test_a_busy_provider_is_asked_again_when_it_says(start: Start) -> None:
    """Retry-After decides on the delay; the message is sent once."""
    with scripted() as mail, twilio() as provider:
        provider.answers = [Answer(429, {"code": 20429}, {"Retry-After": "90"})]
        service = start(smtp=mail.url, twilio=provider.url)
        service.hear(order_fulfilled(customer_phone=PHONE))
        waits = service.database.value(
            "SELECT extract(epoch FROM due_at - clock_timestamp())::float8 FROM messaging.scheduled"
        )
        service.deliver_put_off()
        assert (provider.posts, provider.lists, len(provider.messages)) == (2, 0, 1)
    assert 80 < waits <= 90
    assert service.value("text_messages", "state") == "sent"


@pytest.mark.parametrize(
    ("code", "error", "alerts", "suppressed"),
    [
        (21211, "invalid_phone_number", [], []),
        (21610, "recipient_opted_out", [], [("sms", PHONE)]),
        (20003, "text_message_refused", [("failed:notifications.sms.send",)], []),
    ],
)
def test_a_refusal_is_not_retried(
    start: Start, code: int, error: str, alerts: list[tuple[str]], suppressed: list[tuple[str, str]]
) -> None:
    """A recipient's own number or wish is logged; anything else is told to operations."""
    with scripted() as mail, twilio() as provider:
        provider.answers = [Answer(400, {"code": code, "message": "no"})]
        service = start(smtp=mail.url, twilio=provider.url)
        service.hear(order_fulfilled(customer_phone=PHONE))
        service.deliver_put_off()
        assert provider.posts == 1
    assert service.rows("text_messages", "state, error_code") == [("failed", error)]
    assert service.rows("alerts", "fingerprint") == alerts
    assert service.rows("suppressions", "channel, recipient") == suppressed


def test_who_said_stop_is_not_texted_again(start: Start) -> None:
    """The next order's text message is suppressed."""
    with scripted() as mail, twilio() as provider:
        provider.answers = [Answer(400, {"code": 21610})]
        service = start(smtp=mail.url, twilio=provider.url)
        service.hear(order_fulfilled(customer_phone=PHONE))
        service.hear(order_fulfilled(customer_phone=PHONE, order_id=uuid4()))
        assert provider.posts == 1
    assert sorted(service.rows("text_messages", "state")) == [("failed",), ("suppressed",)]


def test_settings_that_are_gone_leave_a_failed_job(start: Start) -> None:
    """The row was written while Twilio was set up; it can be retried when it is again."""
    with scripted() as mail, twilio() as provider:
        provider.answers = [Answer(503)]
        start(smtp=mail.url, twilio=provider.url).hear(order_fulfilled(customer_phone=PHONE))
        service = start(smtp=mail.url)
        service.deliver_put_off()
    assert service.rows("text_messages", "state, error_code") == [("failed", "text_messages_not_set_up")]


def test_a_command_for_no_row_fails_by_name(start: Start) -> None:
    """And breaks nothing else."""
    service = start()
    service.hear(SendSms(sms_id=uuid4()))
    assert service.failed_jobs() == [("notifications.sms.send", "permanent", "unknown_text_message")]
