"""Repair: what is gone is declared, what provably has no leader is made anew, what is missing is published again."""

from threading import Thread
from urllib.parse import urlsplit

import pika
import pika.exceptions
import psycopg
import pytest

from deploy.local.ports import free_port
from deploy.local.rabbitmq import RabbitMQ
from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.envelope import EVENTS_EXCHANGE
from shared.messaging.leaders import BrokerSilentError, Members
from shared.messaging.notifier import REPAIRED
from shared.messaging.repair import (
    FORGET_SECONDS,
    REPAIR_LOCK,
    SETTLE_SECONDS,
    Repaired,
    RepairUnderWayError,
    UnknownQueueError,
    repair,
)
from tests.integration.messaging.shop import Shop
from tests.integration.messaging.silence import silent
from tests.integration.messaging.stock import let_mature
from tests.support.proxy import Proxy
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, ToyMade

DEFAULT, EVENTS = "toyshop.default", "toyshop.events"
MAKE: ActorDeclaration = actor(MakeToy, queue=DEFAULT)(lambda *_: None)
HEAR: ActorDeclaration = actor(ToyMade, queue=EVENTS)(lambda *_: None)
ALL_UP = Members(frozenset({"one"}), frozenset({"one"}), None)


def delete_queue(shop: Shop, queue: str) -> None:
    connection = shop.vhost.connect()
    connection.channel().queue_delete(queue)
    connection.close()


def put_many(shop: Shop, queue: str, count: int) -> None:
    shop.put(queue, *(b"confirmed" for _ in range(count)))


def test_says_what_it_would_do_and_changes_nothing(shop: Shop) -> None:
    """A queue that is gone stays gone."""
    shop.declare(MAKE, HEAR)
    let_mature(shop.vhost, EVENTS)
    delete_queue(shop, EVENTS)

    found = repair(shop.database.url, shop.vhost.url)

    assert found == Repaired(applied=False, checked=6, declared=(EVENTS,))
    with pytest.raises(pika.exceptions.ChannelClosedByBroker):
        shop.vhost.count(EVENTS)


def test_queue_that_is_gone_is_declared_and_what_waits_goes_on(shop: Shop) -> None:
    """With its arguments and bindings, and old enough before anything is published to it."""
    shop.declare(MAKE, HEAR)
    let_mature(shop.vhost, EVENTS)
    delete_queue(shop, EVENTS)
    shop.publish(ToyMade(number=1))
    shop.database.query("UPDATE messaging.outbox SET not_before = clock_timestamp() + interval '1 hour', refusals = 9")
    waits: list[float] = []

    repaired = repair(shop.database.url, shop.vhost.url, apply=True, settle=waits.append)
    shop.start_relay()

    assert repaired == Repaired(applied=True, checked=6, declared=(EVENTS,), released=1)
    assert waits == [SETTLE_SECONDS]
    wait_for(lambda: shop.vhost.count(EVENTS) == 1, what="the event")


def test_exchange_and_bindings_that_are_gone_are_made_anew(shop: Shop) -> None:
    """Whoever deleted them deleted the bindings as well."""
    shop.declare(HEAR)
    connection = shop.vhost.connect()
    connection.channel().exchange_delete(EVENTS_EXCHANGE)
    connection.close()

    repair(shop.database.url, shop.vhost.url, apply=True, settle=lambda _: None)
    shop.publish(ToyMade(number=1))
    shop.start_relay()

    wait_for(lambda: shop.vhost.count(EVENTS) == 1, what="the event")


def test_healthy_broker_is_left_alone(shop: Shop) -> None:
    """Nothing is deleted, nothing waited for."""
    shop.declare(MAKE, HEAR)
    shop.put(DEFAULT, b"kept")
    waits: list[float] = []

    repaired = repair(shop.database.url, shop.vhost.url, apply=True, settle=waits.append)

    assert (repaired, waits) == (Repaired(applied=True, checked=6), [])
    wait_for(lambda: shop.vhost.count(DEFAULT) == 1, what="the message")


