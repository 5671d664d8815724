"""The main job, step by step: an event goes on sale, an order is paid, tickets, mail and webhook arrive, one is scanned."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from deploy.local.demo.checks import inline_images, mails_to, read_qr, verify_token
from deploy.local.demo.client import Shop
from deploy.local.demo.steps import Telling, expect
from deploy.local.demo.subscriber import Subscriber

QUANTITY = 3
PRICE = 4_500


class Story:
    """One run of the main job against a stack. `say` takes each step's line; what fails raises StepFailedError."""

    def __init__(self, shop: Shop, mail_folder: Path, say: Callable[[str], None] = print) -> None:
        self.shop, self.mail_folder = shop, mail_folder
        self.buyer = f"ada.{uuid4().hex[:8]}@example.org"
        telling = Telling(say)
        self._step, self._until = telling.step, telling.until

    def tell(self) -> str:
        """Run every step. Returns the id of the event, which has attendees then."""
        with Subscriber() as subscriber:
            self._subscribe(subscriber)
            event = self._put_on_sale()
            order = self._order(event)
            self._pay(order)
            paid = self._tickets_are_issued(order)
            self._signatures_hold(event, paid)
            self._mail_arrives(paid)
            self._webhooks_arrive(subscriber, paid)
            self._scan(event, paid["tickets"][0])
        return str(event["id"])

    def _subscribe(self, subscriber: Subscriber) -> None:
        body = {"url": subscriber.url, "event_types": ["order.paid", "order.fulfilled"]}
        subscriber.secret = self.shop.post("/v1/webhook-endpoints", body)["secret"]
        self._step(f"a subscriber listens at {subscriber.url} and has its signing secret")

    def _put_on_sale(self) -> dict[str, Any]:
        starts = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
        event = self.shop.post(
            "/v1/events",
            {
                "name": "An evening at the Grand",
                "starts_at": starts.isoformat(),
                "venue": "Grand Hall",
                "currency": "eur",
            },
        )
        ticket_type = {"name": "Stalls", "price": PRICE, "quantity": 100, "max_per_order": 10}
        event["ticket_type"] = self.shop.post(f"/v1/events/{event['id']}/ticket-types", ticket_type)
        self._step(f"“{event['name']}” is on sale: 100 tickets at 45.00 EUR")
        return event

    def _order(self, event: dict[str, Any]) -> dict[str, Any]:
        order = self.shop.post(
            "/v1/orders",
            {
                "event_id": event["id"],
                "items": [{"ticket_type_id": event["ticket_type"]["id"], "quantity": QUANTITY}],
                "customer": {"name": "Ada Lovelace", "email": self.buyer},
            },
        )
        expect(order["status"] == "held" and order["amount"] == QUANTITY * PRICE, f"a held order, not {order}")
        self._step(f"order {order['number']}: {QUANTITY} tickets held until {order['expires_at']}")
        return order

    def _pay(self, order: dict[str, Any]) -> None:
        event_id = f"evt_{uuid4().hex}"
        statuses = [self.shop.stripe_says_paid(order, event_id) for _ in range(2)]
        expect(statuses == [200, 200], f"Stripe's webhook answered 200, not {statuses}")
        forged = httpx2.post(
            f"{self.shop.url}/webhooks/stripe", content=b"{}", headers={"Stripe-Signature": "t=1,v1=00"}, timeout=10
        )
        expect(forged.status_code in {400, 401}, f"a forged webhook to be refused, not {forged.status_code}")
        self._step("Stripe says it is paid (twice, as Stripe does); a forged one is refused")

    def _tickets_are_issued(self, order: dict[str, Any]) -> dict[str, Any]:
        paid = self._until(lambda: self._when_fulfilled(order), "the order to be fulfilled")
        codes = {ticket["code"] for ticket in paid["tickets"]}
        expect(len(codes) == QUANTITY, f"{QUANTITY} tickets with codes of their own, not {codes}")
        self._step(f"{QUANTITY} tickets are issued: {', '.join(sorted(codes))}")
        return paid

    def _when_fulfilled(self, order: dict[str, Any]) -> dict[str, Any] | None:
        now = self.shop.get(f"/v1/orders/{order['id']}")
        return now if now["status"] == "fulfilled" else None

    def _signatures_hold(self, event: dict[str, Any], order: dict[str, Any]) -> None:
        keys = self.shop.get(f"/v1/events/{event['id']}/check-in-keys")
        for ticket in order["tickets"]:
            verify_token(ticket["token"], keys["keys"])
            image = httpx2.get(ticket["qr_url"], timeout=10)
            expect(image.status_code == 200, f"the QR image at {ticket['qr_url']}, not {image.status_code}")
            expect(read_qr(image.content) == ticket["token"], "the QR code to hold the ticket's token")
        self._step("every QR code is read from its image, and its signature holds with the public key alone")

    def _mail_arrives(self, order: dict[str, Any]) -> None:
        mail = self._until(lambda: mails_to(self.mail_folder, self.buyer), "the buyer's mail")[0]
        read = {read_qr(image) for image in inline_images(mail)}
        expect(read == {ticket["token"] for ticket in order["tickets"]}, "the mail to show each ticket's QR code")
        self._step(f"the mail “{mail['Subject']}” arrived with {len(read)} QR codes in it")

    def _webhooks_arrive(self, subscriber: Subscriber, order: dict[str, Any]) -> None:
        for kind in ("order.paid", "order.fulfilled"):
            body = self._until(lambda kind=kind: subscriber.received.get(kind), f"the webhook {kind}")[0]  # type: ignore[misc] # bound now
            expect(order["id"] in str(body["data"]), f"{kind} to name the order, not {body}")
        expect(subscriber.refused == 0, f"every delivery to be signed, {subscriber.refused} were not")
        self._step("the subscriber got order.paid and order.fulfilled, signed by Standard Webhooks")

    def _scan(self, event: dict[str, Any], ticket: dict[str, Any]) -> None:
        results = [self._check_in(event, ticket, str(uuid4())) for _ in range(2)]
        expect(results == ["ok", "already_redeemed"], f"the ticket to be let in once, not {results}")
        self._step(f"{ticket['code']} is scanned at the door: let in once, refused the second time")

    def _check_in(self, event: dict[str, Any], ticket: dict[str, Any], nonce: str) -> str:
        body = {"event_id": event["id"], "token": ticket["token"], "nonce": nonce}
        return str(self.shop.post("/v1/check-ins", body, expected=200)["result"])
