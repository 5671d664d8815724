"""`bellhop scheduled`."""

from datetime import timedelta
from uuid import UUID

from shared.ids import new_id
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import publish
from tests.integration.console.conftest import Bellhop
from tests.support.databases import Database
from tests.toyshop.contracts import MakeToy, PackToy

_RETRY = """
WITH inbox AS (
    INSERT INTO messaging.inbox (message_id, service, kind, status, turn, attempts, finished_at)
    VALUES (%s, 'toyshop', 'toyshop.toy.make', 'waiting', 2, 1, NULL) RETURNING message_id
)
INSERT INTO messaging.scheduled (message_id, kind, is_event, queue, turn, body, due_at, reason)
SELECT message_id, 'toyshop.toy.make', false, 'toyshop.default', 2, %s, clock_timestamp() + interval '1 hour', 'retry'
FROM inbox RETURNING message_id
"""


def delay(database: Database, hours: int, message: MakeToy | PackToy) -> UUID:
    with database.work("toyshop")() as session:
        return publish(session, message, due=timedelta(hours=hours))


def retry_later(database: Database) -> UUID:
    """A job whose first attempt failed, and which waits for its second."""
    message_id = new_id()
    fields = MakeToy(number=1).model_dump(mode="json")
    body = Envelope("toyshop.toy.make", fields, message_id, turn=2, queue="toyshop.default").encode()
    database.query(_RETRY, message_id, body)
    return message_id


def test_list_shows_the_next_first(bellhop: Bellhop, database: Database) -> None:
    """With number, kind, time and reason."""
    later, sooner = delay(database, 2, MakeToy(number=1)), delay(database, 1, PackToy(number=2))
    listed = bellhop("scheduled", "list", "--json").json
    assert [(one["message_id"], one["reason"]) for one in listed] == [(str(sooner), "due"), (str(later), "due")]
    assert str(sooner) in bellhop("scheduled", "list").out


def test_list_can_be_narrowed(bellhop: Bellhop, database: Database) -> None:
    """By kind."""
    delay(database, 2, MakeToy(number=1))
    packed = delay(database, 1, PackToy(number=2))
    listed = bellhop("scheduled", "list", "--kind", "toyshop.toy.pack", "--json").json
    assert [one["message_id"] for one in listed] == [str(packed)]


def test_delayed_message_that_is_cancelled_is_gone(bellhop: Bellhop, database: Database) -> None:
    """Nobody had heard of it, so nothing ends."""
    delay(database, 1, MakeToy(number=1))
    [waiting] = bellhop("scheduled", "list", "--json").json
    ran = bellhop("scheduled", "cancel", str(waiting["id"]))
    assert (ran.code, bellhop("scheduled", "list", "--json").json) == (0, [])
    assert bellhop("failed", "list", "--json").json == []


def test_retry_that_is_cancelled_ends_as_a_failed_job(bellhop: Bellhop, database: Database) -> None:
    """The message is over, visible as failed, and can be retried by hand."""
    message_id = retry_later(database)
    [waiting] = bellhop("scheduled", "list", "--json").json
    bellhop("scheduled", "cancel", str(waiting["id"]))
    [job] = bellhop("failed", "list", "--json").json
    assert (job["message_id"], job["reason"], job["attempts"]) == (str(message_id), "cancelled", 1)
    assert database.value("SELECT status FROM messaging.inbox WHERE message_id = %s", message_id) == "failed"
    assert bellhop("failed", "retry", job["id"]).code == 0
    assert database.value("SELECT status FROM messaging.inbox WHERE message_id = %s", message_id) == "waiting"


def test_unknown_number_is_said(bellhop: Bellhop) -> None:
    """Exit code 1, and where to look."""
    ran = bellhop("scheduled", "cancel", "42")
    assert ran.code == 1
    assert ran.err == "bellhop: no message waits under number 42; `bellhop scheduled list` shows those that do\n"


def test_message_is_moved_to_another_moment(bellhop: Bellhop, database: Database) -> None:
    """The moment is in UTC."""
    delay(database, 1, MakeToy(number=1))
    [waiting] = bellhop("scheduled", "list", "--json").json
    ran = bellhop("scheduled", "move", str(waiting["id"]), "2099-01-31T18:00")
    [moved] = bellhop("scheduled", "list", "--json").json
    assert (ran.code, moved["due_at"].startswith("2099-01-31T18:00:00")) == (0, True)


def test_message_is_run_now(bellhop: Bellhop, database: Database) -> None:
    """It is due, so the next look of a relay sends it."""
    message_id = delay(database, 1, MakeToy(number=1))
    [waiting] = bellhop("scheduled", "list", "--json").json
    ran = bellhop("scheduled", "run", str(waiting["id"]), "42")
    is_due = "SELECT due_at <= clock_timestamp() FROM messaging.scheduled WHERE message_id = %s"
    assert (ran.code, database.value(is_due, message_id)) == (1, True)
    assert "no message waits under number 42" in ran.err
