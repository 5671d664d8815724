"""Words about days and times, in the company's zone: understood whole, or not at all."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.domain.clock_times import MomentContradictsError, MomentUnreadableError
from services.appointments.domain.moments import Expected, Hearing, NextWeekday, Said, understand

ROME = ZoneInfo("Europe/Rome")
THURSDAY = datetime(2026, 7, 30, 8, 34, tzinfo=UTC)


def hearing(language: str = "en", **changes: Any) -> Hearing:
    """A call on Thursday, 30 July 2026, at 10:34 in Rome."""
    return Hearing(**{"at": THURSDAY, "zone": ROME, "languages": (language,), **changes})


def local(day: str, clock: str) -> tuple[date, time]:
    return date.fromisoformat(day), time.fromisoformat(clock)


ENGLISH = [
    ("next Tuesday at ten", "2026-08-04", "10:00"),
    ("next Tuesday at ten in the morning", "2026-08-04", "10:00"),
    ("Tuesday 10am", "2026-08-04", "10:00"),
    ("Tuesday, August 4, 10:00 AM", "2026-08-04", "10:00"),
    ("Tuesday the 4th of August at 10 o'clock", "2026-08-04", "10:00"),
    ("the fourth of August at 10 a.m.", "2026-08-04", "10:00"),
    ("August 4th, 2026 at 3:30 PM", "2026-08-04", "15:30"),
    ("the 4th at 2", "2026-08-04", "14:00"),
    ("tomorrow at half past nine", "2026-07-31", "09:30"),
    ("quarter to ten tomorrow", "2026-07-31", "09:45"),
    ("tomorrow at twenty past two in the afternoon", "2026-07-31", "14:20"),
    ("ten thirty tomorrow", "2026-07-31", "10:30"),
    ("the day after tomorrow at noon", "2026-08-01", "12:00"),
    ("tonight at eight", "2026-07-30", "20:00"),
    ("this afternoon at three", "2026-07-30", "15:00"),
    ("in two weeks at 9", "2026-08-13", "09:00"),
    ("Monday week at 3", "2026-08-10", "15:00"),
    ("Friday next week at nine", "2026-08-07", "09:00"),
    ("this Friday at 14:30", "2026-07-31", "14:30"),
    ("25/12 at noon", "2026-12-25", "12:00"),
    ("29 February at 10", "2028-02-29", "10:00"),
    ("twenty-first of September at eleven", "2026-09-21", "11:00"),
]
GERMAN = [
    ("nächsten Dienstag um zehn", "2026-08-04", "10:00"),
    ("naechsten Dienstag um 10 Uhr", "2026-08-04", "10:00"),
    ("Dienstag um halb elf", "2026-08-04", "10:30"),
    ("Dienstagnachmittag um halb vier", "2026-08-04", "15:30"),
    ("Dienstag, den vierten August um viertel nach zwei", "2026-08-04", "14:15"),
    ("fünf vor halb elf am Dienstag", "2026-08-04", "10:25"),
    ("am vierten um dreiviertel elf", "2026-08-04", "10:45"),
    ("am 4. August um 10 Uhr", "2026-08-04", "10:00"),
    ("am 4. 8. 2026 um 10.", "2026-08-04", "10:00"),
    ("4.8. um 10 Uhr", "2026-08-04", "10:00"),
    ("04.08.2026 10:00", "2026-08-04", "10:00"),
    ("übermorgen um 14 Uhr 30", "2026-08-01", "14:30"),
    ("morgen früh um neun", "2026-07-31", "09:00"),
    ("heute morgen um 11", "2026-07-30", "11:00"),
    ("heute Nachmittag um drei", "2026-07-30", "15:00"),
    ("morgen um einundzwanzig Uhr fünfzehn", "2026-07-31", "21:15"),
    ("kommenden Freitag 15 Uhr", "2026-07-31", "15:00"),
    ("nächste Woche Mittwoch 10.30 Uhr", "2026-08-05", "10:30"),
    ("Montag in einer Woche um 12 Uhr mittags", "2026-08-10", "12:00"),
    ("in zwei Wochen um 9 Uhr", "2026-08-13", "09:00"),
    ("Di., 4.8., so um 10 Uhr", "2026-08-04", "10:00"),
    ("morgen so gegen zehn", "2026-07-31", "10:00"),
]


@pytest.mark.parametrize(
    ("language", "text", "day", "clock"),
    [("en", *case) for case in ENGLISH] + [("de", *case) for case in GERMAN],
)
def test_people_s_words_are_understood(language: str, text: str, day: str, clock: str) -> None:
    """One day; and of the times that it may mean, the likeliest first."""
    said = understand(text, hearing(language))
    assert (said.dates, said.times[0]) == ((date.fromisoformat(day),), time.fromisoformat(clock))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-04T10:00:00", Said(dates=(date(2026, 8, 4),), times=(time(10),))),
        ("2026-08-04 10:00", Said(dates=(date(2026, 8, 4),), times=(time(10),))),
        ("2026-08-04", Said(dates=(date(2026, 8, 4),))),
        ("2026-08-04T10:00:00Z", Said(instant=datetime(2026, 8, 4, 10, tzinfo=UTC))),
        ("2026-08-04T10:00:00.000+02:00", Said(instant=datetime(2026, 8, 4, 8, tzinfo=UTC))),
        ("2026-08-04T10:00-0500", Said(instant=datetime(2026, 8, 4, 15, tzinfo=UTC))),
    ],
)
def test_iso_times_are_exact(text: str, expected: Said) -> None:
    """With an offset an instant; without one a local time of 24 hours."""
    assert understand(text, hearing()) == expected


@pytest.mark.parametrize(
    ("text", "instant"),
    [("in half an hour", "2026-07-30T09:04+00:00"), ("in 3 hours", "2026-07-30T11:34+00:00")],
)
def test_distances_in_hours_are_instants(text: str, instant: str) -> None:
    """They count from when they were said."""
    assert understand(text, hearing()).instant == datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    ("order", "day"),
    [("DMY", date(2026, 8, 4)), ("MDY", date(2026, 4, 8))],
)
def test_dates_are_read_in_the_company_s_order(order: Any, day: date) -> None:
    """04/08 is in August to some, and in April to others."""
    assert understand("04/08/2026 10:00", hearing(date_order=order)).dates == (day,)


def test_a_date_that_only_the_other_order_makes_is_read_in_that() -> None:
    """There is no 25th month."""
    assert understand("25/12/2026", hearing(date_order="MDY"), "date").dates == (date(2026, 12, 25),)


@pytest.mark.parametrize(
    ("policy", "days"),
    [("ask", (4, 11)), ("coming", (4,)), ("following_week", (11,))],
)
def test_next_friday_on_a_monday_is_as_the_company_says(policy: NextWeekday, days: tuple[int, ...]) -> None:
    """Some mean this week's Friday, others the following week's: unless the company decides, both are kept."""
    monday = datetime(2026, 7, 27, 8, tzinfo=UTC)
    said = understand("next Friday at 9", hearing(at=monday, next_weekday=policy))
    assert said.dates == tuple(date.fromordinal(monday.toordinal() + day) for day in days)


def test_a_weekday_named_on_that_day_is_two_days() -> None:
    """Today's, or next week's."""
    assert understand("Thursday at 11", hearing()).dates == (date(2026, 7, 30), date(2026, 8, 6))


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("at 10", ["10:00", "22:00"]),
        ("at 3", ["15:00", "03:00"]),
        ("at 12", ["12:00", "00:00"]),
        ("15:00", ["15:00"]),
        ("09:00", ["09:00"]),
        ("10 pm", ["22:00"]),
        ("12 am", ["00:00"]),
        ("9 in the evening", ["21:00"]),
    ],
)
def test_an_hour_without_its_half_of_the_day_keeps_both(text: str, times: list[str]) -> None:
    """The one within usual hours first."""
    assert [f"{one:%H:%M}" for one in understand(text, hearing(), "time").times] == times


def test_a_bare_number_is_a_time_only_where_one_is_expected() -> None:
    """Elsewhere it may be a day, or anything."""
    assert understand("ten", hearing(), "time").times == (time(10), time(22))
    with pytest.raises(MomentUnreadableError):
        understand("ten", hearing())


@pytest.mark.parametrize(
    "text",
    [
        *("", "maybe", "as soon as possible", "next week", "some time next month", "Hello there, may I", "10 to 12"),
        *("tomorrow at 25", "tomorrow 24:30", "2026-02-30", "2026-13-01T10:00", "31 June at 10", "13 pm tomorrow"),
        *("mardi prochain à dix heures", "明日の十時", "0001-01-01T00:00+14:00", "9999-12-31T23:59:59-12:00"),
        *("so um den Dreh", "midnight tomorrow", "Dienstag zwischen zwei und drei"),
        *("Tuesday or Wednesday at ten", "between two and three on Friday", "x" * 300, "٣:٣٠"),
    ],
)
def test_what_is_not_understood_whole_is_not_guessed(text: str) -> None:
    """A guess would be an appointment that nobody wanted."""
    with pytest.raises(MomentUnreadableError):
        understand(text, hearing())


@pytest.mark.parametrize(
    "text",
    ["Tuesday the fifth of August", "tomorrow, Sunday", "15:00 in the morning", "3 August 4 August", "in 2 hours at 9"],
)
def test_what_contradicts_itself_is_told_apart(text: str) -> None:
    """5 August 2026 is a Wednesday."""
    with pytest.raises(MomentContradictsError):
        understand(text, hearing())


def test_the_day_is_the_one_where_the_company_is() -> None:
    """At 23:30 UTC it is tomorrow in Rome already."""
    late = datetime(2026, 7, 30, 23, 30, tzinfo=UTC)
    assert understand("today at 15:00", hearing(at=late)).dates == (date(2026, 7, 31),)


def test_another_known_language_is_understood_too() -> None:
    """Callers do not always speak the company's."""
    assert understand("übermorgen um 14:30", hearing("en")).dates == (date(2026, 8, 1),)


