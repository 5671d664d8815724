"""Which column of a file means what."""

from typing import Any

import pytest

from services.reports.domain.imports import Column
from services.reports.domain.mapping import ColumnMapping, resolve, suggest
from services.reports.errors import ImportMappingInvalidError


def columns(*headings: str, samples: tuple[str, ...] = ()) -> list[Column]:
    return [Column(number, heading, samples) for number, heading in enumerate(headings, start=1)]


def test_headings_of_several_languages_are_understood() -> None:
    """Without regard to case, accents and signs; what is not understood is kept as an extra."""
    suggested = suggest(columns("Vorname", "Nachname", "E-Mail-Adresse", "Handy-Nr.", "Telefon", "Prénom 2", "Ort"))

    assert suggested == {
        "email": "E-Mail-Adresse",
        "name": None,
        "first_name": "Vorname",
        "last_name": "Nachname",
        "phone": "Telefon",
        "language": None,
        "extra": {"Handy-Nr.": "Handy-Nr.", "Prénom 2": "Prénom 2", "Ort": "Ort"},
    }


def test_single_name_beside_a_first_name_is_the_last_name() -> None:
    """As German lists have it: Name, Vorname."""
    suggested = suggest(columns("Name", "Vorname", "Mail"))

    assert (suggested["name"], suggested["first_name"], suggested["last_name"]) == (None, "Vorname", "Name")


def test_column_full_of_addresses_is_theirs_whatever_it_is_called() -> None:
    """Also where it is called nothing."""
    found = [Column(1, "", ("1", "2")), Column(2, "", ("a@example.org", "b@example.org", "-"))]

    assert suggest(found)["email"] == 2


def test_heading_that_stands_twice_is_named_by_number() -> None:
    """A heading must say which column it means."""
    suggested = suggest(columns("Email", "Email", "X", "X"))

    assert (suggested["email"], suggested["extra"]) == (1, {})


def test_first_columns_of_our_file_of_failed_rows_mean_nothing() -> None:
    """It is put right and uploaded again as it is."""
    assert suggest(columns("Row", "Why", "Email"))["extra"] == {}


def test_columns_are_named_by_heading_or_number() -> None:
    """What is suggested can be resolved; fields that are left out are not there."""
    wanted = {"email": "Mail", "name": 1, "phone": None, "extra": {"city": "Ort"}}

    resolved = resolve(wanted, columns("Wer", "Mail", "Ort"))

    assert resolved == ColumnMapping(email=1, name=0, extra={"city": 2})


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({}, "in which column the mail address is"),
        ({"email": None}, "in which column the mail address is"),
        ({"email": "Post"}, "email: no column has the heading 'Post'"),
        ({"email": "Twice"}, "email: 2 columns have the heading 'Twice'"),
        ({"email": 0}, "email: there is no column 0, the file has 4"),
        ({"email": 5}, "email: there is no column 5, the file has 4"),
        ({"email": "Mail", "name": "Mail"}, "column 1 is named twice"),
        ({"email": "Mail", "extra": {"x": 1}}, "column 1 is named twice"),
        ({"email": "Mail", "shoe_size": 2}, "shoe_size: known are email"),
    ],
)
def test_mapping_that_makes_no_sense_is_refused(wanted: dict[str, Any], says: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(ImportMappingInvalidError, match=says):
        resolve(wanted, columns("Mail", "Twice", "Twice", "Other"))
