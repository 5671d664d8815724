"""A clinic whose customers open links, and a browser without scripts, cookies or keys."""

import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urljoin
from uuid import UUID

import orjson

from services.appointments import actors
from services.appointments.domain.connections import OF_SETTINGS, Provider
from services.appointments.domain.links import Links, link_key
from shared.ids import new_id
from shared.messaging.actor import declarations_in
from shared.messaging.testing import Inline
from tests.integration.appointments.front import PUBLIC_URL, Front
from tests.support.databases import SECRET_KEY

LINKS = Links(PUBLIC_URL, link_key(SECRET_KEY))
CALCOM = OF_SETTINGS[Provider.CALCOM]
HALF_HOUR = timedelta(minutes=30)


def soon(days: float = 3) -> datetime:
    """A whole minute, some days from now."""
    return datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=days)


@dataclass(frozen=True)
class Seen:
    """What a browser got."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def words(self) -> str:
        """What a person reads."""
        body = re.sub(r"<style>.*?</style>", "", self.text.partition("<body>")[2], flags=re.DOTALL)
        return " ".join(re.sub(r"<[^>]+>", " ", body).split())

    @property
    def heading(self) -> str:
        found = re.findall(r"<h1>(.*?)</h1>", self.text)
        return str(found[0]) if found else f"no page: {self.text[:300]}"

    def links(self) -> list[str]:
        return [found.replace("&amp;", "&") for found in re.findall(r'href="([^"]+)"', self.text)]


@dataclass
class Clinic:
    """One organisation, its calendar, and its appointments."""

    front: Front
    organisation_id: UUID
    event_type_id: UUID

    @classmethod
    def opened(cls, front: Front) -> "Clinic":
        clinic = cls(front, new_id(), new_id())
        Inline(front.database.engine, declarations_in(actors))  # whoever starts a chain asks who hears its steps
        front.set_up_company(clinic.organisation_id)
        front.database.query(
            "INSERT INTO appointments.connections (id, provider, name) VALUES (%s, 'calcom', 'x')", CALCOM
        )
        front.database.query(
            "INSERT INTO appointments.event_types (id, organisation_id, connection_id, external_id, slug, title, "
            "length_minutes, facts, synced_at) VALUES (%s, %s, %s, 1, 'check-up', 'Check-up', 30, '{}', now())",
            *(clinic.event_type_id, clinic.organisation_id, CALCOM),
        )
        return clinic

    def appointment(self, state: str = "booked", starts_at: datetime | None = None, **changes: Any) -> UUID:
        """An appointment of Ada's, in three days unless said otherwise."""
        starts_at = starts_at or soon()
        columns = {
            "id": new_id(),
            "organisation_id": self.organisation_id,
            "connection_id": CALCOM,
            "event_type_id": self.event_type_id,
            "state": state,
            "service": "Check-up",
            "starts_at": starts_at,
            "ends_at": starts_at + HALF_HOUR,
            "time_zone": "Europe/Berlin",
            "language": "en",
            "name": "Ada Lovelace",
            "email": "ada@example.org",
            "booking_uid": f"uid-{new_id()}" if state in {"booked", "requested", "cancelled", "rejected"} else None,
            "location": "Example Street 1, Berlin",
            **changes,
        }
        places = ", ".join(["%s"] * len(columns))
        values = [orjson.dumps(value).decode() if isinstance(value, dict) else value for value in columns.values()]
        statement = f"INSERT INTO appointments.appointments ({', '.join(columns)}) VALUES ({places}) RETURNING id"
        found = self.front.database.value(statement, *values)
        assert isinstance(found, UUID)
        return found

    def offer(self, appointment_id: UUID, *starts: datetime) -> None:
        for start in starts:
            self.front.database.query(
                "INSERT INTO appointments.offers (id, appointment_id, starts_at) VALUES (%s, %s, %s)",
                *(new_id(), appointment_id, start),
            )

    def row(self, appointment_id: UUID, columns: str = "state") -> Any:
        """Its columns, or its only one."""
        ((*found,),) = self.front.database.query(
            f"SELECT {columns} FROM appointments.appointments WHERE id = %s", appointment_id
        )
        return found[0] if len(found) == 1 else tuple(found)

    def everything(self) -> list[Any]:
        """All that a request could have changed."""
        tables = ("appointments.appointments", "appointments.offers", "messaging.outbox", "messaging.scheduled")
        return [self.front.database.query(f"SELECT * FROM {table} ORDER BY 1") for table in tables]

    def published(self) -> list[str]:
        """The kinds of what was published, in order."""
        rows = self.front.database.query("SELECT body FROM messaging.outbox ORDER BY id")
        return [orjson.loads(body)["actor_name"] for (body,) in rows]

    def manage(self, appointment_id: UUID, ends_at: datetime | None = None) -> str:
        """The path of the link in its confirmation."""
        url = LINKS.manage_url(appointment_id, ends_at or self.row(appointment_id, "ends_at"))
        return url.removeprefix(PUBLIC_URL)

    def take(self, appointment_id: UUID, starts_at: datetime) -> str:
        """The path of the link that takes an offered time."""
        return LINKS.offer_url(appointment_id, starts_at).removeprefix(PUBLIC_URL)

    def get(self, path: str, **headers: str) -> Seen:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, **fields: str) -> Seen:
        """Send a form. Where the browser is sent on, what it gets there."""
        seen = self._ask("POST", path, urlencode(fields).encode(), {})
        if seen.status != 303:
            return seen
        return self.get(urljoin(path, seen.headers["location"]))

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Seen:
        connection = http.client.HTTPConnection("127.0.0.1", self.front.port, timeout=20)
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        try:
            connection.request(method, path, body, {**kind, **headers})
            answer = connection.getresponse()
            text = answer.read().decode()
            return Seen(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)
        finally:
            connection.close()
