"""CSV files as people have them."""

import codecs
import csv
import tempfile
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.adapters import delimited
from services.reports.domain.imports import Reading, Row
from services.reports.errors import FileRefusedError

PEOPLE = "Name{0}E-Mail{0}Stadt\r\nÄnne Öztürk{0}aenne@example.org{0}Köln\r\nBob{0}bob@example.org{0}Rom\r\n"
ANY = Reading()


def read(path: Path, content: bytes, wish: Reading = ANY) -> tuple[Reading, list[Row]]:
    path.write_bytes(content)
    reading = delimited.detect(path, wish)
    return reading, list(delimited.rows(path, reading))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_separator_is_found(file: Path, delimiter: str) -> None:
    """By what makes the rows agree on a number of columns."""
    reading, rows = read(file, PEOPLE.format(delimiter).encode())

    assert reading.delimiter == delimiter
    assert [row.cells for row in rows][1] == ("Änne Öztürk", "aenne@example.org", "Köln")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (PEOPLE.format(";").encode(), "utf-8"),
        (codecs.BOM_UTF8 + PEOPLE.format(";").encode(), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + PEOPLE.format(";").encode("utf-16-le"), "utf-16"),
        (codecs.BOM_UTF16_BE + PEOPLE.format(";").encode("utf-16-be"), "utf-16"),
        (PEOPLE.format(";").encode("utf-16-le"), "utf-16-le"),
        (PEOPLE.format(";").encode("utf-16-be"), "utf-16-be"),
        (PEOPLE.format(";").encode("cp1252"), "cp1252"),
    ],
)
def test_every_encoding_is_found(file: Path, content: bytes, encoding: str) -> None:
    """With and without a mark; what is no UTF-8 is what Excel on Windows writes."""
    reading, rows = read(file, content)

    assert (reading.encoding, [row.cells[0] for row in rows]) == (encoding, ["Name", "Änne Öztürk", "Bob"])


def test_file_whose_last_byte_alone_is_no_utf8_is_read_as_windows_wrote_it(file: Path) -> None:
    """The whole file decides, not a sample of its beginning."""
    reading, rows = read(file, b"name,mail\n" + b"a,a@example.org\n" * 40_000 + "Jürgen,j@example.org".encode("cp1252"))

    assert (reading.encoding, rows[-1].cells[0]) == ("cp1252", "Jürgen")


def test_quotes_hold_separators_quotes_and_line_breaks_together(file: Path) -> None:
    """RFC 4180. Rows are counted as a spreadsheet program counts them, not by lines."""
    _, rows = read(file, b'name,mail\r\n"Lovelace, ""Ada""","ada@example.org"\r\n"two\r\nlines",b@example.org\r\n')

    assert [(row.number, row.cells[0]) for row in rows] == [(1, "name"), (2, 'Lovelace, "Ada"'), (3, "two\r\nlines")]


def test_ragged_and_empty_rows_are_read_as_they_are(file: Path) -> None:
    """Empty rows are left out, but counted."""
    _, rows = read(file, b"a,b,c\n1\n\n , ,\n1,2,3,4\n")

    assert [(row.number, row.cells) for row in rows] == [(1, ("a", "b", "c")), (2, ("1",)), (5, ("1", "2", "3", "4"))]


def test_separator_that_the_first_line_announces_is_taken(file: Path) -> None:
    """Excel writes `sep=` before the headings; it is no row."""
    reading, rows = read(file, b"sep=;\r\nname;mail\r\nA, B;a@example.org\r\n")

    assert (reading.delimiter, rows[0].cells, rows[1].cells) == (";", ("name", "mail"), ("A, B", "a@example.org"))


def test_nul_and_what_is_no_character_come_through(file: Path) -> None:
    """What is wrong with a cell is said with its row, and does not end the file."""
    _, rows = read(file, b"name,mail\nA\x00B,a@example.org\n", Reading(encoding="utf-8"))
    _, garbled = read(file, b"name,mail\nA\xffB,a@example.org\n", Reading(encoding="utf-8"))

    assert (rows[1].cells[0], garbled[1].cells[0]) == ("A\x00B", "A\ufffdB")


def test_a_million_columns_are_refused(file: Path) -> None:
    """With how many there are, and how many may be."""
    with pytest.raises(FileRefusedError, match=r"1,000,000 columns, and 200 are the most") as refused:
        read(file, b"a" + b",a" * 999_999 + b"\n", Reading(delimiter=","))

    assert refused.value.refusal == "too_many_columns"


def test_row_without_end_is_refused_before_it_is_read_whole(file: Path) -> None:
    """A file of one line is no list of people."""
    with pytest.raises(FileRefusedError, match="columns"):
        read(file, b"a" + b",a" * 5_000_000, Reading(delimiter=","))


@pytest.mark.parametrize("content", [b'a,b\n"open,b\n' + b"c,d\n" * 50_000, b'a,b\n"open,b\n' + b'c"",""d\n' * 50_000])
def test_quote_that_is_never_closed_is_named(file: Path, content: bytes) -> None:
    """And the row in which it was opened."""
    with pytest.raises(FileRefusedError, match="row 2: a cell is longer than 131,072 characters"):
        read(file, content, Reading(delimiter=","))


def test_record_over_very_many_lines_is_refused(file: Path) -> None:
    """Each of its cells is small: it is the row that has no end."""
    with pytest.raises(FileRefusedError, match="row 1 is longer than"):
        read(file, b'"x\n",' * 1_000_000, Reading(delimiter=","))


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, b"\x1f\x8b\x08" + bytes(range(32)) * 40]
)
def test_picture_is_no_csv(file: Path, content: bytes) -> None:
    """What is full of control characters is no text."""
    with pytest.raises(FileRefusedError) as refused:
        read(file, content)

    assert refused.value.refusal == "unsupported_file"


@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=5), max_size=6),
    st.sampled_from(delimited.DELIMITERS),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
)
def test_whatever_a_program_writes_is_read_as_it_was(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    """Line breaks, quotes, separators and controls among it."""
    text = StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    with tempfile.NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(text.getvalue().encode(encoding))
        found = list(delimited.rows(path, Reading(encoding=encoding, delimiter=delimiter)))

    written = [(number, tuple(row)) for number, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
    assert [(row.number, row.cells) for row in found] == written
