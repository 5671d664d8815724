"""What Stripe's events mean for payments. Shapes: https://docs.stripe.com/api/payment_intents/object"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from services.payments.domain import Receipt
from services.payments.errors import UnexpectedProviderShapeError

PROVIDER = "stripe"
SUCCEEDED = "payment_intent.succeeded"

_LARGEST_AMOUNT = 2**53
"""Nobody pays this; a larger integer is a fault, and some readers of JSON would round it."""
_LONGEST_TEXT = 500
_CURRENCY = re.compile(r"[a-z]{3}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class StripeEvents:
    """Reads money out of Stripe's events."""

    def concerns_money(self, event_type: str) -> bool:
        """Whether events of this type are recorded; all others have no effect."""
        return event_type == SUCCEEDED

    def receipt(self, intent: Mapping[str, Any], succeeded_at: datetime, *, livemode: bool) -> Receipt:
        """The money of a PaymentIntent that succeeded. Raises UnexpectedProviderShapeError, which says what is wrong.

        The amount is `amount_received`: `amount` is only what was asked for.
        """
        return Receipt(
            provider=PROVIDER,
            reference=_reference(intent.get("id"), "id"),
            charge_reference=_charge(intent.get("latest_charge")),
            order_reference=_order_reference(intent.get("metadata")),
            amount=_amount(intent.get("amount_received")),
            currency=_currency(intent.get("currency")),
            livemode=livemode,
            succeeded_at=succeeded_at,
        )

    def object_in(self, body: bytes) -> Mapping[str, Any]:
        """`data.object` of an event's raw body. Raises UnexpectedProviderShapeError."""
        try:
            event = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise UnexpectedProviderShapeError(f"the stored Stripe event is not JSON: {error}") from None
        data = event.get("data") if isinstance(event, dict) else None
        found = data.get("object") if isinstance(data, dict) else None
        if not isinstance(found, dict):
            raise UnexpectedProviderShapeError("the stored Stripe event has no data.object")
        return found


def _wrong(field: str, expected: str, value: object) -> UnexpectedProviderShapeError:
    shown = "it is missing" if value is None else f"it is {str(value)[:80]!r} ({type(value).__name__})"
    return UnexpectedProviderShapeError(f"Stripe payment_intent.{field} must be {expected}: {shown}")


def _reference(value: object, field: str) -> str:
    if not isinstance(value, str) or not value or len(value) > _LONGEST_TEXT or _CONTROLS.search(value):
        raise _wrong(field, "a text of 1 to 500 printable characters", value)
    return value


def _charge(value: object) -> str | None:
    """`latest_charge` is an id, or the whole charge where Stripe was asked to expand it."""
    if value is None:
        return None
    return _reference(value.get("id") if isinstance(value, dict) else value, "latest_charge")


def _order_reference(metadata: object) -> str:
    """What the shop wrote as `order_id`; empty where it wrote none. The money is recorded in either case."""
    written = metadata.get("order_id") if isinstance(metadata, dict) else None
    return _CONTROLS.sub("", written)[:_LONGEST_TEXT] if isinstance(written, str) else ""


def _amount(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _LARGEST_AMOUNT:
        raise _wrong("amount_received", "a positive integer in minor units", value)
    return value


def _currency(value: object) -> str:
    lowered = value.lower() if isinstance(value, str) else ""
    if not _CURRENCY.fullmatch(lowered):
        raise _wrong("currency", "three letters", value)
    return lowered
