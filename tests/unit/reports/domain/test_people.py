"""From a row of a file to a person, or to what is wrong with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.domain.imports import Row
from services.reports.domain.mapping import ColumnMapping
from services.reports.domain.people import FailedRow, Person, RowReader, unescaped

MAPPING = ColumnMapping(email=0, first_name=1, last_name=2, phone=3, language=4, extra={"city": 5})
READER = RowReader(MAPPING, width=6, country="DE")


def read(*cells: str, reader: RowReader = READER, repeats: int | None = None) -> Person | FailedRow:
    return reader.read(Row(7, cells, repeats))


def test_person_is_read_from_a_row() -> None:
    """The name is put together, the number is made E.164, the address is kept as it is written."""
    person = read(" Ada@Example.org", "Ada ", "  King\u00a0Lovelace", "030 901820", "de-AT", "London")

    assert person == Person(
        "ada@example.org", "Ada@Example.org", "Ada King Lovelace", "+4930901820", "de", {"city": "London"}
    )


def test_row_that_ends_early_lacks_what_stands_behind() -> None:
    """Only the address must be there."""
    assert read("ada@example.org") == Person("ada@example.org", "ada@example.org", "", None, None, {})


def test_marks_against_formulas_are_taken_off() -> None:
    """The formula itself stays what it is: text."""
    person = read("ada@example.org", "'=1+1", "=2", "'+49 30 901820")

    assert isinstance(person, Person)
    assert (person.name, person.phone, unescaped("'Tis")) == ("=1+1 =2", "+4930901820", "'Tis")


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        (("", "Ada"), "email", "email_missing"),
        (("ada at example.org",), "email", "email_invalid"),
        (("ada@example.org\r\nBcc: x@y.org",), "email", "email_invalid"),
        (("=HYPERLINK(1)",), "email", "email_invalid"),
        (("ada@example.org", "A\x00da"), "name", "characters_invalid"),
        (("ada@example.org", "A\ufffdda"), "name", "characters_invalid"),
        (("ada@example.org", "a" * 201), "name", "too_long"),
        (("ada@example.org", "", "", "12"), "phone", "phone_invalid"),
        (("ada@example.org", "", "", "x" * 5_000), "phone", "phone_invalid"),
        (("ada@example.org", "", "", "", "deutsch!"), "language", "language_invalid"),
        (("ada@example.org", "", "", "", "", "x" * 2_001), "city", "too_long"),
        (("ada@example.org", "", "", "", "", "", "too much"), None, "too_many_cells"),
    ],
)
def test_wrong_row_is_told_with_its_reason(cells: tuple[str, ...], column: str | None, code: str) -> None:
    """By name for programs; the cells are kept for whoever puts them right."""
    failed = read(*cells)

    assert isinstance(failed, FailedRow)
    assert (failed.number, failed.column, failed.code, len(failed.cells)) == (7, column, code, len(cells))


def test_all_that_is_wrong_is_told_at_once_in_the_language_of_whoever_asked() -> None:
    """Nobody wants to find the next fault with the next upload."""
    german = RowReader(MAPPING, width=6, language="de")

    failed = read("ada", "", "", "12", reader=german, repeats=3)

    assert isinstance(failed, FailedRow)
    assert failed.reason == (
        "„ada“ ist keine E-Mail-Adresse; „12“ ist keine Telefonnummer mit Landesvorwahl wie +49 30 901820; "
        "dieselbe E-Mail-Adresse steht in Zeile 3"
    )


@given(st.lists(st.text(st.characters(codec=None), max_size=50), max_size=9))
def test_every_row_is_a_person_or_a_reason_that_can_be_stored(cells: list[str]) -> None:
    """Whatever stands in it: PostgreSQL takes neither NUL nor halves of characters."""
    outcome = read(*cells)

    texts = (
        [*outcome.cells, outcome.reason] if isinstance(outcome, FailedRow) else [outcome.name, *outcome.extra.values()]
    )
    assert not any("\x00" in text for text in texts)
    assert all(text.encode() for text in texts if text)
