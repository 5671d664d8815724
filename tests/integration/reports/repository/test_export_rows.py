"""Which rows each kind of export has, and what stands in them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.reports.domain.columns import COLUMNS
from services.reports.domain.exports import Filter, Kind
from services.reports.handlers import projection
from services.reports.repository.export_rows import ExportRows
from services.reports.repository.snapshots import snapshots
from shared.contracts.ticketing import TicketCheckedIn
from shared.ids import new_id
from tests.integration.reports.telling import BEGAN, Story, numbered
from tests.support.databases import Database

MINE, OTHER = Story(1), Story(2)
ORDERS = 21


@pytest.fixture
def filled(database: Database) -> Database:
    """Two organisations with an event each, and the same number of orders."""
    with database.work("reports")() as session:
        for story in (MINE, OTHER):
            for event in story.told(ORDERS):
                projection.hear(session, new_id(), event)
    return database


def read(database: Database, kind: Kind, at_once: int = 7, **chosen: Any) -> list[dict[str, Any]]:
    """All rows of my organisation, by the names of their columns."""
    names = [column.name for column in COLUMNS[kind]]
    with snapshots(database.engine("reports"))() as session:
        rows = ExportRows(session)
        found = [
            dict(zip(names, row, strict=True))
            for piece in rows.pieces(kind, MINE.organisation_id, Filter(**chosen), at_once)
            for row in piece
        ]
        assert rows.count(kind, MINE.organisation_id, Filter(**chosen)) == len(found)
    return found


def test_each_kind_has_the_rows_of_its_organisation(filled: Database) -> None:
    """And of no other. What is read in pieces is read once."""
    count = {kind: len(read(filled, kind)) for kind in Kind}
    of_mine = "SELECT count(*) FROM reports.{} WHERE organisation_id = %s"

    assert count[Kind.ORDERS] == ORDERS
    assert count[Kind.ATTENDEES] == filled.value(of_mine.format("tickets"), MINE.organisation_id)
    assert count[Kind.APPOINTMENTS] == filled.value(of_mine.format("appointments"), MINE.organisation_id)
    assert 0 < count[Kind.CHECK_INS] < count[Kind.ATTENDEES]
    assert 0 < count[Kind.PAYMENTS] < ORDERS


def test_an_attendee_has_what_the_order_and_the_event_know(filled: Database) -> None:
    """Names and moments, and whether the holder is in."""
    rows = {row["code"]: row for row in read(filled, Kind.ATTENDEES)}

    first = rows["C1-0"]
    assert (first["name"], first["email"], first["order_number"]) == ("Ada 1", "ada1@example.com", "N1")
    assert (first["event"], first["event_starts_at"]) == ("Spring Ball 1", BEGAN + timedelta(days=30))
    assert first["status"] == "checked_in"
    assert rows["C0-0"]["phone"] == "+4930901820"
    assert (rows["C0-0"]["status"], rows["C0-0"]["checked_in_at"]) == ("issued", None)


def test_a_ticket_that_is_told_of_before_its_order_is_shown_already(filled: Database) -> None:
    """With what is known of it."""
    entered = TicketCheckedIn(
        ticket_id=numbered(9, 1),
        order_id=numbered(9, 2),
        event_id=MINE.event_id,
        organisation_id=MINE.organisation_id,
        code="EARLY",
        checked_in_at=BEGAN,
    )
    with filled.work("reports")() as session:
        projection.hear(session, new_id(), entered)

    found = next(row for row in read(filled, Kind.ATTENDEES) if row["code"] == "EARLY")
    assert (found["name"], found["issued_at"], found["status"]) == (None, None, "checked_in")


def test_an_order_stands_where_the_last_that_counts_has_left_it(filled: Database) -> None:
    """An order that is paid after its hold has ended is honoured: it has not expired."""
    by_status: dict[str, list[dict[str, Any]]] = {}
    for row in read(filled, Kind.ORDERS):
        by_status.setdefault(row["status"], []).append(row)

    assert by_status.keys() == {"fulfilled", "expired", "cancelled"}
    assert any(row["expired_at"] for row in by_status["fulfilled"])
    assert {row["paid_at"] for row in by_status["expired"] + by_status["cancelled"]} == {None}
    assert {row["currency"] for row in by_status["fulfilled"]} == {"EUR"}
    assert by_status["fulfilled"][0]["tickets"] in {1, 2, 3, 4, 6}


def test_appointments_say_where_they_come_from(filled: Database) -> None:
    """And how often they were moved."""
    found = read(filled, Kind.APPOINTMENTS)

    assert {row["status"] for row in found} <= {"booked", "cancelled"}
    assert {row["by_phone"] for row in found} == {"yes"}
    assert {type(row["moves"]) for row in found} == {int}


def _codes(rows: Sequence[dict[str, Any]]) -> set[str]:
    return {row["code"] for row in rows}


def test_rows_are_chosen_by_event_time_and_status(filled: Database) -> None:
    """All of them together; the end of a period is not in it."""
    everybody = read(filled, Kind.ATTENDEES)
    moments = sorted(row["issued_at"] for row in everybody)
    since, until = moments[3], moments[-3]

    assert read(filled, Kind.ATTENDEES, event_id=UUID(int=5)) == []
    assert len(read(filled, Kind.ATTENDEES, event_id=MINE.event_id)) == len(everybody)
    chosen = read(filled, Kind.ATTENDEES, since=since, until=until)
    assert _codes(chosen) == _codes([row for row in everybody if since <= row["issued_at"] < until])
    entered = read(filled, Kind.ATTENDEES, status=("checked_in",))
    assert _codes(entered) == _codes(read(filled, Kind.CHECK_INS))
    both = read(filled, Kind.ATTENDEES, status=("checked_in", "issued"))
    assert _codes(both) == _codes(everybody)


def test_rows_come_in_the_same_order_however_they_are_read(filled: Database) -> None:
    """Somebody who exports twice can compare."""
    for kind in Kind:
        assert read(filled, kind, at_once=3) == read(filled, kind, at_once=1_000)
