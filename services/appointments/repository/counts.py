"""How many calls of a day had which outcome."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.appointments.models import CallCountRow


class Counts:
    """Each call is counted once, under the outcome that it has."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count(self, call_id: UUID, organisation_id: UUID, day: date, outcome: str) -> None:
        """Count a call; one that is counted already moves to this outcome."""
        statement = insert(CallCountRow).values(
            call_id=call_id, organisation_id=organisation_id, day=day, outcome=outcome
        )
        self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[CallCountRow.call_id], set_={"day": day, "outcome": outcome}
            )
        )

    def of(self, organisation_id: UUID, first: date, last: date) -> Sequence[tuple[date, str, int]]:
        """Day, outcome and number of calls, of the days from first to last."""
        query = (
            select(CallCountRow.day, CallCountRow.outcome, func.count())
            .where(CallCountRow.organisation_id == organisation_id, CallCountRow.day.between(first, last))
            .group_by(CallCountRow.day, CallCountRow.outcome)
            .order_by(CallCountRow.day, CallCountRow.outcome)
        )
        return [(row[0], row[1], row[2]) for row in self._session.execute(query)]
