"""One mail of the log: its tries, its doubts, its end."""

from email import message_from_bytes
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import structlog

from services.notifications.composing import Composer
from services.notifications.domain.mailboxes import mailbox
from services.notifications.domain.sendings import ComposedMail
from shared.contracts.notifications import SendEmail
from shared.errors import TransientError
from shared.messaging.outbox import publish
from shared.storage import StorageObjectMissing, open_storage
from tests.integration.notifications.conftest import Start
from tests.integration.notifications.mail_servers import break_off, scripted
from tests.unit.notifications.samples import order_fulfilled, qr_image

EMAIL_STATE = "state, repeated_after_unknown, outcome_open, error_code"


class Killed(BaseException):
    """As a process that dies: nothing catches it."""


def test_a_mail_whose_outcome_is_unknown_is_repeated_once_and_counted(start: Start) -> None:
    """The server took it and died before it said so; both copies bear one Message-ID."""
    with scripted(END=break_off) as server, structlog.testing.capture_logs() as lines:
        service = start(smtp=server.url)
        service.hear(order_fulfilled())
        assert service.rows("emails", EMAIL_STATE) == [("sending", 0, True, "outcome_unknown")]
        server.script["END"] = b"250 2.0.0 taken\r\n"
        service.deliver_put_off()
        service.deliver_put_off()
        copies = [message_from_bytes(mail)["Message-ID"] for mail in server.mails]
    assert service.rows("emails", EMAIL_STATE) == [("sent", 1, False, None)]
    assert service.rows("attempts", "number, error_code, answer") == [
        (1, "outcome_unknown", None),
        (2, None, "250 2.0.0 taken"),
    ]
    assert [line["event"] for line in lines if "possibly" in line["event"]] == [
        "mail is repeated, possibly sent twice",
        "mail sent, possibly sent twice",
    ]
    assert len(copies) == 2
    assert len(set(copies)) == 1


def test_a_mail_whose_picture_is_lost_waits_until_it_is_drawn_again(start: Start) -> None:
    """Ticketing is asked to, and the next try finds it."""
    lost = True

    def read(key: str) -> bytes:
        if lost:
            raise StorageObjectMissing(f"{key}: there is no such object")
        return qr_image(key)

    with scripted() as server:
        service = start(smtp=server.url, composer=Composer(mailbox("tickets@blue-hall.example"), ZoneInfo("UTC"), read))
        service.hear(order_fulfilled())
        waits = service.rows("emails", "state, error_code")
        lost = False
        service.deliver_put_off()

    assert waits == [("sending", "picture_lost")]
    assert service.asked == [{"keys": [ticket.qr_key for ticket in order_fulfilled().tickets]}]
    assert service.rows("emails", "state, error_code") == [("sent", None)]
    assert len(server.mails) == 1


def test_a_worker_that_dies_in_the_call_leaves_a_repeat_that_is_counted(start: Start) -> None:
    """Nothing was recorded; when the lease has run out, the mail is sent again."""

    class Dying:
        def send(self, mail: ComposedMail) -> str:
            raise Killed

    with scripted() as server:
        dying = start(mailer=Dying())
        with dying.database.work("notifications")() as session:
            publish(session, order_fulfilled())
        with pytest.raises(Killed):
            dying.deliver()
        ((message_id, fields),) = dying.database.query(
            "SELECT message_id, (SELECT id::text FROM notifications.emails) FROM messaging.lease"
        )
        message = {
            "actor_name": SendEmail.kind,
            "message_id": str(message_id),
            "kwargs": {"email_id": fields},
            "options": {},
            "message_timestamp": 0,
        }
        service = start(smtp=server.url)
        service.run(message, redelivered=True)
        assert server.mails == []
        service.database.query("UPDATE messaging.lease SET expires_at = clock_timestamp() - interval '1 second'")
        service.run(message, redelivered=True)
        assert len(server.mails) == 1
    assert service.rows("emails", EMAIL_STATE) == [("sent", 1, False, None)]


def test_a_server_that_says_not_now_is_asked_three_times_in_all(start: Start) -> None:
    """Then the mail has failed: row, failed job and alert say so, and nothing arrived."""
    with scripted(RCPT=b"450 4.2.0 greylisted\r\n") as server:
        service = start(smtp=server.url)
        service.hear(order_fulfilled())
        service.deliver_put_off()
        service.deliver_put_off()
        service.deliver_put_off()
        assert server.connections == 3
    assert service.rows("emails", EMAIL_STATE) == [("failed", 0, False, "mail_server_unavailable")]
    assert [row[0] for row in service.rows("attempts", "number")] == [1, 2, 3]
    assert service.failed_jobs() == [("notifications.email.send", "tries_exhausted", "mail_server_unavailable")]
    assert service.rows("alerts", "fingerprint, severity") == [("failed:notifications.email.send", "critical")]


