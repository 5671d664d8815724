"""Check-in at the door, and what scanners need to work offline."""

import base64
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.ticketing.domain.check_ins import CheckInResult
from services.ticketing.domain.codes import MAX_CODE_INPUT
from services.ticketing.domain.tickets import TicketState
from services.ticketing.handlers.check_ins import Answer, Scan, check_in
from services.ticketing.http.dependencies import SignaturesDep, WorkDep
from services.ticketing.http.fields import Moment
from services.ticketing.repository import Events, Tickets
from shared.api import Body, CallerDep, needs, problems
from shared.clock import now

router = APIRouter()

TokenText = Annotated[str, StringConstraints(max_length=1_000)]
CodeText = Annotated[str, StringConstraints(max_length=MAX_CODE_INPUT)]
Nonce = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]


class CheckInIn(Body):
    event_id: UUID
    token: TokenText | None = Field(None, description="what the QR code holds")
    code: CodeText | None = Field(None, description="what the holder reads out")
    nonce: Nonce = Field(description="drawn for each scan; a request sent again with it succeeds once")
    at: Moment | None = Field(None, description="when it was scanned; now if left out")
    force: bool = Field(False, description="for scans made offline: record it although the ticket was redeemed before")

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if (self.token is None) == (self.code is None):
            raise ValueError("send either token or code")
        return self


class ScannedTicket(BaseModel):
    id: UUID
    code: str
    state: TicketState
    ticket_type: str
    order_id: UUID
    order_number: str
    customer_name: str


class ScannedEvent(BaseModel):
    id: UUID
    name: str


class CheckInOut(BaseModel):
    result: CheckInResult
    event: ScannedEvent = Field(description="the event that was checked against")
    ticket: ScannedTicket | None = Field(description="null where the ticket is not one of this event")
    first_redeemed_at: datetime | None = Field(description="when somebody was first let in with it")


class CheckInKey(BaseModel):
    id: str = Field(description="4 bytes in base64; a token's payload begins with them")
    public_key: str = Field(description="Ed25519, 32 bytes in base64")


class CheckInKeysOut(BaseModel):
    event_id: UUID
    keys: list[CheckInKey]
    revoked_ticket_ids: list[UUID]


@router.post("/v1/check-ins", dependencies=[needs("check_in")], responses=problems(404, 409))
def check_in_ticket(body: CheckInIn, caller: CallerDep, work: WorkDep, signatures: SignaturesDep) -> CheckInOut:
    """Redeem a ticket, once. Every `result` but `ok` means: do not let in. 422 `bad_token` is no ticket at all."""
    moment = now()
    scan = Scan(
        organisation_id=caller.organisation_id,
        event_id=body.event_id,
        nonce=body.nonce,
        at=moment if body.at is None else min(body.at, moment),  # a scanner's clock may run ahead
        token=body.token,
        code=body.code,
        force=body.force,
    )
    with work() as session:
        answer = check_in(session, signatures, scan)
    return check_in_out(answer)


@router.get("/v1/events/{event_id}/check-in-keys", dependencies=[needs("check_in")], responses=problems(404))
def check_in_keys(event_id: UUID, caller: CallerDep, work: WorkDep) -> CheckInKeysOut:
    """The public keys that an offline scanner verifies tokens with, and the tickets that are not good any more."""
    with work() as session:
        event = Events(session).get(caller.organisation_id, event_id)
        keys = Events(session).keys(caller.organisation_id, event.id)
        revoked = Tickets(session).revoked(caller.organisation_id, event.id)
    return CheckInKeysOut(
        event_id=event.id,
        keys=[CheckInKey(id=_base64(key.id), public_key=_base64(key.public_key)) for key in keys],
        revoked_ticket_ids=revoked,
    )


def check_in_out(answer: Answer) -> CheckInOut:
    ticket, order = answer.ticket, answer.order
    scanned = None
    if ticket is not None and order is not None:
        scanned = ScannedTicket(
            id=ticket.id,
            code=ticket.code,
            state=ticket.state,
            ticket_type=ticket.ticket_type,
            order_id=order.id,
            order_number=order.number,
            customer_name=order.customer.name,
        )
    return CheckInOut(
        result=answer.result,
        event=ScannedEvent(id=answer.event.id, name=answer.event.name),
        ticket=scanned,
        first_redeemed_at=None if ticket is None else ticket.redeemed_at,
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
