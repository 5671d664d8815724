"""The promise to many tenants, on a whole stack: one floods it in every way at once, another sells tickets meanwhile."""

import os
import time
from pathlib import Path

import pytest

from tests.faults.fair_run import Flood, flood, hanging_endpoint, keep, sell, shop_of_another, stack_in
from tests.support.waiting import wait_for

SHORT = Flood(orders=30, tickets=1_000, rows=3_000, outbox=20_000, deliveries=500)
WHOLE = Flood(orders=200, tickets=10_000, rows=200_000, outbox=1_000_000, deliveries=100_000)
_LEFT = """
SELECT (SELECT count(*) FROM messaging.outbox WHERE organisation_id = %s)
     + (SELECT count(*) FROM ticketing.orders WHERE organisation_id = %s AND status <> 'fulfilled')
     + (SELECT count(*) FROM webhooks.deliveries WHERE organisation_id = %s AND state = 'pending')
     + (SELECT count(*) FROM reports.imports WHERE organisation_id = %s AND state NOT IN ('done', 'failed'))
"""
"""What is still to be done for an organisation."""


def quantile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


@pytest.mark.timeout(7_000)
@pytest.mark.parametrize(
    ("size", "orders", "a_second"),
    [
        pytest.param(SHORT, 20, 2.0, id="short"),
        pytest.param(WHOLE, 300, 5.0, id="whole", marks=pytest.mark.long),
    ],
)
def test_buyer_of_one_tenant_does_not_feel_another_one_s_flood(
    tmp_path: Path, size: Flood, orders: int, a_second: float
) -> None:
    """Everybody who pays has their mail while the flood still waits, alone on the machine within a second of paying; and
    everything of the flood ends.
    """
    with stack_in(tmp_path) as stack, hanging_endpoint() as (url, answering):
        sell(stack, 5, a_second)
        alone = sell(stack, orders, a_second)
        flooding, organisation = shop_of_another(stack)
        large = flood(stack, flooding, organisation, url, size)
        began = time.monotonic()
        beside = sell(stack, orders, a_second)
        left = stack.value(_LEFT, *[organisation] * 4)
        answering.set()
        wait_for(lambda: stack.value(_LEFT, *[organisation] * 4) == 0, 5_000, "the end of the flood", every=5)
        seconds = time.monotonic() - began
        order = flooding.get(f"/v1/orders/{large['id']}")
        issued = stack.value("SELECT count(*) FROM ticketing.tickets WHERE order_id = %s", large["id"])
        deliveries: dict[str, int] = dict(
            stack.query(
                "SELECT state, count(*) FROM webhooks.deliveries WHERE organisation_id = %s GROUP BY 1", organisation
            )
        )
        imports = stack.query("SELECT state, created FROM reports.imports WHERE organisation_id = %s", organisation)
        failed = stack.query("SELECT kind, reason, error FROM messaging.failed_job LIMIT 5")

    print(
        f"paid to mailed, p50 and p99 in s: alone {quantile(alone, 0.5):.2f}, {quantile(alone, 0.99):.2f}; "
        f"beside the flood {quantile(beside, 0.5):.2f}, {quantile(beside, 0.99):.2f}; "
        f"{left} things of the flood were to be done still, all were after {seconds:.0f} s; {deliveries}"
    )
    if folder := os.environ.get("BELLHOP_FIGURES"):
        keep(Path(folder), a_second, {"alone": alone, "beside the flood": beside})
    assert left > 0
    assert order["status"] == "fulfilled"
    assert issued == size.tickets
    assert set(deliveries) == {"delivered"}
    assert sum(deliveries.values()) >= size.deliveries
    assert imports == [("done", size.rows)]
    assert failed == []
    if size is WHOLE:
        assert quantile(beside, 0.99) < 1.0
        assert quantile(beside, 0.99) < 2 * quantile(alone, 0.99)
