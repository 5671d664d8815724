"""Calls."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.appointments.domain.calls import Call, Outcome
from services.appointments.models import CallRow
from shared.database.lists import is_one_of

_COLUMNS = [getattr(CallRow, field.name) for field in fields(Call)]


class Calls:
    """One row for each call of a connection."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock_or_add(self, call_id: UUID, organisation_id: UUID, connection_id: UUID, external_id: str) -> Call:
        """The call that its provider calls so, held against others until the transaction ends; a new one where it is
        not known yet.
        """
        statement = insert(CallRow).values(
            id=call_id,
            organisation_id=organisation_id,
            connection_id=connection_id,
            external_id=external_id,
            outcome=Outcome.AWAITING_ANALYSIS,
        )
        statement = statement.on_conflict_do_nothing(index_elements=[CallRow.connection_id, CallRow.external_id])
        self._session.execute(statement)
        found = self._one(CallRow.connection_id == connection_id, CallRow.external_id == external_id, lock=True)
        assert found is not None
        return found

    def find(self, connection_id: UUID, external_id: str) -> Call | None:
        """The call that its provider calls so."""
        return self._one(CallRow.connection_id == connection_id, CallRow.external_id == external_id)

    def lock(self, call_id: UUID) -> Call | None:
        """One call, held against others until the transaction ends."""
        return self._one(CallRow.id == call_id, lock=True)

    def lock_by_chain(self, chain_id: UUID) -> Call | None:
        """The call whose steps this chain takes, held as above."""
        return self._one(CallRow.chain_id == chain_id, lock=True)

    def of_organisation(self, organisation_id: UUID, call_id: UUID, *, lock: bool = False) -> Call | None:
        """One of the organisation's; None where it has none with this id."""
        return self._one(CallRow.id == call_id, CallRow.organisation_id == organisation_id, lock=lock)

    def page(
        self,
        organisation_id: UUID,
        *,
        outcome: Outcome | None,
        since: datetime | None,
        after: UUID | None,
        count: int,
    ) -> Sequence[Call]:
        """The organisation's calls, newest first, from behind `after`. `since` is when they were recorded."""
        query = select(*_COLUMNS).where(CallRow.organisation_id == organisation_id)
        if outcome is not None:
            query = query.where(CallRow.outcome == outcome)
        if since is not None:
            query = query.where(CallRow.created_at >= since)
        if after is not None:
            query = query.where(CallRow.id < after)
        return [_call(row) for row in self._session.execute(query.order_by(CallRow.id.desc()).limit(count))]

    def finished(self, connection_id: UUID, external_ids: Sequence[str]) -> set[str]:
        """Those of these calls of which all is known: analysed, or not connected."""
        query = select(CallRow.external_id).where(
            CallRow.connection_id == connection_id,
            is_one_of(CallRow.external_id, external_ids),
            CallRow.analysed_seen_at.is_not(None) | (CallRow.outcome == Outcome.NOT_CONNECTED),
        )
        return set(self._session.scalars(query))

    def change(self, call_id: UUID, **values: Any) -> None:
        """Write these columns."""
        values["updated_at"] = func.clock_timestamp()
        self._session.execute(update(CallRow).where(CallRow.id == call_id).values(**values))

    def _one(self, *conditions: Any, lock: bool = False) -> Call | None:
        query = select(*_COLUMNS).where(*conditions)
        row = self._session.execute(query.with_for_update() if lock else query).one_or_none()
        return None if row is None else _call(row)


def _call(row: Any) -> Call:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    return Call(**{**values, "outcome": Outcome(values["outcome"])})
