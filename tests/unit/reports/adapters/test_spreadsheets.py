"""Excel workbooks, whatever is in them. The program that reads them is a real one."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from services.reports.adapters import spreadsheets
from services.reports.domain.imports import Reading, Row
from services.reports.errors import FileRefusedError
from tests.unit.reports.adapters.workbooks import ENCRYPTED, OLD, bomb, corners, workbook

PEOPLE = [["Name", "E-Mail"], ["Ada", "ada@example.org"]]


def read(path: Path, wish: Reading | None = None) -> list[Row]:
    return list(spreadsheets.rows(path, wish or Reading()))


def refusal(path: Path, wish: Reading | None = None) -> tuple[str, str]:
    with pytest.raises(FileRefusedError) as refused:
        read(path, wish)
    return refused.value.refusal, str(refused.value)


def test_first_sheet_is_read_unless_another_is_named(tmp_path: Path) -> None:
    """And the reading that is written down names it."""
    path = workbook(tmp_path / "a.xlsx", {"People": PEOPLE, "More": [["x"], ["y"]]})

    assert [row.cells for row in read(path)] == [("Name", "E-Mail"), ("Ada", "ada@example.org")]
    assert [row.cells for row in read(path, Reading(sheet="More"))] == [("x",), ("y",)]
    assert spreadsheets.detect(path, Reading()).sheet == "People"


def test_sheet_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    """So that the next upload can name one of them."""
    path = workbook(tmp_path / "a.xlsx", {"People": PEOPLE, "More": []})

    assert refusal(path, Reading(sheet="Peple")) == ("sheet_missing", "there is no sheet 'Peple', only People, More")


@pytest.mark.parametrize("is_1904", [False, True])
def test_cells_become_the_text_that_people_see(tmp_path: Path, is_1904: bool) -> None:
    """Dates of either epoch, numbers as text and as numbers, without a point where there is none."""
    cells = ["'=1+1", 4930901820.0, 1.5, True, date(1990, 1, 2), datetime(1990, 1, 2, 3, 4, tzinfo=UTC), "0049"]
    path = workbook(tmp_path / "a.xlsx", {"People": [cells]}, date_1904=is_1904, remove_timezone=True)

    expected = ("'=1+1", "4930901820", "1.5", "true", "1990-01-02", "1990-01-02 03:04:00", "0049")
    assert read(path)[0].cells == expected


def test_empty_rows_are_left_out_but_counted(tmp_path: Path) -> None:
    """The number of a row is the one that Excel shows beside it."""
    path = workbook(tmp_path / "a.xlsx", {"People": [[], ["Name"], [], ["Ada"]]})

    assert [row.number for row in read(path)] == [2, 4]


@pytest.mark.parametrize(
    ("content", "code"), [(ENCRYPTED, "encrypted_file"), (OLD, "unsupported_file")], ids=["encrypted", "old"]
)
def test_what_office_writes_instead_of_xlsx_is_told_apart(tmp_path: Path, content: bytes, code: str) -> None:
    """A password, or an Excel of the last century: the message says what to do."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)

    with pytest.raises(FileRefusedError, match="save it") as refused:
        spreadsheets.refuse_old_formats(path)

    assert refused.value.refusal == code


def test_bomb_that_says_so_is_refused_unopened(tmp_path: Path) -> None:
    """The list of its parts tells that it unpacks to more than may be."""
    code, text = refusal(bomb(tmp_path / "a.xlsx", 1_000, declared=601 * 1024 * 1024))

    assert (code, "unpacks to more than 600 MB" in text) == ("file_too_large", True)


def test_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """What a part says that it has, with a sum that fits, is not believed."""
    code, text = refusal(bomb(tmp_path / "a.xlsx", 5 * 1024 * 1024, declared=1_000))

    assert (code, "not as large as it says" in text) == ("broken_file", True)


def test_two_cells_in_opposite_corners_end_the_program_and_not_the_worker(tmp_path: Path) -> None:
    """The reader puts the rectangle between them together in memory: that is the reason for a program of its own."""
    code, text = refusal(corners(tmp_path / "a.xlsx"))

    assert (code, "needs more memory or time" in text) == ("file_too_large", True)


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    """With how many there are."""
    path = workbook(tmp_path / "a.xlsx", {"People": [["a"] * 201]})

    assert refusal(path) == ("too_many_columns", "the sheet has 201 columns, and 200 are the most that can be taken")


@pytest.mark.parametrize("keep", [30, 2_000])
def test_broken_workbook_is_refused(tmp_path: Path, keep: int) -> None:
    """Cut off somewhere in the middle."""
    path = workbook(tmp_path / "a.xlsx", {"People": PEOPLE})
    path.write_bytes(path.read_bytes()[:keep])

    assert refusal(path)[0] == "broken_file"


def test_program_ends_when_nobody_reads_on(tmp_path: Path) -> None:
    """Whoever has seen enough leaves nothing behind."""
    path = workbook(tmp_path / "a.xlsx", {"People": [[f"row {number}" * 20] for number in range(5_000)]})
    rows = spreadsheets.rows(path, Reading())
    first = next(rows)

    rows.close()  # type: ignore[attr-defined] # it is a generator, as for whoever leaves a loop early

    assert first.number == 1
