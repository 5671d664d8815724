"""The outbox: a message exists exactly if the change that asked for it was committed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dramatiq
import pytest
from sqlalchemy.orm import Session

from shared.contracts.message import Contract
from shared.database.session import unit_of_work
from shared.ids import new_id
from shared.messaging.envelope import EVENTS_EXCHANGE, MAX_BODY_BYTES, MessageTooLargeError
from shared.messaging.outbox import InvalidDueTimeError, publish, publish_all
from shared.messaging.testing import assert_nothing_published, assert_published, published
from tests.support.databases import Database
from tests.toyshop.contracts import MakeToy, PackToy, ToyFailed, ToyMade

TOY = PackToy(number=7)


@pytest.fixture
def database(clean_database: Database) -> Database:
    """These tests leave the schema as it is."""
    return clean_database


def rows(database: Database) -> list[tuple[Any, ...]]:
    return database.query("SELECT message_id, kind, is_event, queue, body FROM messaging.outbox ORDER BY id")


def due_rows(database: Database) -> list[tuple[Any, ...]]:
    return database.query("SELECT message_id, kind, turn, due_at, created_at, reason FROM messaging.scheduled")


def test_committed_message_is_there(database: Database) -> None:
    """One row, whose body any Dramatiq tool can read: the kind is the actor, the fields are its keyword arguments."""
    with database.work("toyshop")() as session:
        message_id = publish(session, TOY, tags=["gift"])

    ((kept_id, kind, is_event, queue, body),) = rows(database)
    message = dramatiq.Message.decode(bytes(body))
    assert (kept_id, kind, is_event, queue) == (message_id, PackToy.kind, False, None)
    assert (message.actor_name, message.args, message.kwargs) == (PackToy.kind, (), {"number": 7})
    assert message.message_id == str(message_id)
    assert message.options == {
        "correlation_id": str(message_id), "tags": ["gift"], "turn": 1, "version": 1
    }  # fmt: skip


def test_rolled_back_message_never_was(database: Database) -> None:
    """Neither at once nor later."""
    with pytest.raises(RuntimeError), database.work("toyshop")() as session:
        publish(session, TOY)
        publish(session, TOY, due=timedelta(hours=1))
        publish_all(session, [TOY, TOY])
        raise RuntimeError

    assert (rows(database), due_rows(database)) == ([], [])


def test_many_are_sent_in_one_statement_in_their_order(database: Database) -> None:
    """Ids come back in the order of the messages; commands and events may be mixed."""
    messages: list[Contract] = [PackToy(number=1), ToyMade(number=2), PackToy(number=3)]

    with database.work("toyshop")() as session:
        ids = publish_all(session, messages)

    assert [(row[0], row[1], row[2]) for row in rows(database)] == [
        (ids[0], PackToy.kind, False),
        (ids[1], ToyMade.kind, True),
        (ids[2], PackToy.kind, False),
    ]


def test_none_of_nothing_is_sent(database: Database) -> None:
    """An empty list costs no statement and wakes nobody."""
    with database.work("toyshop")() as session:
        assert publish_all(session, []) == []
        assert session.info == {}


def test_event_is_addressed_to_the_exchange(database: Database) -> None:
    """Whoever hears it binds a queue; the publisher names none."""
    with database.work("toyshop")() as session:
        publish(session, ToyMade(number=1))

    assert dramatiq.Message.decode(bytes(rows(database)[0][4])).queue_name == EVENTS_EXCHANGE


def test_delay_is_a_row_until_its_time(database: Database) -> None:
    """Nothing is in the outbox before; the delay counts from the clock of the database."""
    with database.work("toyshop")() as session:
        message_id = publish(session, TOY, due=timedelta(hours=2))

    ((kept_id, kind, turn, due_at, created_at, reason),) = due_rows(database)
    assert (kept_id, kind, turn, reason) == (message_id, PackToy.kind, 1, "due")
    assert abs(due_at - created_at - timedelta(hours=2)) < timedelta(minutes=1)
    assert rows(database) == []


def test_moment_is_kept_as_it_is(database: Database) -> None:
    """An aware time is a due time."""
    moment = datetime(2031, 5, 17, 18, 30, tzinfo=UTC)

    with database.work("toyshop")() as session:
        publish(session, TOY, due=moment)

    assert due_rows(database)[0][3] == moment


@pytest.mark.parametrize("due", [datetime(2031, 5, 17), timedelta(seconds=-1)], ids=["naive", "negative"])  # noqa: DTZ001 - naive is the point
def test_due_time_that_cannot_be_meant_is_refused(database: Database, due: Any) -> None:
    """Nothing is written."""
    with database.work("toyshop")() as session, pytest.raises(InvalidDueTimeError):
        publish(session, TOY, due=due)

    assert due_rows(database) == []


@pytest.mark.parametrize("send", [publish, lambda session, message: publish_all(session, [message])])
def test_message_over_64_kb_is_refused(database: Database, send: Any) -> None:
    """The error says what to do instead."""
    large = ToyFailed(failed_kind="x.y.z", failed_message_id=new_id(), fields={}, reason="", error="x" * MAX_BODY_BYTES)

    with database.work("toyshop")() as session, pytest.raises(MessageTooLargeError, match="storage"):
        send(session, large)

    assert rows(database) == []


def test_organisation_given_by_hand_is_carried(database: Database) -> None:
    """It stands in the body, and in the scheduled row where a person looks for it."""
    organisation = new_id()

    with database.work("toyshop")() as session:
        publish(session, TOY, organisation_id=organisation)
        publish(session, TOY, due=timedelta(hours=1), organisation_id=organisation)

    options = dramatiq.Message.decode(bytes(rows(database)[0][4])).options
    assert options["organisation_id"] == str(organisation)
    assert database.value("SELECT organisation_id FROM messaging.scheduled") == organisation


def test_relay_is_woken_after_the_commit_only(database: Database) -> None:
    """A transaction that published nothing, or was rolled back, wakes nobody."""
    pokes: list[int] = []
    work = unit_of_work(database.engine("toyshop"), lambda _: pokes.append(1))

    with work() as session:
        session.connection()
    with pytest.raises(RuntimeError), work() as session:
        publish(session, TOY)
        raise RuntimeError
    with work() as session:
        publish(session, TOY)
        seen_inside = len(pokes)

    assert (seen_inside, pokes) == (0, [1])


def test_tests_can_ask_what_was_published(database: Database) -> None:
    """assert_published names what there was instead."""
    with database.work("toyshop")() as session:
        assert_nothing_published(session)
        publish(session, MakeToy(number=1))
        publish(session, PackToy(number=2), due=timedelta(hours=1))

        assert assert_published(session, PackToy, number=2).is_scheduled
        assert [message.kind for message in published(session)] == [MakeToy.kind, PackToy.kind]
        with pytest.raises(AssertionError, match=r"was not published(.|\n)*toyshop\.toy\.make"):
            assert_published(session, PackToy, number=3)


def test_session_is_the_only_way(database: Database) -> None:
    """Publishing takes the caller's session, so it cannot be outside of its transaction."""
    with Session(database.engine("toyshop")) as session:
        publish(session, TOY)
        session.rollback()

    assert rows(database) == []
