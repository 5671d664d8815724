"""What stands under the names of a mapping."""

import json
from typing import Any

import pytest
from hypothesis import given

from services.appointments.domain.call_data import clean, clean_text, find, shown
from tests.unit.appointments.domain.samples import JSON

DATA: dict[str, Any] = {
    "custom_analysis_data": {"name": "Ann", "booking": {"time": "10:00"}, "empty": "", "none": "N/A", "list": []},
    "collected_dynamic_variables": {"name": "Anna", "phone": 49},
    "metadata": {"booking": "not a mapping"},
}


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["name"], [("Ann", "custom_analysis_data.name"), ("Anna", "collected_dynamic_variables.name")]),
        (["collected_dynamic_variables.name"], [("Anna", "collected_dynamic_variables.name")]),
        (["booking.time"], [("10:00", "custom_analysis_data.booking.time")]),
        (["phone", "name"], [(49, "collected_dynamic_variables.phone"), ("Ann", "custom_analysis_data.name")]),
        (["empty", "none", "list", "missing", "", "."], []),
    ],
)
def test_names_are_looked_for_in_all_places_and_paths_in_theirs(paths: list[str], found: list[tuple[Any, str]]) -> None:
    """What is empty, in whichever spelling, is not there."""
    assert [(one.value, one.source) for one in find(DATA, paths)][: len(found) or 1] == found


def test_text_stays_letter_for_letter() -> None:
    """Umlauts, decomposed accents, emoji and right-to-left text are not normalised."""
    text = "Zoë, Zoë, 👩‍👩‍👧, שלום, ﬁ"
    assert clean({"a": [text]}) == {"a": [text]}


def test_what_postgresql_cannot_hold_is_replaced() -> None:
    """NUL, lone surrogates, infinite numbers, bottomless nesting."""
    deep: Any = "x"
    for _ in range(30):
        deep = [deep]
    cleaned = clean({"nul": "a\x00b", "half": "\ud83d", "inf": float("inf"), "deep": deep, "\x00": 10**40})
    assert cleaned["nul"] == "a\ufffdb"
    assert json.dumps(cleaned, allow_nan=False).count("\\u0000") == 0
    assert set(clean_text("\ud83d")) == {"\ufffd"}


def test_raw_values_are_short_enough_to_be_looked_at() -> None:
    """A novel under a name is cut."""
    assert len(shown("x" * 10_000)) == 501


@given(value=JSON)
def test_anything_cleaned_is_json_that_can_be_kept(value: Any) -> None:
    """Whatever an analysis holds."""
    text = json.dumps(clean(value), allow_nan=False, ensure_ascii=False)
    assert "\x00" not in text
    assert "\\u0000" not in text
    text.encode()
