"""A clinic whose calls are recorded: the real actors of calls on the real database, Cal.com's part played by two stubs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.appointments.actors import calls as actors
from services.appointments.adapters.calcom import CalcomEvents
from services.appointments.adapters.retell import RetellApi, RetellCalls
from services.appointments.domain.bookings import Offering
from services.appointments.domain.connections import Credentials, Provider, secret_context
from services.appointments.domain.links import Links, link_key
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.repository.appointments import Appointments
from services.appointments.repository.calendars import Calendars
from services.appointments.repository.companies import Companies
from services.appointments.repository.connections import Connections
from services.appointments.settings import AppointmentsSettings
from shared.clock import now
from shared.contracts.appointments import BookAppointment, ConfirmAppointment
from shared.contracts.message import Contract
from shared.contracts.webhooks import RetellEventReceived
from shared.crypto import Vault
from shared.errors import PermanentError
from shared.http.client import HttpClient
from shared.ids import new_id
from shared.messaging.actor import actor, declarations_in
from shared.messaging.outbox import Session, publish
from shared.messaging.testing import Inline, memory_storage
from shared.messaging.testing.inline import Ran
from tests.support.databases import SECRET_KEY, Database

RETELL_KEY = "key_of_the_tests"


class NoCalendarTodayError(PermanentError):
    """Cal.com refuses."""


@dataclass
class Clinic:
    """`refuses_bookings` lets the step of booking fail finally."""

    database: Database
    retell_http: HttpClient | None = None
    twice: bool = False
    organisation_id: UUID = field(default_factory=new_id)
    refuses_bookings: bool = False

    def __post_init__(self) -> None:
        self.storage = memory_storage()
        self.settings = AppointmentsSettings(analysis_wait_seconds=60)
        self.dependencies = Dependencies(
            calcom=_no_calendar,
            retell=self._ask_retell,
            vault=Vault(SECRET_KEY),
            facts=self.settings,
            storage=self.storage,
            links=Links("https://clinic.example", link_key(SECRET_KEY)),
            calendar_events=CalcomEvents(),
            call_events=RetellCalls(),
            clock=self._now,
        )
        declared = [*declarations_in(actors), *self._stubs()]
        self.inline = Inline(
            self.database.engine, declared, {"appointments": self.dependencies}, twice=self.twice, at_most=2_000
        )
        self.retell: UUID | None = self.connect(Provider.RETELL)

    def _now(self) -> datetime:
        return self.inline.now()

    def _ask_retell(self, credentials: Credentials) -> RetellApi:
        assert self.retell_http is not None, "this clinic has no Retell to ask"
        return RetellApi(self.retell_http, credentials.api_key)

    def _stubs(self) -> list[Any]:
        @actor(BookAppointment, queue="appointments.high")
        def book(message: BookAppointment, session: Session, _dependencies: Dependencies) -> Mapping[str, Any]:
            if self.refuses_bookings:
                raise NoCalendarTodayError("Cal.com 401: revoked")
            Appointments(session).change(message.appointment_id, state="booked")
            return {"is_booked": True}

        @actor(ConfirmAppointment, queue="appointments.default")
        def confirm(message: ConfirmAppointment, session: Session, _dependencies: Dependencies) -> None:
            Appointments(session).change(message.appointment_id, reason="confirmed")

        return [book, confirm]

    def connect(self, provider: Provider) -> UUID:
        """A connection of the clinic's own."""
        connection_id = new_id()
        key = Vault(SECRET_KEY).encrypt(RETELL_KEY, secret_context(connection_id, "api_key"))
        with self.work() as session:
            Connections(session).add(
                connection_id, self.organisation_id, provider=provider, name="own", api_key=key, webhook_secret=None
            )
        return connection_id

    def set_up(self, **profile: Any) -> None:
        """The company, in Rome."""
        with self.work() as session:
            Companies(session).put(self.organisation_id, "Example Dental", "Europe/Rome", profile)

    def open_calendar(self, *slugs: str) -> UUID:
        """A connection to Cal.com whose event types have been read."""
        connection_id = self.connect(Provider.CALCOM)
        with self.work() as session:
            for number, slug in enumerate(slugs or ("check-up",), 1):
                offering = Offering(number, slug, slug.title(), 30, (30,), False, False, 7, "Dr. Lee")
                Calendars(session).write(self.organisation_id, connection_id, offering)
            Connections(session).note(connection_id, synced_at=now())
        return connection_id

    @property
    def work(self) -> Callable[[], Any]:
        return self.database.work("appointments")

    def hear(self, event: str, call: Mapping[str, Any] | None, *, storage_key: str | None = None) -> list[Ran]:
        """A webhook of Retell comes, and all that follows at once."""
        self.publish(
            RetellEventReceived(
                inbound_id=new_id(),
                connection_id=self.retell,
                external_id=str((call or {}).get("call_id", "c1")),
                event_type=event,
                created_at=now(),
                data=None if call is None else dict(call),
                storage_key=storage_key,
            )
        )
        return self.inline.drain()

    def publish(self, message: Contract) -> None:
        with self.work() as session:
            publish(session, message)

    def calls(self, columns: str = "outcome, problem") -> list[tuple[Any, ...]]:
        return self.database.query(f"SELECT {columns} FROM appointments.calls ORDER BY id")

    def appointments(self, columns: str = "state") -> list[tuple[Any, ...]]:
        return self.database.query(f"SELECT {columns} FROM appointments.appointments ORDER BY id")

    def letters(self) -> list[dict[str, Any]]:
        """What customers are told, in order."""
        rows = self.database.query(
            "SELECT convert_from(body, 'UTF8')::jsonb -> 'kwargs' FROM messaging.outbox "
            "WHERE kind = 'notifications.appointment.tell' ORDER BY id"
        )
        return [row[0] for row in rows]

    def alerts(self) -> list[tuple[Any, ...]]:
        return self.database.query("SELECT kind FROM messaging.outbox WHERE kind LIKE 'notifications.operations.%%'")


def _no_calendar(_credentials: Credentials) -> Any:
    raise AssertionError("a stub stands for everything that asks Cal.com")


def wanted_time(days: int = 7, clock: str = "10:00") -> str:
    """A local time in some days."""
    return f"{(now() + timedelta(days=days)).date().isoformat()}T{clock}:00"


def ended(call_id: str = "c1", **changes: Any) -> dict[str, Any]:
    """A call as `call_ended` tells of it."""
    begin = int(now().timestamp() * 1000) - 60_000
    call = {
        "call_id": call_id,
        "call_status": "ended",
        "direction": "inbound",
        "from_number": "+12137771234",
        "to_number": "+12137771235",
        "start_timestamp": begin,
        "end_timestamp": begin + 30_000,
        "duration_ms": 30_000,
        "disconnection_reason": "user_hangup",
        "transcript": "Agent: How can I help?\nUser: A check-up in a week at ten, please.\n",
    }
    return {name: value for name, value in {**call, **changes}.items() if value is not None}


def analysed(call_id: str = "c1", analysis: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A call as `call_analyzed` tells of it; `analysis` changes the usual data, None takes a name out."""
    data = {
        "appointment_requested": True,
        "customer_name": "Zoë Doe",
        "customer_email": "zoe@example.com",
        "preferred_start": wanted_time(),
        "event_type_slug": "check-up",
        **(analysis or {}),
    }
    custom = {name: value for name, value in data.items() if value is not None}
    return {**ended(call_id, **changes), "call_analysis": {"call_summary": "booked", "custom_analysis_data": custom}}
