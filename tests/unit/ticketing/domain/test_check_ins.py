"""The door."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.ticketing.domain.check_ins import CheckIn, CheckInResult, check_nonce, judge
from services.ticketing.domain.tickets import TicketState
from services.ticketing.errors import NonceReusedError

OK, ALREADY, REVOKED = CheckInResult.OK, CheckInResult.ALREADY_REDEEMED, CheckInResult.REVOKED


@pytest.mark.parametrize(
    ("state", "redeemed", "force", "expected"),
    [
        (TicketState.ISSUED, False, False, OK),
        (TicketState.ISSUED, False, True, OK),
        (TicketState.REDEEMED, True, False, ALREADY),
        (TicketState.REDEEMED, True, True, OK),
        (TicketState.REVOKED, False, False, REVOKED),
        (TicketState.REVOKED, True, False, REVOKED),
        (TicketState.REVOKED, True, True, OK),
    ],
)
def test_the_answer_follows_from_the_ticket(
    state: TicketState, redeemed: bool, force: bool, expected: CheckInResult
) -> None:
    """A ticket opens the door once; a scan that was made offline is recorded whatever the ticket's state."""
    assert judge(state, redeemed=redeemed, force=force) is expected


def check_in(ticket_id: UUID) -> CheckIn:
    return CheckIn(
        id=UUID(int=9),
        organisation_id=UUID(int=8),
        event_id=UUID(int=7),
        ticket_id=ticket_id,
        nonce="scan-1",
        at=datetime(2026, 5, 1, tzinfo=UTC),
        forced=False,
        first=True,
    )


def test_a_nonce_belongs_to_one_ticket() -> None:
    """The same one for another ticket is a fault of the scanner, not a retry."""
    check_nonce(check_in(UUID(int=1)), UUID(int=1))
    with pytest.raises(NonceReusedError) as refused:
        check_nonce(check_in(UUID(int=1)), UUID(int=2))
    assert "scan-1" in str(refused.value)
