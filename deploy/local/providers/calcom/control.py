"""What a local Cal.com can be told and asked besides its API: what its owner and its guests do on its own pages."""

from collections import defaultdict
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from deploy.local.providers.calcom import announcements, bookings, shapes
from deploy.local.providers.calcom.api import CalcomApi
from deploy.local.providers.calcom.errors import CalcomRefusedError, refusal
from deploy.local.providers.calcom.slots import hours_from
from deploy.local.providers.calcom.state import Account, Booking, EventType, Host, Subscription, furnish, new_uid
from deploy.local.providers.clock import iso
from deploy.local.providers.exchange import Answer, Handle, Request
from deploy.local.providers.provider import CONTROL, Route


class LocalCalcom(CalcomApi):
    """The whole local Cal.com. The parameter `key` of a control request names an account other than the first."""

    def controls(self) -> list[Route]:
        told: dict[tuple[str, str], Handle] = {
            ("POST", "accounts"): self._add_account,
            ("POST", "webhook"): self._set_webhook,
            ("POST", "webhooks/again"): self._again,
            ("POST", "webhooks/send"): self._send,
            ("POST", "hosts"): self._put_host,
            ("POST", "event-types"): self._put_event_type,
            ("DELETE", "event-types/{number}"): self._remove_event_type,
            ("GET", "bookings"): self._held,
            ("POST", "bookings"): self._book_by_guest,
            ("POST", "bookings/{uid}/{deed}"): self._do,
            ("GET", "slots"): self._slots_held,
            ("GET", "reservations"): self._reservations,
        }
        return [Route(method, CONTROL + name, name, self._refusing(handle)) for (method, name), handle in told.items()]

    def _refusing(self, handle: Handle) -> Handle:
        def answer(request: Request, **arguments: str) -> Answer:
            try:
                return handle(request, **arguments)
            except CalcomRefusedError as no:
                return refusal(self.clock, request.path, no.status, no.message)

        return answer

    def _account(self, request: Request) -> Account:
        return self.accounts[request.query.get("key", self.key)]

    def _add_account(self, request: Request) -> Answer:
        account = Account(request.json()["key"])
        furnish(account)
        self.accounts[account.key] = account
        return Answer(201)

    def _set_webhook(self, request: Request) -> Answer:
        told, account = request.json(), self._account(request)
        account.subscriptions[:] = [Subscription(new_uid(), told["url"], told["secret"], told.get("triggers"))]
        return Answer(200)

    def _put_host(self, request: Request) -> Answer:
        told = request.json()
        if "hours" in told:
            told["hours"] = hours_from(told["hours"])
        if "overrides" in told:
            told["overrides"] = {day: hours_from(hours) for day, hours in told["overrides"].items()}
        account = self._account(request)
        with account.lock:
            former = account.hosts.get(told["id"])
            changed = Host(**{**_fields(former), **told})
            if former is not None:
                vars(former).update(vars(changed))
            else:
                account.hosts[changed.id] = changed
        return Answer(200)

    def _put_event_type(self, request: Request) -> Answer:
        told, account = request.json(), self._account(request)
        with account.lock:
            former = account.event_types.get(told["id"])
            changed = EventType(**{**_fields(former), **told})
            if former is not None:
                vars(former).update(vars(changed))
            else:
                account.event_types[changed.id] = changed
        return Answer(200)

    def _remove_event_type(self, request: Request, number: str) -> Answer:
        account = self._account(request)
        with account.lock:
            del account.event_types[int(number)]
        return Answer(200)

    def _held(self, request: Request) -> Answer:
        account = self._account(request)
        with account.lock:
            shown = [{**shapes.booking(held), "iCalSequence": held.sequence} for held in account.bookings.values()]
        return Answer(200, shown)

    def _slots_held(self, request: Request) -> Answer:
        """For each host's user name, the bookings that stand at each start: more than one is an overbooking."""
        account = self._account(request)
        found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        with account.lock:
            for held in account.bookings.values():
                for host in held.hosts if held.stands else []:
                    found[host.username][iso(held.start)].append(held.uid)
        return Answer(200, found)

    def _reservations(self, request: Request) -> Answer:
        account = self._account(request)
        with account.lock:
            standing = [held for held in account.reservations.values() if held.until > self.clock.now()]
            return Answer(200, [shapes.reservation(held) for held in standing])

    def _book_by_guest(self, request: Request) -> Answer:
        account = self._account(request)
        with account.lock:
            made = bookings.create(account, request.json(), self.clock.now())
            for held in made:
                pending = held.status == "pending"
                self.announce(account, announcements.REQUESTED if pending else announcements.CREATED, held)
            return Answer(201, shapes.booking(made[0]))

    def _do(self, request: Request, uid: str, deed: str) -> Answer:
        account, told, now = self._account(request), request.json(), self.clock.now()
        with account.lock:
            if deed == "cancel":
                event, held = announcements.CANCELLED, bookings.cancel(account, uid, told, now)
            elif deed == "reschedule":
                held = self._moved(account, uid, told)
                event = announcements.REQUESTED if held.status == "pending" else announcements.RESCHEDULED
            elif deed in {"confirm", "decline"}:
                accepted = deed == "confirm"
                held = bookings.decide(account, uid, now, accepted=accepted, reason=told.get("reason", ""))
                event = announcements.CREATED if accepted else announcements.REJECTED
            else:
                event, held = self._marked(account, uid, deed)
            self.announce(account, event, held)
            return Answer(200, shapes.booking(held))

    def _moved(self, account: Account, uid: str, told: dict[str, Any]) -> Booking:
        """By the guest or the host. With `forgets_metadata` the new booking has none of what we gave the former."""
        forgets = bool(told.pop("forgets_metadata", False))
        held = bookings.reschedule(account, uid, told, self.clock.now())
        held.metadata = {} if forgets else held.metadata
        return held

    def _marked(self, account: Account, uid: str, deed: str) -> tuple[str, Booking]:
        held = bookings.find(account, uid)
        held.updated_at = self.clock.now()
        if deed == "absent":
            held.attendees[0].absent = True
            return announcements.ABSENT, held
        if deed == "paid":
            held.is_paid = True
            return announcements.PAID, held
        raise ValueError(f"{deed} is not cancel, reschedule, confirm, decline, absent or paid")

    def _again(self, request: Request) -> Answer:
        """Send a webhook that was sent once more, byte for byte."""
        secret = self._account(request).subscriptions[0].secret
        self.sender.again(int(request.json()["number"]), lambda body: announcements.headers(secret, body))
        return Answer(200)

    def _send(self, request: Request) -> Answer:
        """Send a webhook of any name about a booking, as if written `age` seconds ago."""
        told, account = request.json(), self._account(request)
        at = self.clock.now() - timedelta(seconds=float(told.get("age", 0)))
        with account.lock:
            self.announce(account, told["event"], bookings.find(account, told["uid"]), at)
        return Answer(200)


def _fields(former: Host | EventType | None) -> dict[str, Any]:
    if former is None:
        return {}
    fields = asdict(former)
    if isinstance(former, Host):
        fields["hours"] = former.hours
        fields["overrides"] = former.overrides
    return fields
