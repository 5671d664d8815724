"""What can go wrong in ticketing, foreseen. The gateway answers each with its `http_status` and `code`."""

from typing import ClassVar
from uuid import UUID

from shared.errors import PermanentError, TransientError


class TicketingError(PermanentError):
    """Any foreseen refusal of this service. The text is for people."""

    code: ClassVar[str] = "ticketing_error"
    http_status: ClassVar[int] = 422


class EventNotFoundError(TicketingError):
    """The organisation has no event with this id."""

    code = "event_not_found"
    http_status = 404


class TicketTypeNotFoundError(TicketingError):
    """The event has no ticket type with this id."""

    code = "ticket_type_not_found"
    http_status = 404


class UnknownTicketTypeError(TicketingError):
    """An order asks for a ticket type that its event does not have."""

    code = "unknown_ticket_type"


class OrderNotFoundError(TicketingError):
    """There is no order with this id (for this organisation)."""

    code = "order_not_found"
    http_status = 404


class TicketNotFoundError(TicketingError):
    """There is no ticket with this id."""

    code = "ticket_not_found"
    http_status = 404


class SoldOutError(TicketingError):
    """Fewer tickets are free than the order asks for. `extra` goes into the gateway's answer."""

    code = "sold_out"
    http_status = 409

    def __init__(self, message: str, ticket_type_id: UUID) -> None:
        super().__init__(message)
        self.extra = {"ticket_type_id": ticket_type_id}


class StockBusyError(TransientError):
    """Others held the stock (or the order) for longer than the lock timeout. Nothing was sold: ask again."""

    code = "stock_busy"
    http_status: ClassVar[int] = 503


class TooManyPerOrderError(TicketingError):
    """More of one ticket type than `max_per_order`, or more tickets than one order can have."""

    code = "too_many_per_order"


class OrderStateError(TicketingError):
    """The order's status does not allow this step."""

    code = "order_state"
    http_status = 409


class OrderNumbersTakenError(TransientError):
    """Several random order numbers in a row were taken. The next attempt draws others."""

    code = "order_numbers_taken"
    http_status: ClassVar[int] = 503


class GenerationOverdueError(TransientError):
    """Storing the tickets' pictures took longer than the call may take. The next attempt stores them again."""

    code = "generation_overdue"


class BadTokenError(TicketingError):
    """The text is not a ticket token at all: wrong shape, not merely a wrong signature."""

    code = "bad_token"


class NonceReusedError(TicketingError):
    """The nonce of a check-in was used before, for another ticket of this event."""

    code = "nonce_reused"
    http_status = 409
