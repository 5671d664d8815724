"""What other services could have told: whole stories of orders, calls and letters, as the events that come of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.contracts.appointments import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentRescheduled,
    CallHandled,
)
from shared.contracts.message import Event
from shared.contracts.notifications import NotificationEnded
from shared.contracts.payments import PaymentSucceeded
from shared.contracts.ticketing import (
    EventCreated,
    NewTicket,
    OrderCancelled,
    OrderedItem,
    OrderExpired,
    OrderFulfilled,
    OrderPaid,
    OrderPlaced,
    TicketCheckedIn,
    TicketsIssued,
)

BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TYPES = ("Standing", "Gallery", "Ermäßigt")
ENDINGS = ("paid", "paid", "paid", "expired", "paid late", "cancelled", "free")


def numbered(what: int, number: int) -> UUID:
    """An id that is the same in every run."""
    return UUID(int=(0x0199 << 112) | (7 << 76) | (2 << 62) | (what << 48) | number)


@dataclass(frozen=True)
class Story:
    """An organisation's event with its orders, and all that is told of them."""

    number: int = 1

    @property
    def organisation_id(self) -> UUID:
        return numbered(1, self.number)

    @property
    def event_id(self) -> UUID:
        return numbered(2, self.number)

    def event(self) -> EventCreated:
        return EventCreated(
            event_id=self.event_id,
            organisation_id=self.organisation_id,
            name=f"Spring Ball {self.number}",
            venue="Town Hall",
            currency="eur",
            starts_at=BEGAN + timedelta(days=30),
            ends_at=BEGAN + timedelta(days=30, hours=4),
            created_at=BEGAN,
        )

    def order(self, number: int) -> Sequence[Event]:
        """All that is told of an order, in the order in which it happens."""
        return _Order(self, number).told()

    def call(self, number: int) -> Sequence[Event]:
        """A call that leads to an appointment, which is moved, or cancelled and then stands again."""
        return _called(self, number)

    def told(self, orders: int) -> Iterator[Event]:
        """The event, its orders, and a call for every fifth of them."""
        yield self.event()
        for number in range(orders):
            yield from self.order(number)
            if number % 5 == 0:
                yield from self.call(number)


