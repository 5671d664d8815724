"""A practice whose calls become appointments: the real services beside a local Cal.com and a local Retell."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from time import sleep
from typing import Any
from zoneinfo import ZoneInfo

import httpx2

from deploy.local.mail_sink import serve
from deploy.local.ports import free_port
from deploy.local.providers.client import Calcom, Retell, local_calcom, local_retell
from services.gateway import handlers
from shared.discovery import actor_declarations, services
from shared.messaging.topology import Topology
from tests.faults.account import waiting_in
from tests.faults.keeper import Keeper
from tests.support.databases import SECRET_KEY, Database
from tests.support.processes import Process, Processes
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

PROCESSES = ("gateway", "appointments", "notifications", "webhooks", "relay")
CALCOM_KEY, CALCOM_SECRET, RETELL_KEY = "cal_live_of_the_practice", "the-secret-of-its-webhooks", "key_of_the_practice"
ZONE = ZoneInfo("Europe/Berlin")
MANY = 10_000
"""Requests a minute to Cal.com where its limit is not what is tried."""
QUIET_LOOKS = 10
"""Looks in succession that must find nothing moving, ten a second."""
HURRY_SECONDS = 2
"""How much passes with each look, which are a tenth of a second apart."""
DEFINITE = {"booked", "requested", "offered", "cancelled"}
"""Where a call that wanted an appointment can have led to without anybody having to look at it."""


@dataclass
class Practice:
    """Its processes, each started again when it dies, and its providers, which stay up."""

    database: Database
    vhost: VirtualHost
    topology: Topology
    processes: Processes
    folder: Path
    calcom: Calcom
    retell: Retell
    url: str
    api_key: str
    keepers: dict[str, Keeper] = field(default_factory=dict)

    def start(self) -> None:
        """Start every service, set the company up, and return when its calendar has been read."""
        for name in PROCESSES:
            self.keepers[name] = Keeper(lambda name=name: self._start(name))  # type: ignore[misc] # bound now
            self.keepers[name].start()
        wait_for(lambda: all(keeper.process.readiness()[0] == 200 for keeper in self.keepers.values()), 60, "services")
        company = {"name": "Example Dental", "time_zone": ZONE.key, "language": "en", "country": "DE"}
        headers = {"Authorization": f"Bearer {self.api_key}", "Idempotency-Key": "company"}
        answer = httpx2.put(f"{self.url}/v1/company", json=company, headers=headers, timeout=20)
        assert answer.is_success, answer.text
        wait_for(lambda: self.database.value("SELECT count(*) FROM appointments.event_types"), 30, "the event types")

    def _start(self, name: str) -> Process:
        process = self.processes.start(f"services.{name}", DATABASE_URL=self.database.service_url(name))
        if name == "gateway":
            process.http_port = int(self.processes.environment["BELLHOP_PORT"])
        return process

    def outcomes(self) -> dict[str, str]:
        """Where each call has led to, by Retell's id of it."""
        return dict(self.database.query("SELECT external_id, outcome FROM appointments.calls"))

    def wait_for_outcomes(self, calls: Sequence[str], seconds: float, *, hurry: bool) -> None:
        """Wait until each of these calls has a definite outcome and nothing moves any more.

        With `hurry` time passes some twenty times as fast for all that waits.
        """
        quiet = 0

        def at_rest() -> bool:
            nonlocal quiet
            if hurry:
                self._hurry()
            found = self.outcomes()
            is_quiet = all(found.get(call) in DEFINITE for call in calls) and not self.moving() and not self._waiting()
            quiet = quiet + 1 if is_quiet else 0
            return quiet >= QUIET_LOOKS

        try:
            wait_for(at_rest, seconds, f"{len(calls)} calls to have an outcome and all to come to rest", every=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.state()}") from error

    def _hurry(self) -> None:
        """Time passes faster for all that waits (leases, retries, how long an unanswered request is ago), and there.

        Not for what somebody works on at this moment: who held some rows and waited for others could lock the workers out.
        """
        self.calcom.advance(HURRY_SECONDS)
        passed = f"interval '{HURRY_SECONDS} s'"
        self._change_what_is_free("messaging.lease", f"SET expires_at = expires_at - {passed}", "true")
        soon = "due_at > clock_timestamp() AND due_at < clock_timestamp() + interval '1 hour'"
        self._change_what_is_free("messaging.scheduled", f"SET due_at = due_at - {passed}", soon)
        earlier = f"to_jsonb((wish->>'asked_at')::timestamptz - {passed})"
        self._change_what_is_free(
            "appointments.appointments", f"SET wish = jsonb_set(wish, '{{asked_at}}', {earlier})", "wish ? 'asked_at'"
        )

    def _change_what_is_free(self, table: str, change: str, where: str) -> None:
        free = f"SELECT ctid FROM {table} WHERE {where} FOR UPDATE SKIP LOCKED"
        self.database.query(f"UPDATE {table} {change} WHERE ctid = ANY(ARRAY({free}))")

    def moving(self) -> int:
        """Rows of `messaging` that something has still to come of; what waits for tomorrow or later does not count."""
        return int(
            self.database.value(
                "SELECT (SELECT count(*) FROM messaging.outbox)"
                " + (SELECT count(*) FROM messaging.scheduled WHERE due_at < clock_timestamp() + interval '1 hour')"
                " + (SELECT count(*) FROM messaging.inbox WHERE status NOT IN ('done', 'failed'))"
                " + (SELECT count(*) FROM messaging.lease) + (SELECT count(*) FROM messaging.unfinished_start)"
            )
        )

    def _waiting(self) -> dict[str, int]:
        return waiting_in(self.vhost, self.topology)

    def state(self) -> str:
        """What stands where, for the report of a test that failed."""
        query = self.database.query
        return "\n".join(
            f"{what}: {found}"
            for what, found in (
                ("outcomes", Counter(self.outcomes().values())),
                ("problems", query("SELECT problem, detail, count(*) FROM appointments.calls GROUP BY 1, 2")),
                ("appointments", query("SELECT state, reason, count(*) FROM appointments.appointments GROUP BY 1, 2")),
                ("failed", self.failed()),
                ("moving", query("SELECT kind, status, count(*) FROM messaging.inbox GROUP BY 1, 2 ORDER BY 1")),
                ("scheduled", self.database.value("SELECT count(*) FROM messaging.scheduled")),
                ("queues", self._waiting()),
                ("requests", self.calcom.counts()),
                ("violations", self.calcom.violations()[:5]),
            )
        )

    def failed(self) -> list[Any]:
        """Jobs that finally failed: kind, reason, error."""
        return self.database.query("SELECT kind, reason, left(error, 200) FROM messaging.failed_job")

    def mails(self) -> list[EmailMessage]:
        """All mails that the mail server has accepted, oldest first."""
        files = sorted((self.folder / "mail").glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    def accepted_at(self) -> dict[str, float]:
        """When the first mail to each address was accepted, in seconds since the epoch."""
        found: dict[str, float] = {}
        for file in sorted((self.folder / "mail").glob("*.eml")):
            mail = message_from_bytes(file.read_bytes(), policy=policy.default)
            found.setdefault(str(mail["X-Envelope-To"]), int(file.stem) / 1e9)
        return found


def workday(hour: int = 9, minute: int = 0, *, weeks: int = 2, weekday: int = 1) -> datetime:
    """A moment of a day (0 is Monday) some weeks away, by the practice's clock."""
    today = datetime.now(ZONE).date()
    day = today + timedelta(days=(weekday - today.weekday()) % 7, weeks=weeks)
    return datetime.combine(day, time(hour, minute), ZONE)


def caller(number: int) -> str:
    """The address of one caller."""
    return f"caller.{number}@example.org"


def call(number: int, start: datetime, **changes: Any) -> dict[str, Any]:
    """A call of somebody who wants a check-up at this time; `changes` are of the analysis."""
    analysis = {
        "appointment_requested": True,
        "customer_name": f"Caller {number}",
        "customer_email": caller(number),
        "preferred_start": start.replace(tzinfo=None).isoformat(),
        "event_type_slug": "check-up",
        **changes,
    }
    return {"from_number": f"+4930{5_000_000 + number}", "analysis": analysis}


@contextmanager
def open_practice(database: Database, vhost: VirtualHost, folder: Path, per_minute: int = MANY) -> Iterator[Practice]:
    """Everything but the services' processes. Cal.com's limit and what we allow ourselves of it are `per_minute`."""
    deployed = services(",".join(PROCESSES))
    declarations = [one for name in deployed for one in actor_declarations(name)]
    topology = vhost.set_up(database.url, declarations, settle=sleep)
    with database.work("gateway")() as session:
        key = handlers.create_key(session, "Practice").key
    gateway, mail = free_port(), free_port()
    url = f"http://127.0.0.1:{gateway}"
    hooks = f"{url}/webhooks"
    sink = serve(mail, folder / "mail")
    try:
        with (
            local_calcom(CALCOM_KEY, f"{hooks}/calcom", CALCOM_SECRET) as calcom,
            local_retell(RETELL_KEY, f"{hooks}/retell") as retell,
        ):
            calcom.limit(per_minute)
            environment = _environment(vhost, folder, url, mail, calcom, retell)
            environment["APPOINTMENTS_CALCOM_PER_MINUTE"] = str(per_minute)
            group = Processes(folder, environment)
            practice = Practice(database, vhost, topology, group, folder, calcom, retell, url, key)
            try:
                yield practice
            finally:
                for keeper in practice.keepers.values():
                    keeper.stop()
                group.end()
    finally:
        sink.stop()


def _environment(
    vhost: VirtualHost, folder: Path, url: str, mail: int, calcom: Calcom, retell: Retell
) -> dict[str, str]:
    (folder / "storage").mkdir()
    return {
        "RABBITMQ_URL": vhost.url,
        "SECRET_KEY": SECRET_KEY,
        "STORAGE_URL": (folder / "storage").as_uri(),
        "BELLHOP_PORT": url.rpartition(":")[2],
        "PUBLIC_URL": url,
        "NOTIFICATIONS_SMTP_URL": f"smtp://127.0.0.1:{mail}",
        "OPERATIONS_EMAIL": "operations@example.org",
        "APPOINTMENTS_CALCOM_API_KEY": CALCOM_KEY,
        "APPOINTMENTS_CALCOM_WEBHOOK_SECRET": CALCOM_SECRET,
        "APPOINTMENTS_CALCOM_BASE_URL": calcom.url,
        "APPOINTMENTS_RETELL_API_KEY": RETELL_KEY,
        "APPOINTMENTS_RETELL_BASE_URL": retell.url,
        "WORKER_THREADS": "4",
    }


def overbooked(held: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, Sequence[str]]:
    """Of what a local Cal.com holds (`Calcom.slots`): the times at which a host has more than one booking."""
    return {f"{host} {start}": uids for host, slots in held.items() for start, uids in slots.items() if len(uids) > 1}
