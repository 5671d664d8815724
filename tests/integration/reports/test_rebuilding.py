"""Building the projection again: the same as the one that grew, whatever happens meanwhile."""

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from services.reports import actors
from services.reports.domain.rebuilds import Rebuild, RebuildState
from services.reports.errors import LogTrimmedError, RebuildRunningError
from services.reports.handlers import rebuilding
from services.reports.handlers.dependencies import Dependencies
from services.reports.handlers.projection import projection_is_whole
from services.reports.repository.event_log import EventLog
from services.reports.repository.projected_tables import TABLES
from services.reports.repository.retention import purges
from services.reports.settings import ReportsSettings
from shared.contracts.message import Event
from shared.contracts.reports import MarkRebuildFailed, RebuildStep
from shared.ids import new_id
from shared.messaging.testing import Inline, assert_published
from tests.integration.reports.observing import fingerprint, hear, rows, take_marks
from tests.integration.reports.telling import Story
from tests.support.ageing import DAY, purge_on
from tests.support.databases import Database

REBUILDING = [actors.rebuild_step, actors.mark_rebuild_failed]
MINUTES_3 = 180.0


def facts(step: int) -> ReportsSettings:
    return ReportsSettings(rebuild_step_events=step)


def inline(database: Database, step: int) -> Inline:
    return Inline(database.engine, REBUILDING, {"reports": Dependencies(facts=facts(step))})


def start(database: Database) -> RebuildStep:
    with database.work("reports")() as session:
        return RebuildStep(rebuild_id=rebuilding.start(session))


def newest(database: Database) -> Rebuild:
    with database.work("reports")() as session:
        found = rebuilding.newest(session)
    assert found is not None
    return found


def is_whole(database: Database) -> bool:
    with database.work("reports")() as session:
        return projection_is_whole(session)


def steps(database: Database, message: RebuildStep, step: int) -> Iterator[Rebuild]:
    """One step after the other, in transactions of their own; between them the test does what it likes."""
    while newest(database).state is RebuildState.RUNNING:
        with database.work("reports")() as session:
            rebuilding.step(session, facts(step), message)
        yield newest(database)


def spoil(database: Database) -> None:
    """What a rebuild is for: rows that are wrong, missing, and of nobody."""
    database.query("UPDATE reports.orders SET amount = 1, paid_at = NULL")
    database.query("DELETE FROM reports.tickets WHERE checked_in_at IS NULL")
    database.query("UPDATE reports.calls SET id = gen_random_uuid()")


