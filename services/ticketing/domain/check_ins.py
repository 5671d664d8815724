"""Whether a ticket opens the door."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.ticketing.domain.tickets import TicketState
from services.ticketing.errors import NonceReusedError


class CheckInResult(StrEnum):
    """The answer at the door. Everything but `ok` means: do not let in."""

    OK = "ok"
    ALREADY_REDEEMED = "already_redeemed"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    BAD_SIGNATURE = "bad_signature"
    WRONG_EVENT = "wrong_event"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """A scan that let somebody in. `first` is true for the one that redeemed the ticket."""

    id: UUID
    organisation_id: UUID
    event_id: UUID
    ticket_id: UUID
    nonce: str
    at: datetime
    forced: bool
    first: bool


def judge(state: TicketState, *, redeemed: bool, force: bool) -> CheckInResult:
    """The result for a genuine ticket of this event.

    `redeemed`: somebody was let in with it before. `force` is for the late upload of scans made offline: the person is
    inside already, so the scan is recorded whatever the ticket's state is now.
    """
    if force:
        return CheckInResult.OK
    if state is TicketState.REVOKED:
        return CheckInResult.REVOKED
    return CheckInResult.ALREADY_REDEEMED if redeemed else CheckInResult.OK


def check_nonce(earlier: CheckIn, ticket_id: UUID) -> None:
    """An earlier check-in has the same nonce: a retry, if it was this ticket. Raises NonceReusedError otherwise."""
    if earlier.ticket_id != ticket_id:
        raise NonceReusedError(f"nonce {earlier.nonce!r} was used for another ticket: draw a new one for each scan")
