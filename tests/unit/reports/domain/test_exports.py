"""What can be asked for."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.reports.domain.exports import Filter, Format, Kind, check_filter, percentage
from services.reports.errors import ExportFilterError
from tests.unit.reports.exported import wanted

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "chosen", "says"),
    [
        (Kind.APPOINTMENTS, Filter(event_id=UUID(int=1)), "belong to no event"),
        (Kind.ORDERS, Filter(status=("paid", "refunded")), "one of held, paid, fulfilled, .*, not refunded"),
        (Kind.PAYMENTS, Filter(status=("paid",)), "cannot be filtered by"),
        (Kind.ORDERS, Filter(since=JUNE, until=MAY), "since must be before until"),
        (Kind.ORDERS, Filter(since=MAY, until=MAY), "since must be before until"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(kind: Kind, chosen: Filter, says: str) -> None:
    """With what to do instead."""
    with pytest.raises(ExportFilterError, match=says):
        check_filter(kind, chosen)


@pytest.mark.parametrize("kind", Kind)
def test_a_filter_is_kept_as_it_was_asked(kind: Kind) -> None:
    """It is read again when the export runs."""
    status = {Kind.ATTENDEES: ("checked_in",), Kind.ORDERS: ("held", "paid")}.get(kind, ())
    chosen = Filter(None if kind is Kind.APPOINTMENTS else UUID(int=7), MAY, JUNE, status)

    check_filter(kind, chosen)

    assert Filter.stored(chosen.as_stored()) == chosen
    assert Filter.stored({}) == Filter()


def test_a_file_has_a_name_for_people_and_one_for_the_storage() -> None:
    """The second one is the same however often the file is made."""
    export = wanted(Kind.CHECK_INS, Format.XLSX)

    assert export.file_name == "check-ins.xlsx"
    assert export.storage_key == f"exports/{UUID(int=2)}/{UUID(int=1)}.xlsx"


def test_progress_leaves_room_for_storing_the_file() -> None:
    """It never goes back, and is 100 only when all is done."""
    assert [percentage(done, 2_000) for done in (0, 20, 1_000, 2_000)] == [0, 0, 47, 95]
    assert percentage(0, 0) == 95
