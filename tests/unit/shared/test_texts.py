"""Texts from outside: whatever comes, PostgreSQL and JSON can hold what is made of it."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.texts import shown, storable_json, storable_text, to_json

WEIRD = st.text(alphabet=st.characters(codec=None, categories=None) | st.just("\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WEIRD | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(WEIRD | st.integers(), inner),
    max_leaves=20,
)


@given(WEIRD, st.integers(0, 50))
def test_any_text_can_be_stored_and_is_short_enough(text: str, length: int) -> None:
    """It is UTF-8 without NUL."""
    cleaned = storable_text(text, length)

    assert (b"\x00" in cleaned.encode(), len(cleaned) <= length) == (False, True)


@given(st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_text_that_can_be_stored_is_left_as_it_is(text: str) -> None:
    """Other scripts and emoji included."""
    assert storable_text(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"), [("no\x00toy", "notoy"), ("half \ud83d of it", "half \ufffd of it")], ids=["nul", "surrogate"]
)
def test_what_cannot_be_stored_is_left_out_or_stood_in_for(text: str, cleaned: str) -> None:
    """The rest of the text is kept."""
    assert storable_text(text) == cleaned


@given(VALUES)
def test_any_value_becomes_json_without_nul(value: Any) -> None:
    """Jsonb refuses an escaped NUL as text refuses a plain one."""
    assert orjson.dumps(storable_json(orjson.loads(to_json(value)))) == to_json(value)


@given(VALUES)
def test_no_escaped_nul_is_left(value: Any) -> None:
    """In no text and no key."""
    assert "\x00" not in repr_of(orjson.loads(to_json(value)))


def repr_of(value: Any) -> str:
    """All texts of a JSON value behind each other."""
    if isinstance(value, dict):
        return "".join(key + repr_of(item) for key, item in value.items())
    return "".join(map(repr_of, value)) if isinstance(value, list) else str(value)


def test_an_error_that_cannot_be_shown_has_a_text_all_the_same() -> None:
    """Somebody else's `__str__` may do anything."""

    class BrokenError(Exception):
        def __str__(self) -> str:
            raise ZeroDivisionError

    assert shown(BrokenError()) == "<BrokenError that cannot be shown>"
