"""The words of letters about appointments."""

from dataclasses import fields
from string import Formatter
from typing import get_args

import pytest

from services.notifications.domain.appointment_words import WORDS, Wording
from services.notifications.domain.texts import gsm_length
from shared.contracts.notifications import TellAboutAppointment
from shared.spoken_time import Language

FILLED = {"company", "name", "service", "moment", "previously", "previous", "place"}
LETTERS = {*get_args(TellAboutAppointment.model_fields["letter"].annotation), "offer_to_move"}


def test_every_language_has_every_letter() -> None:
    """A letter without words would fail only when somebody gets it."""
    assert set(WORDS) == set(get_args(Language))
    assert all(set(words.letters) == LETTERS for words in WORDS.values())


@pytest.mark.parametrize("language", WORDS)
def test_words_ask_only_for_what_a_letter_has(language: str) -> None:
    """And for the same in each language."""
    assert {name for text in _texts(language) for _, name, _, _ in Formatter().parse(text) if name} <= FILLED
    ours, english = WORDS[language].letters, WORDS["en"].letters
    assert {letter: _named(one.sms) for letter, one in ours.items()} == {
        letter: _named(one.sms) for letter, one in english.items()
    }


@pytest.mark.parametrize("language", WORDS)
def test_words_of_text_messages_are_in_the_alphabet_of_telephones(language: str) -> None:
    """One foreign character makes the whole message cost more than double."""
    words = WORDS[language]
    texts = [one.sms for one in words.letters.values()]
    texts += [words.sms_no_times, words.sms_previously, words.manage_text, words.appointment]
    assert [text for text in texts if gsm_length(text) is None] == []


def _texts(language: str) -> list[str]:
    words = WORDS[language]
    said = [getattr(words, field.name) for field in fields(words) if field.name != "letters"]
    return said + [getattr(one, field.name) for one in words.letters.values() for field in fields(Wording)]


def _named(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}
