"""The relay: what is committed reaches its queue, what nobody takes ends, and one bad destination holds up no other."""

from datetime import timedelta
from time import monotonic

import orjson
import pytest
from structlog.typing import EventDict

from deploy.local.rabbitmq import RabbitMQ
from services.relay import repository
from services.relay.lanes import STALL_SECONDS
from shared.ids import new_id
from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.envelope import EVENTS_EXCHANGE
from shared.messaging.outbox import publish_all
from shared.messaging.repair import repair
from tests.integration.messaging.shop import Shop
from tests.integration.messaging.silence import silent
from tests.integration.messaging.stock import let_mature
from tests.support.databases import Database
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, PackToy, ShipToy, ToyFailed, ToyMade, UnheardToy

DEFAULT, EVENTS, OTHER = "toyshop.default", "toyshop.events", "toyshop.other"


def nothing(*_: object) -> None:
    """A job that is done at once."""


MAKE: ActorDeclaration = actor(MakeToy, queue=DEFAULT, on_failure=ToyFailed)(nothing)
PACK: ActorDeclaration = actor(PackToy, queue=OTHER)(nothing)
HEAR: ActorDeclaration = actor(ToyMade, queue=EVENTS)(nothing)


def numbers_in(shop: Shop, queue: str) -> list[int]:
    """Take all messages out of a queue."""
    connection = shop.vhost.connect()
    channel = connection.channel()
    found = []
    while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
        found.append(orjson.loads(got[2])["kwargs"]["number"])
    connection.close()
    return found


def test_two_relays_with_two_lanes_each_send_everything_once(shop: Shop) -> None:
    """They claim rows without meeting: each message is published exactly once while nothing dies."""
    shop.declare(MAKE)
    with shop.database.work("toyshop")() as session:
        publish_all(session, [MakeToy(number=number) for number in range(1_000)])

    for _ in range(2):
        shop.start_relay(batch=50, window=1_000, share=1.0)
    wait_for(lambda: shop.pending() == 0, what="an empty outbox")

    assert sorted(numbers_in(shop, DEFAULT)) == list(range(1_000))


def test_commit_wakes_the_relay(shop: Shop) -> None:
    """A committed message is on its way long before the next poll."""
    shop.declare(MAKE)
    shop.start_relay(poll_seconds=30)
    worker = shop.start_worker(MAKE)
    wait_for(lambda: worker.not_ready() == [], what="the worker to be ready")
    shop.publish(MakeToy(number=1))
    worker.notifier.poke()

    message_id = shop.publish(MakeToy(number=2))
    worker.notifier.poke()

    assert shop.wait_until_ended(message_id).status == "done"


def test_command_that_no_service_hears_ends_as_a_failed_job(shop: Shop) -> None:
    """The error says what to deploy; nothing else waits for it."""
    shop.declare(MAKE)
    shop.start_relay()

    message_id = shop.publish(UnheardToy(toy_id=new_id()))

    (job,) = shop.wait_for_failed_jobs(1)
    assert (job.service, job.kind, job.queue, job.message_id) == ("toyshop", UnheardToy.kind, None, message_id)
    assert job.reason == "unroutable"
    assert "no service hears toyshop.toy.unheard" in job.error
    assert shop.standing(message_id) == ("failed", 1, 0)


def test_command_whose_queue_is_gone_waits_for_the_repair(shop: Shop, logs: list[EventDict]) -> None:
    """RabbitMQ lost the queue; that is no fault of the message, and somebody is deployed who hears it."""
    shop.declare(MAKE)
    let_mature(shop.vhost, DEFAULT)
    connection = shop.vhost.connect()
    connection.channel().queue_delete(DEFAULT)
    connection.close()
    shop.start_relay()
    shop.publish(MakeToy(number=3))
    wait_for(lambda: [entry for entry in logs if entry.get("queue") == DEFAULT], what="the relay to say so")

    repair(shop.database.url, shop.vhost.url, apply=True, settle=lambda _: None)

    wait_for(lambda: shop.vhost.count(DEFAULT) == 1, what="the command")
    assert shop.failed_jobs() == []
    assert "bellhop repair" in next(entry["event"] for entry in logs if entry.get("queue") == DEFAULT)


