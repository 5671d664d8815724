"""Numbers as networks send them and as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.domain.phones import WITHHELD, read_phone


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("+12137771234", None, "+12137771234"),
        ("+49 (0) 170 1234567", "DE", "+491701234567"),
        ("0170 1234567", "DE", "+491701234567"),
        ("0049 170 1234567", None, "+491701234567"),
        ("213-777-1234", "US", "+12137771234"),
        ("sip:+12137771234@carrier.example", None, "+12137771234"),
    ],
)
def test_numbers_become_e164(written: str, country: str | None, number: str) -> None:
    """Those without a country are the company's."""
    assert read_phone(written, country) == number


@pytest.mark.parametrize(
    ("written", "country"),
    [
        *((one, "US") for one in sorted(WITHHELD)),
        *((one, "DE") for one in ("anonymous", "Restricted", "unknown", "Private Number", "", "  ", "-", "+")),
        ("0170 1234567", None),
        ("12", "DE"),
        ("sip:anonymous@anonymous.invalid", "DE"),
        ("1" * 500, "DE"),
        ("call me at my office, 0170 1234567", "DE"),
    ],
)
def test_what_is_no_number_is_none(written: str, country: str | None) -> None:
    """Withheld, a name, without a country, too short, too long, a story."""
    assert read_phone(written, country) is None


@given(written=st.text(max_size=80), country=st.sampled_from([None, "DE", "US", "IT"]))
def test_any_text_is_a_number_or_none(written: str, country: str | None) -> None:
    """And a number is written in E.164."""
    number = read_phone(written, country)
    assert number is None or (number[0] == "+" and number[1:].isdigit() and number.isascii())
