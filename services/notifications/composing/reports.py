"""What letters about reports say to one reader: in their language, and on their clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.notifications.composing.enclosures import Enclosure
from services.notifications.domain.report_words import REPORT_WORDS, ReportWording, ReportWords
from services.notifications.domain.texts import one_line
from services.notifications.letters import ReportLetter
from shared.spoken_time import Speaker, date_span

LINES = 20
"""Sentences that a letter shows; the file behind its link has all."""
ARROWS = {"up": "▲ ", "down": "▼ ", "same": ""}


@dataclass(frozen=True, slots=True)
class ReportTeller:
    """Puts one letter into words."""

    letter: ReportLetter
    speaker: Speaker

    @classmethod
    def of(cls, letter: ReportLetter) -> "ReportTeller":
        return cls(letter, Speaker.to(letter.language, letter.time_zone))

    @property
    def words(self) -> ReportWords:
        return REPORT_WORDS[self.speaker.language]

    @property
    def wording(self) -> ReportWording:
        is_flawed = self.letter.letter == "import_finished" and self.letter.counts.get("failed", 0) > 0
        return self.words.import_flawed if is_flawed else self.words.letters[self.letter.letter]

    def subject(self) -> str:
        return self._filled(self.wording.subject).removesuffix(": ")

    def spoken(self, enclosures: Sequence[Enclosure]) -> Mapping[str, Any]:
        """What the templates see."""
        letter, words = self.letter, self.words
        is_named_weekly = letter.letter == "weekly_report" and bool(one_line(letter.subject_of))
        name = one_line(letter.name, 100)
        return {
            "language": self.speaker.language,
            "subject": one_line(self.subject()),
            "label": self.wording.label,
            "title": one_line(letter.subject_of),
            "period": self._period(),
            "greeting": words.hello if name else words.hello_nobody,
            "name": name,
            "lead": self.wording.lead,
            "reason_label": words.reason,
            "reason": one_line(letter.reason, 1_000),
            "counts": [
                (words.counts.get(key, _plain(key)), self._number(count)) for key, count in letter.counts.items()
            ],
            "figures": [self._figure(figure.model_dump()) for figure in letter.figures],
            "pictures": [enclosure for enclosure in enclosures if enclosure.content_id],
            "lines_label": words.details,
            "lines": [one_line(line, 300) for line in letter.lines[:LINES]],
            "url": letter.url,
            "button": self.wording.button,
            "note": self._note(enclosures),
            "automatic": self._filled(words.automatic_weekly if is_named_weekly else words.automatic),
        }

    def _figure(self, figure: Mapping[str, Any]) -> Mapping[str, str]:
        change = one_line(figure["change"], 40)
        return {
            "label": one_line(figure["label"], 60),
            "value": one_line(figure["value"], 60),
            "change": f"{ARROWS[figure['direction']]}{change}" if change else "",
        }

    def _note(self, enclosures: Sequence[Enclosure]) -> str:
        words, notes = self.words, [self.wording.note]
        if any(not enclosure.content_id for enclosure in enclosures):
            notes.append(words.attached)
        if self.letter.url and self.letter.expires_at is not None:
            ends_at = self.letter.expires_at
            notes.append(words.link_ends.format(moment=self.speaker.moment(ends_at), place=self.speaker.place()))
            notes.append(words.link_is_open)
        return " ".join(note for note in notes if note)

    def _period(self) -> str:
        first = self.letter.period_starts
        return "" if first is None else date_span(first, first + timedelta(days=6), self.speaker.language)

    def _number(self, count: int) -> str:
        return f"{count:,}".replace(",", "." if self.speaker.language == "de" else ",")

    def _filled(self, text: str) -> str:
        return text.format(subject_of=one_line(self.letter.subject_of), period=self._period())


def _plain(key: str) -> str:
    """A count that these words do not know yet, as well as can be."""
    return one_line(key.replace("_", " ").capitalize(), 60)
