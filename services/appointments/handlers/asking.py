"""Asking the provider of a calendar in one's turn: its credentials, and the budget of requests that all share."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.appointments.domain.bookings import Usage
from services.appointments.domain.connections import SealedCredentials
from services.appointments.errors import CalendarBusyError, CalendarCredentialsError, CalendarLimitError
from services.appointments.handlers.connections import credentials, open_credentials
from services.appointments.handlers.dependencies import Calendar, Dependencies, Facts
from services.appointments.repository.budgets import Budget
from services.appointments.repository.connections import Connections
from shared.messaging.outbox import Session

TICKET = "turn"
"""The key of a wish under which the moment stands that was reserved for asking."""

FEW_LEFT = 5
"""With so few requests left, the provider is not asked before its window begins anew: others use the key as well."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One's turn to ask: now, or in `wait` seconds. `requests` are those that were reserved."""

    connection_id: UUID
    sealed: SealedCredentials
    wait: float
    requests: int
    slot: datetime
    now: datetime

    @property
    def is_due(self) -> bool:
        return self.wait <= 0


def take_turn(
    session: Session, facts: Facts, connection_id: UUID, requests: int, wish: Mapping[str, Any] | None = None
) -> Turn:
    """Reserve so many requests; a turn that was reserved before, and stands in the wish, is used up, unless the
    provider has asked for a pause since then.

    Raises UnknownConnectionError.
    """
    sealed = credentials(session, connection_id)
    budget = Budget(session, connection_id, facts.calcom_per_minute)
    ticket = (wish or {}).get(TICKET)
    is_kept = isinstance(ticket, str) and not budget.is_held()
    slot = datetime.fromisoformat(str(ticket)) if is_kept else budget.reserve(requests)
    now = budget.now()
    return Turn(connection_id, sealed, (slot - now).total_seconds(), requests, slot, now)


def open_calendar(dependencies: Dependencies, turn: Turn) -> Calendar:
    """The calendar, where it is one's turn.

    Raises CalendarBusyError (come back in `retry_after`), ConnectionNotSetUpError, DecryptionFailed.
    """
    if not turn.is_due:
        text = "the calendar has been asked as often as is allowed in a minute"
        raise CalendarBusyError(text, retry_after=math.ceil(turn.wait * 10) / 10)
    return dependencies.calcom(open_credentials(dependencies.vault, dependencies.facts, turn.sealed))


@contextmanager
def in_turn(put_back: Callable[[float, str], BaseException]) -> Iterator[None]:
    """Whoever has to wait for the calendar is put back until it is due; no attempt is spent."""
    try:
        yield
    except CalendarBusyError as busy:
        raise put_back(busy.retry_after or 1.0, str(busy)) from busy


def settle(session: Session, facts: Facts, turn: Turn, usage: Usage) -> None:
    """Count what was asked beyond the reserved, and make everybody wait where the provider has little left."""
    budget = Budget(session, turn.connection_id, facts.calcom_per_minute)
    budget.charge(usage.requests - turn.requests)
    if usage.remaining is not None and usage.remaining <= FEW_LEFT and usage.reset_seconds:
        budget.hold(usage.reset_seconds)


def note_failure(session: Session, facts: Facts, connection_id: UUID, error: BaseException) -> None:
    """After a 429 nobody asks before the provider will listen. A refused key is shown with its connection."""
    if isinstance(error, CalendarLimitError):
        Budget(session, connection_id, facts.calcom_per_minute).hold(error.retry_after or 60.0)
    if isinstance(error, CalendarCredentialsError):
        Connections(session).note(connection_id, last_error=str(error)[:500])
