"""Rows on their way into chunks."""

from services.reports.domain.imported_rows import Checked, in_chunks, marked
from services.reports.domain.imports import FIRST_ERRORS, ImportState, Row, progress
from services.reports.domain.mapping import ColumnMapping
from services.reports.domain.people import RowReader


def rows(*addresses: str) -> list[Row]:
    return [Row(number, (address,)) for number, address in enumerate(addresses, start=2)]


def test_row_with_an_address_that_stood_before_says_where() -> None:
    """Without regard to case and blanks; what is no address is nobody's."""
    found = list(marked([*rows("a@example.org", "none", "A@Example.org ", "none", "b@example.org"), Row(7, ())], 0))

    assert [row.repeats for row in found] == [None, None, 2, None, None, None]


def test_rows_are_cut_into_equal_chunks_with_a_rest() -> None:
    """All of them, in their order."""
    chunks = list(in_chunks(rows(*("x" for _ in range(7))), size=3))

    assert ([len(chunk) for chunk in chunks], [row.number for row in chunks[2]]) == ([3, 3, 1], [8])


def test_dry_run_counts_all_and_keeps_the_first_errors() -> None:
    """By code, so that a wrong mapping is seen at a glance."""
    checked, reader = Checked(), RowReader(ColumnMapping(email=0), width=1)

    for row in rows("good@example.org", *("bad" for _ in range(FIRST_ERRORS + 5))):
        checked.look_at(row, reader)

    seen = checked.as_json()
    assert (seen["rows"], seen["good"], seen["failed"], seen["codes"]) == (26, 1, 25, {"email_invalid": 25})
    assert [one["row"] for one in seen["first_errors"]] == list(range(3, 3 + FIRST_ERRORS))


def test_progress_is_that_of_the_rows_rounded_down() -> None:
    """100 means that of every row it is decided what became of it."""
    shown = [progress(ImportState.RUNNING, handled, 1_500) for handled in (0, 14, 15, 1_499, 1_500)]

    assert (shown, progress(ImportState.ANALYSING, 0, None)) == ([0, 0, 1, 99, 100], 0)
