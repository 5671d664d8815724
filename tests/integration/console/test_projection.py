"""`bellhop projection`."""

import threading

import pytest

from services.console.errors import RebuildFailedError
from services.console.operations import projection as operations
from services.console.settings import ConsoleSettings
from services.reports import actors
from services.reports.handlers.dependencies import Dependencies
from services.reports.settings import ReportsSettings
from shared.messaging.testing import Inline
from tests.integration.console.conftest import Bellhop
from tests.integration.reports.observing import hear, rows
from tests.integration.reports.telling import Story
from tests.support.databases import Database
from tests.support.waiting import wait_for


@pytest.fixture
def worker(database: Database) -> Inline:
    """Takes steps when the test says so."""
    dependencies = Dependencies(facts=ReportsSettings(rebuild_step_events=20))
    return Inline(database.engine, [actors.rebuild_step, actors.mark_rebuild_failed], {"reports": dependencies})


def test_a_rebuild_is_started_shown_and_refused_while_it_runs(
    bellhop: Bellhop, database: Database, worker: Inline
) -> None:
    """With its progress; one at a time."""
    hear(database, Story().told(4))
    expected, before = rows(database), bellhop("projection", "show", "--json").json
    started, again = bellhop("projection", "rebuild"), bellhop("projection", "rebuild")
    running = bellhop("projection", "show", "--json").json
    worker.drain()
    done = bellhop("projection", "show", "--json").json
    assert before == {"is_whole": True}
    assert (started.code, again.code, "already" in again.err) == (0, 1, True)
    assert (running["is_whole"], running["state"], running["percentage"]) == (False, "running", 0)
    assert (done["is_whole"], done["state"], done["applied"], done["percentage"]) == (True, "done", done["total"], 100)
    assert rows(database) == expected


def test_who_waits_sees_it_done(bellhop: Bellhop, database: Database, worker: Inline) -> None:
    """The workers do it; the command tells how far they are, and ends well."""
    hear(database, Story().told(4))

    def work() -> None:
        wait_for(lambda: database.value("SELECT count(*) FROM reports.rebuilds") == 1, 20, "the rebuild")
        worker.drain()

    thread = threading.Thread(target=work)
    thread.start()
    waited = bellhop("projection", "rebuild", "--wait")
    thread.join()
    assert (waited.code, "rebuilt " in waited.out, "100 %" in waited.err) == (0, True, True)


def test_who_waits_for_one_that_fails_is_told_why(bellhop: Bellhop, database: Database) -> None:
    """Exit code 1, and the reason."""
    rebuild_id = operations.rebuild(_settings(bellhop))
    database.query("UPDATE reports.rebuilds SET state = 'failed', failure = 'no room'")
    with pytest.raises(RebuildFailedError) as failed:
        operations.wait(ConsoleSettings(), rebuild_id, lambda _: None)
    assert "no room" in str(failed.value)


def _settings(bellhop: Bellhop) -> ConsoleSettings:
    """Those that `bellhop` sets."""
    bellhop("projection", "show")
    return ConsoleSettings()
