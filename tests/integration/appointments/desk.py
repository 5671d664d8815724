"""A practice whose calendar is a local Cal.com: all jobs of the service run here and now, on the real database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from threading import Thread
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from deploy.local.providers.calcom.control import LocalCalcom
from deploy.local.providers.client import Calcom
from deploy.local.providers.deliveries import Sender
from deploy.local.providers.server import Server
from services.appointments import actors
from services.appointments.adapters.accounts import RetellAccounts
from services.appointments.adapters.calcom import CalcomCalendars, CalcomEvents
from services.appointments.adapters.retell import RetellCalls
from services.appointments.domain.appointments import Appointment, Wanted
from services.appointments.domain.connections import OF_SETTINGS, Provider
from services.appointments.domain.links import Links, link_key
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.repository.appointments import Appointments, Filter
from services.appointments.repository.calendars import Calendars
from services.appointments.settings import AppointmentsSettings
from shared.contracts.appointments import BookAppointment, ConfirmAppointment, SyncCalendar
from shared.contracts.message import Command, Contract
from shared.contracts.webhooks import CalcomEventReceived
from shared.crypto import Vault
from shared.ids import new_id
from shared.messaging.actor import declarations_in
from shared.messaging.chain import Chain, Step, publish_chain
from shared.messaging.outbox import publish
from shared.messaging.testing import Inline, memory_storage
from shared.messaging.testing.inline import Ran
from tests.support.databases import SECRET_KEY, Database

KEY = "cal_live_of_the_tests"
CONNECTION = OF_SETTINGS[Provider.CALCOM]
BERLIN = ZoneInfo("Europe/Berlin")
CHECK_UP, CONSULTATION, CLEANING = 1, 2, 3


class Kept(Sender):
    """Webhooks are not sent, but kept: a test hands them in when it likes."""

    def __init__(self) -> None:
        super().__init__(0)
        self.kept: list[dict[str, Any]] = []

    def send(self, event: str, url: str, content: bytes, headers: Any, after: float = 0.0) -> None:
        self.kept.append(json.loads(content))


@dataclass
class Desk:
    """The practice. `calcom` is told what its owner and guests do; `webhooks` are those that it would have sent."""

    database: Database
    calcom: Calcom
    sender: Kept
    inline: Inline
    organisation_id: UUID
    dependencies: Dependencies
    calls: list[UUID] = field(default_factory=list)

    @property
    def webhooks(self) -> list[dict[str, Any]]:
        return self.sender.kept

    def publish(self, *messages: Contract) -> None:
        with self.inline.work() as session:
            for message in messages:
                publish(session, message, organisation_id=self.organisation_id)

    def run(self, *messages: Contract) -> list[str]:
        """Publish and run all that is due. Returns the outcomes."""
        self.publish(*messages)
        return outcomes(self.inline.drain())

    def hear(self, *bodies: dict[str, Any], connection_id: UUID | None = None) -> list[str]:
        """Webhooks come in, in this order."""
        return self.run(*(heard(body, connection_id) for body in bodies))

    def hear_all(self) -> list[str]:
        """All webhooks that were kept come in."""
        bodies = list(self.webhooks)
        self.webhooks.clear()
        return self.hear(*bodies)

    def want(
        self,
        starts_at: datetime,
        *,
        event_type: int = CHECK_UP,
        language: str = "de",
        email: str | None = "zoe@example.org",
    ) -> UUID:
        """A caller wants an appointment."""
        call_id, appointment_id = new_id(), new_id()
        self.database.query(
            "INSERT INTO appointments.calls (id, organisation_id, connection_id, external_id, outcome) "
            "VALUES (%s, %s, %s, %s, 'working')",
            *(call_id, self.organisation_id, CONNECTION, f"call_{call_id.hex}"),
        )
        with self.inline.work() as session:
            kind = Calendars(session).by_external_id(CONNECTION, event_type)
            assert kind is not None
            Appointments(session).want(
                Wanted(
                    appointment_id, self.organisation_id, CONNECTION, call_id, kind.id, kind.host_number,
                    kind.has_seats, kind.title, starts_at, starts_at + timedelta(minutes=kind.length_minutes),
                    "Europe/Berlin", language, "Zoë Müller", email, "+4915112345678",
                )
            )  # fmt: skip
        return appointment_id

    def chain(self, appointment_id: UUID) -> None:
        """What a call's steps do from here on."""
        with self.inline.work() as session:
            steps: list[Step | Command] = [
                BookAppointment(appointment_id=appointment_id),
                Step(ConfirmAppointment(appointment_id=appointment_id), only_if="is_booked"),
            ]
            publish_chain(session, Chain("call", steps), organisation_id=self.organisation_id)

    def book(self, starts_at: datetime, **wanted: Any) -> UUID:
        """A caller has an appointment, told of by nobody yet."""
        appointment_id = self.want(starts_at, **wanted)
        self.chain(appointment_id)
        self.inline.drain()
        return appointment_id

    def get(self, appointment_id: UUID) -> Appointment:
        with self.inline.work() as session:
            found = Appointments(session).get(appointment_id)
        assert found is not None
        return found

    def all(self) -> list[Appointment]:
        """Oldest first."""
        with self.inline.work() as session:
            return list(reversed(Appointments(session).page(self.organisation_id, Filter(), after=None, count=100)))

    def published(self, kind: str) -> list[dict[str, Any]]:
        """The fields of what was published and is heard by nobody here, oldest first."""
        rows = self.database.query("SELECT body FROM messaging.outbox WHERE kind = %s ORDER BY id", kind)
        return [json.loads(bytes(row[0]))["kwargs"] for row in rows]

    def letters(self) -> list[str]:
        return [one["letter"] for one in self.published("notifications.appointment.tell")]

    def events(self) -> list[str]:
        """What was announced of appointments, in order."""
        rows = self.database.query(
            "SELECT kind FROM messaging.outbox WHERE is_event AND starts_with(kind, 'appointments.appointment.') ORDER BY id"
        )
        return [row[0].rpartition(".")[2] for row in rows]

    def reminders(self) -> list[timedelta]:
        """How long before its appointment each planned reminder is due, the earliest first."""
        rows = self.database.query(
            "SELECT r.starts_at - s.due_at FROM appointments.reminders r "
            "JOIN messaging.scheduled s ON s.message_id = r.message_id ORDER BY s.due_at"
        )
        return [row[0] for row in rows]

    def travel(self, seconds: float) -> list[Ran]:
        """Let time pass, also for what appointments remember, and run what is due then."""
        self.inline.travel(seconds)
        for name in ("asked_at", "turn"):
            self.database.query(
                f"UPDATE appointments.appointments SET wish = jsonb_set(wish, '{{{name}}}', "
                f"to_jsonb(((wish->>'{name}')::timestamptz - make_interval(secs => %s))::text)) WHERE wish ? '{name}'",
                seconds,
            )
        return self.inline.drain()


