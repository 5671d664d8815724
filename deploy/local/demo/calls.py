"""The second act: somebody calls, and an appointment stands in the calendar, with its confirmation in the mail."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2

from deploy.local.demo.checks import mails_to
from deploy.local.demo.client import Shop
from deploy.local.demo.steps import Telling, expect
from deploy.local.providers.client import Calcom, ControlError, Retell

ZONE = ZoneInfo("Europe/Berlin")
SERVICE = "check-up"
EVENT_TYPE = 1
"""The number of that service at a local Cal.com."""


@dataclass(frozen=True)
class Accounts:
    """The local Cal.com and the local Retell of a stack."""

    calcom: Calcom
    retell: Retell
    calcom_key: str

    @classmethod
    def of_stack(cls, values: Mapping[str, str]) -> "Accounts | None":
        """Those that the settings name; None where they are real ones: nobody is called for a demonstration."""
        try:
            calcom = Calcom(values["APPOINTMENTS_CALCOM_BASE_URL"])
            retell = Retell(values["APPOINTMENTS_RETELL_BASE_URL"])
            if "https" in calcom.url + retell.url:
                return None
            calcom.tell("GET", "health")
            retell.tell("GET", "health")
        except (KeyError, ControlError):
            return None
        return cls(calcom, retell, values["APPOINTMENTS_CALCOM_API_KEY"])

    def free(self, event_type: int = EVENT_TYPE, days: int = 2) -> list[datetime]:
        """The times from so many days on that the calendar shows as free, the first one first. There is one."""
        begin = datetime.now(UTC) + timedelta(days=days)
        query = {"eventTypeId": str(event_type), "start": begin.isoformat(timespec="seconds")}
        query |= {"end": (begin + timedelta(days=14)).isoformat(timespec="seconds"), "timeZone": ZONE.key}
        headers = {"Authorization": f"Bearer {self.calcom_key}", "cal-api-version": "2024-09-04"}
        answer = httpx2.get(f"{self.calcom.url}/v2/slots", params=query, headers=headers, timeout=20)
        expect(answer.status_code == 200, f"free times, not {answer.text}")
        starts = [slot["start"] for slots in answer.json()["data"].values() for slot in slots]
        expect(bool(starts), "a free time in the next two weeks")
        return sorted(map(datetime.fromisoformat, starts))


class CallStory:
    """One call against a stack. What fails raises StepFailedError."""

    def __init__(self, shop: Shop, accounts: Accounts, mail_folder: Path, say: Callable[[str], None] = print) -> None:
        self.shop, self.accounts, self.mail_folder = shop, accounts, mail_folder
        self.caller = f"grace.{uuid4().hex[:8]}@example.org"
        telling = Telling(say)
        self._step, self._until = telling.step, telling.until

    def tell(self) -> None:
        """Run every step."""
        self._set_up()
        start = self._first_free()
        call_id = self._call(start)
        booking = self._stands_in_the_calendar(call_id, start)
        self._is_known_here(call_id, booking)
        self._confirmation_arrives(booking, start)

    def _set_up(self) -> None:
        """A company that is set up already is left as it is. Its calendar has to have been read."""
        company = self.shop.find("/v1/company") or self.shop.put(
            "/v1/company", {"name": "Example Dental", "time_zone": ZONE.key, "language": "en", "country": "DE"}
        )
        self._until(self._calendar_is_read, "the calendar to be read")
        self._step(f"“{company['name']}” is set up, in {company['time_zone']}; its calendar has been read")

    def _first_free(self) -> datetime:
        """Free there and here: a local Cal.com forgets its bookings when it stops, and Bellhop does not."""
        known = self.shop.get("/v1/appointments?limit=100")["data"]
        taken = {datetime.fromisoformat(each["starts_at"]) for each in known if each["starts_at"]}
        free = [start for start in self.accounts.free() if start not in taken]
        expect(bool(free), "a free time that nobody has taken here")
        return free[0]

    def _calendar_is_read(self) -> bool:
        connections = self.shop.get("/v1/connections")["data"]
        return any(each["provider"] == "calcom" and each["synced_at"] for each in connections)

    def _call(self, start: datetime) -> str:
        said = f"I would like a check-up on {start:%A, %d %B} at {start:%H:%M}."
        call_id = self.accounts.retell.end_call(
            {
                "from_number": "+4930901820",
                "talk": [["agent", "Example Dental, how can I help?"], ["user", said]],
                "analysis": {
                    "appointment_requested": True,
                    "customer_name": "Grace Hopper",
                    "customer_email": self.caller,
                    "preferred_start": start.replace(tzinfo=None).isoformat(),
                    "event_type_slug": SERVICE,
                },
            }
        )
        forged = httpx2.post(
            f"{self.shop.url}/webhooks/retell",
            content=b'{"event":"call_ended","call":{"call_id":"forged"}}',
            headers={"X-Retell-Signature": f"v=1,d={'0' * 64}"},
            timeout=10,
        )
        expect(forged.status_code in {400, 401}, f"a forged webhook to be refused, not {forged.status_code}")
        self._step(f"Grace has called: “{said}” Retell tells of it, signed; a forged one is refused")
        return call_id

    def _stands_in_the_calendar(self, call_id: str, start: datetime) -> dict[str, Any]:
        def booked() -> dict[str, Any] | None:
            standing = self.accounts.calcom.standing()
            return next((each for each in standing if each["metadata"].get("retell_call_id") == call_id), None)

        booking = self._until(booked, "the booking at Cal.com")
        expect(datetime.fromisoformat(booking["start"]) == start, f"a booking at {start}, not {booking['start']}")
        expect(not self.accounts.calcom.violations(), f"no wrong request, not {self.accounts.calcom.violations()[:3]}")
        self._step(f"it stands in the local Cal.com: {SERVICE} with {booking['hosts'][0]['name']}, {start:%d %B %H:%M}")
        return booking

    def _is_known_here(self, call_id: str, booking: Mapping[str, Any]) -> None:
        def recorded() -> dict[str, Any] | None:
            calls = self.shop.get("/v1/calls")["data"]
            found = next((each for each in calls if each["external_id"] == call_id), None)
            return found if found and found["outcome"] == "booked" else None

        call = self.shop.get(f"/v1/calls/{self._until(recorded, 'the call to be booked')['id']}")
        appointment = self.shop.get(f"/v1/appointments/{booking['metadata']['appointment_id']}")
        expect("check-up" in call["transcript"], f"the call's transcript, not {call['transcript']}")
        expect(appointment["state"] == "booked", f"a booked appointment, not {appointment}")
        self._step("call, transcript and appointment can be read at the API; the call's outcome is “booked”")

    def _confirmation_arrives(self, booking: Mapping[str, Any], start: datetime) -> None:
        mail = self._until(lambda: mails_to(self.mail_folder, self.caller), "the confirmation")[0]
        file = calendar_file(mail)
        expect("METHOD:REQUEST" in file, f"a calendar file that invites, not {file}")
        expect(f"DTSTART:{start.astimezone(UTC):%Y%m%dT%H%M%SZ}" in file, f"the start in the calendar file, not {file}")
        expect(booking["uid"] not in str(mail["Subject"]), "a subject for people")
        self._step(f"the mail “{mail['Subject']}” arrived with its calendar file")


def calendar_file(mail: EmailMessage) -> str:
    """The calendar file in a mail, its folded lines put together; an empty text where there is none."""
    for part in mail.walk():
        if part.get_content_type() == "text/calendar":
            content = part.get_content()
            text = content if isinstance(content, str) else content.decode()
            return re.sub(r"\r?\n[ \t]", "", text)
    return ""
