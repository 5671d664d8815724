"""Letting people in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.ticketing.domain.check_ins import CheckIn, CheckInResult, check_nonce, judge
from services.ticketing.domain.codes import typed_code
from services.ticketing.domain.events import Event
from services.ticketing.domain.orders import Order
from services.ticketing.domain.tickets import Signatures, Ticket, read_token
from services.ticketing.errors import NonceReusedError
from services.ticketing.repository import CheckIns, Events, Orders, Tickets
from shared.contracts.ticketing import TicketCheckedIn
from shared.ids import new_id
from shared.messaging.outbox import Session, publish


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A ticket shown at the door: its `token`, or else its `code`. `at` is when; `nonce` is unique to the scan."""

    organisation_id: UUID
    event_id: UUID
    nonce: str
    at: datetime
    token: str | None = None
    code: str | None = None
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the door is told. `ticket` (as it is now) and `order` are there where the ticket is one of this event."""

    result: CheckInResult
    event: Event
    ticket: Ticket | None = None
    order: Order | None = None


def check_in(session: Session, signatures: Signatures, scan: Scan) -> Answer:
    """Redeem a ticket once. A retry with the same nonce gets the same answer.

    Raises EventNotFoundError, BadTokenError, NonceReusedError, StockBusyError.
    """
    event = Events(session).get(scan.organisation_id, scan.event_id)
    found = _by_token(session, signatures, scan) if scan.token is not None else _by_code(session, scan)
    if isinstance(found, CheckInResult):
        return Answer(result=found, event=event)
    result, ticket = _redeem(session, scan, found)
    order = Orders(session).get(ticket.order_id, scan.organisation_id)
    return Answer(result=result, event=event, ticket=ticket, order=order)


def _by_token(session: Session, signatures: Signatures, scan: Scan) -> Ticket | CheckInResult:
    """The genuine ticket of this event, locked, or what is wrong with the token.

    A token of another event is checked too where its key is known here, so that a forged one is called that.
    """
    token = read_token(scan.token or "")
    keys = {key.id: key for key in Events(session).keys(scan.organisation_id, token.event_id)}
    key = keys.get(token.key_id)
    genuine = key is not None and signatures.verify(key.public_key, token.signed, token.signature)
    if token.event_id != scan.event_id:
        return CheckInResult.WRONG_EVENT if genuine or not keys else CheckInResult.BAD_SIGNATURE
    if not genuine:
        return CheckInResult.BAD_SIGNATURE
    ticket = Tickets(session).lock(scan.organisation_id, token.ticket_id)
    return CheckInResult.UNKNOWN if ticket is None else ticket


def _by_code(session: Session, scan: Scan) -> Ticket | CheckInResult:
    code = typed_code(scan.code or "")
    ticket = None if code is None else Tickets(session).lock_by_code(scan.organisation_id, code)
    if ticket is None:
        return CheckInResult.UNKNOWN
    return ticket if ticket.event_id == scan.event_id else CheckInResult.WRONG_EVENT


def _redeem(session: Session, scan: Scan, ticket: Ticket) -> tuple[CheckInResult, Ticket]:
    """The result for a locked ticket, and the ticket as it is after it."""
    check_ins = CheckIns(session)
    earlier = check_ins.by_nonce(scan.organisation_id, scan.event_id, scan.nonce)
    if earlier is not None:
        check_nonce(earlier, ticket.id)
        return CheckInResult.OK, ticket
    redeemed = check_ins.has_first(ticket.id)
    result = judge(ticket.state, redeemed=redeemed, force=scan.force)
    if result is not CheckInResult.OK:
        return result, ticket
    entry = CheckIn(
        id=new_id(),
        organisation_id=scan.organisation_id,
        event_id=scan.event_id,
        ticket_id=ticket.id,
        nonce=scan.nonce,
        at=scan.at,
        forced=scan.force,
        first=not redeemed,
    )
    if not check_ins.add(entry):
        raise NonceReusedError(f"nonce {scan.nonce!r} was used for another ticket: draw a new one for each scan")
    if entry.first:
        _announce(session, ticket, entry)
    return result, Tickets(session).redeem(ticket, scan.at)


def _announce(session: Session, ticket: Ticket, entry: CheckIn) -> None:
    message = TicketCheckedIn(
        ticket_id=ticket.id,
        order_id=ticket.order_id,
        event_id=ticket.event_id,
        organisation_id=ticket.organisation_id,
        code=ticket.code,
        checked_in_at=entry.at,
    )
    publish(session, message, organisation_id=ticket.organisation_id)
