"""Messages flow while workers, relay, broker and database are killed at random; nothing is lost and nothing happens twice."""

import time

import pytest
from sqlalchemy import text

from shared.messaging.outbox import publish
from tests.faults.account import STEPS, Account, once
from tests.faults.campaign import SETTLE_SECONDS, Figures, Plan, Victim, run_campaign
from tests.faults.conftest import Servers
from tests.faults.shop import Shop
from tests.toyshop.contracts import MakeToy

ASKED = text("INSERT INTO toyshop.effect (number, what) VALUES (:number, 'asked')")
WAS_ASKED = text("SELECT 1 FROM toyshop.effect WHERE number = :number AND what = 'asked'")


def victims(shop: Shop, servers: Servers) -> list[Victim]:
    """Two workers and a relay, which their keepers start again, and both servers."""
    first, second, relay = shop.keep(shop.worker), shop.keep(shop.worker), shop.keep(shop.relay)
    return [
        Victim("worker", first.kill, first.wait_back),
        Victim("worker 2", second.kill, second.wait_back),
        Victim("relay", relay.kill, relay.wait_back),
        Victim("broker", servers.rabbitmq.kill, servers.rabbitmq.start),
        Victim("database", servers.postgres.kill, servers.postgres.start),
    ]


def ask_for_toy(shop: Shop, number: int) -> None:
    """What a request does: one transaction with its own row and its message. The answer to a commit can be lost: whoever
    asks again finds out first whether it had arrived.
    """
    with shop.database.work("toyshop")() as session:
        if session.execute(WAS_ASKED, {"number": number}).first() is None:
            session.execute(ASKED, {"number": number})
            publish(session, MakeToy(number=number, seconds=0.4))


def campaign(shop: Shop, servers: Servers, plan: Plan) -> tuple[Figures, Account, Account]:
    """Run it. Returns the figures, what was counted, and what should have been."""
    began = time.monotonic()
    kills, asked_again = run_campaign(plan, victims(shop, servers), lambda number: ask_for_toy(shop, number))
    expected = once(range(plan.pieces), ("asked", *STEPS))
    counted = shop.settle(expected, seconds=SETTLE_SECONDS)
    deliveries = [line for process in shop.processes.started for line in process.lines() if line["event"] == "message"]
    figures = Figures(
        pieces=plan.pieces,
        kills=kills,
        deliveries=len(deliveries),
        redelivered=sum(bool(line["redelivered"]) for line in deliveries),
        absorbed=sum(line["outcome"] == "quiet" for line in deliveries),
        asked_again=asked_again,
        seconds=time.monotonic() - began,
    )
    print(f"\n{figures.table()}")
    return figures, counted, Account(expected)


def test_short_campaign_loses_nothing(own_shop: Shop, servers: Servers) -> None:
    """Some twenty seconds of work and ten kills."""
    figures, counted, expected = campaign(own_shop, servers, Plan(pieces=200, seconds=20))
    assert (sum(figures.kills.values()) >= 8, counted) == (True, expected)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_full_campaign_loses_nothing(own_shop: Shop, servers: Servers) -> None:
    """2,000 messages, each with a command and an event that follow from it, and a kill every two seconds."""
    figures, counted, expected = campaign(own_shop, servers, Plan(pieces=2_000, seconds=200))
    assert (sum(figures.kills.values()) >= 90, counted) == (True, expected)
