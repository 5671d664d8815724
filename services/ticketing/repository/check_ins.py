"""SQL of check-ins."""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert as insert_or_not
from sqlalchemy.orm import Session

from services.ticketing.domain.check_ins import CheckIn
from services.ticketing.models import CheckInRow


class CheckIns:
    """Scans that let somebody in."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, check_in: CheckIn) -> bool:
        """Record a scan; False where its nonce is used, or where it would be a second first one."""
        statement = (
            insert_or_not(CheckInRow)
            .values(
                id=check_in.id,
                organisation_id=check_in.organisation_id,
                event_id=check_in.event_id,
                ticket_id=check_in.ticket_id,
                nonce=check_in.nonce,
                at=check_in.at,
                forced=check_in.forced,
                first=check_in.first,
            )
            .on_conflict_do_nothing()
            .returning(CheckInRow.id)
        )
        return self._session.scalar(statement) is not None

    def by_nonce(self, organisation_id: UUID, event_id: UUID, nonce: str) -> CheckIn | None:
        """The scan that used this nonce."""
        query = select(CheckInRow).where(
            CheckInRow.organisation_id == organisation_id,
            CheckInRow.event_id == event_id,
            CheckInRow.nonce == nonce,
        )
        row = self._session.scalar(query)
        return None if row is None else _check_in(row)

    def has_first(self, ticket_id: UUID) -> bool:
        """Whether somebody was let in with this ticket before."""
        query = select(exists().where(CheckInRow.ticket_id == ticket_id, CheckInRow.first))
        return bool(self._session.scalar(query))


def _check_in(row: CheckInRow) -> CheckIn:
    return CheckIn(
        id=row.id,
        organisation_id=row.organisation_id,
        event_id=row.event_id,
        ticket_id=row.ticket_id,
        nonce=row.nonce,
        at=row.at,
        forced=row.forced,
        first=row.first,
    )
