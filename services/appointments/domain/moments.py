"""What people mean by words about a day and a time: "next Tuesday at ten", "übermorgen um halb elf", an ISO time.

All of a text must be understood, or none of it is: a time that is guessed leads to an appointment that nobody wanted.
What can be read in two ways keeps both.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cache
from typing import Literal

from services.appointments.domain.clock_times import MomentContradictsError, MomentUnreadableError, clock_times
from services.appointments.domain.heard import Heard, agreed_dates, agreed_times
from services.appointments.domain.time_words import IN_A_TIME, SHARED, Words, any_of, languages

DateOrder = Literal["DMY", "MDY"]
NextWeekday = Literal["ask", "coming", "following_week"]
Expected = Literal["both", "date", "time"]

YEARS = range(1970, 2200)
LONGEST_TEXT = 200
"""Characters. A longer text is no time but a story."""

_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)\s?(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True)
class Said:
    """What a text says: an `instant`, or local `dates` and `times` that it may mean, the likeliest times first."""

    instant: datetime | None = None
    dates: tuple[date, ...] = ()
    times: tuple[time, ...] = ()


@dataclass(frozen=True)
class Hearing:
    """Where and when something was said, and how it is to be understood. `at` is aware; words are tried in this order."""

    at: datetime
    zone: tzinfo
    languages: Sequence[str] = ("en", "de")
    date_order: DateOrder = "DMY"
    next_weekday: NextWeekday = "ask"

    @property
    def today(self) -> date:
        """The day there when it was said."""
        return self.at.astimezone(self.zone).date()


def understand(text: str, hearing: Hearing, expected: Expected = "both") -> Said:
    """What a text says about a day and a time. Raises MomentUnreadableError, MomentContradictsError."""
    if len(text) > LONGEST_TEXT:
        raise MomentUnreadableError(f"over {LONGEST_TEXT} characters are no time")
    plain = " ".join(unicodedata.normalize("NFKC", text).split()).strip(" ,;!?")
    if (exact := _ISO.fullmatch(plain)) is not None:
        return _exact(exact)
    known = languages()
    contradiction: MomentContradictsError | None = None
    for language in dict.fromkeys([*hearing.languages, *known]):
        if language not in known:
            continue
        try:
            return _Listener(hearing, language, expected).hear(plain.lower())
        except MomentUnreadableError:
            continue
        except MomentContradictsError as error:
            contradiction = contradiction or error
    if contradiction is not None:
        raise contradiction
    raise MomentUnreadableError(f"{text[:80]!r} is not understood")


def _exact(found: re.Match[str]) -> Said:
    day, clock, offset = found.groups()
    try:
        local = datetime.fromisoformat(f"{day}T{(clock or '00:00').replace(',', '.')}")
        exact = None if offset is None else datetime.fromisoformat(local.isoformat() + offset.upper())
    except ValueError as error:
        raise MomentUnreadableError(f"{found[0]!r} is no date and time: {error}") from None
    if local.year not in YEARS:
        raise MomentUnreadableError(f"{found[0]!r} is not a time of ours")
    if exact is not None:
        return Said(instant=exact)
    return Said(dates=(local.date(),), times=() if clock is None else (local.time(),))


class _Listener:
    """Reads one text in one language."""

    def __init__(self, hearing: Hearing, language: str, expected: Expected) -> None:
        self._hearing, self._language, self._expected = hearing, language, expected
        self._words = languages()[language]
        self._heard = Heard()

    def hear(self, text: str) -> Said:
        prepared = _prepare(text, self._language)
        phrases = self._phrases(prepared, 0, set())
        if phrases is None:
            raise MomentUnreadableError(prepared)
        for phrase in phrases:
            self._take(phrase)
        return self._conclude()

    def _phrases(self, text: str, position: int, dead_ends: set[int]) -> list[re.Match[str]] | None:
        """The phrases that make up all of a text, the longest first wherever that leads to its end."""
        if position == len(text):
            return []
        if position in dead_ends:
            return None
        matches = (pattern.match(text, position) for pattern in _patterns(self._language, self._expected))
        found = [match for match in matches if match is not None and match.end() > position]
        for match in sorted(found, key=lambda one: one.end(), reverse=True):
            rest = self._phrases(text, match.end(), dead_ends)
            if rest is not None:
                return [match, *rest]
        dead_ends.add(position)
        return None

    def _take(self, match: re.Match[str]) -> None:
        found = {name: value for name, value in match.groupdict().items() if value is not None}
        if "part" in found:
            self._heard.parts.append(self._words.parts[found["part"]])
        if "part_of_today" in found:
            self._heard.parts.append(self._words.parts[found["part_of_today"]])
            self._heard.dates.append((self._hearing.today,))
        elif "tonight" in found:
            self._heard.parts.append("evening")
            self._heard.dates.append((self._hearing.today,))
        elif "days" in found:
            self._heard.dates.append((self._days_on(self._words.days[found["days"]]),))
        elif "weekday" in found:
            self._take_weekday(found)
        elif "hour" in found:
            self._heard.times.append(clock_times(found))
        elif "unit" in found or "half_hour" in found:
            self._take_distance(found)
        elif found.keys() & {"day", "first"}:
            self._heard.dates.append(self._calendar_dates(found))

    def _take_weekday(self, found: Mapping[str, str]) -> None:
        weekday = self._words.weekdays[found["weekday"]]
        ahead = (weekday - self._hearing.today.weekday()) % 7
        if "later_week" in found:
            days: tuple[int, ...] = (7 - self._hearing.today.weekday() + weekday,)
        elif "plus_week" in found:
            days = ((ahead or 7) + 7 if ahead else 7,)
        else:
            days = self._days_to(found.get("which", ""), ahead)
        self._heard.weekdays.append((weekday, tuple(self._days_on(one) for one in days)))

    def _days_to(self, which: str, ahead: int) -> tuple[int, ...]:
        """How far a weekday is. "Next Friday" on a Monday is this week's to some, and the following week's to others."""
        if which.startswith(("this", "dies")):
            return (ahead,)
        if not which:
            return (ahead,) if ahead else (0, 7)
        if not which.startswith(("next", "n")) or not ahead:
            return (ahead or 7,)
        is_in_this_week = self._hearing.today.weekday() + ahead < 7
        if not is_in_this_week or self._hearing.next_weekday == "coming":
            return (ahead,)
        return (ahead + 7,) if self._hearing.next_weekday == "following_week" else (ahead, ahead + 7)

    def _take_distance(self, found: Mapping[str, str]) -> None:
        if "half_hour" in found:
            self._heard.instants.append(_on_the_minute(self._hearing.at + timedelta(minutes=30)))
            return
        count = int(found.get("count") or 1)
        unit = next(unit for word, unit in self._words.units.items() if found["unit"].startswith(word))
        if unit in {"days", "weeks"}:
            self._heard.dates.append((self._days_on(count * (7 if unit == "weeks" else 1)),))
        else:
            self._heard.instants.append(_on_the_minute(self._hearing.at + timedelta(**{unit: count})))

    def _calendar_dates(self, found: Mapping[str, str]) -> tuple[date, ...]:
        today = self._hearing.today
        if "first" in found:
            day, month = self._ordered(int(found["first"]), int(found["second"]))
        else:
            day = int(found["day"])
            month = (
                int(found["month_number"])
                if "month_number" in found
                else self._words.months.get(found.get("month", ""), 0)
            )
        if "year" in found:
            year = int(found["year"])
            candidates = [_date(year + 2000 if year < 100 else year, month, day)]
        elif month:
            candidates = [_date(today.year + later, month, day) for later in range(9)]
        else:
            months = [today.year * 12 + today.month - 1 + later for later in range(3)]
            candidates = [_date(number // 12, number % 12 + 1, day) for number in months]
        possible = [one for one in candidates if one is not None and ("year" in found or one >= today)]
        if not possible:
            raise MomentUnreadableError("there is no such day")
        return tuple(possible[: 1 if month else 2])

    def _ordered(self, first: int, second: int) -> tuple[int, int]:
        """Day and month. Where the company's order makes no date and the other one does, it is that one."""
        day, month = (second, first) if self._hearing.date_order == "MDY" else (first, second)
        return (month, day) if month > 12 >= day else (day, month)

    def _days_on(self, days: int) -> date:
        return self._hearing.today + timedelta(days=days)

    def _conclude(self) -> Said:
        heard = self._heard
        if heard.instants:
            if len(heard.instants) > 1 or heard.dates or heard.weekdays or heard.times:
                raise MomentContradictsError("two times are said")
            return Said(instant=heard.instants[0])
        dates, times = agreed_dates(heard), agreed_times(heard)
        if not dates and not times and not heard.parts:
            raise MomentUnreadableError("neither a day nor a time is said")
        return Said(dates=dates, times=times)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in YEARS else None
    except ValueError:
        return None


def _on_the_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _prepare(text: str, language: str) -> str:
    words = languages()[language]
    for pattern, replacement in words.preparations:
        text = re.sub(pattern, replacement, text)
    text = _figures(language, is_ordinal=True).sub(lambda match: f"{words.ordinals[match[0]]}#", text)
    text = _figures(language, is_ordinal=False).sub(lambda match: str(words.numbers[match[0]]), text)
    return text.strip(" .,")


@cache
def _figures(language: str, *, is_ordinal: bool) -> re.Pattern[str]:
    words = languages()[language]
    return re.compile(rf"\b(?:{any_of(words.ordinals if is_ordinal else words.numbers)})\b")


@cache
def _patterns(language: str, expected: Expected) -> tuple[re.Pattern[str], ...]:
    """All phrases of a language, each with what may stand behind it, the more particular ones first."""
    words: Words = languages()[language]
    own = (rf"(?P<days>{any_of(words.days)})", rf"(?P<part>{any_of(words.parts)})", rf"(?:{words.fillers})")
    texts = (*words.phrases, *SHARED, *(IN_A_TIME if expected == "time" else ()), *own)
    return (*(re.compile(rf"(?:{text})(?!\w)", re.ASCII) for text in texts), re.compile(r"[\s,;]+"))
