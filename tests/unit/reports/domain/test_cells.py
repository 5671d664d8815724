"""What a row's values look like, and that none of them is ever a formula."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.domain.cells import DANGEROUS, Style, escaped, plain_writer, shown_writer
from services.reports.domain.columns import COLUMNS
from services.reports.domain.export_words import WORDS
from services.reports.domain.exports import STATUSES, Kind, Language
from tests.unit.reports.exported import attendee, order

ENGLISH = Style(Language.EN, ZoneInfo("UTC"))
BERLIN = Style(Language.DE, ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil.example","x")',
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1d1+1",
        "-",
        "+49 30 901820",
    ],
)
def test_what_a_spreadsheet_would_run_is_only_text(text: str) -> None:
    """A mark before it says so to every spreadsheet."""
    assert escaped(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Ada", "-12.50", "+4930901820", "0", "1=1", "a@b", " =1"])
def test_numbers_and_harmless_text_stay_as_they_are(text: str) -> None:
    """With a mark, a number would be none any more."""
    assert escaped(text) == text


@given(st.text())
def test_nothing_dangerous_is_left_of_any_text(text: str) -> None:
    """Whatever people are called: what begins like a formula is a plain number."""
    safe = escaped(text)

    assert not safe.startswith(DANGEROUS) or float(safe) is not None
    assert safe.endswith(text)


def test_cells_for_programs_are_the_same_in_every_language() -> None:
    """But for the words: moments in the asker's zone with its offset, amounts with a point."""
    write = plain_writer(COLUMNS[Kind.ORDERS], BERLIN)

    cells = write(order(125_000, "EUR", status="paid"))

    assert cells[1] == "bezahlt"
    assert cells[6:10] == ["2", "1250.00", "EUR", "2026-07-01T14:00:00+02:00"]
    assert cells[11:] == ["", "", ""]


@pytest.mark.parametrize(
    ("amount", "currency", "english", "german"),
    [
        (125_000, "EUR", "1,250.00", "1.250,00"),
        (1_250_000, "JPY", "1,250,000", "1.250.000"),
        (1_250, "KWD", "1.250", "1,250"),
        (-5, "USD", "-0.05", "-0,05"),
        (5, None, "0.05", "0,05"),
        (None, "EUR", "", ""),
    ],
)
def test_people_read_amounts_in_their_own_way(
    amount: int | None, currency: str | None, english: str, german: str
) -> None:
    """As many decimals as the currency has."""
    columns = COLUMNS[Kind.ORDERS]

    read = [shown_writer(columns, style)(order(amount, currency))[7] for style in (ENGLISH, BERLIN)]

    assert read == [english, german]


def test_people_read_moments_in_their_own_way() -> None:
    """To the minute, in their zone."""
    columns = COLUMNS[Kind.ATTENDEES]

    read = [shown_writer(columns, style)(attendee())[9] for style in (ENGLISH, BERLIN)]

    assert read == ["2026-07-01 12:00", "01.07.2026 14:00"]


@pytest.mark.parametrize("language", Language)
def test_every_language_has_a_word_for_everything(language: Language) -> None:
    """Titles, headings, and each status that there can be."""
    words = WORDS[language]

    missing = [kind.value for kind in Kind if kind not in words.titles]
    missing += [one.name for columns in COLUMNS.values() for one in columns if one.name not in words.headings]
    missing += [code for codes in STATUSES.values() for code in codes if code not in words.codes]

    assert not missing
    assert words.failures.keys() == WORDS[Language.EN].failures.keys()
