"""What a welcome says: the organisation's own words, or ours in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.notifications.domain.texts import one_line
from services.notifications.domain.welcome_words import WELCOME_WORDS, WelcomeWords
from services.notifications.letters import WelcomeLetter
from shared.spoken_time import Language, language_of

LONGEST_TEXT = 10_000
"""Characters of an organisation's own words; what is more is left out."""


@dataclass(frozen=True, slots=True)
class WelcomeTeller:
    """Puts one letter into words."""

    letter: WelcomeLetter

    @property
    def language(self) -> Language:
        return language_of(self.letter.language)

    @property
    def words(self) -> WelcomeWords:
        return WELCOME_WORDS[self.language]

    @property
    def sender(self) -> str:
        return one_line(self.letter.sender, 100)

    def subject(self) -> str:
        return self.words.subject.format(sender=self.sender) if self.sender else self.words.subject_nobody

    def spoken(self) -> Mapping[str, Any]:
        """What the templates see."""
        words, sender, name = self.words, self.sender, one_line(self.letter.name, 100)
        own = _paragraphs(self.letter.text)
        lead = words.lead.format(sender=sender) if sender else words.lead_nobody
        return {
            "language": self.language,
            "subject": one_line(self.subject()),
            "label": words.label,
            "title": sender,
            "greeting": words.hello if name else words.hello_nobody,
            "name": name,
            "paragraphs": own or [[lead]],
            "automatic": words.automatic.format(sender=sender) if sender else words.automatic_nobody,
        }


def _paragraphs(text: str) -> list[list[str]]:
    """The lines of each paragraph; paragraphs are parted by empty lines."""
    paragraphs: list[list[str]] = [[]]
    for line in text[:LONGEST_TEXT].splitlines():
        said = one_line(line, 2_000)
        if said:
            paragraphs[-1].append(said)
        elif paragraphs[-1]:
            paragraphs.append([])
    return [lines for lines in paragraphs if lines]
