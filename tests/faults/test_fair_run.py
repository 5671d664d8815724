"""The promise to many tenants, on a whole stack: one floods it in every way at once, another sells tickets meanwhile."""

import json
import os
from pathlib import Path

import pytest

from tests.faults.fair_run import Flood, flood, hanging_endpoint, sell, shop_of_another, stack_in
from tests.support.waiting import wait_for

SHORT = Flood(orders=30, tickets=1_000, rows=3_000, outbox=20_000)
WHOLE = Flood(orders=200, tickets=10_000, rows=200_000, outbox=1_000_000)


def quantile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


@pytest.mark.timeout(3_000)
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
    """Everybody who pays has their mail while the flood still waits; alone on the machine within a second of paying."""
    with stack_in(tmp_path) as stack, hanging_endpoint() as url:
        sell(stack, 5, a_second)
        alone = sell(stack, orders, a_second)
        ada, organisation = shop_of_another(stack)
        large = flood(stack, ada, organisation, url, size)
        beside = sell(stack, orders, a_second)
        left = stack.value("SELECT count(*) FROM messaging.outbox WHERE organisation_id = %s", organisation)
        wait_for(
            lambda: ada.get(f"/v1/orders/{large['id']}")["status"] == "fulfilled", 1_800, "the large order", every=1
        )
        issued = stack.value("SELECT count(*) FROM ticketing.tickets WHERE order_id = %s", large["id"])
        twice = stack.value(
            "SELECT count(*) FROM messaging.failed_job WHERE resolved_at IS NULL AND reason <> 'permanent'"
        )

    told = {
        "alone": [quantile(alone, 0.5), quantile(alone, 0.99)],
        "beside": [quantile(beside, 0.5), quantile(beside, 0.99)],
    }
    print(f"paid to mailed, p50 and p99 in s: {told}; {left} rows of the flood were waiting still")
    if folder := os.environ.get("BELLHOP_FIGURES"):
        Path(folder, "fair-run.json").write_text(json.dumps({"alone": alone, "beside": beside}), encoding="utf-8")
    assert left > 0
    assert issued == size.tickets
    assert twice == 0
    if size is WHOLE:
        assert quantile(beside, 0.99) < 1.0
        assert quantile(beside, 0.99) < 2 * quantile(alone, 0.99)