def test_command_for_a_queue_that_nobody_consumes_any_more_ends_with_its_notice(shop: Shop) -> None:
    """Whoever ends a message does all that its end means."""
    shop.declare(MAKE, actor(ToyFailed, queue=OTHER)(nothing))
    shop.start_relay()
    message_id = shop.publish(MakeToy(number=3))
    wait_for(lambda: shop.vhost.count(DEFAULT) == 1, what="the command")
    shop.database.query(
        "INSERT INTO messaging.outbox (message_id, kind, is_event, queue, body, turn)"
        " SELECT message_id, kind, is_event, 'toyshop.former', body, 2 FROM messaging.published"
    )

    (job,) = shop.wait_for_failed_jobs(1)
    assert (job.queue, job.reason, job.message_id) == ("toyshop.former", "unroutable", message_id)
    assert "no service consumes toyshop.former" in job.error


def test_event_without_listeners_is_done(shop: Shop) -> None:
    """Nobody listening is normal: the row goes, nothing fails."""
    shop.declare(MAKE)
    shop.start_relay()
    shop.publish(ToyMade(number=1))
    last = shop.publish(UnheardToy(toy_id=new_id()))

    wait_for(lambda: shop.pending() == 0, what="an empty outbox")

    assert [job.message_id for job in shop.wait_for_failed_jobs(1)] == [last]


def test_event_reaches_every_service_that_hears_it(shop: Shop) -> None:
    """One publish, one copy in each queue."""
    shop.declare(HEAR, actor(ToyMade, queue="puppets.events")(nothing))
    shop.start_relay()

    shop.publish(ToyMade(number=5))
    wait_for(lambda: shop.pending() == 0, what="an empty outbox")

    assert (numbers_in(shop, EVENTS), numbers_in(shop, "puppets.events")) == ([5], [5])


def test_binding_that_vanished_is_made_again(shop: Shop, logs: list[EventDict]) -> None:
    """An event that comes back though it is heard stays; the relay binds, and it arrives."""
    shop.declare(HEAR)
    shop.start_relay()
    shop.publish(ToyMade(number=0))
    wait_for(lambda: shop.vhost.count(EVENTS) == 1, what="the relay to have bound everything")
    connection = shop.vhost.connect()
    connection.channel().queue_unbind(EVENTS, EVENTS_EXCHANGE, ToyMade.kind)
    connection.close()

    shop.publish(ToyMade(number=1))
    wait_for(lambda: any("its bindings are gone" in entry["event"] for entry in logs), what="the loss to be seen")
    wait_for(lambda: hurry(shop.database) and shop.vhost.count(EVENTS) == 2, what="the event")

    assert sorted(numbers_in(shop, EVENTS)) == [0, 1]
    assert shop.failed_jobs() == []


def test_an_event_leaves_the_queue_where_the_release_before_heard_it(shop: Shop) -> None:
    """It was bound to the queue of the commands; the relay of this release takes that off when it connects."""
    shop.declare(HEAR, MAKE)
    connection = shop.vhost.connect()
    connection.channel().queue_bind(DEFAULT, EVENTS_EXCHANGE, ToyMade.kind)
    connection.close()
    shop.start_relay()
    wait_for(lambda: DEFAULT not in hearing(shop.vhost, ToyMade.kind), what="the old binding to be taken off")

    shop.publish(ToyMade(number=1))
    wait_for(lambda: shop.vhost.count(EVENTS) == 1, what="the event")

    assert shop.vhost.count(DEFAULT) == 0


def hearing(vhost: VirtualHost, kind: str) -> set[str]:
    """The queues that an event is bound to."""
    listed = vhost.management("GET", f"/api/exchanges/{vhost.name}/{EVENTS_EXCHANGE}/bindings/source")
    return {one["destination"] for one in listed if one["routing_key"] == kind}


def hurry(database: Database) -> bool:
    """Let the wait of refused rows be over. Always true, for use in a condition."""
    database.query("UPDATE messaging.outbox SET not_before = clock_timestamp() WHERE refusals > 0")
    return True


