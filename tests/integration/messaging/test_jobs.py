"""Where a message stands: told from the rows that there are."""

from uuid import UUID

import psycopg
import pytest

from shared.ids import new_id
from shared.messaging.jobs import Job, MessageNotFoundError, show_jobs
from tests.support.databases import Database

KIND, QUEUE = "toyshop.toy.make", "toyshop.default"
SUBSCRIBE = (
    "INSERT INTO messaging.subscription (service, kind, queue, is_event)"
    f" VALUES ('toyshop', '{KIND}', '{QUEUE}', false)"
)
OUTBOX = f"INSERT INTO messaging.outbox (message_id, kind, is_event, body) VALUES ('{{id}}', '{KIND}', false, '')"
LATER = (
    "INSERT INTO messaging.scheduled (message_id, kind, is_event, queue, turn, body, due_at, reason)"
    f" VALUES ('{{id}}', '{KIND}', false, {{queue}}, 2, '', clock_timestamp() + interval '1 hour', 'retry')"
)
SENT = (
    "INSERT INTO messaging.published (id, message_id, kind, is_event, turn, fairness_key, body, created_at)"
    f" VALUES (1, '{{id}}', '{KIND}', false, 1, gen_random_uuid(), '', clock_timestamp())"
)
INBOX = (
    "INSERT INTO messaging.inbox (message_id, service, kind, status, turn, attempts)"
    f" VALUES ('{{id}}', 'toyshop', '{KIND}', '{{status}}', 1, 1)"
)
FAILED = (
    "INSERT INTO messaging.failed_job (id, service, kind, message_id, turn, attempts, reason, body, resolved_at)"
    f" VALUES (gen_random_uuid(), 'toyshop', '{KIND}', '{{id}}', 1, 1, 'tries', '', {{resolved}})"
)
RUNNING = (
    "INSERT INTO messaging.running (message_id, service, kind, queue, worker_id, since)"
    f" VALUES ('{{id}}', 'toyshop', '{KIND}', '{QUEUE}', gen_random_uuid(), clock_timestamp())"
)
STATES = {
    "dispatched": [OUTBOX],
    "dispatched for later": [LATER.replace("{queue}", "NULL")],
    "queued": [SENT],
    "running": [SENT, RUNNING],
    "retrying": [SENT, INBOX.replace("{status}", "waiting"), LATER.replace("{queue}", f"'{QUEUE}'")],
    "done": [SENT, INBOX.replace("{status}", "done")],
    "failed": [INBOX.replace("{status}", "failed"), FAILED.replace("{resolved}", "clock_timestamp()")],
    "dead": [INBOX.replace("{status}", "failed"), FAILED.replace("{resolved}", "NULL")],
}


def shown(database: Database, message_id: UUID) -> list[Job]:
    with database.work("toyshop")() as session:
        return show_jobs(session, message_id)


@pytest.mark.parametrize("state", STATES)
def test_state_follows_from_the_rows(state: str, database: Database) -> None:
    """Each by the rows that the relay and the workers leave."""
    message_id = new_id()
    for statement in (SUBSCRIBE, *STATES[state]):
        database.query(statement.replace("{id}", str(message_id)))

    (job,) = shown(database, message_id)

    assert (job.service, job.kind, job.state) == ("toyshop", KIND, state.split(maxsplit=1)[0])


def test_message_that_no_table_knows_is_refused(database: Database) -> None:
    """The error says what that can mean."""
    with pytest.raises(MessageNotFoundError, match="it never was, or it is done and no longer kept"):
        shown(database, new_id())


JOURNEYS = ("inbox", "published", "scheduled", "failed_job", "chain", "batch")


@pytest.mark.parametrize("table", JOURNEYS)
def test_index_finds_a_journey(database: Database, table: str) -> None:
    """By its correlation id, however much there is beside it."""
    if table == "inbox":
        database.query(
            "INSERT INTO messaging.inbox (message_id, service, kind, status, turn, attempts, correlation_id) "
            "SELECT gen_random_uuid(), 'toyshop', 'toyshop.toy.make', 'done', 1, 1, gen_random_uuid() "
            "FROM generate_series(1, 20000)"
        )
        database.query("ANALYZE messaging.inbox")
    with psycopg.connect(database.url) as connection:
        if table != "inbox":
            connection.execute("SET enable_seqscan = off")  # an empty table is read whole, whatever indexes it has
        plan = connection.execute(
            f"EXPLAIN SELECT * FROM messaging.{table} WHERE correlation_id = '01890000-0000-7000-8000-000000000000'".encode()
        ).fetchall()

    assert "correlation_id_idx" in str(plan) or f"ix_{table}_correlation_id" in str(plan)
