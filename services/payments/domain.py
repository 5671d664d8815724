"""The rules of money that came in: the states of a payment, and the ledger's double entries."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.payments.errors import IllegalTransitionError, InvalidTransferError

ORDER_RECEIPTS = "order_receipts"
"""The ledger account of what buyers have paid, and what is owed onward to organisers or back to buyers."""


class PaymentState(StrEnum):
    """Where a payment stands between having come in and being settled with its order."""

    RECEIVED = "received"
    MATCHED = "matched"
    NEEDS_REVIEW = "needs_review"
    REFUND_DUE = "refund_due"


TRANSITIONS: dict[PaymentState, frozenset[PaymentState]] = {
    PaymentState.RECEIVED: frozenset({PaymentState.MATCHED, PaymentState.NEEDS_REVIEW, PaymentState.REFUND_DUE}),
    PaymentState.NEEDS_REVIEW: frozenset({PaymentState.MATCHED, PaymentState.REFUND_DUE}),
    PaymentState.MATCHED: frozenset(),
    PaymentState.REFUND_DUE: frozenset(),
}
"""What may follow what. People who looked at a payment may still match it or send it back."""


def move(current: PaymentState, target: PaymentState) -> bool:
    """Whether the state changes: False where the payment is there already. Raises IllegalTransitionError."""
    if target is current:
        return False
    if target not in TRANSITIONS[current]:
        raise IllegalTransitionError(f"a payment that is {current} cannot become {target}")
    return True


def state_of_refused(*, refund_due: bool) -> PaymentState:
    """Where a payment goes that does not pay its order."""
    return PaymentState.REFUND_DUE if refund_due else PaymentState.NEEDS_REVIEW


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that a provider says it has received: `amount` in minor units of `currency` (ISO 4217, lower case).

    `reference` is the provider's own name of the payment, the one thing that makes it unique. `order_reference` is what
    the payer's side wrote into it, and may name no order at all.
    """

    provider: str
    reference: str
    charge_reference: str | None
    order_reference: str
    amount: int
    currency: str
    livemode: bool
    succeeded_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a transfer: what it adds to the account (negative: takes from it), in minor units."""

    account: str
    amount: int
    currency: str


def transfer(source: str, target: str, amount: int, currency: str) -> tuple[Entry, Entry]:
    """The two entries that move `amount` from one account to another; their sum is zero.

    Raises InvalidTransferError.
    """
    if amount <= 0 or source == target:
        raise InvalidTransferError(f"cannot move {amount} {currency} from {source} to {target}")
    return Entry(source, -amount, currency), Entry(target, amount, currency)


def balance_of(provider: str) -> str:
    """The ledger account of what a provider holds for us."""
    return f"{provider}_balance"


def entries_of(receipt: Receipt) -> tuple[Entry, Entry]:
    """How a receipt is booked: the provider holds more, and as much more has come in for orders."""
    return transfer(ORDER_RECEIPTS, balance_of(receipt.provider), receipt.amount, receipt.currency)