def outcomes(ran: list[Ran]) -> list[str]:
    return [one.outcome for one in ran]


def heard(body: dict[str, Any], connection_id: UUID | None = None) -> CalcomEventReceived:
    """A webhook as the webhooks service hands it on."""
    return CalcomEventReceived(
        inbound_id=new_id(),
        connection_id=connection_id,
        external_id=new_id().hex,
        event_type=body["triggerEvent"],
        created_at=datetime.fromisoformat(body["createdAt"]),
        data=body.get("payload", body),
    )


def workday(hour: int = 10, minute: int = 0, *, weeks: int = 1, weekday: int = 1) -> datetime:
    """A Tuesday (or another day, 0 is Monday) that is at least some weeks away, by the clock of Berlin, in UTC."""
    today = datetime.now(BERLIN).date()
    day = today + timedelta(days=(weekday - today.weekday()) % 7, weeks=weeks)
    return datetime.combine(day, time(hour, minute), BERLIN).astimezone(UTC)


@contextmanager
def opened(database: Database, *, twice: bool = False, total: float = 5.0, **settings: Any) -> Iterator[Desk]:
    """A practice with the event types of the local Cal.com read."""
    provider = LocalCalcom(KEY, "http://127.0.0.1:9/unused", "a-secret-of-the-tests")
    sender = Kept()
    provider.sender = sender
    server = Server(provider)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    calendars = CalcomCalendars(server.url, total=total)
    try:
        yield _furnished(database, Calcom(server.url), sender, calendars, twice=twice, settings=settings)
    finally:
        calendars.close()
        server.shutdown()
        server.server_close()
        thread.join(5)


def _furnished(
    database: Database,
    calcom: Calcom,
    sender: Kept,
    calendars: CalcomCalendars,
    *,
    twice: bool,
    settings: dict[str, Any],
) -> Desk:
    organisation_id, clock = new_id(), Travelling()
    database.query(
        "INSERT INTO appointments.companies (organisation_id, name, time_zone, profile) "
        "VALUES (%s, 'Example Dental', 'Europe/Berlin', '{}')",
        organisation_id,
    )
    own = AppointmentsSettings(calcom_api_key=SecretStr(KEY), calcom_base_url=calcom.url, **settings)
    dependencies = Dependencies(
        calcom=calendars,
        retell=RetellAccounts("http://127.0.0.1:9"),
        vault=Vault(SECRET_KEY),
        facts=own,
        storage=memory_storage(),
        links=Links("https://bellhop.example", link_key(SECRET_KEY)),
        calendar_events=CalcomEvents(),
        call_events=RetellCalls(),
        clock=clock,
    )
    inline = Inline(database.engine, declarations_in(actors), {"appointments": dependencies}, twice=twice)
    clock.inline = inline
    desk = Desk(database, calcom, sender, inline, organisation_id, dependencies)
    with inline.work() as session:
        publish(session, SyncCalendar(connection_id=CONNECTION))
    assert outcomes(inline.drain())[:1] == ["done"]
    return desk


@dataclass
class Travelling:
    """A clock that travels with the jobs."""

    inline: Inline | None = None

    def __call__(self) -> datetime:
        return self.inline.now() if self.inline else datetime.now(UTC)