def test_a_final_failure_logs_recipient_template_and_error(start: Start) -> None:
    """What somebody needs who is asked where the mail is."""
    with scripted(END=b"554 5.7.1 spam\r\n") as server, structlog.testing.capture_logs() as lines:
        start(smtp=server.url).hear(order_fulfilled())
    (line,) = [line for line in lines if line["event"] == "mail failed"]
    assert (line["recipient"], line["template"], line["code"]) == ("ada@example.org", "tickets", "mail_refused")
    assert "554 5.7.1 spam" in line["error"]


def test_three_unknown_outcomes_end_as_unknown(start: Start) -> None:
    """Not as failed, which would promise that nothing arrived."""
    with scripted(END=break_off) as server:
        service = start(smtp=server.url)
        service.hear(order_fulfilled())
        service.deliver_put_off()
        service.deliver_put_off()
        assert len(server.mails) == 3
    assert service.rows("emails", EMAIL_STATE) == [("unknown", 2, True, "outcome_unknown")]


def test_a_failed_mail_can_be_sent_by_a_person(start: Start) -> None:
    """Once the server takes mail again."""
    with scripted(MAIL=b"550 not you\r\n") as server:
        service = start(smtp=server.url)
        service.hear(order_fulfilled())
        assert service.value("emails", "state") == "failed"
        server.script["MAIL"] = b"250 ok\r\n"
        service.retry_failed()
        assert len(server.mails) == 1
    assert service.rows("emails", EMAIL_STATE) == [("sent", 0, False, None)]


def test_without_a_mail_server_the_mail_waits_as_a_failed_job(start: Start) -> None:
    """It is there to be retried when NOTIFICATIONS_SMTP_URL is set."""
    service = start()
    service.hear(order_fulfilled())
    assert service.value("emails", "error_code") == "mail_not_set_up"
    assert service.failed_jobs() == [("notifications.email.send", "permanent", "mail_not_set_up")]


def test_a_mailbox_that_is_gone_is_not_written_to_again(start: Start) -> None:
    """The next order's mail is suppressed, whatever the case of its letters; other refusals suppress nobody."""
    with scripted(RCPT=b"550 5.1.1 no such user\r\n") as server:
        service = start(smtp=server.url)
        service.hear(order_fulfilled())
        service.hear(order_fulfilled(order_id=uuid4(), customer_email="ADA@example.org"))
        server.script["RCPT"] = b"550 5.7.1 not from you\r\n"
        service.hear(order_fulfilled(order_id=uuid4(), customer_email="bob@example.org"))
        assert server.connections == 2
    assert service.rows("emails", "recipient, state, error_code") == [
        ("ADA@example.org", "suppressed", "recipient_suppressed"),
        ("ada@example.org", "failed", "recipient_refused"),
        ("bob@example.org", "failed", "recipient_refused"),
    ]
    assert service.rows("suppressions", "channel, recipient, code") == [
        ("email", "ada@example.org", "recipient_refused")
    ]


def test_a_storage_that_is_away_is_waited_for(start: Start) -> None:
    """Nothing was sent, so nothing is counted as sent twice."""
    seen: list[str] = []

    def read(key: str) -> bytes:
        seen.append(key)
        if len(seen) == 1:
            raise TransientError("storage is away")
        return b"png"

    with scripted() as server:
        composer = start().runner.dependencies.composer
        service = start(smtp=server.url, composer=Composer(composer.sender, composer.zone, read))
        service.hear(order_fulfilled(1))
        service.deliver_put_off()
        assert len(server.mails) == 1
    assert service.rows("emails", EMAIL_STATE) == [("sent", 0, False, None)]


def test_a_missing_qr_image_is_an_error_that_names_it(start: Start, tmp_path: object) -> None:
    """A mail without a ticket's code would look complete and not be."""
    composer = start().runner.dependencies.composer
    empty = open_storage(f"file://{tmp_path}")
    with scripted() as server:
        service = start(smtp=server.url, composer=Composer(composer.sender, composer.zone, empty.get))
        service.hear(order_fulfilled(1))
        assert server.mails == []
    assert service.value("emails", "error_code") == "picture_lost"
    assert "qr/1.png" in service.value("emails", "error")


def test_a_command_for_no_row_fails_by_name(start: Start) -> None:
    """And breaks nothing else."""
    service = start()
    service.hear(SendEmail(email_id=uuid4()))
    assert service.failed_jobs() == [("notifications.email.send", "permanent", "unknown_email")]
