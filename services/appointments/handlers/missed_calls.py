"""Calls whose webhooks never came: the provider's list is looked through, again and again over the last day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.appointments.domain.connections import Provider, SealedCredentials
from services.appointments.errors import CallsRefusedError
from services.appointments.handlers.calls import ask_later
from services.appointments.handlers.connections import credentials, open_credentials, organisation_of
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.repository.calls import Calls
from services.appointments.repository.connections import Connections
from shared.contracts.appointments import FindMissedCalls
from shared.messaging.outbox import Session

OVERLAP = timedelta(days=1)
"""How far before the last look each look begins: a list may lag, or leave out what it shows the next time."""

FIRST_LOOK = timedelta(days=3)
"""How far back the first look of a connection goes."""


@dataclass(frozen=True)
class Search:
    """What is to be looked through."""

    connection_id: UUID
    organisation_id: UUID
    sealed: SealedCredentials
    since: datetime
    now: datetime


def prepare_search(session: Session, dependencies: Dependencies, message: FindMissedCalls) -> Search:
    """Where to begin. Raises UnknownConnectionError, CompanyNotClearError."""
    organisation_id, connection_id = organisation_of(session, message.connection_id, Provider.RETELL)
    now, seen_until = dependencies.clock(), Connections(session).calls_seen_until(connection_id)
    since = now - FIRST_LOOK if seen_until is None else min(seen_until, now) - OVERLAP
    return Search(connection_id, organisation_id, credentials(session, connection_id), since, now)


def search(dependencies: Dependencies, intent: Search) -> Sequence[str]:
    """The calls that the provider lists. Raises BellhopError."""
    opened = open_credentials(dependencies.vault, dependencies.facts, intent.sealed)
    return dependencies.retell(opened).ended_since(intent.since)


def record_search(session: Session, dependencies: Dependencies, intent: Search, listed: Sequence[str]) -> None:
    """Have each call that is not known, or not in full, asked about. Webhooks that are under way come first."""
    finished = Calls(session).finished(intent.connection_id, listed)
    for external_id in listed:
        if external_id not in finished:
            wait = dependencies.facts.analysis_wait_seconds
            ask_later(session, intent.connection_id, external_id, wait)
    Connections(session).note(intent.connection_id, calls_seen_until=intent.now, last_error=None)


def note_failure(session: Session, message: FindMissedCalls, error: BaseException) -> None:
    """A refused key is shown with its connection."""
    if isinstance(error, CallsRefusedError):
        Connections(session).note(message.connection_id, last_error=str(error)[:500])
