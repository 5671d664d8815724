"""The company of an organisation: set up by people, read by everything that concerns calls."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.appointments.errors import CompanyNotSetUpError
from services.appointments.handlers.connections import calendar_of
from services.appointments.handlers.dependencies import Facts
from services.appointments.repository.companies import Companies, Kept
from services.appointments.repository.connections import Connections
from shared.contracts.appointments import SyncCalendar
from shared.messaging.outbox import Session, publish
from shared.messaging.unique import Unique


def get(session: Session, organisation_id: UUID) -> Kept:
    """The company as it was set up. Raises CompanyNotSetUpError."""
    kept = Companies(session).kept(organisation_id)
    if kept is None:
        raise CompanyNotSetUpError("no company is set up: PUT /v1/company")
    return kept


def put(
    session: Session, facts: Facts, organisation_id: UUID, *, name: str, time_zone: str, profile: Mapping[str, Any]
) -> bool:
    """Set the company up, or replace all of it; its calendar is read where it has not been. Returns whether it is new."""
    is_new = Companies(session).put(organisation_id, name, time_zone, profile)
    connection_id = calendar_of(session, facts, organisation_id)
    connection = None if connection_id is None else Connections(session).find(connection_id)
    if connection is not None and connection.synced_at is None:
        sync = SyncCalendar(connection_id=connection.id)
        publish(session, sync, unique=Unique(f"sync_calendar:{connection.id}"), organisation_id=organisation_id)
    return is_new
