"""What the reports service hears, as a broker delivers it: each message twice."""

from datetime import timedelta

import structlog

from services.reports import actors
from services.reports.handlers import event_data, rebuilding
from services.reports.handlers.dependencies import Dependencies
from services.reports.repository.event_data import EventData
from services.reports.settings import ReportsSettings
from shared.clock import Clock
from shared.contracts.reports import ComputeFigures, ProcessEventData
from shared.database.session import UnitOfWork
from shared.ids import new_id
from shared.messaging.actor import declarations_in
from shared.messaging.outbox import publish
from shared.messaging.testing import Inline, assert_published
from tests.integration.reports.observing import hear, rows
from tests.integration.reports.telling import BEGAN, Story
from tests.support.databases import Database

STORY = Story()
LATER = BEGAN + timedelta(days=31)


def at(moment: object = LATER) -> Clock:
    return lambda: moment  # type: ignore[return-value, unused-ignore] # a moment is what a clock tells


def inline(database: Database, *, twice: bool = False) -> Inline:
    """Only what this file is about: figures are left in the outbox."""
    here = [one for one in declarations_in(actors) if one.is_event and one.queue == "reports.events"]
    here += [actors.rebuild_step, actors.mark_rebuild_failed, actors.process_event_data]
    dependencies = Dependencies(facts=ReportsSettings(rebuild_step_events=40), clock=at())
    return Inline(database.engine, here, {"reports": dependencies}, twice=twice)


def ask(work: UnitOfWork) -> None:
    with work() as session:
        event_data.ask(session, STORY.organisation_id, STORY.event_id)


def test_every_message_is_taken_in_once(database: Database) -> None:
    """The log has as many events as messages were published."""
    told = list(STORY.told(6))
    running = inline(database, twice=True)
    with database.work("ticketing")() as session:
        for event in told:
            publish(session, event)
    ran = running.drain()
    heard = rows(database)
    database.query("DELETE FROM reports.event_log")
    hear(database, told)
    assert [one.outcome for one in ran].count("done") == len(told)
    assert rows(database) == heard


def test_a_rebuild_ends_with_figures_that_are_due(database: Database) -> None:
    """What was wrong in the projection is wrong in them."""
    running = inline(database, twice=True)
    hear(database, STORY.told(6))
    expected = rows(database)
    with running.work() as session:
        rebuilding.start(session)
    running.drain_all()
    with running.work() as session:
        assert_published(session, ComputeFigures)
    assert rows(database) == expected


def test_the_data_of_an_event_is_processed_once_however_often_it_is_asked_for(database: Database) -> None:
    """Before it has begun; what is heard after that is for the next one."""
    hear(database, STORY.told(12))
    running = inline(database)
    for _ in range(3):
        ask(running.work)
    first = running.drain_all()
    ask(running.work)
    second = running.drain_all()
    outcomes = [[one.outcome for one in ran] for ran in (first, second)]
    assert outcomes == [["done"], ["done"]]


def test_the_statistics_are_those_of_the_event(database: Database) -> None:
    """Money, sales, tickets and who did not come; another event has no part in them."""
    hear(database, STORY.told(7))
    hear(database, Story(2).told(3))
    running = inline(database)
    ask(running.work)
    running.drain()
    with running.work() as session:
        found = event_data.report(session, STORY.organisation_id, STORY.event_id).statistics
    assert found["orders"] == {"placed": 7, "paid": 5, "expired": 1, "cancelled": 1, "customers": 5}
    assert found["revenue"] == [{"currency": "eur", "amount": 25_000}]
    assert [(one["name"], one["sold"], one["issued"]) for one in found["ticket_types"]] == [
        ("Gallery", 2, 2),
        ("Standing", 9, 9),
    ]
    assert (found["is_over"], found["tickets"]["issued"], found["tickets"]["no_shows"]) == (True, 11, 10)
    assert sum(one["orders"] for one in found["sales"]) == 5
    assert [one["count"] for one in found["check_ins"]] == [found["tickets"]["checked_in"]]


def test_an_event_that_is_gone_is_dropped(database: Database) -> None:
    """There is nothing to compute, and nobody to tell."""
    running = inline(database)
    with running.work() as session:
        publish(session, ProcessEventData(event_id=new_id()))
    (ran,) = running.drain_all()
    with running.work() as session:
        kept = EventData(session).report(STORY.event_id, STORY.organisation_id)
    assert (ran.outcome, kept) == ("done", None)


def test_the_data_of_an_event_waits_for_the_whole_projection(database: Database) -> None:
    """Half of its orders would be half of the truth."""
    hear(database, STORY.told(6))
    running = inline(database)
    with running.work() as session:
        rebuild_id = rebuilding.start(session)
        session.flush()
    waiting = Inline(
        database.engine,
        [actors.process_event_data],
        {"reports": Dependencies(facts=ReportsSettings(), clock=at())},
    )
    ask(waiting.work)
    first = [one.outcome for one in waiting.drain()]
    running.drain_all()
    assert rebuild_id
    assert first == ["snoozed"]
    assert running.ran[-1].outcome == "done"
    assert running.ran[-1].kind == ProcessEventData.kind


def test_what_keeps_failing_is_told_to_operations_after_three_exceptions(database: Database) -> None:
    """10 s and 30 s later it is tried again."""
    broken = Dependencies(facts=ReportsSettings(), clock=lambda: 1 / 0)  # type: ignore[arg-type, return-value] # a bug
    running = Inline(database.engine, [actors.process_event_data], {"reports": broken})
    hear(database, [STORY.event()])
    ask(running.work)
    with structlog.testing.capture_logs():
        ran = running.drain_all()
    alerts = database.value(
        "SELECT count(*) FROM messaging.outbox WHERE kind = 'notifications.operations.alert_failure'"
    )
    assert ([one.outcome for one in ran], alerts) == (["retry", "retry", "failed"], 1)
