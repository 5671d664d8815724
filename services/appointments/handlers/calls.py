"""Calls recorded from what their provider tells, in whatever order and however often, and what each sets off."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.appointments.domain.calls import LOOK_AGAIN_SECONDS, MOST_LOOKS, Call, CallTold, Outcome, changes
from services.appointments.domain.connections import Provider, SealedCredentials
from services.appointments.domain.problems import Problem
from services.appointments.handlers.call_counts import count_now
from services.appointments.handlers.connections import credentials, open_credentials, organisation_of
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.handlers.steps import start_steps
from services.appointments.repository.calls import Calls
from shared.contracts.appointments import FetchCall, ReadStoredCall
from shared.contracts.webhooks import RetellEventReceived
from shared.ids import new_id
from shared.messaging.outbox import Session, publish
from shared.messaging.unique import Unique


@dataclass(frozen=True)
class Stored:
    """A webhook that lies in storage, and whose it is."""

    connection_id: UUID
    organisation_id: UUID
    event_type: str
    storage_key: str


@dataclass(frozen=True)
class Look:
    """A call that its provider is to be asked about."""

    organisation_id: UUID
    sealed: SealedCredentials
    message: FetchCall


@dataclass(frozen=True)
class Seen:
    """What the provider said: None while the call is under way."""

    told: CallTold | None


def hear(session: Session, dependencies: Dependencies, event: RetellEventReceived) -> None:
    """Record what a webhook tells of a call; one too large for a message is read from storage by a message of its own.

    Raises UnknownConnectionError, CompanyNotClearError, UnexpectedProviderShapeError.
    """
    if event.data is not None:
        told = dependencies.call_events.told(event.event_type, event.data)
        if told is not None:
            organisation_id, connection_id = organisation_of(session, event.connection_id, Provider.RETELL)
            record(session, dependencies, organisation_id, connection_id, told)
        return
    organisation_id, connection_id = organisation_of(session, event.connection_id, Provider.RETELL)
    stored = ReadStoredCall(
        connection_id=connection_id, event_type=event.event_type, storage_key=event.storage_key or ""
    )
    publish(session, stored, organisation_id=organisation_id)


def find_stored(session: Session, message: ReadStoredCall) -> Stored:
    """Whose the webhook is. Raises UnknownConnectionError, CompanyNotClearError."""
    organisation_id, connection_id = organisation_of(session, message.connection_id, Provider.RETELL)
    return Stored(connection_id, organisation_id, message.event_type, message.storage_key)


def read_stored(dependencies: Dependencies, stored: Stored) -> CallTold | None:
    """What it tells of a call. Raises UnexpectedProviderShapeError, and what the storage raises."""
    call = dependencies.call_events.call_in(dependencies.storage.get(stored.storage_key))
    return dependencies.call_events.told(stored.event_type, call)


def record_stored(session: Session, dependencies: Dependencies, stored: Stored, told: CallTold | None) -> None:
    """Record what it tells, if it tells anything."""
    if told is not None:
        record(session, dependencies, stored.organisation_id, stored.connection_id, told)


def record(
    session: Session,
    dependencies: Dependencies,
    organisation_id: UUID,
    connection_id: UUID,
    told: CallTold,
    *,
    asks: bool = True,
) -> Call:
    """Bring the call's record up to date. Its steps start once: when it is first known what was said.

    Where the analysis does not come, the provider is asked for it after a while (`asks`).
    """
    call = _written(session, dependencies, organisation_id, connection_id, told)
    if call.outcome is Outcome.NOT_CONNECTED:
        count_now(session, call, dependencies.clock())
    elif call.chain_id is None and call.analysed_seen_at is not None:
        start_steps(session, call)
    elif call.analysed_seen_at is None and asks:
        ask_later(session, connection_id, told.external_id, dependencies.facts.analysis_wait_seconds)
    return call


def _written(
    session: Session, dependencies: Dependencies, organisation_id: UUID, connection_id: UUID, told: CallTold
) -> Call:
    """The call with what was told, held until the transaction ends."""
    calls, now = Calls(session), dependencies.clock()
    call = calls.lock_or_add(new_id(), organisation_id, connection_id, told.external_id)
    values = changes(call, told)
    if call.ended_seen_at is None:
        values["ended_seen_at"] = now
    if told.analysis is not None and call.analysed_seen_at is None:
        values["analysed_seen_at"] = now
    if call.outcome is Outcome.AWAITING_ANALYSIS and not told.is_connected:
        values["outcome"] = Outcome.NOT_CONNECTED
    calls.change(call.id, **values)
    return _again(calls, call.id)


def ask_later(session: Session, connection_id: UUID, external_id: str, seconds: float, looks: int = 0) -> None:
    """Have the provider asked about a call in a while, once for each number of looks."""
    key = f"fetch_call:{connection_id}:{external_id}:{looks}"
    message = FetchCall(connection_id=connection_id, external_id=external_id, looks=looks)
    publish(session, message, due=timedelta(seconds=seconds), unique=Unique(key[:255]))


def prepare_look(session: Session, message: FetchCall) -> Look | None:
    """What is needed to ask about a call; None where all of it is known. Raises UnknownConnectionError, and others."""
    organisation_id, connection_id = organisation_of(session, message.connection_id, Provider.RETELL)
    if Calls(session).finished(connection_id, [message.external_id]):
        return None
    return Look(organisation_id, credentials(session, connection_id), message)


def look(dependencies: Dependencies, intent: Look) -> Seen:
    """Ask the provider. Raises BellhopError."""
    opened = open_credentials(dependencies.vault, dependencies.facts, intent.sealed)
    return Seen(dependencies.retell(opened).fetch(intent.message.external_id))


def record_look(session: Session, dependencies: Dependencies, intent: Look, seen: Seen) -> None:
    """Record what was seen. Without an analysis it is looked at again, and after the last look people have to.

    A call that is under way is looked at for some hours; should it go on after that, the look at all calls finds it.
    """
    connection_id, looks = intent.sealed.connection_id, intent.message.looks
    if seen.told is not None:
        call = record(session, dependencies, intent.organisation_id, connection_id, seen.told, asks=False)
        if call.analysed_seen_at is not None or call.outcome is not Outcome.AWAITING_ANALYSIS:
            return
        if looks >= len(LOOK_AGAIN_SECONDS):
            _leave_to_people(session, dependencies, call)
            return
    if looks < MOST_LOOKS:
        wait = LOOK_AGAIN_SECONDS[min(looks, len(LOOK_AGAIN_SECONDS) - 1)]
        ask_later(session, connection_id, intent.message.external_id, wait, looks + 1)


def _leave_to_people(session: Session, dependencies: Dependencies, call: Call) -> None:
    detail = "the provider has made no analysis of this call"
    values = {"outcome": Outcome.NEEDS_ATTENTION, "problem": Problem.NO_ANALYSIS, "detail": detail}
    Calls(session).change(call.id, **values)
    count_now(session, _again(Calls(session), call.id), dependencies.clock())


def _again(calls: Calls, call_id: UUID) -> Call:
    call = calls.lock(call_id)
    assert call is not None
    return call