def test_queue_that_does_not_confirm_holds_up_only_its_own(shop: Shop, node: RabbitMQ) -> None:
    """What was sent with it is confirmed; what is sent later does not even wait; it all arrives in the end."""
    shop.declare(MAKE, PACK)
    with shop.database.work("toyshop")() as session:
        publish_all(session, [contract(number=n) for n in range(50) for contract in (MakeToy, PackToy)])

    with silent(node, shop.vhost, DEFAULT):
        shop.start_relay(window=1_000)
        wait_for(lambda: shop.pending() == 50, what="the others to be through")
        took: list[float] = []
        while len(took) < 5 and min(took, default=STALL_SECONDS) >= STALL_SECONDS:  # the machine may be busy
            began = monotonic()
            shop.publish(PackToy(number=50 + len(took)))
            wait_for(lambda: shop.vhost.count(OTHER) == 51 + len(took), what="the later one")
            took.append(monotonic() - began)
        waiting = shop.database.query("SELECT DISTINCT kind FROM messaging.outbox")
    hurry(shop.database)
    wait_for(lambda: shop.pending() == 0, what="an empty outbox")

    assert waiting == [(MakeToy.kind,)]
    assert min(took) < STALL_SECONDS
    assert set(numbers_in(shop, DEFAULT)) == set(range(50))


def test_exchange_that_is_gone_holds_up_only_its_own(shop: Shop) -> None:
    """RabbitMQ closes the channel over it, with all that was sent behind it: the commands go on all the same."""
    shop.declare(MAKE, HEAR)
    connection = shop.vhost.connect()
    connection.channel().exchange_delete(EVENTS_EXCHANGE)
    connection.close()
    shop.publish(ToyMade(number=0))
    with shop.database.work("toyshop")() as session:
        publish_all(session, [MakeToy(number=number) for number in range(20)])

    shop.start_relay(window=1_000)
    wait_for(lambda: shop.database.query("SELECT 1 FROM messaging.outbox WHERE refusals > 0"), what="the refusal")
    hurry(shop.database)
    wait_for(lambda: shop.pending() == 1, what="the commands to be through")

    assert sorted(set(numbers_in(shop, DEFAULT))) == list(range(20))
    assert shop.database.value("SELECT kind FROM messaging.outbox") == ToyMade.kind


def test_scheduled_message_leaves_when_it_is_due(shop: Shop) -> None:
    """Not a moment before, and within a second after."""
    shop.declare(MAKE)
    shop.start_relay()
    shop.publish(MakeToy(number=1), due=timedelta(hours=1))
    shop.publish(MakeToy(number=2), due=timedelta(seconds=0.8))
    shop.publish(MakeToy(number=3))
    wait_for(lambda: shop.vhost.count(DEFAULT) == 1, what="the message without a delay")
    first = numbers_in(shop, DEFAULT)

    wait_for(lambda: shop.vhost.count(DEFAULT) == 1, what="the message that is due")
    late = shop.database.value("SELECT count(*) FROM messaging.scheduled")

    assert (first, numbers_in(shop, DEFAULT), late) == ([3], [2], 1)


def test_service_deployed_while_the_relay_runs_is_served(shop: Shop) -> None:
    """The relay learns from the subscriptions, also which dead-letter queues there are."""
    shop.declare(MAKE)
    shop.start_relay()
    wait_for(lambda: shop.pending() == 0)

    shop.declare(MAKE, PACK)
    wait_for(lambda: _arrives(shop), what="the first command of the new service")

    assert numbers_in(shop, OTHER)


def _arrives(shop: Shop) -> bool:
    shop.publish(PackToy(number=1))
    wait_for(lambda: shop.pending() == 0)
    return shop.vhost.count(OTHER) > 0


@pytest.mark.parametrize("refusals", [0, 1, 4, 5, 9])
def test_refused_row_waits_longer_each_time(shop: Shop, refusals: int) -> None:
    """10 s at first, doubling up to 5 minutes."""
    shop.publish(ShipToy(number=1))
    shop.database.query("UPDATE messaging.outbox SET refusals = %s", refusals)
    relay = shop.start_relay()

    with relay.connect() as connection:
        repository.refuse(connection, [shop.database.value("SELECT id FROM messaging.outbox")])

    waits = shop.database.value("SELECT extract(epoch FROM not_before - clock_timestamp()) FROM messaging.outbox")
    assert min(10 * 2**refusals, 300) - 5 < waits <= min(10 * 2**refusals, 300)