def grown_and_rebuilt(database: Database, orders: int, step: int) -> tuple[int, Mapping[str, Any], float]:
    """How many events there were, what stands in the projection that grew, and the seconds that building it again took."""
    told = [Story(number).told(orders // 2) for number in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        events = sum(pool.map(lambda of_story: hear(database, of_story), told))
    grown = fingerprint(database)
    spoil(database)
    start(database)
    began = time.monotonic()
    ran = inline(database, step).drain()
    seconds = time.monotonic() - began
    assert {one.outcome for one in ran} == {"done"}
    return events, grown, seconds


def test_a_rebuilt_projection_is_the_one_that_grew(database: Database) -> None:
    """Small twin of the million."""
    events, grown, _ = grown_and_rebuilt(database, 160, 150)
    found = newest(database)
    assert (found.state, found.applied, found.total, found.percentage) == (RebuildState.DONE, events, events, 100)
    assert fingerprint(database) == grown
    assert is_whole(database)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_a_million_events_are_rebuilt_within_three_minutes(database: Database) -> None:
    """At the size of step that is set, and equal to what grew event by event."""
    events, grown, seconds = grown_and_rebuilt(database, 166_000, facts(10_000).rebuild_step_events)
    print(f"{events} events were rebuilt in {seconds:.1f} s")
    assert events >= 1_000_000
    assert fingerprint(database) == grown
    assert seconds <= MINUTES_3


def test_what_is_heard_meanwhile_is_in_it_once(database: Database) -> None:
    """New orders, and new words about old ones, between any two steps; exports and figures wait."""
    old, new = list(Story().told(8)), [event for number in range(20, 40) for event in Story().order(number)]
    hear(database, old)
    seen = []
    for rebuild in steps(database, start(database), 12):
        seen.append((rebuild.percentage, is_whole(database)))
        later, new = new[:6], new[6:]
        hear(database, [*later, old[len(seen) % len(old)]])
    hear(database, new)
    rebuilt = rows(database)
    percentages = [percentage for percentage, _ in seen]
    assert (percentages, percentages[-1]) == (sorted(percentages), 100)
    assert [whole for _, whole in seen] == [False] * (len(seen) - 1) + [True]
    assert rebuilt == _anew(database, [*Story().told(8), *(e for n in range(20, 40) for e in Story().order(n))])


def _anew(database: Database, events: list[Event]) -> Mapping[str, Any]:
    """What stands there when the events are heard by an empty projection."""
    for name in ("event_log", *(table.name for table in TABLES)):
        database.query(f"DELETE FROM reports.{name}")
    hear(database, events)
    return rows(database)


def test_workers_that_hear_at_the_same_time_are_in_nobodys_way(database: Database) -> None:
    """The rows of old orders are taken in by a step while new words about them come in."""
    told = [list(Story(number).told(40)) for number in (1, 2)]
    for events in told:
        hear(database, events)
    expected, ended = rows(database), threading.Event()

    def go_on_hearing(events: list[Event]) -> None:
        while not ended.is_set():
            hear(database, events[-60:], together=1)

    with ThreadPoolExecutor(2) as pool:
        hearing = [pool.submit(go_on_hearing, events) for events in told]
        try:
            ran = list(steps(database, start(database), 60))
        finally:
            ended.set()
        errors = [one.exception() for one in hearing]
    assert (ran[-1].state, errors) == (RebuildState.DONE, [None, None])
    assert rows(database) == expected


def test_a_step_whose_worker_dies_is_taken_again(database: Database) -> None:
    """All of it is undone, or nothing: after each death of a worker the step begins where it began."""
    hear(database, Story().told(10))
    expected, message, deaths = rows(database), start(database), 0
    while newest(database).state is RebuildState.RUNNING:
        with pytest.raises(_Killed), database.work("reports")() as session:
            rebuilding.step(session, facts(20), message)
            raise _Killed
        deaths += 1
        with database.work("reports")() as session:
            rebuilding.step(session, facts(20), message)
    assert deaths > 3
    assert rows(database) == expected


class _Killed(BaseException):
    """As a process that dies: nothing is committed."""


def test_a_step_that_is_delivered_again_is_quiet_after_the_end(database: Database) -> None:
    """Nothing is applied to a projection that is done."""
    hear(database, Story().told(3))
    message = start(database)
    list(steps(database, message, 500))
    expected = rows(database)
    with database.work("reports")() as session:
        rebuilding.step(session, facts(500), message)
    assert rows(database) == expected


def test_whoever_reads_in_a_snapshot_goes_on_seeing_everything(database: Database) -> None:
    """An export that runs already is not disturbed, and does not hold anybody up."""
    hear(database, Story().told(5))
    count = text("SELECT count(*) FROM reports.tickets")
    with database.engine("reports").connect().execution_options(isolation_level="REPEATABLE READ") as reader:
        before = reader.execute(count).scalar()
        first = next(steps(database, start(database), 500))
        during = reader.execute(count).scalar()
    assert first.emptied_at is not None
    assert database.value("SELECT count(*) FROM reports.tickets") == 0
    assert (before, before) == (during, 10)


def test_figures_are_computed_anew_after_it(database: Database) -> None:
    """Every hour of which something is known is stale."""
    hear(database, Story().told(5))
    take_marks(database)
    start(database)
    inline(database, 500).drain()
    known = """SELECT organisation_id, date_trunc('hour', moment, 'UTC') FROM (
        SELECT organisation_id, placed_at FROM reports.orders UNION SELECT organisation_id, paid_at FROM reports.orders
        UNION SELECT organisation_id, checked_in_at FROM reports.tickets
        UNION SELECT organisation_id, starts_at FROM reports.events UNION SELECT organisation_id, started_at FROM reports.calls
        UNION SELECT organisation_id, ended_at FROM reports.notifications) AS facts(organisation_id, moment)
        WHERE moment IS NOT NULL"""
    assert take_marks(database) >= set(database.query(known))


def test_only_one_runs(database: Database) -> None:
    """The second is refused, and changes nothing."""
    message = start(database)
    with pytest.raises(RebuildRunningError) as refused, database.work("reports")() as session:
        rebuilding.start(session)
    assert refused.value.http_status == 409
    assert newest(database).id == message.rebuild_id


def test_one_that_fails_says_so_and_the_next_one_heals(database: Database) -> None:
    """Until then nobody takes what is there for all there is."""
    hear(database, Story().told(3))
    expected, message = rows(database), start(database)
    next(steps(database, message, 500))
    notice = MarkRebuildFailed(
        failed_kind=RebuildStep.kind,
        failed_message_id=new_id(),
        fields={"rebuild_id": str(message.rebuild_id)},
        reason="tries_exhausted",
        error="Traceback …\nLockNotAvailable: too long",
    )
    with database.work("reports")() as session:
        rebuilding.mark_failed(session, notice)
    failed, whole = newest(database), is_whole(database)
    start(database)
    inline(database, 500).drain()
    assert (failed.state, failed.failure) == (RebuildState.FAILED, "tries_exhausted: LockNotAvailable: too long")
    assert (whole, is_whole(database), rows(database)) == (False, True, expected)


def test_a_step_publishes_the_next_one(database: Database) -> None:
    """In the transaction of its own work."""
    message = start(database)
    with database.work("reports")() as session:
        rebuilding.step(session, facts(10), message)
        assert assert_published(session, RebuildStep, rebuild_id=message.rebuild_id)


def test_a_log_that_was_cut_is_no_source_of_a_rebuild(database: Database) -> None:
    """Old events go where a retention is set; the projection of them stays, and is not thrown away for half of it."""
    with database.work("reports")() as session:
        EventLog(session).add(new_id(), "ticketing.order.paid", "{}")
    kept = purge_on(database, "reports", purges(None), 4_000)
    young = purge_on(database, "reports", purges(30 * DAY), 29)
    removed = purge_on(database, "reports", purges(30 * DAY), 31)
    with pytest.raises(LogTrimmedError, match="would lose what they told"), database.work("reports")() as session:
        rebuilding.start(session)
    assert (kept, young, removed) == (0, 0, 1)
