"""What operations are told, and how often."""

from email import message_from_bytes, policy
from uuid import uuid4

import structlog

from shared.contracts.notifications import AlertFailure, AlertOperations
from tests.integration.notifications.conftest import Start
from tests.integration.notifications.hearing import Service
from tests.integration.notifications.mail_servers import Mailboxes, aiosmtpd_server, scripted
from tests.unit.notifications.samples import order_fulfilled

OPS = ("ops@example.org",)


def disk(text: str = "storage is full") -> AlertOperations:
    return AlertOperations(subject="disk full", text=text, fingerprint="disk", severity="critical")


def an_hour_passes(service: Service) -> None:
    service.database.query("UPDATE notifications.alerts SET told_at = told_at - interval '61 minutes'")


def test_an_alert_is_a_log_line_and_a_mail_to_everyone_named(start: Start) -> None:
    """OPERATIONS_EMAIL may name several."""
    handler = Mailboxes()
    with aiosmtpd_server(handler) as port, structlog.testing.capture_logs() as lines:
        start(smtp=f"smtp://127.0.0.1:{port}", operations=("a@x.example", "b@x.example")).hear(disk())
    (line,) = [line for line in lines if line["event"] == "operations alert"]
    assert (line["log_level"], line["subject"], line["is_mailed"]) == ("critical", "disk full", True)
    assert sorted(one.rcpt_tos for one in handler.envelopes) == [["a@x.example"], ["b@x.example"]]
    assert message_from_bytes(handler.contents[0])["Subject"] == "[Bellhop critical] disk full"


def test_nobody_named_means_a_log_line_only(start: Start) -> None:
    """OPERATIONS_EMAIL is not set."""
    with structlog.testing.capture_logs() as lines:
        service = start()
        service.hear(disk())
    assert [line["is_mailed"] for line in lines if line["event"] == "operations alert"] == [False]
    assert service.rows("emails", "id") == []


def test_the_same_fingerprint_is_mailed_once_an_hour_and_counted(start: Start) -> None:
    """The mail after the hour says how many were kept back."""
    handler = Mailboxes()
    with aiosmtpd_server(handler) as port:
        service = start(smtp=f"smtp://127.0.0.1:{port}", operations=OPS)
        for _ in range(4):
            service.hear(disk())
        assert len(handler.envelopes) == 1
        assert service.rows("alerts", "total, times_told, since_told") == [(4, 1, 3)]
        an_hour_passes(service)
        service.hear(disk("still full"))
        service.hear(AlertOperations(subject="other", text="other", fingerprint="other"))
    bodies = [message_from_bytes(content, policy=policy.default).get_content() for content in handler.contents]
    assert len(bodies) == 3
    assert "3 more like it" in bodies[1]
    assert service.rows("alerts", "fingerprint, total, times_told, since_told") == [
        ("disk", 5, 2, 0),
        ("other", 1, 1, 0),
    ]


def test_a_failed_job_is_told_with_its_kind_error_and_fields(start: Start) -> None:
    """And with what to do about it."""
    handler = Mailboxes()
    notice = AlertFailure(
        failed_kind="ticketing.order.generate_tickets",
        failed_message_id=uuid4(),
        fields={"order_id": "o-1"},
        reason="tries_exhausted",
        error="storage is full",
    )
    with aiosmtpd_server(handler) as port:
        start(smtp=f"smtp://127.0.0.1:{port}", operations=OPS).hear(notice)
    message = message_from_bytes(handler.contents[0], policy=policy.default)
    told = message.get_content()
    assert message["Subject"] == "[Bellhop critical] ticketing.order.generate_tickets failed"
    assert [
        words
        for words in ("tries_exhausted", "storage is full", "o-1", str(notice.failed_message_id), "bellhop failed list")
        if words not in told
    ] == []


def test_an_alert_that_cannot_be_mailed_ends_in_the_log_and_not_in_a_circle(start: Start) -> None:
    """The mail server is down: the buyer's mail fails, its alert fails, and that is all. The next alert is mailed again."""
    with scripted(MAIL=b"550 no\r\n") as server, structlog.testing.capture_logs() as lines:
        service = start(smtp=server.url, operations=OPS)
        service.hear(order_fulfilled())
        assert server.connections == 2
        server.script["MAIL"] = b"250 ok\r\n"
        service.hear(
            AlertFailure(
                failed_kind="notifications.email.send",
                failed_message_id=uuid4(),
                fields={},
                reason="permanent",
                error="no",
            )
        )
        mails = [message_from_bytes(mail, policy=policy.default) for mail in server.mails]
    assert [line["event"] for line in lines if line["log_level"] == "critical"] == [
        "operations alert",
        "operations alert could not be mailed",
        "operations alert",
    ]
    assert [mail["Subject"] for mail in mails] == ["[Bellhop critical] notifications.email.send failed"]
    assert "1 more like it" in mails[0].get_content()


def test_a_failed_message_with_damaged_fields_is_told_all_the_same(start: Start) -> None:
    """It may have failed because of them."""
    service = start()
    service.hear(
        AlertFailure(
            failed_kind="notifications.email.send",
            failed_message_id=uuid4(),
            fields={"email_id": 7},
            reason="x",
            error="x",
        )
    )
    assert service.rows("alerts", "fingerprint") == [("failed:notifications.email.send",)]
