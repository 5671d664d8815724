"""What the pages of links say."""

from dataclasses import fields
from string import Formatter
from typing import get_args

import pytest

from services.appointments.domain.appointments import State
from services.appointments.http.pages.views import STANDINGS
from services.appointments.http.pages.words import WORDS, PageWords, Said, Standing, Trouble
from shared.spoken_time import Language


def test_every_language_says_everything() -> None:
    """A standing or a trouble without words would fail only when somebody meets it."""
    assert set(WORDS) == set(get_args(Language))
    assert all(set(words.standings) == set(Standing) for words in WORDS.values())
    assert all(set(words.troubles) == set(Trouble) for words in WORDS.values())


def test_every_state_of_an_appointment_has_a_standing() -> None:
    """So that no page is without a heading."""
    assert set(STANDINGS) == set(State)


@pytest.mark.parametrize("language", get_args(Language))
def test_words_ask_only_for_the_company(language: Language) -> None:
    """That is all that is filled in."""
    words = WORDS[language]
    said = [*words.standings.values(), *words.troubles.values()]
    said += [value for value in _values(words) if isinstance(value, Said)]
    texts = [value for value in _values(words) if isinstance(value, str)]
    texts += [text for one in said for text in (one.title, one.text)]
    assert {name for text in texts for _, name, _, _ in Formatter().parse(text) if name} <= {"company"}
    assert all(one.title for one in said)


def _values(words: PageWords) -> list[object]:
    return [getattr(words, field.name) for field in fields(words)]
