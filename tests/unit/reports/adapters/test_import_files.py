"""The files of imports: looked through, cut up, and written."""

import csv
import resource
from io import StringIO
from pathlib import Path

import pytest

from services.reports.adapters.import_files import ImportFiles
from services.reports.domain.imports import Column, Found, Reading, Row
from services.reports.domain.people import FailedRow
from services.reports.errors import FileRefusedError
from shared.messaging.testing import memory_storage
from shared.storage import StorageUnavailable
from tests.unit.reports.adapters.workbooks import workbook

KEY = "imports/a/b/source"
CSV = b"E-Mail,Name,,\nada@example.org,Ada\nbob@example.org,Bob\n"


@pytest.fixture
def files(tmp_path: Path) -> ImportFiles:
    return ImportFiles(memory_storage(), most_rows=100, folder=tmp_path)


def put(files: ImportFiles, content: bytes) -> None:
    files.storage.put(KEY, content, "application/octet-stream")


def test_columns_are_found_with_samples(files: ImportFiles, tmp_path: Path) -> None:
    """Headings that are empty at the end are no columns; nothing is left on the disk."""
    put(files, CSV)

    found = files.look_through(KEY, Reading())

    samples = [("ada@example.org", "bob@example.org"), ("Ada", "Bob")]
    columns = [Column(1, "E-Mail", samples[0]), Column(2, "Name", samples[1])]
    assert found == Found(Reading("csv", "utf-8", ","), columns, 2)
    assert list(tmp_path.iterdir()) == []


def test_file_without_headings_has_columns_by_number(files: ImportFiles) -> None:
    """As many as its widest first row."""
    put(files, b"ada@example.org\nbob@example.org,Bob\n")

    found = files.look_through(KEY, Reading(header=False))

    assert ([one.heading for one in found.columns], found.row_count) == (["", ""], 2)


def test_workbook_is_known_by_its_content(files: ImportFiles, tmp_path: Path) -> None:
    """Whatever its name is."""
    path = workbook(tmp_path / "people.csv", {"People": [["mail"], ["ada@example.org"]]})
    put(files, path.read_bytes())

    found = files.look_through(KEY, Reading())
    with files.rows(KEY, found.reading) as rows:
        read = list(rows)

    assert (found.reading.kind, read) == ("xlsx", [Row(2, ("ada@example.org",))])


@pytest.mark.parametrize("content", [b"", b"\n\n \n", b"E-Mail,Name\n", b"\xef\xbb\xbf"])
def test_file_with_nobody_in_it_is_refused(files: ImportFiles, content: bytes) -> None:
    """Nothing at all, or nothing but headings."""
    put(files, content)

    with pytest.raises(FileRefusedError) as refused:
        files.look_through(KEY, Reading())

    assert refused.value.refusal == "empty_file"


def test_more_rows_than_may_be_are_refused(files: ImportFiles) -> None:
    """While the file is looked through, before anything is taken in."""
    put(files, b"mail\n" + b"a@example.org\n" * 101)

    with pytest.raises(FileRefusedError, match="more than 100 rows"):
        files.look_through(KEY, Reading())


def test_chunk_is_read_back_as_it_was_written(files: ImportFiles) -> None:
    """And None says that the storage has lost it."""
    rows = [Row(2, ("ada@example.org", "\U0001f600 x")), Row(3, ("a\x00",), repeats=2)]

    files.put_chunk("imports/a/b/chunks/0.json", rows)

    assert (files.chunk("imports/a/b/chunks/0.json"), files.chunk("imports/a/b/chunks/1.json")) == (rows, None)


def test_failed_rows_are_written_so_that_no_spreadsheet_runs_them(files: ImportFiles) -> None:
    """With a mark of their encoding for Excel; numbers stay numbers."""
    rows = [
        FailedRow(17, "email", "email_invalid", "is no address", ("=cmd|' /C calc'!A0", "+4930901820", "a\nb", "-1"))
    ]

    files.put_failures("imports/a/b/failures.csv", ["Row", "Why", "E-Mail", "@x", "Text", "n"], rows)

    text = files.storage.get("imports/a/b/failures.csv").decode()
    lines = list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline="")))
    assert text.startswith("\ufeffRow,Why,E-Mail,'@x,Text,n\r\n")
    assert lines[1] == ["17", "is no address", "'=cmd|' /C calc'!A0", "+4930901820", "a\nb", "-1"]


def test_local_disk_without_room_is_tried_again_later(files: ImportFiles, tmp_path: Path) -> None:
    """It is no fault of the file, nor of this program: a transient error, and nothing is left on the disk."""
    put(files, b"mail\n" + b"a@example.org\n" * 90)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(StorageUnavailable, match="free some space"):
            files.look_through(KEY, Reading())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert list(tmp_path.iterdir()) == []


def test_everything_of_an_import_is_removed_at_once(files: ImportFiles) -> None:
    """And nothing of its neighbour."""
    put(files, CSV)
    files.put_chunk("imports/a/b/chunks/0.json", [])
    files.put_chunk("imports/a/c/chunks/0.json", [])

    files.remove_all("imports/a/b")

    assert list(files.storage.list("imports")) == ["imports/a/c/chunks/0.json"]
