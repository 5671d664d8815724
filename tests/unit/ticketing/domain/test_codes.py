"""Codes that people read out."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ticketing.domain.codes import ALPHABET, CODE_LENGTH, ticket_code, typed_code


def test_the_alphabet_has_no_look_alikes() -> None:
    """0 and O, 1 and I and L, and U are left out; nothing is there twice."""
    assert not set(ALPHABET) & set("0O1ILU")
    assert len(set(ALPHABET)) == len(ALPHABET) == 30


@given(st.uuids(), st.integers(0, 9))
def test_a_code_is_ten_symbols_of_the_alphabet(ticket_id: UUID, draw: int) -> None:
    """Whatever the id."""
    code = ticket_code(ticket_id, draw)
    assert len(code) == CODE_LENGTH
    assert set(code) <= set(ALPHABET)


@given(st.uuids())
def test_a_code_is_the_same_for_the_same_draw_only(ticket_id: UUID) -> None:
    """Repeating gives the same; another draw gives a way out of a collision."""
    assert ticket_code(ticket_id) == ticket_code(ticket_id, 0) != ticket_code(ticket_id, 1)


def test_a_code_never_changes_between_releases() -> None:
    """Codes that were printed yesterday are derived again today."""
    assert ticket_code(UUID("01890000-0000-7000-8000-000000000001")) == "8YXRNRHP94"


@pytest.mark.parametrize("typed", ["ABCDE23456", "abcde-23456", " abcde 23456 ", "ab cd e2 34 56\n"])
def test_a_typed_code_is_brought_into_its_stored_form(typed: str) -> None:
    """People type blanks, hyphens and small letters."""
    assert typed_code(typed) == "ABCDE23456"


@pytest.mark.parametrize("typed", ["", "ABCDE2345", "ABCDE234567", "ABCDE2345O", "ABCDE2345\x00", "ÄBCDE23456"])
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    """It need not be looked up."""
    assert typed_code(typed) is None
