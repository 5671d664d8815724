"""What the service hears of calls."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.appointments.handlers import call_counts, calls, customers, extraction, failed_calls, missed_calls
from services.appointments.handlers.calls import Look, Seen, Stored
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.handlers.missed_calls import Search
from shared.contracts.appointments import (
    CallFailed,
    CountCall,
    ExtractRequest,
    FetchCall,
    FindMissedCalls,
    IdentifyCustomer,
    ReadStoredCall,
)
from shared.contracts.notifications import AlertFailure
from shared.contracts.webhooks import RetellEventReceived
from shared.messaging.actor import ProviderSteps, actor, provider_actor
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

CALL_EVENTS, CRITICAL, DEFAULT = "appointments.call_events", "appointments.critical", "appointments.default"
ASK_DEADLINE = 40.0
"""Seconds for one question to Retell; its list may have many pages, and has longer."""


@actor(
    RetellEventReceived,
    queue=CALL_EVENTS,
    formerly=[CRITICAL],
    tries=3,
    backoff=Delays([5, 30]),
    time_limit=60,
    on_failure=AlertFailure,
)
def hear_call(message: RetellEventReceived, session: Session, dependencies: Dependencies) -> None:
    calls.hear(session, dependencies, message)


@actor(ExtractRequest, queue=CRITICAL, tries=8, backoff=Delays([1, 2, 5, 10, 30, 60, 300]), time_limit=60)
def extract_request(message: ExtractRequest, session: Session, dependencies: Dependencies) -> Mapping[str, Any]:
    return extraction.extract_request(session, dependencies, message)


@actor(IdentifyCustomer, queue=DEFAULT, tries=3, backoff=Delays([5, 30]), time_limit=600)
def identify_customer(message: IdentifyCustomer, session: Session, _dependencies: Dependencies) -> Mapping[str, Any]:
    return customers.identify(session, message)


@actor(CountCall, queue=DEFAULT, tries=3, backoff=Delays([5, 30]))
def count_call(message: CountCall, session: Session, dependencies: Dependencies) -> None:
    call_counts.count(session, message, dependencies.clock())


@actor(CallFailed, queue=CRITICAL, on_failure=AlertFailure)
def call_failed(message: CallFailed, session: Session, dependencies: Dependencies) -> None:
    failed_calls.tell_of_failure(session, message, dependencies.clock())


@provider_actor(
    FetchCall,
    queue=DEFAULT,
    tries=6,
    backoff=Delays([30, 120, 600, 1800, 3600]),
    call_deadline=ASK_DEADLINE,
    repeatable=True,  # it only asks
    on_failure=AlertFailure,
)
def fetch_call(dependencies: Dependencies) -> ProviderSteps[FetchCall, Look, Seen]:
    return _Fetch(dependencies)


@provider_actor(ReadStoredCall, queue=CRITICAL, tries=5, repeatable=True, on_failure=AlertFailure)
def read_stored_call(dependencies: Dependencies) -> ProviderSteps[ReadStoredCall, Stored, Seen]:
    return _ReadStored(dependencies)


@provider_actor(
    FindMissedCalls,
    queue=DEFAULT,
    tries=3,
    backoff=Delays([60, 300]),
    time_limit=300,
    call_deadline=270,
    repeatable=True,  # it only asks; calls that are known already are known by their id
    on_failure=AlertFailure,
)
def find_missed_calls(dependencies: Dependencies) -> ProviderSteps[FindMissedCalls, Search, Sequence[str]]:
    return _FindMissed(dependencies)


class _Fetch(ProviderSteps[FetchCall, Look, Seen]):
    """Asking again is harmless, so an earlier question is not looked for. So it is with the two below."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: FetchCall) -> Look | None:
        return calls.prepare_look(session, message)

    def call(self, intent: Look) -> Seen:
        return calls.look(self._dependencies, intent)

    def resolve(self, _intent: Look) -> None:
        return None

    def record(self, session: Session, intent: Look, result: Seen) -> None:
        calls.record_look(session, self._dependencies, intent, result)


class _ReadStored(ProviderSteps[ReadStoredCall, Stored, Seen]):
    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: ReadStoredCall) -> Stored:
        return calls.find_stored(session, message)

    def call(self, intent: Stored) -> Seen:
        return Seen(calls.read_stored(self._dependencies, intent))

    def resolve(self, _intent: Stored) -> None:
        return None

    def record(self, session: Session, intent: Stored, result: Seen) -> None:
        calls.record_stored(session, self._dependencies, intent, result.told)


class _FindMissed(ProviderSteps[FindMissedCalls, Search, Sequence[str]]):
    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: FindMissedCalls) -> Search:
        return missed_calls.prepare_search(session, self._dependencies, message)

    def call(self, intent: Search) -> Sequence[str]:
        return missed_calls.search(self._dependencies, intent)

    def resolve(self, _intent: Search) -> None:
        return None

    def record(self, session: Session, intent: Search, result: Sequence[str]) -> None:
        missed_calls.record_search(session, self._dependencies, intent, result)

    def failed(self, session: Session, message: FindMissedCalls, error: BaseException, *, final: bool) -> None:  # noqa: ARG002 - shown at once, whatever tries are left
        missed_calls.note_failure(session, message, error)
