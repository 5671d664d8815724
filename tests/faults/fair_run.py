"""A whole stack, one tenant who floods it in every way at once, and another who sells tickets meanwhile."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from matplotlib import rcParams
from matplotlib.figure import Figure

from deploy.local.demo.client import Shop
from deploy.local.env_file import read_env
from services.reports.adapters.charts import COLOURS
from tests.e2e.running import ROOT, RunningStack, order_body, put_on_sale, surroundings
from tests.support.waiting import wait_for

RECIPIENT = re.compile(r"^X-Envelope-To: (\S+)$", re.MULTILINE)
_WELCOMES = """
INSERT INTO messaging.outbox (message_id, kind, is_event, body, fairness_key, organisation_id)
SELECT id, 'notifications.person.welcome', false,
       convert_to(json_build_object(
         'queue_name', 'notifications.bulk', 'actor_name', 'notifications.person.welcome', 'args', '[]'::json,
         'kwargs', json_build_object('key', mod(n, 1000)::text, 'organisation_id', tenant, 'person_id', id, 'name', 'P',
                                     'email', mod(n, 1000) || '@example.org'),
         'options', json_build_object('organisation_id', tenant, 'correlation_id', id, 'turn', 1),
         'message_id', id, 'message_timestamp', 0)::text, 'UTF8'),
       tenant, tenant
FROM (SELECT %s::uuid AS tenant, n, gen_random_uuid() AS id FROM generate_series(1, %s) AS n) AS fresh
"""
"""Commands of a tenant: welcome a thousand people, again and again. All but the first welcome of each find it written."""
_DELIVERIES = """
WITH tenant (id, deliveries) AS (
  VALUES (%s::uuid, %s::integer)
), told AS (
  INSERT INTO webhooks.outbound_messages (id, key, organisation_id, event_type, body)
  SELECT gen_random_uuid(), 'flood:' || n, tenant.id, 'order.paid', '{}' FROM tenant, generate_series(1, deliveries) AS n
  RETURNING id, organisation_id
), made AS (
  INSERT INTO webhooks.deliveries (id, endpoint_id, message_id, organisation_id, state)
  SELECT gen_random_uuid(), endpoints.id, told.id, organisation_id, 'pending'
  FROM told JOIN webhooks.endpoints USING (organisation_id)
  RETURNING id
), one AS (
  SELECT *, convert_from(published.body, 'UTF8')::jsonb #>> '{kwargs,delivery_id}' AS delivery_id
  FROM tenant JOIN messaging.published ON published.organisation_id = tenant.id
  WHERE kind = 'webhooks.delivery.send' ORDER BY published_at LIMIT 1
), fresh AS (
  SELECT gen_random_uuid() AS id, made.id AS delivery_id FROM made
)
INSERT INTO messaging.outbox (message_id, kind, is_event, body, fairness_key, organisation_id)
SELECT fresh.id, kind, false,
       convert_to(replace(replace(convert_from(body, 'UTF8'), message_id::text, fresh.id::text),
                          one.delivery_id, fresh.delivery_id::text), 'UTF8'),
       fairness_key, organisation_id
FROM one, fresh
"""
"""So many more deliveries to a tenant's endpoint, each with the command that sends it."""


@dataclass(frozen=True)
class Flood:
    """What one tenant sends at once."""

    orders: int
    tickets: int
    rows: int
    outbox: int
    deliveries: int


@contextmanager
def stack_in(folder: Path) -> Iterator[RunningStack]:
    """`make up` in a folder of its own, and `make down`."""
    folder.chmod(0o755)
    run = folder / "run"
    try:
        _local("up", run)
        yield RunningStack(run, read_env(run / "env"))
    finally:
        _local("down", run)


