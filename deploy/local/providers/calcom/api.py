"""Cal.com's API v2: its endpoints, each with its version."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from deploy.local.providers.calcom import announcements, bookings, checks, shapes
from deploy.local.providers.calcom.errors import CalcomRefusedError, refusal, refused, wrong
from deploy.local.providers.calcom.search import older_search, search
from deploy.local.providers.calcom.slots import length_of, slots
from deploy.local.providers.calcom.state import Account, Booking, Subscription, furnish, new_uid
from deploy.local.providers.calcom.versions import HEADER, is_current
from deploy.local.providers.exchange import Answer, Handle, Request
from deploy.local.providers.provider import Provider, Route

BOOKING = "/v2/bookings/{uid}"


class CalcomApi(Provider):
    """Its endpoints over the accounts, one for each API key. The first one is there from the beginning.

    Cal.com sends a webhook once: one that is not taken is lost.
    """

    name = "calcom"

    def __init__(self, key: str, webhook_url: str = "", webhook_secret: str = "") -> None:
        self.key = key
        self.accounts: dict[str, Account] = {}
        self._first_subscription = Subscription("first", webhook_url, webhook_secret)
        super().__init__(webhook_retries=0)
        self.forget()

    def forget(self) -> None:
        """Only the first account is left, furnished as at the beginning."""
        first = Account(self.key)
        furnish(first)
        if self._first_subscription.url:
            first.subscriptions.append(self._first_subscription)
        self.accounts = {self.key: first}

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/v2/me", "me", self._answering(self._me)),
            Route("GET", "/v2/event-types", "event_types", self._answering(self._event_types)),
            Route("GET", "/v2/event-types/{number}", "event_type", self._answering(self._event_type)),
            Route("GET", "/v2/schedules", "schedules", self._answering(self._schedules)),
            Route("GET", "/v2/slots", "slots", self._answering(self._slots)),
            Route("POST", "/v2/slots/reservations", "reserve", self._answering(self._reserve)),
            Route("GET", "/v2/slots/reservations/{uid}", "reservation", self._answering(self._reservation)),
            Route("DELETE", "/v2/slots/reservations/{uid}", "release", self._answering(self._release)),
            Route("GET", "/v2/bookings", "bookings", self._answering(self._search)),
            Route("POST", "/v2/bookings", "book", self._answering(self._book)),
            Route("GET", BOOKING, "booking", self._answering(self._booking)),
            Route("POST", f"{BOOKING}/cancel", "cancel", self._answering(self._cancel)),
            Route("POST", f"{BOOKING}/reschedule", "reschedule", self._answering(self._reschedule)),
            Route("POST", f"{BOOKING}/confirm", "confirm", self._answering(self._confirm)),
            Route("POST", f"{BOOKING}/decline", "decline", self._answering(self._decline)),
            Route("POST", f"{BOOKING}/mark-absent", "absent", self._answering(self._absent)),
            Route("GET", "/v2/webhooks", "webhooks", self._answering(self._subscriptions)),
            Route("POST", "/v2/webhooks", "subscribe", self._answering(self._subscribe)),
            Route("DELETE", "/v2/webhooks/{number}", "unsubscribe", self._answering(self._unsubscribe)),
        ]

    def authorize(self, request: Request) -> None:
        if request.key not in self.accounts:
            raise refused(self.clock, request.path, 401, "ApiAuthStrategy - api key - Your api key is not valid")

    def not_found(self, request: Request) -> Answer:
        return refusal(self.clock, request.path, 404, f"Cannot {request.method} {request.path}")

    def throttled(self, request: Request) -> Answer:
        return refusal(self.clock, request.path, 429, "ThrottlerException: Too Many Requests")

    def announce(self, account: Account, event: str, held: Booking, at: datetime | None = None) -> None:
        """Send a webhook to whoever has subscribed to it."""
        content = announcements.body(event, held, at or self.clock.now())
        for each in account.subscriptions:
            if each.active and (each.triggers is None or event in each.triggers):
                self.sender.send(event, each.url, content, partial(announcements.headers, each.secret))

    def _answering(self, handle: Callable[..., Answer]) -> Handle:
        """Under the account's lock, with a refusal in Cal.com's own body."""

        def answer(request: Request, **arguments: str) -> Answer:
            account = self.accounts[request.key]
            try:
                with account.lock:
                    return handle(account, request, **arguments)
            except CalcomRefusedError as no:
                return refusal(self.clock, request.path, no.status, no.message)

        return answer

    def _body(self, request: Request) -> dict[str, Any]:
        try:
            return request.json()
        except ValueError as error:
            raise CalcomRefusedError(400, f"Invalid JSON: {error}") from None

    def _me(self, account: Account, _request: Request) -> Answer:
        owner = next(iter(account.hosts.values()))
        shown = {"id": owner.id, "username": owner.username, "email": owner.email, "name": owner.name}
        return _success({**shown, "timeZone": owner.time_zone, "weekStart": "Monday", "defaultScheduleId": owner.id})

    def _event_types(self, account: Account, request: Request) -> Answer:
        if not is_current(self.records, "event_types", request):
            return _success(shapes.old_event_types(account))
        slug, username = request.query.get("eventSlug"), request.query.get("username")
        kinds = [
            kind
            for kind in account.event_types.values()
            if slug in {None, kind.slug} and username in {None, account.hosts[kind.hosts[0]].username}
        ]
        return _success([shapes.event_type(account, kind) for kind in kinds])

    def _event_type(self, account: Account, request: Request, number: str) -> Answer:
        if not is_current(self.records, "event_type", request):
            return _success(shapes.old_event_types(account))
        if not number.isdigit() or int(number) not in account.event_types:
            raise CalcomRefusedError(404, f"Event type with id {number} not found")
        return _success(shapes.event_type(account, account.event_types[int(number)]))

    def _schedules(self, account: Account, request: Request) -> Answer:
        is_current(self.records, "schedules", request)
        return _success([shapes.schedule(host) for host in account.hosts.values()])

    def _slots(self, account: Account, request: Request) -> Answer:
        query = dict(request.query)
        if not is_current(self.records, "slots", request):
            query |= {"start": query.get("startTime", ""), "end": query.get("endTime", "")}
        wanted: dict[str, Any] = dict(query)
        for name in ("eventTypeId", "duration"):
            if name in query:
                wanted[name] = int(query[name]) if query[name].isdigit() else query[name]
        kind = bookings.event_type_of(account, wanted)
        zone = query.get("timeZone", "UTC")
        if zone not in available_timezones():
            raise wrong("timeZone", "timeZone must be a valid IANA time-zone")
        since, until = _bounds(query)
        length = length_of(kind, checks.number(wanted, "duration"))
        but = query.get("bookingUidToReschedule")
        found = slots(account, kind, since, until, length, self.clock.now(), but)
        ranges = [(start, start + length) for start in found]
        shown = shapes.free(ranges, ZoneInfo(zone), as_range=query.get("format") == "range")
        if request.headers.get(HEADER) != "2024-09-04":
            return _success({"slots": {day: [{"time": each["start"]} for each in all_] for day, all_ in shown.items()}})
        return _success(shown)

    def _reserve(self, account: Account, request: Request) -> Answer:
        if not is_current(self.records, "reserve", request):
            raise wrong("slotUtcStartDate", "slotUtcStartDate must be a valid ISO 8601 date string")
        return _success(shapes.reservation(bookings.reserve(account, self._body(request), self.clock.now())), 201)

    def _reservation(self, account: Account, request: Request, uid: str) -> Answer:
        is_current(self.records, "reservation", request)
        held = account.reservations.get(uid)
        return _success(shapes.reservation(held) if held and held.until > self.clock.now() else None)

    def _release(self, account: Account, request: Request, uid: str) -> Answer:
        is_current(self.records, "release", request)
        account.reservations.pop(uid, None)
        return _success({})

    def _search(self, account: Account, request: Request) -> Answer:
        if not is_current(self.records, "bookings", request):
            return older_search(account, request.query, request.headers.get(HEADER))
        return search(account, request.query, self.lists, self.clock.now())

    def _book(self, account: Account, request: Request) -> Answer:
        body = self._body(request)
        if not is_current(self.records, "book", request):
            missing = [name for name in ("timeZone", "language", "responses", "metadata") if name not in body]
            raise wrong(missing[0] if missing else "attendee", f"{', '.join(missing)} should not be null or undefined")
        made = bookings.create(account, body, self.clock.now())
        for held in made:
            self.announce(account, announcements.REQUESTED if held.status == "pending" else announcements.CREATED, held)
        shown = [shapes.booking(held) for held in made]
        return _success(shown if len(made) > 1 else shown[0], 201)

    def _booking(self, account: Account, request: Request, uid: str) -> Answer:
        held = bookings.find(account, uid)
        if not is_current(self.records, "booking", request):
            return _success(shapes.old_booking(held))
        return _success(shapes.booking(held))

    def _cancel(self, account: Account, request: Request, uid: str) -> Answer:
        current = is_current(self.records, "cancel", request)
        held = bookings.cancel(account, uid, self._body(request), self.clock.now())
        self.announce(account, announcements.CANCELLED, held)
        old = {"success": True, "message": "Booking successfully cancelled.", "bookingId": held.id}
        return _success(shapes.booking(held) if current else old)

    def _reschedule(self, account: Account, request: Request, uid: str) -> Answer:
        self._refuse_old("reschedule", request)
        held = bookings.reschedule(account, uid, self._body(request), self.clock.now())
        self.announce(account, announcements.REQUESTED if held.status == "pending" else announcements.RESCHEDULED, held)
        return _success(shapes.booking(held), 201)

    def _confirm(self, account: Account, request: Request, uid: str) -> Answer:
        self._refuse_old("confirm", request)
        held = bookings.decide(account, uid, self.clock.now(), accepted=True)
        self.announce(account, announcements.CREATED, held)
        return _success(shapes.booking(held))

    def _decline(self, account: Account, request: Request, uid: str) -> Answer:
        self._refuse_old("decline", request)
        reason = checks.text(self._body(request), "reason") or ""
        held = bookings.decide(account, uid, self.clock.now(), accepted=False, reason=reason)
        self.announce(account, announcements.REJECTED, held)
        return _success(shapes.booking(held))

    def _absent(self, account: Account, request: Request, uid: str) -> Answer:
        self._refuse_old("absent", request)
        held, body = bookings.find(account, uid), self._body(request)
        held.absent_host = bool(body.get("host", held.absent_host))
        absent = {each["email"]: bool(each["absent"]) for each in body.get("attendees", [])}
        for each in held.attendees:
            each.absent = absent.get(shapes.email_of(each), each.absent)
        held.updated_at = self.clock.now()
        self.announce(account, announcements.ABSENT, held)
        return _success(shapes.booking(held))

    def _refuse_old(self, operation: str, request: Request) -> None:
        """These endpoints came with version 2024-08-13: an older one does not have them."""
        if not is_current(self.records, operation, request):
            raise CalcomRefusedError(404, f"Cannot {request.method} {request.path}")

    def _subscriptions(self, account: Account, _request: Request) -> Answer:
        return _success([_shown(each) for each in account.subscriptions])

    def _subscribe(self, account: Account, request: Request) -> Answer:
        body = self._body(request)
        url, secret = checks.text(body, "subscriberUrl"), checks.text(body, "secret")
        if not url or not isinstance(body.get("triggers"), list):
            raise wrong("triggers", "triggers must be an array")
        made = Subscription(new_uid(), url, secret or "", list(body["triggers"]), bool(body.get("active", True)))
        account.subscriptions.append(made)
        return _success(_shown(made), 201)

    def _unsubscribe(self, account: Account, _request: Request, number: str) -> Answer:
        found = [each for each in account.subscriptions if each.id == number]
        if not found:
            raise CalcomRefusedError(404, f"Webhook with id {number} not found")
        account.subscriptions.remove(found[0])
        return _success(_shown(found[0]))


def _success(data: Any, status: int = 200) -> Answer:
    return Answer(status, {"status": "success", "data": data})


def _shown(each: Subscription) -> dict[str, Any]:
    triggers = {"triggers": each.triggers} if each.triggers is not None else {}
    return {"id": each.id, "subscriberUrl": each.url, "active": each.active, "payloadTemplate": None, **triggers}


def _bounds(query: dict[str, str]) -> tuple[datetime, datetime]:
    """From the first moment to the last. A bare date is a whole day of UTC, as in the original."""
    since, until = checks.moment(query.get("start"), "start"), checks.moment(query.get("end"), "end")
    return since, until + timedelta(days=1) if len(query["end"]) == len("2050-09-05") else until
