"""`/v1/event-reports` and `/v1/projection`, as an organisation sees them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from services.reports import actors
from services.reports.handlers import rebuilding
from services.reports.handlers.dependencies import Dependencies
from services.reports.settings import ReportsSettings
from shared.ids import new_id
from shared.messaging.testing import Inline
from tests.integration.reports.front import Answered, Front, serving
from tests.integration.reports.observing import hear
from tests.integration.reports.telling import Story
from tests.support.databases import Database

REPORTS = "/v1/event-reports"


@dataclass
class Hall:
    """An organisation with an event of which something was heard."""

    front: Front
    key: str
    event_id: UUID

    def ask(self, event_id: UUID | None = None, key: str = "") -> Answered:
        body = {"event_id": str(event_id or self.event_id)}
        return self.front.call("POST", REPORTS, body, key=key or self.key)

    def get(self, path: str, key: str = "") -> Answered:
        return self.front.call("GET", path, key=key or self.key)


@pytest.fixture
def hall(database: Database, tmp_path: Path) -> Iterator[Hall]:
    """Served on loopback."""
    with serving(database, tmp_path) as front:
        organisation_id, key = front.key("Town Hall")
        event = Story().event().model_copy(update={"organisation_id": organisation_id})
        hear(database, [event, *Story().order(0)])
        yield Hall(front, key, event.event_id)


def test_a_report_is_asked_for_computed_and_read(database: Database, hall: Hall) -> None:
    """202 with its address, 404 until it is there, then its statistics."""
    path = f"{REPORTS}/{hall.event_id}"
    before, asked = hall.get(path), hall.ask()
    Inline(database.engine, [actors.process_event_data], {"reports": Dependencies(facts=ReportsSettings())}).drain_all()
    found = hall.get(path)
    assert (before.status, before.code) == (404, "event_report_not_ready")
    assert (asked.status, asked.body["url"]) == (202, path)
    assert (found.status, found.body["statistics"]["orders"]["paid"]) == (200, 1)


def test_an_event_of_others_is_none(hall: Hall) -> None:
    """Neither asked for nor read."""
    _, other = hall.front.key("Somebody else")
    answers = [hall.ask(key=other), hall.get(f"{REPORTS}/{hall.event_id}", key=other), hall.ask(new_id())]
    assert [(answer.status, answer.code) for answer in answers] == [(404, "event_not_found")] * 3


def test_a_rebuild_shows_how_far_it_is(database: Database, hall: Hall) -> None:
    """Whole before it, not while it runs, and nobody needs to know more."""
    before = hall.get("/v1/projection").body
    with database.work("reports")() as session:
        rebuilding.start(session)
    during = hall.get("/v1/projection").body
    assert before == {"is_whole": True, "rebuild": None}
    assert (during["is_whole"], during["rebuild"]["state"], during["rebuild"]["percentage"]) == (False, "running", 0)
