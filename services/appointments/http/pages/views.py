"""What a page shows of an appointment: facts put into words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from services.appointments.domain.appointments import Appointment, State
from services.appointments.handlers.letters import place
from services.appointments.http.pages.words import WORDS, PageWords, Said, Standing
from shared.spoken_time import Speaker

STANDINGS: Mapping[State, Standing] = {
    State.WANTED: Standing.IN_PROGRESS,
    State.BOOKING: Standing.IN_PROGRESS,
    State.OFFERED: Standing.CHOOSING,
    State.REQUESTED: Standing.REQUESTED,
    State.BOOKED: Standing.BOOKED,
    State.CANCELLED: Standing.CANCELLED,
    State.REJECTED: Standing.REJECTED,
    State.NO_SHOW: Standing.OVER,
    State.FAILED: Standing.FAILED,
}
STANDS = frozenset({Standing.BOOKED, Standing.REQUESTED})
"""What can be cancelled and moved."""
PENDING = frozenset({Standing.IN_PROGRESS, Standing.CANCELLING, Standing.MOVING})
"""What is about to change by itself."""
STRUCK = frozenset({Standing.CHOOSING, Standing.CANCELLED, Standing.REJECTED, Standing.FAILED})
"""What does not take place at the time that is shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """A fact. `time` ends it and stays on one line, `soft` explains it, `href` makes it a link."""

    label: str
    value: str
    time: str = ""
    soft: str = ""
    href: str = ""
    is_struck: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A time to choose: what stands on its button, what it is called in full, and the value that is sent."""

    label: str
    full: str
    value: str


@dataclass(frozen=True, slots=True)
class Day:
    """The times of one day."""

    title: str
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class View:
    """One appointment for its customer, at a moment."""

    appointment: Appointment
    company: str
    now: datetime

    @property
    def speaker(self) -> Speaker:
        return Speaker.to(self.appointment.language, self.appointment.time_zone)

    @property
    def words(self) -> PageWords:
        return WORDS[self.speaker.language]

    @property
    def is_over(self) -> bool:
        return self.appointment.starts_at <= self.now

    @property
    def standing(self) -> Standing:
        standing = STANDINGS[self.appointment.state]
        if standing in STANDS and self.is_over:
            return Standing.OVER
        return self._wished() or standing

    def _wished(self) -> Standing | None:
        """What the customer has asked for, and the calendar's provider has not answered yet."""
        asked = (self.appointment.wish or {}).get("action")
        return {"cancel": Standing.CANCELLING, "reschedule": Standing.MOVING}.get(str(asked))

    @property
    def can_change(self) -> bool:
        """Whether it can be cancelled or moved now."""
        return self.standing in STANDS

    @property
    def has_offers(self) -> bool:
        """Whether times are offered: to book, or to move to, where the wished one was taken."""
        stands = self.can_change and self.appointment.reason == "slot_unavailable"
        return self.appointment.state is State.OFFERED or stands

    @property
    def is_pending(self) -> bool:
        """Whether it is about to change by itself."""
        return self.standing in PENDING

    def said(self, said: Said) -> Said:
        company = self.company or "…"
        return Said(said.title.format(company=company), said.text.format(company=company))

    def common(self) -> dict[str, Any]:
        """What every page of an appointment shows."""
        return {
            "language": self.speaker.language,
            "words": self.words,
            "company": self.company,
            "service": self.appointment.service or self.words.appointment,
        }

    def rows(self) -> list[Row]:
        appointment, words = self.appointment, self.words
        label = words.wanted if self.standing is Standing.CHOOSING else words.when
        rows = [self._when(label, appointment.starts_at, appointment.ends_at)]
        if self.moving_to is not None:
            rows.append(self._when(words.new_time, self.moving_to, None))
        where = place(appointment)
        if where and self.standing not in STRUCK:
            rows.append(Row(words.where, where, href=where if where.startswith("https://") else ""))
        rows.append(Row(words.name, appointment.name))
        return [row for row in rows if row.value]

    def _when(self, label: str, starts_at: datetime, ends_at: datetime | None) -> Row:
        speaker = self.speaker
        return Row(
            label,
            f"{speaker.day(starts_at)},",
            time=speaker.span(starts_at, ends_at),
            soft=speaker.zone_name(starts_at),
            is_struck=self.standing in STRUCK and starts_at == self.appointment.starts_at,
        )

    def rows_to_take(self, starts_at: datetime) -> list[Row]:
        """Of an offered time, as it would be."""
        appointment = self.appointment
        taken = self._when(self.words.when, starts_at, starts_at + (appointment.ends_at - appointment.starts_at))
        named = Row(self.words.name, appointment.name)
        return [taken, named] if appointment.name else [taken]

    @property
    def moving_to(self) -> datetime | None:
        """The time that was wished for, and is not settled yet."""
        wish = self.appointment.wish or {}
        starts_at = wish.get("starts_at")
        if wish.get("action") != "reschedule" or not isinstance(starts_at, str):
            return None
        return datetime.fromisoformat(starts_at)

    def choice(self, starts_at: datetime) -> Choice:
        """A time with its day on the button."""
        return Choice(self.speaker.choice(starts_at), self.speaker.moment(starts_at), written(starts_at))

    def days(self, times: Iterable[datetime]) -> list[Day]:
        """Times by the customer's days, as buttons that show the clock alone."""
        speaker = self.speaker
        return [
            Day(title, [Choice(speaker.clock(one), speaker.moment(one), written(one)) for one in of_day])
            for title, of_day in groupby(sorted(times), key=speaker.day)
        ]


def written(moment: datetime) -> str:
    """A moment as a form sends it."""
    return str(int(moment.timestamp()))
