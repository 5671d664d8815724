"""What letters about appointments say to one reader: in their language, and on their clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notifications.domain.appointment_words import WORDS, Wording, Words
from services.notifications.domain.mailboxes import Mailbox
from services.notifications.domain.texts import gsm, one_line
from services.notifications.letters import AppointmentLetter
from shared.calendar_file import CalendarEntry, Method, Person, calendar_file
from shared.spoken_time import Speaker

SMS_NAME = 40
"""Characters of a company's or a service's name in a text message."""
SMS_SLOTS = 3
"""Times that a text message offers; a mail offers all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One fact of a letter. `time` ends its value, and stays on one line. `soft` explains it, `href` makes it a link;
    what does not hold any more is struck.
    """

    label: str
    value: str
    time: str = ""
    soft: str = ""
    href: str = ""
    is_struck: bool = False


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts one letter into words."""

    letter: AppointmentLetter
    speaker: Speaker

    @classmethod
    def of(cls, letter: AppointmentLetter) -> "Teller":
        return cls(letter, Speaker.to(letter.language, letter.time_zone))

    @property
    def words(self) -> Words:
        return WORDS[self.speaker.language]

    @property
    def wording(self) -> Wording:
        return self.words.letters["offer_to_move" if self._stands else self.letter.letter]

    @property
    def _stands(self) -> bool:
        """Whether an offer is of times to which an appointment can be moved that stands."""
        return self.letter.letter == "offer" and self.letter.previous_starts_at is not None

    def subject(self) -> str:
        return self._filled(self.wording.subject)

    def spoken(self) -> Mapping[str, Any]:
        """What the templates see."""
        letter, words = self.letter, self.words
        slots = [self._slot(slot.starts_at, slot.url) for slot in letter.slots]
        is_offer = letter.letter == "offer"
        return {
            "language": self.speaker.language,
            "subject": one_line(self.subject()),
            "label": self.wording.label,
            "title": self._title(),
            "greeting": self._greeting(),
            "name": one_line(letter.name, 100),
            "lead": self._filled(words.no_free_times if is_offer and not slots else self.wording.lead),
            "rows": self._rows(),
            "slots": slots,
            "place": self.speaker.place(),
            "manage_url": letter.manage_url if letter.letter not in {"cancelled", "call_back"} else "",
            "manage": words.manage,
            "manage_text": words.manage_text,
            "file_note": self._file_note(),
            "note": self.wording.note if slots or not is_offer else "",
            "automatic": self._filled(words.automatic),
        }

    def text_message(self) -> str:
        """The letter as a text message. Links are never cut; a long one makes it several messages long."""
        letter = self.letter
        if letter.letter == "offer":
            return self._offer_text()
        said = self._short(self.wording.sms)
        has_link = bool(letter.manage_url) and letter.letter not in {"cancelled", "call_back"}
        return f"{said} {self.words.manage_text} {letter.manage_url}" if has_link else said

    def calendar(self, written_at: datetime, organiser: Mailbox, attendee: Mailbox) -> tuple[str, Method] | None:
        """The calendar file of the letter, and what it does; None where the letter has none."""
        letter = self.letter
        if letter.calendar is None or letter.starts_at is None:
            return None
        method: Method = "CANCEL" if letter.letter == "cancelled" else "REQUEST"
        entry = CalendarEntry(
            uid=one_line(letter.calendar.uid),
            sequence=letter.calendar.sequence,
            written_at=written_at,
            starts_at=letter.starts_at,
            ends_at=letter.ends_at,
            summary=f"{self._service()} ({one_line(letter.company)})",
            description=f"{self.words.manage_text}\n{letter.manage_url}" if letter.manage_url else "",
            location=one_line(letter.location, 500),
            url=letter.manage_url,
            organiser=Person(organiser.address, one_line(letter.company)),
            attendee=Person(attendee.address, one_line(letter.name, 100)),
        )
        return calendar_file(entry, method), method

    def _offer_text(self) -> str:
        slots = self.letter.slots[:SMS_SLOTS]
        if not slots:
            return self._short(self.words.sms_no_times)
        lines = [f"{self.speaker.short(slot.starts_at)}: {slot.url}" for slot in slots]
        return "\n".join([self._short(self.wording.sms), *lines])

    def _slot(self, starts_at: datetime, url: str) -> Mapping[str, str]:
        return {"label": self.speaker.choice(starts_at), "url": url}

    def _title(self) -> str:
        if self.letter.letter == "call_back" and not self.letter.service:
            return one_line(self.letter.company)
        return self._service()

    def _service(self) -> str:
        return one_line(self.letter.service) or self.words.appointment

    def _greeting(self) -> str:
        """With `{name}` where the name goes: the page sets it apart, for it may be written from right to left."""
        return self.words.hello if one_line(self.letter.name) else self.words.hello_nobody

    def _rows(self) -> list[Row]:
        letter, words = self.letter, self.words
        rows: list[Row] = []
        if letter.starts_at is not None:
            labels = {"moved": words.new_time, "offer": words.wanted, "call_back": words.wanted}
            is_struck = letter.letter in {"cancelled", "offer"}
            label = labels.get(letter.letter, words.when)
            rows.append(self._when(label, letter.starts_at, letter.ends_at, is_struck=is_struck))
        if letter.previous_starts_at is not None:
            label = words.stands if self._stands else words.previously
            rows.append(self._when(label, letter.previous_starts_at, None, is_struck=not self._stands))
        if letter.location and letter.letter not in {"cancelled", "offer", "call_back"}:
            href = letter.location if letter.location.startswith("https://") else ""
            rows.append(Row(words.where, one_line(letter.location, 500), href=href))
        if letter.reason and letter.letter in {"cancelled", "moved"}:
            rows.append(Row(words.reason, one_line(letter.reason, 500)))
        return rows

    def _when(self, label: str, starts_at: datetime, ends_at: datetime | None, *, is_struck: bool) -> Row:
        speaker = self.speaker
        return Row(
            label,
            f"{speaker.day(starts_at)},",
            time=speaker.span(starts_at, ends_at),
            soft=speaker.zone_name(starts_at),
            is_struck=is_struck,
        )

    def _file_note(self) -> str:
        if self.letter.calendar is None or self.letter.starts_at is None:
            return ""
        words = self.words
        of = {"moved": words.file_replaces, "cancelled": words.file_removes}
        return of.get(self.letter.letter, words.file_adds)

    def _filled(self, text: str) -> str:
        moment = self.speaker.moment(self.letter.starts_at, year=False) if self.letter.starts_at else ""
        return text.format(company=one_line(self.letter.company), service=self._service(), moment=moment)

    def _short(self, text: str) -> str:
        """As a text message has it: short names and moments, in the alphabet of telephones as far as that goes."""
        letter, speaker = self.letter, self.speaker
        previous = speaker.short(letter.previous_starts_at) if letter.previous_starts_at else ""
        return text.format(
            company=_short_name(letter.company),
            service=_short_name(letter.service) or self.words.appointment,
            moment=speaker.short(letter.starts_at) if letter.starts_at else "",
            previously=self.words.sms_previously.format(previous=previous) if previous else "",
            place=speaker.place(),
        )


def _short_name(name: str) -> str:
    """A name that the alphabet of telephones has no letter of stays as it is: it costs more, and says who writes."""
    short = one_line(name, SMS_NAME)
    return gsm(short) or short
