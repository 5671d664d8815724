"""The real thing: paid orders become delivered tickets while services, broker and database are killed at random."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.box_office import OrderAccount, Town, expected_account, open_town
from tests.faults.campaign import SETTLE_SECONDS, Figures, Plan, Victim, run_campaign
from tests.faults.conftest import Servers
from tests.support.databases import Template
from tests.support.vhosts import VirtualHost


@pytest.fixture
def town(servers: Servers, tmp_path: Path) -> Iterator[Town]:
    """Every service, running, on servers that may be killed."""
    rabbitmq = servers.rabbitmq
    with (
        Template(servers.postgres.url).clone() as database,
        VirtualHost.fresh(rabbitmq.url, rabbitmq.management_url) as vhost,
        open_town(database, vhost, tmp_path) as opened,
    ):
        opened.start()
        yield opened


def victims(town: Town, servers: Servers) -> list[Victim]:
    return [
        *(Victim(name, keeper.kill, keeper.wait_back) for name, keeper in town.keepers.items()),
        Victim("broker", servers.rabbitmq.kill, servers.rabbitmq.start),
        Victim("database", servers.postgres.kill, servers.postgres.start),
    ]


def campaign(
    town: Town, servers: Servers, plan: Plan, *, hurry: bool, settle: float = SETTLE_SECONDS
) -> tuple[Figures, OrderAccount]:
    """Run it. Returns the figures and what was counted."""
    began = time.monotonic()
    kills, asked_again = run_campaign(plan, victims(town, servers), town.office.ask)
    counted = town.settle(plan.pieces, settle, hurry=hurry)
    deliveries = [line for process in town.processes.started for line in process.lines() if line["event"] == "message"]
    heard = town.announcements()
    figures = Figures(
        pieces=plan.pieces,
        kills=kills,
        deliveries=len(deliveries),
        redelivered=sum(bool(line["redelivered"]) for line in deliveries),
        absorbed=sum(line["outcome"] == "quiet" for line in deliveries),
        asked_again=asked_again,
        seconds=time.monotonic() - began,
        besides={
            "tickets": counted.tickets,
            "mails sent twice": sum(town.mails().values()) - plan.pieces,
            "webhooks sent twice": sum(heard.values()) - len(heard),
            "refused for the moment": dict(town.office.refused),
        },
    )
    print(f"\n{figures.table()}")
    return figures, counted


def test_short_campaign_of_orders_loses_nothing(town: Town, servers: Servers) -> None:
    """Forty paid orders, and a kill every two seconds. Leases of killed calls are hurried on at the end."""
    figures, counted = campaign(town, servers, Plan(pieces=40, seconds=12, clients=4), hurry=True)
    assert (sum(figures.kills.values()) >= 5, counted) == (True, expected_account(40))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_full_campaign_of_orders_loses_nothing(town: Town, servers: Servers) -> None:
    """2,000 paid orders while something is killed every two seconds."""
    figures, counted = campaign(town, servers, Plan(pieces=2_000, seconds=400, clients=4), hurry=False, settle=600)
    assert (sum(figures.kills.values()) >= 150, counted) == (True, expected_account(2_000))
