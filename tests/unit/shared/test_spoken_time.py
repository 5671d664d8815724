"""Moments as customers read them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.spoken_time import Speaker, date_span, language_of, short_date, week_day

MORNING = datetime(2026, 8, 4, 8, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
ENGLISH, GERMAN = Speaker.to("en", "Europe/Berlin"), Speaker.to("de", "Europe/Berlin")


def test_a_moment_is_said_in_the_readers_language_on_the_readers_clock() -> None:
    """Weekday, day, month, and the hour as people write it."""
    assert ENGLISH.moment(MORNING) == "Tuesday, 4 August 2026, 10:00"
    assert GERMAN.moment(MORNING) == "Dienstag, 4. August 2026, 10:00 Uhr"
    assert Speaker.to("en", "America/New_York").moment(MORNING, year=False) == "Tuesday, 4 August, 04:00"


def test_the_short_forms_fit_buttons_and_text_messages() -> None:
    """They still say the weekday, by which people notice a wrong date."""
    assert (ENGLISH.choice(MORNING), GERMAN.choice(MORNING)) == ("Tue 4 August, 10:00", "Di 4. August, 10:00 Uhr")
    assert (ENGLISH.short(MORNING), GERMAN.short(MORNING)) == ("Tue 4 Aug, 10:00", "Di 4.8., 10:00 Uhr")


@pytest.mark.parametrize(
    ("minutes", "english", "german"),
    [
        (30, "10:00 to 10:30", "10:00 bis 10:30 Uhr"),
        (0, "10:00", "10:00 Uhr"),
        (
            24 * 60,
            "10:00 to Wednesday, 5 August 2026, 10:00",
            "10:00 bis Mittwoch, 5. August 2026, 10:00 Uhr",
        ),
    ],
)
def test_a_span_names_its_end_and_the_day_of_it_where_that_is_another(minutes: int, english: str, german: str) -> None:
    """The day is that of the reader: midnight in UTC does not count."""
    ends_at = MORNING + timedelta(minutes=minutes)
    assert (ENGLISH.span(MORNING, ends_at), GERMAN.span(MORNING, ends_at)) == (english, german)
    assert ENGLISH.span(MORNING, None) == "10:00"


@pytest.mark.parametrize(
    ("zone", "english", "german"),
    [
        ("Europe/Berlin", "Berlin time (CEST, UTC+2)", "Zeit in Berlin (MESZ, UTC+2)"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time (UTC-3)", "Zeit in Buenos Aires (UTC-3)"),
        ("Asia/Kolkata", "Kolkata time (IST, UTC+5:30)", "Zeit in Kolkata (IST, UTC+5:30)"),
        ("Europe/London", "London time (BST, UTC+1)", "Zeit in London (BST, UTC+1)"),
        ("UTC", "UTC", "UTC"),
        ("Etc/GMT+3", "UTC (UTC-3)", "UTC (UTC-3)"),
    ],
)
def test_the_time_zone_is_named_with_its_distance_from_utc(zone: str, english: str, german: str) -> None:
    """An abbreviation alone means different things in different places."""
    assert (Speaker.to("en", zone).zone_name(MORNING), Speaker.to("de", zone).zone_name(MORNING)) == (english, german)


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    """At the end of summer time, half past two is once two hours and once one hour ahead of UTC."""
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert ENGLISH.moment(first) == ENGLISH.moment(second)
    assert ENGLISH.zone_name(first) == "Berlin time (CEST, UTC+2)"
    assert ENGLISH.zone_name(second) == "Berlin time (CET, UTC+1)"


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "Europe", "x\x00y", "/etc/localtime"])
def test_what_is_no_time_zone_is_said_in_utc_by_name(name: str) -> None:
    """A wrong guess would make somebody come at the wrong hour."""
    assert Speaker.to("en", name).zone_name(MORNING) == "UTC"


@pytest.mark.parametrize(
    ("code", "language"), [("de", "de"), ("de-CH", "de"), ("DE_at", "de"), ("en", "en"), ("fr", "en"), ("", "en")]
)
def test_a_language_that_is_not_known_here_is_answered_in_english(code: str, language: str) -> None:
    """And a region does not make it another language."""
    assert language_of(code) == language


@pytest.mark.parametrize(
    ("first", "last", "english", "german"),
    [
        (date(2026, 11, 16), date(2026, 11, 22), "16 to 22 November 2026", "16. bis 22. November 2026"),
        (date(2026, 6, 29), date(2026, 7, 5), "29 June to 5 July 2026", "29. Juni bis 5. Juli 2026"),
        (
            date(2025, 12, 29),
            date(2026, 1, 4),
            "29 December 2025 to 4 January 2026",
            "29. Dezember 2025 bis 4. Januar 2026",
        ),
        (date(2026, 5, 1), date(2026, 5, 1), "1 May 2026", "1. Mai 2026"),
    ],
)
def test_days_are_named_as_short_as_they_can_be(first: date, last: date, english: str, german: str) -> None:
    """Within a month, over its end, over the end of a year, and one day alone."""
    assert (date_span(first, last, "en"), date_span(first, last, "de")) == (english, german)


def test_days_on_an_axis_are_short() -> None:
    """A week has its weekdays, a longer time its months."""
    day = date(2026, 8, 4)
    assert (week_day(day, "en"), week_day(day, "de")) == ("Tue 4", "Di 4.")
    assert (short_date(day, "en"), short_date(day, "de")) == ("4 Aug", "4.8.")
