"""The kinds of fields that requests have, each checked and brought into its stored form."""

import re
from datetime import UTC, datetime
from typing import Annotated

import phonenumbers
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from services.ticketing.domain.contacts import MAX_EMAIL, MAX_NAME, email_address, plain_line
from services.ticketing.domain.money import currency_code

MAX_PRICE = 99_999_999
"""In minor units: eight digits are the most that Stripe charges at once."""
MAX_QUANTITY = 1_000_000

_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}", re.ASCII)


def phone_number(text: str) -> str:
    """A phone number in E.164 form. Raises ValueError where it lacks its country, or no such number can exist."""
    try:
        parsed = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        raise ValueError("is not a phone number with its country code, such as +49 30 901820")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def rfc3339(value: object) -> object:
    """Raises ValueError for anything but a full date and time. pydantic alone would take numbers as seconds, too."""
    if not isinstance(value, str) or not _DATE_TIME.match(value):
        raise ValueError("is not a date and time such as 2030-05-01T20:00:00Z")
    return value


def in_our_time(moment: datetime) -> datetime:
    """The moment in UTC. Raises ValueError outside of 2000 to 2199, where computing with it could overflow."""
    if not 2000 <= moment.year < 2200:
        raise ValueError("is not between 2000 and 2199")
    return moment.astimezone(UTC)


Title = Annotated[str, StringConstraints(max_length=MAX_NAME + 50), AfterValidator(plain_line)]
EmailAddress = Annotated[
    str,
    StringConstraints(max_length=MAX_EMAIL + 50),
    AfterValidator(email_address),
    Field(examples=["ada@example.com"]),
]
PhoneNumber = Annotated[
    str, StringConstraints(max_length=50), AfterValidator(phone_number), Field(examples=["+49 30 901820"])
]
Currency = Annotated[str, StringConstraints(max_length=3), AfterValidator(currency_code), Field(examples=["eur"])]
Price = Annotated[int, Field(strict=True, ge=0, le=MAX_PRICE, description="in minor units of the event's currency")]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(rfc3339, json_schema_input_type=str),
    AfterValidator(in_our_time),
    Field(description="RFC 3339, with an offset or Z", json_schema_extra={"format": "date-time"}),
]
