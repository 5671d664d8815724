"""Names on one line, moments in a time zone, short texts."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.texts import e164, gsm, gsm_length, long_moment, one_line, tickets_text

URL = "https://tickets.example.com/o/7K2P9M"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Ada \r\n\tLovelace\x00 ", "Ada Lovelace"),
        ("a\u2028b\u2029c\u0085d", "a b c d"),
        ("cod\u202egpj.exe", "codgpj.exe"),
        ("👩‍👩‍👧 שלום", "👩‍👩‍👧 שלום"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_a_name_becomes_one_line_and_keeps_its_letters(text: str, line: str) -> None:
    """Breaks, control and direction characters go; joined emoji and other scripts stay."""
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("zone", "read"),
    [
        ("UTC", "Saturday, 14 November 2026, 18:30 (UTC)"),
        ("Europe/Berlin", "Saturday, 14 November 2026, 19:30 (CET)"),
        ("Asia/Tokyo", "Sunday, 15 November 2026, 03:30 (JST)"),
    ],
)
def test_a_moment_is_read_in_the_installations_time_zone(zone: str, read: str) -> None:
    """The day may be another one there; the zone is named."""
    assert long_moment(datetime(2026, 11, 14, 18, 30, tzinfo=UTC), ZoneInfo(zone)) == read


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, f"Your ticket for Jazz Night, order BH-7K2P9M: {URL}"),
        (3, f"Your 3 tickets for Jazz Night, order BH-7K2P9M: {URL}"),
    ],
)
def test_a_text_names_event_order_and_link(count: int, text: str) -> None:
    """All that a telephone needs to show."""
    assert tickets_text("Jazz Night", count, "BH-7K2P9M", URL) == text


@pytest.mark.parametrize(
    "name", ["Žižka\u2019s “Große” Soirée \u2013 № 5 🎉", "Ночь джаза", "ليلة", "n" * 400, "€" * 200, "  "]
)
def test_a_text_fits_into_one_message_whatever_the_event_is_called(name: str) -> None:
    """160 places of the GSM alphabet, with the link whole."""
    text = tickets_text(name, 12, "BH-7K2P9M", URL)
    assert (gsm_length(text) or 999) <= 160
    assert text.endswith(f"order BH-7K2P9M: {URL}")


@given(name=st.text(max_size=300), count=st.integers(1, 5_000))
def test_any_name_fits(name: str, count: int) -> None:
    """Not only those above."""
    assert (gsm_length(tickets_text(name, count, "BH-7K2P9M", URL)) or 999) <= 160


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (110, "Your 2 tickets for Jazz Night, order BH-1: {url}"),
        (125, "Your 2 tickets, order BH-1: {url}"),
        (140, "Your 2 tickets: {url}"),
        (200, "Your 2 tickets: {url}"),
    ],
)
def test_a_long_link_is_sent_whole_and_the_rest_makes_room(length: int, text: str) -> None:
    """Name, then order number; and two messages are better than a link that leads nowhere."""
    url = "https://tickets.example.com/".ljust(length, "a")
    assert tickets_text("Jazz Night", 2, "BH-1", url) == text.format(url=url)


def test_letters_outside_of_the_alphabet_are_replaced_or_left_out() -> None:
    """Accents that it lacks fall off; its own stay."""
    assert gsm("Žižka\u2019s Größe \u2013 naïve 🎉") == "Zizka's Größe - naive"


@pytest.mark.parametrize(
    ("phone", "number"),
    [
        ("+49 (0)30 / 123-456", "+4930123456"),
        ("0049 30 123456", "+4930123456"),
        ("+1 415.555.2345", "+14155552345"),
        ("030 123456", None),
        ("+0123456789", None),
        ("+1234567890123456", None),
        ("call me", None),
        ("", None),
    ],
)
def test_a_telephone_number_names_its_country_or_is_none(phone: str, number: str | None) -> None:
    """A national number would be a guess."""
    assert e164(phone) == number
