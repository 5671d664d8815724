"""Fields of requests."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.ticketing.http.fields import Currency, EmailAddress, Moment, PhoneNumber, Price, Quantity, Title


@pytest.mark.parametrize("text", ["+49 30 901820", "+4930901820", "+49 (0)30 901820"])
def test_a_phone_number_is_kept_in_e164(text: str) -> None:
    """However it was written."""
    assert TypeAdapter(PhoneNumber).validate_python(text) == "+4930901820"


@pytest.mark.parametrize("text", ["", "030 901820", "+49", "+49 1", "hello", "+999 123456789", "+4930901820\nx" * 3])
def test_a_phone_number_that_cannot_exist_is_refused(text: str) -> None:
    """The error says what is expected."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(PhoneNumber).validate_python(text)
    assert "country code" in str(refused.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Price, -1),
        (Price, 100_000_000),
        (Price, 1.5),
        (Price, "10"),
        (Price, True),
        (Quantity, 0),
        (Quantity, 1_000_001),
        (Quantity, 2.0),
        (Currency, "xyz"),
        (Title, "\n"),
        (Title, "x" * 201),
        (EmailAddress, "ada@example.com\r\nBcc: eve@example.com"),
        (Moment, "2026-05-01T20:00:00"),
        (Moment, "yesterday"),
        (Moment, "2026-05-01"),
        (Moment, "1900000000"),
        (Moment, 1_900_000_000),
        (Moment, "0001-01-01T00:00:00+14:00"),
        (Moment, "9999-12-31T23:59:59-14:00"),
    ],
)
def test_a_value_out_of_its_kind_is_refused(field: Any, value: object) -> None:
    """Before anything else looks at it."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(field).validate_python(value)
    assert refused.value.error_count() == 1


@pytest.mark.parametrize(
    ("field", "value", "kept"), [(Price, 0, 0), (Quantity, 1, 1), (Currency, "EUR", "eur"), (Title, " A ", "A")]
)
def test_a_value_of_its_kind_is_kept_in_its_stored_form(field: Any, value: object, kept: object) -> None:
    """Trimmed and lowered where that is the form."""
    assert TypeAdapter(field).validate_python(value) == kept
