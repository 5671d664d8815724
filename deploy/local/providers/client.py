"""Start a local provider as its own process, and tell it what to do: for tests, benchmarks and the demonstration."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from deploy.local.ports import free_port

PROJECT = Path(__file__).resolve().parents[3]
START_SECONDS = 20


class ControlError(Exception):
    """A provider did not do what it was told, or does not answer."""


class Control:
    """What every local provider can be told and asked. `url` is its base address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def tell(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """One request to the control API. Raises ControlError for an answer that is not 2xx."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        target = f"/_control/{path}{'?' + urlencode(query) if query else ''}"
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, target, content, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise ControlError(f"{method} {self.url}{target}: {error!r}") from error
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            raise ControlError(f"{method} {target} answered {answer.status}: {text}")
        return json.loads(text)

    def reset(self) -> None:
        """As it was when it started."""
        self.tell("POST", "reset")

    def slow(self, operation: str = "*", seconds: float = 0.1, **more: Any) -> None:
        """Wait before the work; `works=True`: between the work and the answer. `times`, `rate` as in faults.Fault."""
        self._fault(operation, "slow", seconds=seconds, **more)

    def fail(self, operation: str, status: int = 503, **more: Any) -> None:
        """Answer with this status instead of working; `works=True`: after working."""
        self._fault(operation, "fail", status=status, **more)

    def lose(self, operation: str, **more: Any) -> None:
        """Do the work, and cut the connection instead of answering."""
        self._fault(operation, "lose", **more)

    def refuse(self, operation: str, **more: Any) -> None:
        """Cut the connection before any work."""
        self._fault(operation, "refuse", **more)

    def _fault(self, operation: str, kind: str, **more: Any) -> None:
        self.tell("POST", "faults", {"operation": operation, "kind": kind, **more})

    def behave(self) -> None:
        """No faults any more."""
        self.tell("DELETE", "faults")

    def lists(self, lag: float = 0.0, page_size: int | None = None, leave_out: Sequence[int] = ()) -> None:
        """How lists lag behind, how small their pages are, which places of each page are left out."""
        self.tell("POST", "lists", {"lag": lag, "page_size": page_size, "leave_out": list(leave_out)})

    def limit(self, per_minute: int) -> None:
        """How many requests a minute each key has; what was used is forgotten."""
        self.tell("POST", "limit", {"per_minute": per_minute})

    def advance(self, seconds: float) -> None:
        """Set its clock forward."""
        self.tell("POST", "clock", {"advance": seconds})

    def send_webhooks(self, copies: int = 1, delay: float = 0.0, hold: int = 0, *, never: bool = False) -> None:
        """How webhooks are sent from now on (deliveries.Manner)."""
        self.tell("POST", "webhooks/manner", {"copies": copies, "delay": delay, "hold": hold, "never": never})

    def release_webhooks(self) -> None:
        """Send what is held back, the newest first."""
        self.tell("POST", "webhooks/release")

    def webhooks(self, event: str | None = None) -> list[dict[str, Any]]:
        """Those that were sent or wait: event, url, body, statuses, is_over."""
        return [each for each in self.tell("GET", "webhooks") if event in {None, each["event"]}]

    def requests(self, operation: str | None = None) -> list[dict[str, Any]]:
        """The requests that came, oldest first."""
        query = {"operation": operation} if operation else {}
        found: list[dict[str, Any]] = self.tell("GET", "requests", **query)
        return found

    def counts(self) -> dict[str, int]:
        """How many requests came, by operation."""
        found: dict[str, int] = self.tell("GET", "counts")
        return found

    def violations(self) -> list[dict[str, str]]:
        """What clients did that they must not do."""
        found: list[dict[str, str]] = self.tell("GET", "violations")
        return found


class Calcom(Control):
    """A local Cal.com. `key` in `query` names an account other than the first."""

    def add_account(self, key: str) -> None:
        """Another account, furnished like the first."""
        self.tell("POST", "accounts", {"key": key})

    def subscribe(self, url: str, secret: str, triggers: Sequence[str] | None = None, **query: str) -> None:
        """Where the account's webhooks go from now on."""
        told = {"url": url, "secret": secret, "triggers": None if triggers is None else list(triggers)}
        self.tell("POST", "webhook", told, **query)

    def put_host(self, number: int, **fields: Any) -> None:
        """Add or change a host (calcom.state.Host)."""
        self.tell("POST", "hosts", {"id": number, **fields})

    def put_event_type(self, number: int, **fields: Any) -> None:
        """Add or change an event type (calcom.state.EventType)."""
        self.tell("POST", "event-types", {"id": number, **fields})

    def remove_event_type(self, number: int) -> None:
        """It vanishes; its bookings stay."""
        self.tell("DELETE", f"event-types/{number}")

    def bookings(self, **query: str) -> list[dict[str, Any]]:
        """All bookings, also former ones, as the API shows them, with iCalSequence."""
        found: list[dict[str, Any]] = self.tell("GET", "bookings", **query)
        return found

    def standing(self, **query: str) -> list[dict[str, Any]]:
        """The bookings that stand."""
        return [each for each in self.bookings(**query) if each["status"] in {"accepted", "pending"}]

    def slots(self, **query: str) -> dict[str, dict[str, list[str]]]:
        """For each host's user name and each start (UTC), the uids that stand there."""
        found: dict[str, dict[str, list[str]]] = self.tell("GET", "slots", **query)
        return found

    def book(self, start: datetime, *, event_type: int = 1, name: str = "Walk In", **body: Any) -> dict[str, Any]:
        """Somebody books on Cal.com's own page."""
        attendee = {"name": name, "email": "walk.in@example.org", "timeZone": "Europe/Berlin"}
        wanted = {"start": start.isoformat(), "eventTypeId": event_type, "attendee": attendee, **body}
        made: dict[str, Any] = self.tell("POST", "bookings", wanted)
        return made

    def do(self, uid: str, deed: str, **body: Any) -> dict[str, Any]:
        """Its owner does something to a booking: cancel, reschedule, confirm, decline, absent, paid."""
        done: dict[str, Any] = self.tell("POST", f"bookings/{quote(uid)}/{deed}", body)
        return done

    def send_again(self, number: int) -> None:
        """Send webhook `number` of `webhooks()` once more, byte for byte."""
        self.tell("POST", "webhooks/again", {"number": number})

    def send_about(self, uid: str, event: str, age: float = 0.0) -> None:
        """Send a webhook of any name about a booking, as if written `age` seconds ago."""
        self.tell("POST", "webhooks/send", {"uid": uid, "event": event, "age": age})


class Retell(Control):
    """A local Retell."""

    def add_account(self, key: str, url: str = "") -> None:
        """Another account, with the address of its webhook."""
        self.tell("POST", "accounts", {"key": key, "url": url})

    def subscribe(self, url: str, **query: str) -> None:
        """Where the account's webhooks go from now on."""
        self.tell("POST", "webhook", {"url": url}, **query)

    def end_calls(
        self,
        calls: Sequence[Mapping[str, Any]],
        *,
        within: float = 0.0,
        analysis_after: float = 0.0,
        events: Sequence[str] = ("call_ended", "call_analyzed"),
        **query: str,
    ) -> list[str]:
        """Calls end, spread `within` seconds. Each is told in part (retell.calls.whole). Returns their ids."""
        told = {"calls": [dict(call) for call in calls], "within": within, "analysis_after": analysis_after}
        answer = self.tell("POST", "calls", {**told, "events": list(events)}, **query)
        return list(answer["call_ids"])

    def end_call(self, call: Mapping[str, Any], **more: Any) -> str:
        """One call ends."""
        return self.end_calls([call], **more)[0]

    def calls(self, **query: str) -> list[dict[str, Any]]:
        """All calls that it knows."""
        found: list[dict[str, Any]] = self.tell("GET", "calls", **query)
        return found

    def send(self, call_id: str, event: str, **changes: Any) -> None:
        """Send a webhook about a call, whether it was sent before or not; `changes` changes the call first."""
        self.tell("POST", f"calls/{quote(call_id)}/{event}", {"changes": changes})


@contextmanager
def local_calcom(
    key: str = "cal_local", webhook_url: str = "", webhook_secret: str = "", port: int | None = None
) -> Iterator[Calcom]:
    """A local Cal.com as its own process, ended with the block."""
    given = {"CALCOM_API_KEY": key, "CALCOM_WEBHOOK_URL": webhook_url, "CALCOM_WEBHOOK_SECRET": webhook_secret}
    with _process("calcom", given, port) as url:
        yield Calcom(url)


@contextmanager
def local_retell(key: str = "key_local", webhook_url: str = "", port: int | None = None) -> Iterator[Retell]:
    """A local Retell as its own process, ended with the block."""
    with _process("retell", {"RETELL_API_KEY": key, "RETELL_WEBHOOK_URL": webhook_url}, port) as url:
        yield Retell(url)


@contextmanager
def _process(provider: str, settings: Mapping[str, str], port: int | None) -> Iterator[str]:
    port = port or free_port()
    command = [sys.executable, "-m", "deploy.local.providers", provider, "--port", str(port)]
    process = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **settings}, stdin=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_up(Control(url), process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def wait_until_up(control: Control, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Return when it answers. Raises ControlError when it does not, or when its process has ended."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            control.tell("GET", "health")
        except ControlError:
            if time.monotonic() > end or (process is not None and process.poll() is not None):
                raise
            time.sleep(0.02)
        else:
            return