@dataclass(frozen=True)
class _Order:
    story: Story
    number: int

    @property
    def id(self) -> UUID:
        return numbered(3, self.story.number * 10_000_000 + self.number)

    @property
    def ending(self) -> str:
        return ENDINGS[self.number % len(ENDINGS)]

    @property
    def placed_at(self) -> datetime:
        return BEGAN + timedelta(minutes=self.number % 20_000, seconds=self.number % 60)

    @property
    def items(self) -> tuple[OrderedItem, ...]:
        kinds = range(1 + self.number % 2)
        price = 0 if self.ending == "free" else 2_500
        return tuple(
            OrderedItem(
                ticket_type_id=numbered(4, self.story.number * 10 + kind),
                ticket_type=TYPES[kind],
                quantity=1 + self.number % 3,
                unit_price=price,
            )
            for kind in kinds
        )

    @property
    def amount(self) -> int:
        return sum(item.quantity * item.unit_price for item in self.items)

    def told(self) -> Sequence[Event]:
        free = self.ending == "free"
        events: list[Event] = [self._placed(free=free)]
        ids = {
            "order_id": self.id,
            "number": f"N{self.number}",
            "organisation_id": self.story.organisation_id,
            "event_id": self.story.event_id,
        }
        if self.ending in {"expired", "paid late"}:
            events.append(OrderExpired(**ids, expired_at=self.placed_at + timedelta(minutes=15)))
        if self.ending == "cancelled":
            events.append(OrderCancelled(**ids, cancelled_at=self.placed_at + timedelta(minutes=3)))
        if self.ending not in {"paid", "paid late", "free"}:
            return events
        paid_at = self.placed_at + timedelta(minutes=0 if free else 40 if "late" in self.ending else 4)
        payment_id = None if free else numbered(5, self.story.number * 10_000_000 + self.number)
        if payment_id is not None:
            events.append(self._payment(payment_id, paid_at))
        events.append(OrderPaid(**ids, amount=self.amount, currency="eur", payment_id=payment_id, paid_at=paid_at))
        return [*events, *self._tickets(paid_at), self._letter(paid_at)]

    def _placed(self, *, free: bool) -> OrderPlaced:
        return OrderPlaced(
            order_id=self.id,
            number=f"N{self.number}",
            organisation_id=self.story.organisation_id,
            event_id=self.story.event_id,
            customer_name=f"Ada {self.number}",
            customer_email=f"ada{self.number}@example.com",
            customer_phone="+4930901820" if self.number % 4 == 0 else None,
            amount=self.amount,
            currency="eur",
            items=self.items,
            placed_at=self.placed_at,
            expires_at=None if free else self.placed_at + timedelta(minutes=15),
        )

    def _payment(self, payment_id: UUID, paid_at: datetime) -> PaymentSucceeded:
        return PaymentSucceeded(
            payment_id=payment_id,
            provider="stripe",
            provider_reference=f"pi_{self.number}",
            order_id=str(self.id) if self.number % 9 else "no order at all\x00",
            amount=self.amount,
            currency="eur",
            succeeded_at=paid_at - timedelta(seconds=1),
        )

    def _tickets(self, paid_at: datetime) -> Iterator[Event]:
        at = paid_at + timedelta(seconds=2)
        tickets = [
            NewTicket(
                id=numbered(6, (self.story.number * 10_000_000 + self.number) * 100 + place),
                code=f"C{self.number}-{place}",
                ticket_type_id=item.ticket_type_id,
                ticket_type=item.ticket_type,
            )
            for place, item in enumerate(item for item in self.items for _ in range(item.quantity))
        ]
        owner = {
            "order_id": self.id,
            "organisation_id": self.story.organisation_id,
            "event_id": self.story.event_id,
        }
        for part in range(0, len(tickets), 3):
            yield TicketsIssued(**owner, part=part // 3, tickets=tuple(tickets[part : part + 3]), issued_at=at)
        yield self._fulfilled(len(tickets), at)
        if self.number % 2:
            first = tickets[0]
            checked_in_at = BEGAN + timedelta(days=30, minutes=self.number % 90)
            yield TicketCheckedIn(**owner, ticket_id=first.id, code=first.code, checked_in_at=checked_in_at)

    def _fulfilled(self, count: int, at: datetime) -> OrderFulfilled:
        return OrderFulfilled(
            order_id=self.id,
            number=f"N{self.number}",
            organisation_id=self.story.organisation_id,
            event_id=self.story.event_id,
            event_name="Spring Ball",
            starts_at=BEGAN + timedelta(days=30),
            customer_name=f"Ada {self.number}",
            customer_email=f"ada{self.number}@example.com",
            customer_phone="+4930901820" if self.number % 4 == 0 else None,
            amount=self.amount,
            currency="eur",
            ticket_count=count,
            tickets=[],
            tickets_url="https://tickets.example/orders/secret",
            fulfilled_at=at,
        )

    def _letter(self, paid_at: datetime) -> NotificationEnded:
        return NotificationEnded(
            notification_id=numbered(7, self.story.number * 10_000_000 + self.number),
            organisation_id=self.story.organisation_id,
            channel="email",
            template="tickets",
            state="failed" if self.number % 13 == 0 else "sent",
            ended_at=paid_at + timedelta(seconds=9),
        )


def _called(story: Story, number: int) -> Sequence[Event]:
    at = BEGAN + timedelta(hours=number % 500)
    call_id = numbered(8, story.number * 10_000_000 + number)
    appointment = {
        "appointment_id": numbered(9, story.number * 10_000_000 + number),
        "organisation_id": story.organisation_id,
        "service": "Haircut",
        "starts_at": at + timedelta(days=2),
        "ends_at": at + timedelta(days=2, minutes=30),
    }
    moved = {**appointment, "starts_at": at + timedelta(days=3), "ends_at": at + timedelta(days=3, minutes=30)}
    handled = {"call_id": call_id, "organisation_id": story.organisation_id, "started_at": at}
    return [
        CallHandled(**handled, outcome="offered", handled_at=at + timedelta(minutes=2)),
        AppointmentBooked(
            **appointment, call_id=call_id, customer_id=numbered(10, number), booked_at=at + timedelta(hours=1)
        ),
        CallHandled(**handled, outcome="booked", handled_at=at + timedelta(hours=1, minutes=1)),
        AppointmentCancelled(**appointment, reason="ill", cancelled_at=at + timedelta(hours=5)),
        *(
            [
                AppointmentRescheduled(
                    **moved,
                    previous_starts_at=at + timedelta(days=2),
                    sequence=1,
                    rescheduled_at=at + timedelta(hours=7),
                )
            ]
            if number % 2
            else []
        ),
    ]
