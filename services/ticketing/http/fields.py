"""The kinds of fields that requests have, each checked and brought into its stored form."""

from typing import Annotated

import phonenumbers
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.ticketing.domain.contacts import MAX_EMAIL, MAX_NAME, email_address, plain_line
from services.ticketing.domain.money import currency_code

MAX_PRICE = 99_999_999
"""In minor units: eight digits are the most that Stripe charges at once."""
MAX_QUANTITY = 1_000_000


def phone_number(text: str) -> str:
    """A phone number in E.164 form. Raises ValueError where it lacks its country, or no such number can exist."""
    try:
        parsed = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        raise ValueError("is not a phone number with its country code, such as +49 30 901820")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


class Body(BaseModel):
    """A request's body. A field that is not known is refused: it is most likely misspelt."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Title = Annotated[str, StringConstraints(max_length=MAX_NAME + 50), AfterValidator(plain_line)]
EmailAddress = Annotated[str, StringConstraints(max_length=MAX_EMAIL + 50), AfterValidator(email_address)]
PhoneNumber = Annotated[str, StringConstraints(max_length=50), AfterValidator(phone_number)]
Currency = Annotated[str, StringConstraints(max_length=3), AfterValidator(currency_code)]
Price = Annotated[int, Field(strict=True, ge=0, le=MAX_PRICE, description="in minor units of the event's currency")]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]
Moment = Annotated[AwareDatetime, Field(description="RFC 3339, with an offset or Z")]
