"""The load of the real thing: buyers who order over HTTP and Stripe, which says that they have paid.

Both behave as they do in life: whatever is not answered, or answered with "later", is asked again in the same words.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import httpx2

from deploy.local.demo.client import payment_intent_succeeded, stripe_signature

TICKETS = (1, 2, 3)
"""How many tickets the orders have, in turn."""
PRICE = 4_500
LATER = {408, 425, 429, 502, 503, 504}


class NotAcceptedError(OSError):
    """The request may or may not have arrived, or was refused for the moment. It is sent again."""


@dataclass
class BoxOffice:
    """A shop's side of the API, and Stripe's. `refused` counts the answers that said "later", by status."""

    url: str
    api_key: str
    stripe_secret: str
    refused: Counter[str] = field(default_factory=Counter)
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    event: dict[str, Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _http: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=10, trust_env=False))

    def close(self) -> None:
        """Close the connection to the gateway."""
        self._http.close()

    def put_on_sale(self, subscriber_url: str) -> str:
        """One event with tickets enough for everybody, and a subscriber of its webhooks. Returns the signing secret."""
        new = {"name": "An evening at the Grand", "starts_at": "2031-06-01T19:30:00Z", "currency": "eur"}
        self.event = self._post("/v1/events", new, "event")
        stalls = {"name": "Stalls", "price": PRICE, "quantity": 1_000_000}
        self.event["ticket_type"] = self._post(f"/v1/events/{self.event['id']}/ticket-types", stalls, "ticket-type")
        listener = {"url": subscriber_url, "event_types": ["order.paid", "order.fulfilled"]}
        return str(self._post("/v1/webhook-endpoints", listener, "listener")["secret"])

    def ask(self, number: int) -> None:
        """Place order `number` and pay it. Asked again, it is the same order and the same payment.

        Raises NotAcceptedError as long as one of the two was not accepted.
        """
        if number not in self.orders:
            self.orders[number] = self._post("/v1/orders", self._order(number), f"order-{number}")
        self._say_paid(self.orders[number], f"evt_campaign_{number}")

    def keys(self) -> list[dict[str, str]]:
        """The public keys with which the event's tickets are verified."""
        answer = self._send("GET", f"/v1/events/{self.event['id']}/check-in-keys", b"", self._authorized())
        keys: list[dict[str, str]] = answer["keys"]
        return keys

    def _order(self, number: int) -> dict[str, Any]:
        quantity = TICKETS[number % len(TICKETS)]
        return {
            "event_id": self.event["id"],
            "items": [{"ticket_type_id": self.event["ticket_type"]["id"], "quantity": quantity}],
            "customer": {"name": "Ada Lovelace", "email": buyer(number)},
        }

    def _say_paid(self, order: dict[str, Any], event_id: str) -> None:
        body = json.dumps(payment_intent_succeeded(order, event_id)).encode()
        headers = {"Content-Type": "application/json", "Stripe-Signature": stripe_signature(self.stripe_secret, body)}
        self._send("POST", "/webhooks/stripe", body, headers)

    def _authorized(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}

    def _post(self, path: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
        headers = {**self._authorized(), "Content-Type": "application/json", "Idempotency-Key": key}
        return self._send("POST", path, json.dumps(body).encode(), headers)

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        try:
            answer = self._http.request(method, self.url + path, content=body, headers=dict(headers))
        except httpx2.TransportError as error:
            self._note(type(error).__name__)
            raise NotAcceptedError(repr(error)) from error
        if answer.status_code in LATER or (answer.status_code == 409 and "idempotency_in_progress" in answer.text):
            self._note(str(answer.status_code))
            raise NotAcceptedError(answer.text)
        assert answer.is_success, f"{method} {path} answered {answer.status_code}: {answer.text}"
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def _note(self, refusal: str) -> None:
        with self._lock:
            self.refused[refusal] += 1


def buyer(number: int) -> str:
    """The address of the buyer of one order: each has their own."""
    return f"ada.{number}@example.org"
