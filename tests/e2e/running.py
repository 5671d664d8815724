"""A stack that runs, as these tests use it: its API, its database, its broker, its mails, its command line."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.rows import TupleRow

from deploy.local.demo.checks import mails_to
from deploy.local.demo.client import Shop, payment_intent_succeeded
from deploy.local.settings import is_setting
from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
SWEEP = "ticketing.expire_orders"


def surroundings() -> dict[str, str]:
    """The environment without any setting of Bellhop's: the stack makes its own up."""
    return {name: value for name, value in os.environ.items() if not is_setting(name)}


@dataclass(frozen=True)
class RunningStack:
    """What `make up` has started in `folder`; `env` is its `env` file."""

    folder: Path
    env: Mapping[str, str]

    @property
    def shop(self) -> Shop:
        """A client with the demo organisation's key."""
        return Shop(self.env["BELLHOP_URL"], self.env["BELLHOP_API_KEY"], self.env["PAYMENTS_STRIPE_WEBHOOK_SECRET"])

    def query(self, statement: str, *parameters: Any) -> list[TupleRow]:
        """One statement as the database's owner."""
        with psycopg.connect(self.env["DATABASE_URL"]) as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *parameters: Any) -> Any:
        """The first column of the first row; None without a row."""
        return next((row[0] for row in self.query(statement, *parameters)), None)

    def console(self, *arguments: str) -> str:
        """What `bellhop …` prints, run as an operator runs it. Fails unless it exits with 0."""
        done = subprocess.run(
            [sys.executable, "-m", "services.console", *arguments],
            cwd=ROOT,
            env={**surroundings(), **self.env},
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def processes(self) -> dict[str, int]:
        """The pid of each process, by name."""
        table = json.loads((self.folder / "processes.json").read_text(encoding="utf-8"))
        return {entry["name"]: entry["pid"] for entry in table}

    def mail_about(self, text: str, recipient: str = "operations@example.org") -> str:
        """The first mail to somebody that names `text`. Waits for it."""

        def arrived() -> str | None:
            for mail in mails_to(Path(self.env["MAIL_DIR"]), recipient):
                body = mail.get_body(("plain",))
                content = str(body.get_content()) if body is not None else ""
                if text in content or text in str(mail["Subject"]):
                    return f"{mail['Subject']}\n{content}"
            return None

        return wait_for(arrived, 20, f"a mail to {recipient} about {text}") or ""


def put_on_sale(shop: Shop, quantity: int = 10, price: int = 4_500) -> dict[str, Any]:
    """A new event with one ticket type, which stands under `ticket_type`."""
    event = shop.post("/v1/events", {"name": "A try", "starts_at": "2031-06-01T19:30:00Z", "currency": "eur"})
    body = {"name": "Stalls", "price": price, "quantity": quantity}
    event["ticket_type"] = shop.post(f"/v1/events/{event['id']}/ticket-types", body)
    return event


def order_body(event: Mapping[str, Any], quantity: int, email: str | None = None) -> dict[str, Any]:
    """What a shop sends to order tickets of an event."""
    return {
        "event_id": event["id"],
        "items": [{"ticket_type_id": event["ticket_type"]["id"], "quantity": quantity}],
        "customer": {"name": "Ada Lovelace", "email": email or f"ada.{uuid4().hex[:8]}@example.org"},
    }


def place_order(shop: Shop, event: Mapping[str, Any], quantity: int = 2) -> dict[str, Any]:
    """A held order."""
    return shop.post("/v1/orders", order_body(event, quantity))


def wait_for_status(shop: Shop, order: Mapping[str, Any], status: str, seconds: float = 20) -> dict[str, Any]:
    """The order, once it has this status."""

    def reached() -> dict[str, Any] | None:
        now = shop.get(f"/v1/orders/{order['id']}")
        return now if now["status"] == status else None

    return wait_for(reached, seconds, f"order {order['number']} to be {status}") or {}


def stripe_event(order: Mapping[str, Any], **changes: Any) -> bytes:
    """Stripe's event for a paid order. `id` and `type` change the event, `payment_intent` is the id of its payment
    intent, everything else goes into that.
    """
    event = payment_intent_succeeded(dict(order), str(changes.pop("id", f"evt_{uuid4().hex}")))
    event["type"] = changes.pop("type", event["type"])
    intent = event["data"]["object"]
    intent["id"] = changes.pop("payment_intent", intent["id"])
    intent |= changes
    return json.dumps(event).encode()
