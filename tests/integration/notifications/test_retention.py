"""What was written goes first; that it was, for longer."""

from uuid import UUID

import pytest

from services.notifications.domain.retention import Keep
from services.notifications.domain.sendings import Channel
from services.notifications.errors import BodyTrimmedError
from services.notifications.handlers import emails
from services.notifications.repository import Emails, TextMessages, purges
from shared.ids import new_id
from tests.support.ageing import purge_on
from tests.support.databases import Database


def write(database: Database, state: str) -> tuple[UUID, UUID]:
    """A mail and a text message in that state, each with one attempt."""
    email_id, sms_id = new_id(), new_id()
    with database.work("notifications")() as session:
        Emails(session).add(
            email_id,
            key=f"order.fulfilled:ada@example.com:{email_id}",
            organisation_id=None,
            recipient="ada@example.com",
            recipient_name="Ada",
            template="tickets",
            facts={"order": "BH-1001"},
        )
        TextMessages(session).add(sms_id, key=f"sms:{sms_id}", organisation_id=None, recipient="+4930", body="Hello")
    for table in ("emails", "text_messages"):
        database.query(f"UPDATE notifications.{table} SET state = %s, sent_at = created_at", state)
    for channel, sending_id in ((Channel.EMAIL, email_id), (Channel.SMS, sms_id)):
        database.query(
            "INSERT INTO notifications.attempts (channel, sending_id, number) VALUES (%s, %s, 1)", channel, sending_id
        )
    return email_id, sms_id


def standing(database: Database) -> tuple[object, object, int]:
    """Facts of the mails, bodies of the text messages, and how many attempts there are."""
    facts = [row[0] for row in database.query("SELECT facts FROM notifications.emails")]
    texts = [row[0] for row in database.query("SELECT body FROM notifications.text_messages")]
    return facts, texts, database.value("SELECT count(*) FROM notifications.attempts")


@pytest.mark.parametrize(
    ("days", "left"),
    [
        pytest.param(29, ([{"order": "BH-1001"}], ["Hello"], 2), id="young: all of it"),
        pytest.param(31, ([{}], [""], 2), id="after 30 days: that it was sent"),
        pytest.param(366, ([], [], 0), id="after a year: nothing"),
    ],
)
def test_bodies_go_before_the_log_does(database: Database, days: int, left: object) -> None:
    """The key in the log keeps a letter from being written twice, long after its body went."""
    write(database, "sent")
    purge_on(database, "notifications", purges(Keep()), days)
    assert standing(database) == left


@pytest.mark.parametrize("state", ["queued", "sending"])
def test_what_is_to_be_sent_keeps_its_body(database: Database, state: str) -> None:
    """However long the mail server was away."""
    write(database, state)
    purge_on(database, "notifications", purges(Keep()), 400)
    assert standing(database) == ([{"order": "BH-1001"}], ["Hello"], 2)


def test_a_failed_mail_whose_body_went_says_so_when_it_is_tried_again(database: Database) -> None:
    """It is not sent empty."""
    email_id, _ = write(database, "failed")
    purge_on(database, "notifications", purges(Keep()), 31)
    with database.work("notifications")() as session, pytest.raises(BodyTrimmedError, match="have it written anew"):
        emails.begin(session, email_id)