def test_broker_whose_answers_stay_away_loses_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000 confirmed messages lie in a queue, and for six seconds no queue answers: that says nothing of any queue."""
    shop.declare(MAKE, HEAR)
    put_many(shop, DEFAULT, 1_000)
    parts = urlsplit(shop.vhost.url)
    assert parts.hostname is not None
    assert parts.port is not None
    with Proxy(parts.hostname, parts.port) as proxy:
        url = shop.vhost.url.replace(f":{parts.port}/", f":{proxy.port}/")
        ask = pika.channel.Channel.basic_get

        def stall(*arguments: object, **more: object) -> object:
            proxy.delay(6)
            return ask(*arguments, **more)

        monkeypatch.setattr(pika.channel.Channel, "basic_get", stall)
        with pytest.raises(BrokerSilentError, match="says nothing about its queues; nothing was changed"):
            repair(shop.database.url, url, apply=True, members_of=lambda _: ALL_UP, seconds=2)

    assert wait_for(lambda: shop.vhost.count(DEFAULT), what="the messages") == 1_000


UNPROVEN = {
    "nobody to ask": (None, "set RABBITMQ_MANAGEMENT_URL"),
    "a node that is down": (Members(frozenset({"one", "two"}), frozenset({"one"}), None), "it waits for two"),
    "messages of a leader": (Members(frozenset({"one"}), frozenset({"one"}), 1_000), "told of 1000 messages"),
}


@pytest.mark.parametrize("what", UNPROVEN)
def test_silent_queue_without_proof_is_left_alone_and_named(what: str, shop: Shop, node: RabbitMQ) -> None:
    """Silence alone proves nothing. A person may say that it is broken."""
    members, why = UNPROVEN[what]
    shop.declare(MAKE, HEAR)
    shop.put(DEFAULT, b"kept")

    with silent(node, shop.vhost, DEFAULT):
        left = repair(
            shop.database.url, shop.vhost.url, apply=True, seconds=0.5, settle=lambda _: None,
            members_of=None if members is None else lambda _: members,
        )  # fmt: skip

    assert (left.recreated, list(left.unproven)) == ((), [DEFAULT])
    assert why in left.unproven[DEFAULT]
    wait_for(lambda: shop.vhost.count(DEFAULT) == 1, what="the message")


def test_queue_that_provably_has_no_leader_is_made_anew(shop: Shop, node: RabbitMQ) -> None:
    """Its members are up, no leader tells of messages, and it is silent while others answer, twice."""
    shop.declare(MAKE, HEAR)
    let_mature(shop.vhost, DEFAULT)
    waits: list[float] = []

    with silent(node, shop.vhost, DEFAULT):
        repaired = repair(
            shop.database.url, shop.vhost.url, apply=True, seconds=0.5, members_of=lambda _: ALL_UP, settle=waits.append
        )

    assert (repaired.recreated, dict(repaired.unproven)) == ((DEFAULT,), {})
    assert waits == [FORGET_SECONDS, SETTLE_SECONDS]
    assert shop.vhost.count(DEFAULT) == 0


def test_named_queue_is_made_anew_without_proof(shop: Shop) -> None:
    """--force: and what it held of Bellhop's is published again."""
    shop.declare(MAKE)
    shop.start_relay()
    shop.publish(MakeToy(number=1))
    wait_for(lambda: shop.vhost.count(DEFAULT) == 1, what="the command")

    repaired = repair(shop.database.url, shop.vhost.url, apply=True, force=[DEFAULT], min_age=0, settle=lambda _: None)

    assert (repaired.recreated, dict(repaired.republished)) == ((DEFAULT,), {DEFAULT: 1})
    wait_for(lambda: shop.vhost.count(DEFAULT) == 1, what="the command again")


def test_queue_that_is_none_of_ours_is_refused(shop: Shop) -> None:
    """Nothing is deleted by a slip of the pen."""
    shop.declare(MAKE)

    with pytest.raises(UnknownQueueError, match=r"toyshop\.defualt: `bellhop queues` lists them"):
        repair(shop.database.url, shop.vhost.url, apply=True, force=["toyshop.defualt"])


def test_second_repair_at_once_says_so_and_ends(shop: Shop) -> None:
    """The first one is in the middle of it."""
    shop.declare(MAKE)
    let_mature(shop.vhost, DEFAULT)
    delete_queue(shop, DEFAULT)
    refused: list[str] = []

    def second(_: float) -> None:
        with pytest.raises(RepairUnderWayError) as caught:
            repair(shop.database.url, shop.vhost.url, apply=True)
        refused.append(str(caught.value))

    repair(shop.database.url, shop.vhost.url, apply=True, settle=second)
    again = repair(shop.database.url, shop.vhost.url, apply=True)

    assert refused == ["another repair is under way: wait for its end; nothing was changed"]
    assert again == Repaired(applied=True, checked=4)
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
    assert shop.database.value(held, REPAIR_LOCK & 0xFFFFFFFF) == 0


def test_relays_are_told(shop: Shop) -> None:
    """What they remember of the broker is no longer true."""
    shop.declare(MAKE)
    with psycopg.connect(shop.database.url, autocommit=True) as listening:
        listening.execute(f"LISTEN {REPAIRED}")
        thread = Thread(target=repair, args=(shop.database.url, shop.vhost.url), kwargs={"apply": True})
        thread.start()
        told = [notice.payload for notice in listening.notifies(timeout=20, stop_after=1)]
        thread.join(20)

    assert told == ["repaired"]


def test_broker_that_is_away_changes_nothing(shop: Shop) -> None:
    """The error is pika's; the console tells it in a sentence."""
    shop.declare(MAKE)

    with pytest.raises(pika.exceptions.AMQPConnectionError):
        repair(shop.database.url, f"amqp://guest:guest@127.0.0.1:{free_port()}/", apply=True)
