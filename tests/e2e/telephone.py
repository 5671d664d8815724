"""Calls to the practice of the running stack, and what has come of them."""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from uuid import uuid4

import httpx2

from deploy.local.demo.calls import SERVICE, ZONE, Accounts
from deploy.local.demo.checks import mails_to
from shared.contracts.appointments import FetchCall
from tests.e2e.running import RunningStack
from tests.support.waiting import wait_for

MANY = 10_000
"""Requests a minute to Cal.com: these tests do in one minute what a practice does in a day."""
COMPANY = {
    "name": "Example Dental",
    "time_zone": ZONE.key,
    "language": "en",
    "country": "DE",
    "farthest_days": 730,
    "services": {"Kontrolle": SERVICE},
}


class Telephone:
    """A practice with its local Cal.com and Retell.

    Each caller has an address, and each call a time, of its own; each file of tests begins in a week of its own.
    """

    def __init__(self, stack: RunningStack, accounts: Accounts, first_week: int = 4) -> None:
        self.stack, self.accounts = stack, accounts
        self.calcom, self.retell = accounts.calcom, accounts.retell
        self._times = _free_times(first_week)

    def set_up(self) -> None:
        """The company, with its calendar read."""
        self.calcom.limit(MANY)
        self.stack.shop.put("/v1/company", COMPANY)

        def is_read() -> bool:
            connections = self.stack.shop.get("/v1/connections")["data"]
            return any(each["provider"] == "calcom" and each["synced_at"] for each in connections)

        wait_for(is_read, 30, "the calendar to be read")

    def next_time(self) -> datetime:
        """A time of the calendar that no other test here has, far from those of the demonstration."""
        return next(self._times)

    def caller(self) -> str:
        """An address of somebody new."""
        return f"grace.{uuid4().hex[:10]}@example.org"

    def analysis(self, start: datetime | str | None, caller: str, **changes: Any) -> dict[str, Any]:
        """What the agent has found out; `changes` of None are left out."""
        said = start.replace(tzinfo=None).isoformat() if isinstance(start, datetime) else start
        whole = {
            "appointment_requested": True,
            "customer_name": "Grace Hopper",
            "customer_email": caller,
            "preferred_start": said,
            "event_type_slug": SERVICE,
            **changes,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def book(self, start: datetime | None = None, **changes: Any) -> tuple[dict[str, Any], str]:
        """A call that is booked: the appointment, and the caller's address."""
        caller = self.caller()
        call_id = self.retell.end_call({"analysis": self.analysis(start or self.next_time(), caller, **changes)})
        return self.appointment_of(self.outcome(call_id, "booked")), caller

    def find(self, call_id: str) -> dict[str, Any] | None:
        """The call as the API shows it; None before it is known."""
        found = self.stack.value("SELECT id::text FROM appointments.calls WHERE external_id = %s", call_id)
        return self.stack.shop.get(f"/v1/calls/{found}") if found else None

    def look_now(self) -> None:
        """The looks at Retell that are planned for later are made now."""
        due = "UPDATE messaging.scheduled SET due_at = clock_timestamp() WHERE kind = %s RETURNING 1"
        wait_for(lambda: self.stack.query(due, FetchCall.kind), 20, "a look to be planned")

    def outcome(self, call_id: str, expected: str, seconds: float = 30) -> dict[str, Any]:
        """The call, once it has led there. Fails at once where it has led elsewhere for good."""

        def reached() -> dict[str, Any] | None:
            call = self.find(call_id)
            if call is not None and call["outcome"] in {"needs_attention", "failed"} - {expected}:
                raise AssertionError(f"{call['outcome']}: {call['problem']}: {call['detail']}")
            return call if call and call["outcome"] == expected else None

        return wait_for(reached, seconds, f"call {call_id} to be {expected}") or {}

    def outcome_after_mending(self, call_id: str) -> dict[str, Any]:
        """The call, once its problem is gone and it has led somewhere."""

        def mended() -> dict[str, Any] | None:
            call = self.find(call_id)
            return call if call and call["outcome"] not in {"needs_attention", "working"} else None

        return wait_for(mended, 30, f"call {call_id} to be mended") or {}

    def appointment_of(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """The newest appointment of a call."""
        return self.stack.shop.get(f"/v1/appointments/{call['appointment_ids'][0]}")

    def appointment(self, appointment_id: str, state: str) -> dict[str, Any]:
        """The appointment, once it is in this state."""

        def reached() -> dict[str, Any] | None:
            found = self.stack.shop.get(f"/v1/appointments/{appointment_id}")
            return found if found["state"] == state else None

        return wait_for(reached, 30, f"appointment {appointment_id} to be {state}") or {}

    def standing(self, appointment_id: str) -> list[dict[str, Any]]:
        """The bookings at Cal.com that stand and have our id."""
        return [each for each in self.calcom.standing() if each["metadata"].get("appointment_id") == appointment_id]

    def mails(self, caller: str, count: int = 1) -> list[EmailMessage]:
        """The mails to a caller, once there are so many."""
        folder = Path(self.stack.env["MAIL_DIR"])
        return wait_for(lambda: _at_least(mails_to(folder, caller), count), 30, f"{count} mails to {caller}") or []


def _at_least(mails: list[EmailMessage], count: int) -> list[EmailMessage] | None:
    return mails if len(mails) >= count else None


def links_in(mail: EmailMessage) -> list[str]:
    """The addresses in the plain text of a mail that belong to us."""
    body = mail.get_body(("plain",))
    words = str(body.get_content()).split() if body else []
    return [word for word in words if "/a/" in word]


def press(url: str, **fields: str) -> httpx2.Response:
    """What a browser does when the first button of a page is pressed: the form is posted to where it says."""
    page = httpx2.get(url, timeout=20)
    action = re.search(r'<form method="post" action="([^"]+)"', page.text)
    assert action is not None, page.text
    return httpx2.post(urljoin(url, html.unescape(action[1])), data=fields, follow_redirects=True, timeout=20)


def _free_times(first_week: int) -> Iterator[datetime]:
    """Every hour of the working days from that week on: the half hours between them are offered instead of taken ones."""
    today = datetime.now(ZONE).date()
    monday = today + timedelta(days=-today.weekday(), weeks=first_week)
    for number in range(60):
        day = monday + timedelta(weeks=number // 5, days=number % 5)
        for hour in range(9, 17):
            yield datetime.combine(day, time(hour), ZONE)
