"""An order's life: its states, its number, and what a payment does to it."""

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias
from uuid import UUID

from services.ticketing.domain.codes import ALPHABET
from services.ticketing.domain.money import money_text
from services.ticketing.errors import OrderStateError

NUMBER_LENGTH = 6


class OrderStatus(StrEnum):
    """Where an order stands. `held` has stock for a while; `paid` is waiting for its tickets, `fulfilled` has them."""

    HELD = "held"
    PAID = "paid"
    FULFILLED = "fulfilled"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.HELD: frozenset({OrderStatus.PAID, OrderStatus.EXPIRED, OrderStatus.CANCELLED}),
    OrderStatus.PAID: frozenset({OrderStatus.FULFILLED, OrderStatus.REFUNDED}),
    OrderStatus.FULFILLED: frozenset({OrderStatus.REFUNDED}),
    OrderStatus.EXPIRED: frozenset({OrderStatus.PAID}),  # a late payment, where stock is free again
    OrderStatus.CANCELLED: frozenset(),
    OrderStatus.REFUNDED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who buys. `phone` is in E.164 form."""

    name: str
    email: str
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line of an order that is stored."""

    id: UUID
    ticket_type_id: UUID
    ticket_type: str
    quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order that is about to be stored."""

    id: UUID
    organisation_id: UUID
    event_id: UUID
    number: str
    currency: str
    customer: Customer
    items: tuple[Item, ...]

    @property
    def amount(self) -> int:
        return sum(item.quantity * item.unit_price for item in self.items)

    @property
    def status(self) -> OrderStatus:
        """What costs nothing is paid from the beginning."""
        return OrderStatus.HELD if self.amount else OrderStatus.PAID


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A stored order with its items, in the order of their ids. `expires_at` is None where nothing was to be paid.
    `batch_id` is the batch that prints its tickets, where they are many.
    """

    id: UUID
    organisation_id: UUID
    event_id: UUID
    number: str
    status: OrderStatus
    amount: int
    currency: str
    customer: Customer
    items: tuple[Item, ...]
    created_at: datetime
    expires_at: datetime | None = None
    payment_id: UUID | None = None
    paid_at: datetime | None = None
    fulfilled_at: datetime | None = None
    expired_at: datetime | None = None
    cancelled_at: datetime | None = None
    batch_id: UUID | None = None

    @property
    def ticket_count(self) -> int:
        return sum(item.quantity for item in self.items)

    @property
    def has_tickets(self) -> bool:
        """Whether its tickets are shown to others: all of them, or none."""
        return self.status in {OrderStatus.FULFILLED, OrderStatus.REFUNDED}

    def check_step(self, status: OrderStatus) -> None:
        """Raises OrderStateError where the state machine has no step to this status."""
        if status not in TRANSITIONS[self.status]:
            raise OrderStateError(f"order {self.number} is {self.status}: it cannot become {status}")

    def status_at(self, moment: datetime) -> OrderStatus:
        """The status as others may see it: a hold that is over counts as expired before the sweep has come."""
        overdue = self.status is OrderStatus.HELD and self.expires_at is not None and self.expires_at <= moment
        return OrderStatus.EXPIRED if overdue else self.status


def taken_by(orders: Iterable[Order]) -> dict[UUID, int]:
    """How much stock of each ticket type these orders hold together."""
    total: Counter[UUID] = Counter()
    for order in orders:
        for item in order.items:
            total[item.ticket_type_id] += item.quantity
    return dict(total)


def new_number() -> str:
    """A number that a person can read out: random, so that it does not tell how much is sold. It opens nothing."""
    return "".join(secrets.choice(ALPHABET) for _ in range(NUMBER_LENGTH))


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that came in for an order: `amount` in minor units, `currency` in either case."""

    id: UUID
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Accept:
    """The order is paid. With `retake` its stock was given back meanwhile, and must be had again first."""

    retake: bool = False


@dataclass(frozen=True, slots=True)
class AlreadyAccepted:
    """This very payment has paid the order before: nothing is left to do."""


RefusalReason: TypeAlias = Literal[
    "unknown_order",
    "amount_mismatch",
    "currency_mismatch",
    "sold_out_after_expiry",
    "already_paid",
    "order_cancelled",
]


@dataclass(frozen=True, slots=True)
class Refuse:
    """The payment does not pay the order. `refund_due`: the order cannot be honoured, the money has to go back."""

    reason: RefusalReason
    refund_due: bool
    detail: str


Decision: TypeAlias = Accept | AlreadyAccepted | Refuse


def decide_payment(order: Order, payment: Payment) -> Decision:
    """What a payment does to a locked order.

    A hold that is over and was not swept still has its stock, so it is as good as one in time. A wrong amount or
    currency is never refunded by a machine: people decide.
    """
    if order.status in {OrderStatus.CANCELLED, OrderStatus.REFUNDED}:
        return Refuse("order_cancelled", refund_due=True, detail=f"order {order.number} is {order.status}")
    if order.status in {OrderStatus.PAID, OrderStatus.FULFILLED}:
        if order.payment_id == payment.id:
            return AlreadyAccepted()
        return Refuse("already_paid", refund_due=True, detail=f"order {order.number} was paid before")
    expected = money_text(order.amount, order.currency)
    received = money_text(payment.amount, payment.currency)
    detail = f"order {order.number} costs {expected}, {received} came in"
    if payment.currency.lower() != order.currency:
        return Refuse("currency_mismatch", refund_due=False, detail=detail)
    if payment.amount != order.amount:
        return Refuse("amount_mismatch", refund_due=False, detail=detail)
    return Accept(retake=order.status is OrderStatus.EXPIRED)


def sold_out_after_expiry(order: Order) -> Refuse:
    """The refusal of a late payment whose tickets have gone to others."""
    detail = f"order {order.number} had expired when it was paid, and its tickets are sold to others"
    return Refuse("sold_out_after_expiry", refund_due=True, detail=detail)
