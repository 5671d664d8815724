"""Requests to Cal.com's API v2. Each endpoint has its own version; a missing one silently means an older one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from services.appointments.adapters.calcom import answers
from services.appointments.adapters.calcom.errors import refusal
from services.appointments.adapters.calcom.reading import mapping, maybe_mapping, text
from services.appointments.domain.bookings import Offering, Page, Request, Usage, Word
from services.appointments.domain.connections import Credentials
from services.appointments.errors import BookingGoneError, CalendarUnclearError, UnexpectedProviderShapeError
from shared.errors import TransientError
from shared.http import HttpClient, Response

SLOTS: Final = "2024-09-04"
EVENT_TYPES: Final = "2024-06-14"
BOOKINGS: Final = "2026-02-25"
BOOKINGS_LIST: Final = "2026-05-01"
"""The list alone: it has a cursor, and knows one status at most."""

EXCHANGE_SECONDS: Final = 15.0
"""For one whole exchange."""
PATIENCE_SECONDS: Final = 30.0
"""For all requests of one call together, unless it allows more: a lease on the call must outlast it."""
RESERVED_MINUTES: Final = 2
LONGEST_NAME: Final = 200
MOST_PAGES: Final = 20
"""Of one search: more bookings than that around one hour of one event type nobody has."""

LANGUAGES: Final = frozenset(
    {
        *(
            "ar",
            "az",
            "bg",
            "bn",
            "ca",
            "cs",
            "da",
            "de",
            "el",
            "en",
            "es",
            "es-419",
            "et",
            "eu",
            "fi",
            "fr",
            "he",
            "hr",
        ),
        *(
            "hu",
            "id",
            "it",
            "iw",
            "ja",
            "km",
            "ko",
            "lv",
            "nl",
            "no",
            "pl",
            "pt",
            "pt-BR",
            "ro",
            "ru",
            "sk",
            "sr",
            "sv",
        ),
        *("ta", "th", "tr", "uk", "vi", "zh-CN", "zh-TW"),
    }
)
"""Those that Cal.com writes in; it refuses a booking with another one."""


class CalcomCalendars:
    """Makes the calendar of a connection. One for each process: it keeps the HTTP connections."""

    def __init__(self, base_url: str, *, total: float = EXCHANGE_SECONDS) -> None:
        self._client = HttpClient(base_url, total=total)
        self._total = total

    def __call__(self, credentials: Credentials) -> "CalcomCalendar":
        return CalcomCalendar(self._client, credentials.api_key, self._total)

    def close(self) -> None:
        """Close the idle connections."""
        self._client.close()


class CalcomCalendar:
    """One account. Raises what `errors.refusal` says, and what HttpClient does; all derive from BellhopError.

    `usage` tells how many requests were made with this object, and what Cal.com said of the limit last.
    """

    def __init__(self, client: HttpClient, api_key: str, total: float = EXCHANGE_SECONDS) -> None:
        self._client, self._api_key, self._total = client, api_key, total
        self._ends_at = monotonic() + PATIENCE_SECONDS
        self.usage = Usage()

    def allow(self, seconds: float) -> None:
        """Give all further requests together so many seconds from now."""
        self._ends_at = monotonic() + seconds

    def event_types(self) -> Sequence[Offering]:
        """All that can be booked."""
        return answers.offerings(self._get("/v2/event-types", EVENT_TYPES, {}).get("data"))

    def slots(
        self,
        event_type: int,
        since: datetime,
        until: datetime,
        *,
        length_minutes: int | None = None,
        moving_uid: str | None = None,
    ) -> Sequence[datetime]:
        """The free starts from `since` to `until`, in UTC, as if the booking `moving_uid` were not there."""
        params = {"eventTypeId": str(event_type), "start": _utc(since), "end": _utc(until), "timeZone": "UTC"}
        params |= {"duration": str(length_minutes)} if length_minutes else {}
        params |= {"bookingUidToReschedule": moving_uid} if moving_uid else {}
        found = answers.slots(self._get("/v2/slots", SLOTS, params).get("data"))
        return [start for start in found if since <= start < until]

    def reserve(self, request: Request) -> str:
        """Keep the slot of a request free for others for some minutes. Returns the reservation's uid."""
        body: dict[str, Any] = {
            "eventTypeId": request.event_type,
            "slotStart": _utc(request.starts_at),
            "reservationDuration": RESERVED_MINUTES,
        }
        body |= {"slotDuration": request.length_minutes} if request.length_minutes else {}
        answer = self._post("/v2/slots/reservations", SLOTS, body)
        return text(maybe_mapping(answer.get("data")).get("reservationUid"), "reservationUid")

    def book(self, request: Request, reservation: str | None) -> Word:
        """Book. The request's ids stand in the booking's metadata, where `find` looks for them."""
        metadata = {answers.OUR_ID: str(request.appointment_id)}
        metadata |= {answers.CALL_ID: request.call_id[:500]} if request.call_id else {}
        body: dict[str, Any] = {
            "start": _utc(request.starts_at),
            "eventTypeId": request.event_type,
            "attendee": _attendee(request),
            "metadata": metadata,
        }
        body |= {"lengthInMinutes": request.length_minutes} if request.length_minutes else {}
        body |= {"reservedSlotUid": reservation} if reservation else {}
        return self._changed(self._post("/v2/bookings", BOOKINGS, body))

    def find(self, appointment_id: UUID, event_type: int | None, around: datetime) -> Word | None:
        """The booking with our id in its metadata that stands, or else one that does not; None where none is found.

        Cal.com's search may lag behind, and leave bookings out: not found is not yet not there.
        """
        params = {"afterStart": _utc(around - timedelta(hours=1)), "beforeEnd": _utc(around + timedelta(hours=25))}
        params |= {"eventTypeId": str(event_type)} if event_type else {}
        found = [word for word in self._all(params) if word.appointment_id == appointment_id]
        standing = [word for word in found if word.following_uid is None]
        return next(iter(standing or found), None)

    def updated(self, since: datetime, cursor: str | None) -> Page:
        """A page of the bookings that were changed since, in any order."""
        return self._page({"afterUpdatedAt": _utc(since)}, cursor)

    def booking(self, uid: str) -> Word | None:
        """One booking; None where there is none of this uid."""
        try:
            return answers.booking(self._get(f"/v2/bookings/{quote(uid, safe='')}", BOOKINGS, {}).get("data"))
        except BookingGoneError:
            return None

    def cancel(self, uid: str, reason: str) -> Word:
        """Cancel. Raises AlreadyCancelledError."""
        body = {"cancellationReason": reason[:500] or "cancelled by the customer"}
        return self._changed(self._post(f"/v2/bookings/{quote(uid, safe='')}/cancel", BOOKINGS, body))

    def reschedule(self, uid: str, starts_at: datetime, reason: str) -> Word:
        """Move. The booking that comes of it has another uid."""
        body = {"start": _utc(starts_at)} | ({"reschedulingReason": reason[:500]} if reason else {})
        return self._changed(self._post(f"/v2/bookings/{quote(uid, safe='')}/reschedule", BOOKINGS, body))

    def _all(self, params: Mapping[str, str]) -> Sequence[Word]:
        words: list[Word] = []
        cursor = None
        for _ in range(MOST_PAGES):
            page = self._page(params, cursor)
            words.extend(page.words)
            cursor = page.cursor
            if cursor is None:
                break
        return words

    def _page(self, params: Mapping[str, str], cursor: str | None) -> Page:
        whole = {**params, "cursor": cursor} if cursor else params
        return answers.page(self._get("/v2/bookings", BOOKINGS_LIST, whole))

    def _changed(self, answer: Mapping[str, Any]) -> Word:
        """The booking as it is now. One that cannot be read was made all the same: so the outcome is unknown."""
        try:
            return answers.booking(answer.get("data"))
        except UnexpectedProviderShapeError as error:
            raise CalendarUnclearError(str(error)) from error

    def _get(self, path: str, version: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        return self._ask("GET", path, version, params=params)

    def _post(self, path: str, version: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._ask("POST", path, version, json=body)

    def _ask(self, method: str, path: str, version: str, **content: Any) -> Mapping[str, Any]:
        left = self._ends_at - monotonic()
        if left < 1:
            raise TransientError(f"no time is left for {method} {path}: Cal.com has been slow")
        headers = {"Authorization": f"Bearer {self._api_key}", "cal-api-version": version}
        self.usage.requests += 1
        response = self._client.request(method, path, headers=headers, total=min(left, self._total), **content)
        self._note_limit(response)
        if not response.is_success:
            raise refusal(response, f"{method} {path}", changes=method == "POST")
        return mapping(response.json(), "answer")

    def _note_limit(self, response: Response) -> None:
        """`X-RateLimit-Remaining-Default`, and in how many seconds it begins anew."""
        remaining, reset = (
            response.headers.get(f"x-ratelimit-{name}-default", response.headers.get(f"x-ratelimit-{name}", "")).strip()
            for name in ("remaining", "reset")
        )
        if remaining.isascii() and remaining.isdigit():
            self.usage.remaining = int(remaining)
            self.usage.reset_seconds = float(reset) if reset.isascii() and reset.isdigit() else None


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _attendee(request: Request) -> dict[str, str]:
    """Who comes. An address or a number is enough for Cal.com."""
    primary = request.language.partition("-")[0].lower()
    language = next((one for one in (request.language, primary) if one in LANGUAGES), "en")
    who = {"name": request.name[:LONGEST_NAME], "timeZone": request.time_zone, "language": language}
    who |= {"email": request.email} if request.email else {}
    return who | ({"phoneNumber": request.phone} if request.phone else {})