def test_small_words_are_no_weekdays() -> None:
    """The German for "about" is no Sunday."""
    assert understand("so um zehn", hearing("de")).dates == ()


@given(text=st.text(max_size=60), expected=st.sampled_from(["both", "date", "time"]))
def test_any_text_is_understood_or_refused(text: str, expected: Expected) -> None:
    """Nothing else is raised, whatever is said."""
    try:
        said = understand(text, hearing(), expected)
    except (MomentUnreadableError, MomentContradictsError):
        return
    assert said.instant is not None or said.dates or said.times or said == Said()


PIECES = (
    "0 1 3 4 9 10 12 24 31 99 2026 # . : / - , am pm uhr um at halb half past to quarter viertel vor nach next nächsten "
    "tuesday dienstag tomorrow morgen früh morning in weeks woche august the of noon mittags first"
)
WORDS = st.sampled_from(PIECES.split())


@given(words=st.lists(WORDS, max_size=8), expected=st.sampled_from(["both", "date", "time"]))
def test_any_row_of_words_about_time_is_understood_or_refused(words: list[str], expected: Expected) -> None:
    """Also what is almost a time."""
    try:
        said = understand(" ".join(words), hearing(), expected)
    except (MomentUnreadableError, MomentContradictsError):
        return
    assert len(said.dates) <= 2
    assert len(said.times) <= 2


@given(
    moment=st.datetimes(datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("2199-12-31")),
    offset=st.integers(-12 * 60, 14 * 60),
)
def test_a_written_time_comes_back_as_it_is(moment: datetime, offset: int) -> None:
    """Local ones as dates and times, those with an offset as the very instant."""
    text = moment.replace(microsecond=0).isoformat()
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    exact = f"{text}{sign}{minutes // 60:02}:{minutes % 60:02}"
    assert understand(exact, hearing()).instant == datetime.fromisoformat(exact)
    said = understand(text, hearing())
    assert (said.dates, said.times) == ((moment.date(),), (moment.replace(microsecond=0).time(),))
