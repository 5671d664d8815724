"""A local Cal.com and a local Retell as their own processes, with somebody who takes their webhooks."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from deploy.local.providers.client import Calcom, Retell, local_calcom, local_retell
from shared.http.client import HttpClient, Response

CALCOM_KEY, RETELL_KEY = "cal_live_of_the_tests", "key_of_the_tests"
BERLIN = ZoneInfo("Europe/Berlin")
VERSIONS = {"slots": "2024-09-04", "event-types": "2024-06-14", "schedules": "2024-06-11"}


@dataclass
class Taker:
    """Takes webhooks: `taken` has (headers, raw body). `statuses` are answered first, then 200."""

    url: str
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.taken]

    def events(self) -> list[str]:
        return [body["triggerEvent"] if "triggerEvent" in body else body["event"] for body in self.bodies()]


@pytest.fixture
def taker() -> Iterator[Taker]:
    """Somebody who takes webhooks, on a socket."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.statuses.pop(0) if found.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Taker(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join(5)


@dataclass(frozen=True)
class Api:
    """A client of a local provider, as ours is: right key, and Cal.com's right versions, unless told otherwise."""

    http: HttpClient
    key: str

    def ask(self, method: str, path: str, body: Any = None, version: str | None = "right", **query: Any) -> Response:
        headers = {"Authorization": f"Bearer {self.key}"}
        right = VERSIONS.get(path.split("/")[2].partition("?")[0], "2026-02-25")
        if method == "GET" and path == "/v2/bookings":
            right = "2026-05-01"
        if version is not None:
            headers["cal-api-version"] = right if version == "right" else version
        params = {name: str(value) for name, value in query.items()}
        return self.http.request(method, path, headers=headers, json=body, params=params)

    def book(self, begin: datetime, **changes: Any) -> Response:
        """Book a check-up for somebody."""
        attendee = {"name": "Zoë Müller", "email": "zoe@example.org", "timeZone": "Europe/Rome", "language": "de"}
        body = {"start": utc(begin), "eventTypeId": 1, "attendee": attendee, **changes}
        return self.ask("POST", "/v2/bookings", {name: value for name, value in body.items() if value is not None})

    def booked(self, begin: datetime, **changes: Any) -> dict[str, Any]:
        """What was booked."""
        answer = self.book(begin, **changes)
        assert answer.status == 201, answer.text
        made: dict[str, Any] = answer.json()["data"]
        return made


@pytest.fixture(scope="session")
def _calcom() -> Iterator[Calcom]:
    with local_calcom(CALCOM_KEY) as running:
        yield running


@pytest.fixture
def calcom(_calcom: Calcom) -> Calcom:
    """As at its beginning."""
    _calcom.reset()
    return _calcom


@pytest.fixture
def api(calcom: Calcom) -> Iterator[Api]:
    """A client of the local Cal.com."""
    with HttpClient(calcom.url, timeout=30) as http:
        yield Api(http, CALCOM_KEY)


@pytest.fixture(scope="session")
def _retell() -> Iterator[Retell]:
    with local_retell(RETELL_KEY) as running:
        yield running


@pytest.fixture
def retell(_retell: Retell) -> Retell:
    """As at its beginning."""
    _retell.reset()
    return _retell


@pytest.fixture
def retell_api(retell: Retell) -> Iterator[Api]:
    """A client of the local Retell."""
    with HttpClient(retell.url, timeout=30) as http:
        yield Api(http, RETELL_KEY)


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def workday(hour: int = 10, minute: int = 0, *, weeks: int = 1, weekday: int = 1) -> datetime:
    """A Tuesday (or another day, 0 is Monday) that is at least some weeks away, by the clock of Berlin."""
    today = datetime.now(BERLIN).date()
    day = today + timedelta(days=(weekday - today.weekday()) % 7, weeks=weeks)
    return datetime.combine(day, time(hour, minute), BERLIN)


def message(answer: Response) -> str:
    """What Cal.com says of a refusal."""
    return str(answer.json()["error"]["message"])