def _local(command: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", command, "--folder", str(folder)],
        cwd=ROOT, env=surroundings(), capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def shop_of_another(stack: RunningStack) -> tuple[Shop, str]:
    """A second organisation: its client, and its id."""
    made = json.loads(stack.console("keys", "create", "--organisation", "Flood", "--json"))
    shop = Shop(stack.env["BELLHOP_URL"], made["key"], stack.env["PAYMENTS_STRIPE_WEBHOOK_SECRET"])
    return shop, str(made["organisation_id"])


@contextmanager
def hanging_endpoint() -> Iterator[tuple[str, threading.Event]]:
    """An address that takes every request and says nothing until the event is set; from then on it answers 200."""
    answering = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            answering.wait()
            with suppress(OSError):
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing: there are many thousands."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", answering
        finally:
            answering.set()
            server.shutdown()


def flood(stack: RunningStack, shop: Shop, organisation: str, url: str, size: Flood) -> dict[str, Any]:
    """Everything at once. Returns the order of many tickets."""
    shop.post("/v1/webhook-endpoints", {"url": url})
    event = put_on_sale(shop, quantity=size.tickets + size.orders, price=0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: shop.post("/v1/orders", order_body(event, 1)), range(size.orders)))
    _import(shop, size.rows)
    wait_for(
        lambda: stack.value(
            "SELECT 1 FROM messaging.published WHERE organisation_id = %s AND kind = 'webhooks.delivery.send' LIMIT 1",
            organisation,
        )
    )
    stack.query(_DELIVERIES, organisation, size.deliveries)
    stack.query(_WELCOMES, organisation, size.outbox)
    return shop.post("/v1/orders", order_body(event, size.tickets))


def _import(shop: Shop, rows: int) -> None:
    """So many people, from a file; started when its columns were found."""
    content = "email,name\n" + "".join(f"p{number}@example.org,P{number}\n" for number in range(rows))
    headers = {"Authorization": f"Bearer {shop.api_key}", "Idempotency-Key": str(uuid4())}
    answer = httpx2.post(
        f"{shop.url}/v1/imports", files={"file": ("people.csv", content.encode())}, headers=headers, timeout=60
    )
    assert answer.status_code in {201, 202}, answer.text
    path = f"/v1/imports/{answer.json()['id']}"
    wait_for(lambda: shop.get(path)["state"] == "uploaded", 60, "the columns of the file")
    shop.post(f"{path}/start", {}, expected=202)


def sell(stack: RunningStack, count: int, a_second: float) -> list[float]:
    """Orders at a steady rate, each paid at once. Returns the seconds from paid to mailed, of each in turn."""
    event, paid = put_on_sale(stack.shop, quantity=2 * count), dict[str, float]()

    def buy(number: int) -> None:
        body = order_body(event, 2, f"buyer.{number}.{uuid4().hex[:6]}@example.org")
        order = stack.shop.post("/v1/orders", body)
        assert stack.shop.stripe_says_paid(order) == 200
        paid[body["customer"]["email"]] = time.time()

    begun = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        for number in range(count):
            time.sleep(max(0.0, begun + number / a_second - time.monotonic()))
            pool.submit(buy, number).add_done_callback(lambda done: done.result())
    seen: dict[str, float] = {}
    folder = Path(stack.env["MAIL_DIR"])
    wait_for(lambda: len(_mailed(folder, seen) & paid.keys()) == count, 120, "a mail for every order", every=0.2)
    return [seen[buyer] - paid[buyer] for buyer in sorted(paid, key=paid.__getitem__)]


def _mailed(folder: Path, seen: dict[str, float]) -> set[str]:
    """Everybody who has a mail; `seen` gets when the first one came. A mail's file is named by its time."""
    for entry in os.scandir(folder):
        if entry.name.endswith(".eml"):
            with open(entry.path, encoding="utf-8", errors="replace") as mail:  # noqa: PTH123 - one of many thousands
                found = RECIPIENT.search(mail.read(500))
            if found:
                seen.setdefault(found[1], int(entry.name.removesuffix(".eml")) / 1e9)
    return set(seen)


def keep(folder: Path, a_second: float, seconds: Mapping[str, Sequence[float]]) -> None:
    """Write what each buyer waited, by what else went on, as figures (`fair-run.json`) and as a picture (`fair-run.svg`)."""
    (folder / "fair-run.json").write_text(json.dumps(seconds), encoding="utf-8")
    rcParams["svg.hashsalt"] = "bellhop"
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.add_subplot(
        xlabel="seconds since the first of these orders",
        ylabel="seconds from paid to mailed",
        title=f"{a_second:g} orders a second",
    )
    for (name, waited), colour in zip(seconds.items(), COLOURS, strict=False):
        times = [number / a_second for number in range(len(waited))]
        axes.plot(times, waited, ".", markersize=3, color=colour, label=name)
    axes.axhline(1, color="black", linewidth=0.8, linestyle="--", label="promised for 99 of 100")
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper right", ncols=3, frameon=False)
    figure.savefig(folder / "fair-run.svg", metadata={"Date": None})
