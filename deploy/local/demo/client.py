"""What a shop does to Bellhop: its API calls, and what Stripe sends."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2


class StepFailedError(Exception):
    """A step of the story did not come out as it must. The text says what was expected and what came."""


@dataclass(frozen=True)
class Shop:
    """A client of the API with one organisation's key. Each POST carries an Idempotency-Key of its own."""

    url: str
    api_key: str
    stripe_secret: str

    def post(self, path: str, body: dict[str, Any], expected: int = 201) -> dict[str, Any]:
        """POST and return the JSON. Raises StepFailedError for any other status."""
        headers = {"Authorization": f"Bearer {self.api_key}", "Idempotency-Key": str(uuid4())}
        return _json(httpx2.post(f"{self.url}{path}", json=body, headers=headers, timeout=20), expected)

    def put(self, path: str, body: dict[str, Any], expected: tuple[int, ...] = (200, 201)) -> dict[str, Any]:
        """PUT and return the JSON."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = httpx2.put(f"{self.url}{path}", json=body, headers=headers, timeout=20)
        return _json(answer, answer.status_code if answer.status_code in expected else expected[0])

    def get(self, path: str, expected: int = 200) -> dict[str, Any]:
        """GET and return the JSON."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return _json(httpx2.get(f"{self.url}{path}", headers=headers, timeout=20), expected)

    def upload(self, path: str, name: str, content: bytes, form: dict[str, str]) -> dict[str, Any]:
        """POST a file with the fields of a form, and return the JSON."""
        headers = {"Authorization": f"Bearer {self.api_key}", "Idempotency-Key": str(uuid4())}
        answer = httpx2.post(
            f"{self.url}{path}", files={"file": (name, content)}, data=form, headers=headers, timeout=60
        )
        return _json(answer, 201)

    def find_ready(self, path: str) -> dict[str, Any] | None:
        """GET what is being made; None while it is (409)."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = httpx2.get(f"{self.url}{path}", headers=headers, timeout=20)
        return None if answer.status_code == 409 else _json(answer, 200)

    def find(self, path: str) -> dict[str, Any] | None:
        """GET and return the JSON; None where there is nothing."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = httpx2.get(f"{self.url}{path}", headers=headers, timeout=20)
        return None if answer.status_code == 404 else _json(answer, 200)

    def stripe_says_paid(self, order: dict[str, Any], event_id: str | None = None) -> int:
        """Send `payment_intent.succeeded` for an order, signed as Stripe signs. Returns the HTTP status."""
        body = json.dumps(payment_intent_succeeded(order, event_id or f"evt_{uuid4().hex}")).encode()
        headers = {"Content-Type": "application/json", "Stripe-Signature": stripe_signature(self.stripe_secret, body)}
        return httpx2.post(f"{self.url}/webhooks/stripe", content=body, headers=headers, timeout=20).status_code


def stripe_signature(secret: str, body: bytes, timestamp: int | None = None) -> str:
    """The Stripe-Signature header: HMAC-SHA256 over `<t>.<raw body>` with the secret's own text as the key."""
    seconds = int(time.time()) if timestamp is None else timestamp
    signed = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signed}"


def payment_intent_succeeded(order: dict[str, Any], event_id: str) -> dict[str, Any]:
    """Stripe's event for a paid order: the fields that Bellhop reads, and some that it must not mind."""
    intent = f"pi_{hashlib.sha256(str(order['id']).encode()).hexdigest()[:24]}"
    return {
        "id": event_id,
        "object": "event",
        "api_version": "2026-06-24.dahlia",
        "created": int(time.time()),
        "type": "payment_intent.succeeded",
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "data": {
            "object": {
                "id": intent,
                "object": "payment_intent",
                "amount": order["amount"],
                "amount_received": order["amount"],
                "currency": order["currency"],
                "latest_charge": f"ch_{intent[3:]}",
                "livemode": False,
                "metadata": {"order_id": order["id"]},
                "status": "succeeded",
            }
        },
    }


def _json(answer: httpx2.Response, expected: int) -> dict[str, Any]:
    if answer.status_code != expected:
        raise StepFailedError(
            f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}, "
            f"not {expected}: {answer.text[:500]}"
        )
    parsed: dict[str, Any] = answer.json()
    return parsed
