"""Companies: what organisations have set up for their callers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.appointments.domain.companies import Company, company_of
from services.appointments.models import CompanyRow


@dataclass(frozen=True, slots=True)
class Kept:
    """A company as it was set up."""

    name: str
    time_zone: str
    profile: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime


class Companies:
    """One for each organisation that takes calls."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, organisation_id: UUID) -> Company | None:
        """The organisation's company, or None where it has set up none."""
        kept = self.kept(organisation_id)
        return None if kept is None else company_of(organisation_id, kept.name, kept.time_zone, kept.profile)

    def kept(self, organisation_id: UUID) -> Kept | None:
        """The same, as it was written."""
        query = select(
            CompanyRow.name, CompanyRow.time_zone, CompanyRow.profile, CompanyRow.created_at, CompanyRow.updated_at
        ).where(CompanyRow.organisation_id == organisation_id)
        row = self._session.execute(query).one_or_none()
        return None if row is None else Kept(*row)

    def put(self, organisation_id: UUID, name: str, time_zone: str, profile: Mapping[str, Any]) -> bool:
        """Set the company up, or replace all of it. Returns whether it is new."""
        values = {"name": name, "time_zone": time_zone, "profile": dict(profile)}
        is_new = self.kept(organisation_id) is None
        statement = insert(CompanyRow).values(organisation_id=organisation_id, **values)
        self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[CompanyRow.organisation_id], set_={**values, "updated_at": func.clock_timestamp()}
            )
        )
        return is_new
