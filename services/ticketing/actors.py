"""What the ticketing service hears."""

from uuid import UUID

from services.ticketing.domain.tickets import Ticket
from services.ticketing.handlers import orders, payments, printing, retention, tickets
from services.ticketing.handlers.printing import Pictures
from services.ticketing.handlers.tickets import CALL_DEADLINE, Plan, Press
from shared.contracts.notifications import AlertFailure
from shared.contracts.payments import PaymentSucceeded
from shared.contracts.ticketing import (
    ExpireOrders,
    FulfilOrder,
    GenerateTickets,
    PrintTickets,
    PurgeTicketing,
    RedrawPictures,
)
from shared.messaging.actor import ProviderSteps, actor, provider_actor
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

EVENTS, CRITICAL, DEFAULT = "ticketing.events", "ticketing.critical", "ticketing.default"
PRINTING = "ticketing.printing"
"""Drawing pictures burns a processor, so it has processes of its own: nobody's payment waits for it."""
BULK = "ticketing.bulk"
"""For the parts of large orders: who buys two tickets shares no process with them."""


@actor(
    PaymentSucceeded,
    queue=EVENTS,
    formerly=[CRITICAL],
    backoff=Delays([1, 2, 5, 10]),
    time_limit=30,
    on_failure=AlertFailure,
)
def receive_payment(message: PaymentSucceeded, session: Session, _press: Press) -> None:
    payments.receive_payment(session, message)


@provider_actor(
    GenerateTickets,
    queue=PRINTING,
    formerly=[CRITICAL],
    tries=5,
    time_limit=60,
    call_deadline=CALL_DEADLINE,
    repeatable=True,
    on_failure=AlertFailure,
)
def generate_tickets(press: Press) -> ProviderSteps[GenerateTickets, Plan, list[Ticket]]:
    return _Generation(press)


@provider_actor(
    PrintTickets,
    queue=BULK,
    tries=5,
    time_limit=60,
    call_deadline=CALL_DEADLINE,
    repeatable=True,
    on_failure=AlertFailure,
)
def print_tickets(press: Press) -> ProviderSteps[PrintTickets, Plan, list[Ticket]]:
    return _Printing(press)


@provider_actor(RedrawPictures, queue=PRINTING, tries=3, time_limit=60, call_deadline=CALL_DEADLINE, repeatable=True)
def redraw_pictures(press: Press) -> ProviderSteps[RedrawPictures, Pictures, int]:
    return _Redrawing(press)


@actor(FulfilOrder, queue=CRITICAL, backoff=Delays([1, 2, 5, 10]), time_limit=30, on_failure=AlertFailure)
def fulfil_order(message: FulfilOrder, session: Session, press: Press) -> None:
    printing.fulfil_order(session, press, message)


@actor(ExpireOrders, queue=DEFAULT, tries=3, backoff=Delays([1, 5]), time_limit=120)
def expire_orders(_message: ExpireOrders, session: Session, _press: Press) -> None:
    orders.expire_due(session)


class _Generation(ProviderSteps[GenerateTickets, Plan, list[Ticket]]):
    """Making tickets twice gives the same bytes under the same keys, so an earlier call is simply repeated."""

    def __init__(self, press: Press) -> None:
        self._press = press

    def prepare(self, session: Session, message: GenerateTickets) -> Plan | None:
        return printing.plan_order(session, message)

    def call(self, intent: Plan) -> list[Ticket]:
        return tickets.make_tickets(self._press, intent)

    def resolve(self, _intent: Plan) -> None:
        return None

    def record(self, session: Session, intent: Plan, result: list[Ticket]) -> None:
        tickets.record_tickets(session, self._press, intent, result)


class _Printing(ProviderSteps[PrintTickets, Plan, list[Ticket]]):
    """As above, a part of a large order at a time."""

    def __init__(self, press: Press) -> None:
        self._press = press

    def prepare(self, session: Session, message: PrintTickets) -> Plan | None:
        return printing.plan_part(session, message)

    def call(self, intent: Plan) -> list[Ticket]:
        return tickets.make_tickets(self._press, intent)

    def resolve(self, _intent: Plan) -> None:
        return None

    def record(self, session: Session, intent: Plan, result: list[Ticket]) -> None:
        printing.record_part(session, self._press, intent, result)


class _Redrawing(ProviderSteps[RedrawPictures, Pictures, int]):
    """The result is how many there were; there is nothing to write down."""

    def __init__(self, press: Press) -> None:
        self._press = press

    def prepare(self, session: Session, message: RedrawPictures) -> Pictures | None:
        return printing.lost_pictures(session, message) or None

    def call(self, intent: Pictures) -> int:
        return printing.redraw(self._press, intent)

    def resolve(self, _intent: Pictures) -> None:
        return None

    def record(self, _session: Session, _intent: Pictures, _result: int) -> None:
        return None


@provider_actor(PurgeTicketing, queue=DEFAULT, tries=3, time_limit=120, call_deadline=110, repeatable=True)
def purge_ticketing(press: Press) -> ProviderSteps[PurgeTicketing, retention.Plan, list[UUID]]:
    return _Purging(press)


class _Purging(ProviderSteps[PurgeTicketing, retention.Plan, list[UUID]]):
    """The result is whose pictures are gone."""

    def __init__(self, press: Press) -> None:
        self._press = press

    def prepare(self, session: Session, _message: PurgeTicketing) -> retention.Plan:
        return retention.prepare(session, self._press.keep, self._press.clock())

    def call(self, intent: retention.Plan) -> list[UUID]:
        return retention.remove_pictures(self._press.pictures, intent, self._press.clock())

    def resolve(self, _intent: retention.Plan) -> None:
        return None

    def record(self, session: Session, intent: retention.Plan, result: list[UUID]) -> None:
        retention.record(session, intent, result)
