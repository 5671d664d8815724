"""What is due later can be seen, moved, run now and cancelled, and whoever counts on it is told."""

from datetime import timedelta

import pytest

from shared.clock import now
from shared.errors import TransientError
from shared.messaging.actor import actor
from shared.messaging.batch import Batch, publish_batch, show_batch
from shared.messaging.failed_jobs import list_failed, retry_failed
from shared.messaging.outbox import publish
from shared.messaging.retries import Delays
from shared.messaging.scheduled import (
    ScheduledMessageNotFoundError,
    cancel_message,
    cancel_scheduled,
    list_scheduled,
    move_scheduled,
    run_scheduled_now,
)
from shared.messaging.testing import Inline
from shared.messaging.unique import Unique
from tests.support.databases import Database
from tests.toyshop.contracts import MakeToy, ToyFailed, ToyMade

QUEUE = "toyshop.default"


class Shut:
    """A handler whose shop is closed, until it is opened."""

    def __init__(self) -> None:
        self.is_open = False

    def __call__(self, *_: object) -> None:
        if not self.is_open:
            raise TransientError("closed")


def test_due_time_is_moved_and_brought_forward(database: Database) -> None:
    """The order of the list follows the due times."""
    work = database.work("toyshop")
    with work() as session:
        for hours in (1, 2, 3):
            publish(session, MakeToy(number=hours), due=timedelta(hours=hours))
        first, second, third = (row["id"] for row in list_scheduled(session, kind="toyshop.toy.make"))

        move_scheduled(session, first, now() + timedelta(hours=9))
        run_scheduled_now(session, third)

        assert [row["id"] for row in list_scheduled(session)] == [third, second, first]
        with pytest.raises(ValueError, match="aware"):
            move_scheduled(session, first, now().replace(tzinfo=None))


def test_what_is_not_there_is_not_found(database: Database) -> None:
    """It was sent, cancelled, or never there."""
    with database.work("toyshop")() as session:
        with pytest.raises(ScheduledMessageNotFoundError):
            cancel_scheduled(session, 42)
        with pytest.raises(ScheduledMessageNotFoundError):
            run_scheduled_now(session, 42)


def test_a_message_is_taken_back_by_its_own_id_while_it_waits(database: Database) -> None:
    """Whoever has published it knows no other number. What was sent already is not there to be taken."""
    with database.work("toyshop")() as session:
        later = publish(session, MakeToy(number=1), due=timedelta(hours=1))
        sent = publish(session, MakeToy(number=2))

        taken = [cancel_message(session, later), cancel_message(session, later), cancel_message(session, sent)]

        assert (taken, list_scheduled(session)) == ([True, False, False], [])


def test_cancelled_delay_frees_its_unique_key(database: Database) -> None:
    """Nobody had heard of it, so nothing failed; and the next one with its key is sent."""
    with database.work("toyshop")() as session:
        first = publish(session, MakeToy(number=1), due=timedelta(hours=1), unique=Unique("toy"))
        cancel_scheduled(session, list_scheduled(session)[0]["id"])
        second = publish(session, MakeToy(number=1), unique=Unique("toy"))
        assert (second == first, list_failed(session)) == (False, [])


def test_cancelled_retry_ends_as_a_failed_job_with_its_notice(database: Database) -> None:
    """It is over as if its tries were spent: its notice is sent, its batch counts it, and it can be retried."""
    shut = Shut()
    declarations = [
        actor(MakeToy, queue=QUEUE, backoff=Delays([3600]), on_failure=ToyFailed)(shut),
        actor(ToyFailed, queue=QUEUE)(lambda *_: None),
    ]
    inline = Inline(database.engine, declarations)
    with inline.work() as session:
        batch_id = publish_batch(session, Batch("toys", [MakeToy(number=1)]))
    inline.drain()

    with inline.work() as session:
        cancel_scheduled(session, list_scheduled(session)[0]["id"])
    told = [(one.kind, one.fields["reason"]) for one in inline.drain()]
    with inline.work() as session:
        failed = show_batch(session, batch_id).failed
        [job] = list_failed(session)
        retry_failed(session, job["id"])
    shut.is_open = True
    retried = [one.outcome for one in inline.drain()]

    assert (told, failed, job["reason"], job["attempts"]) == ([("toyshop.toy.failed", "cancelled")], 1, "cancelled", 1)
    assert retried == ["done"]


def test_cancelled_retry_of_an_event_leaves_its_other_listeners_alone(database: Database) -> None:
    """Two services wait for their second attempt at the same event: one is cancelled, the other comes."""
    shut = Shut()
    queues = (QUEUE, "notifications.email")
    inline = Inline(database.engine, [actor(ToyMade, queue=queue, backoff=Delays([3600]))(shut) for queue in queues])
    with inline.work() as session:
        publish(session, ToyMade(number=1))
    inline.drain()

    with inline.work() as session:
        [ours] = [row["id"] for row in list_scheduled(session) if row["queue"] == QUEUE]
        cancel_scheduled(session, ours)
    shut.is_open = True
    ran = inline.drain_all()

    assert [(one.service, one.outcome) for one in ran] == [("notifications", "done")]
