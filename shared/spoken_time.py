"""Moments as people read them, in the languages that customers are written to: English and German.

Locale data of the system is not used: a container has none, and a thread cannot choose another than its process.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

Language = Literal["en", "de"]

_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
_MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    ),
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"),
        *("August", "September", "Oktober", "November", "Dezember"),
    ),
}
_GERMAN_ZONES = {"CET": "MEZ", "CEST": "MESZ", "EET": "OEZ", "EEST": "OESZ", "WET": "WEZ", "WEST": "WESZ"}


def language_of(code: str) -> Language:
    """The language to write in to somebody who speaks this one (`de`, `de-CH`): English for what is not known here."""
    return "de" if code.strip().lower().replace("_", "-").partition("-")[0] == "de" else "en"


def zone_of(name: str) -> tzinfo:
    """The time zone of an IANA name. UTC, which every text then names, for what is no zone here."""
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        return ZoneInfo("UTC")


def full_date(day: date, language: Language, *, year: bool = True) -> str:
    """`4 August 2026`, `4. August 2026`."""
    number = f"{day.day}." if language == "de" else f"{day.day}"
    return f"{number} {_MONTHS[language][day.month - 1]}{f' {day.year}' if year else ''}"


def short_date(day: date, language: Language) -> str:
    """For an axis: `4 Aug`, `4.8.`."""
    return f"{day.day}.{day.month}." if language == "de" else f"{day.day} {_MONTHS['en'][day.month - 1][:3]}"


def week_day(day: date, language: Language) -> str:
    """For an axis of few days: `Tue 4`, `Di 4.`."""
    name = _DAYS[language][day.weekday()]
    return f"{name[:2]} {day.day}." if language == "de" else f"{name[:3]} {day.day}"


def date_span(first: date, last: date, language: Language) -> str:
    """`3 to 9 August 2026`, with month and year of the first day where they are others; one day is named once."""
    if first == last:
        return full_date(first, language)
    if (first.year, first.month) == (last.year, last.month):
        begins = f"{first.day}." if language == "de" else f"{first.day}"
    else:
        begins = full_date(first, language, year=first.year != last.year)
    return f"{begins} {'bis' if language == 'de' else 'to'} {full_date(last, language)}"


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says moments to one reader: in their language, and in their time zone, which `zone_name` names."""

    language: Language
    zone: tzinfo

    @classmethod
    def to(cls, language: str, time_zone: str) -> "Speaker":
        return cls(language_of(language), zone_of(time_zone))

    def day(self, moment: datetime, *, year: bool = True) -> str:
        """`Tuesday, 4 August 2026`, `Dienstag, 4. August 2026`."""
        local = moment.astimezone(self.zone)
        return f"{_DAYS[self.language][local.weekday()]}, {full_date(local, self.language, year=year)}"

    def clock(self, moment: datetime) -> str:
        """`10:00`, `10:00 Uhr`."""
        return f"{moment.astimezone(self.zone):%H:%M}{' Uhr' if self.language == 'de' else ''}"

    def moment(self, moment: datetime, *, year: bool = True) -> str:
        """`Tuesday, 4 August 2026, 10:00`."""
        return f"{self.day(moment, year=year)}, {self.clock(moment)}"

    def choice(self, moment: datetime) -> str:
        """Short, for one of several to choose from: `Tue 4 August, 10:00`, `Di 4. August, 10:00 Uhr`."""
        name, _, rest = self.day(moment, year=False).partition(", ")
        return f"{name[: 2 if self.language == 'de' else 3]} {rest}, {self.clock(moment)}"

    def span(self, starts_at: datetime, ends_at: datetime | None) -> str:
        """`10:00 to 10:30`; the end has its day where that is another one, and is left out where it is not known."""
        if ends_at is None or ends_at <= starts_at:
            return self.clock(starts_at)
        begins = f"{starts_at.astimezone(self.zone):%H:%M}"
        same_day = self.day(starts_at) == self.day(ends_at)
        ends = self.clock(ends_at) if same_day else self.moment(ends_at)
        return f"{begins} {'bis' if self.language == 'de' else 'to'} {ends}"

    def short(self, moment: datetime) -> str:
        """For a text message, in letters that every telephone has: `Tue 4 Aug, 10:00`, `Di 4.8., 10:00 Uhr`."""
        local = moment.astimezone(self.zone)
        if self.language == "de":
            return f"{_DAYS['de'][local.weekday()][:2]} {local.day}.{local.month}., {self.clock(moment)}"
        return f"{_DAYS['en'][local.weekday()][:3]} {local.day} {_MONTHS['en'][local.month - 1][:3]}, {local:%H:%M}"

    def place(self) -> str:
        """Whose clock it is: `Berlin time`, `Zeit in Berlin`, `UTC`."""
        city = _city(self.zone)
        if not city:
            return "UTC"
        return f"Zeit in {city}" if self.language == "de" else f"{city} time"

    def zone_name(self, moment: datetime) -> str:
        """The same with what it is then, so that no doubt is left: `Berlin time (CEST, UTC+2)`."""
        local = moment.astimezone(self.zone)
        offset, name = _offset(local.utcoffset() or timedelta()), local.tzname() or ""
        if self.language == "de":
            name = _GERMAN_ZONES.get(name, name)
        said = [name] if name.isalpha() and name != "UTC" else []
        place = self.place()
        return place if place == "UTC" and offset == "UTC" else f"{place} ({', '.join([*said, offset])})"


def _city(zone: tzinfo) -> str:
    """The last part of a zone's name; empty where it names no place (`UTC`, `Etc/GMT+3`, `EST`)."""
    area, _, city = str(getattr(zone, "key", "")).rpartition("/")
    return city.replace("_", " ") if area and area != "Etc" else ""


def _offset(offset: timedelta) -> str:
    """`UTC+2`, `UTC-3:30`, `UTC`."""
    minutes = int(offset.total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02}' if rest else ''}"
