"""Dead letters: whatever no handler could take is moved to PostgreSQL, with its reason, and holds nothing up."""

from typing import Any

import orjson
import pika
import pytest
from pika import BlockingConnection

from shared.ids import new_id
from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.topology import PARK, UNROUTABLE, WORK_DELIVERY_LIMIT, dead_letter_queue
from tests.integration.messaging.shop import Shop, envelope
from tests.support.databases import Database
from tests.support.waiting import wait_for
from tests.toyshop.actors import EFFECT
from tests.toyshop.contracts import MakeToy, ToyFailed

DEFAULT, OTHER = "toyshop.default", "toyshop.other"
DEAD = dead_letter_queue(DEFAULT)


def write(message: Any, session: Any, _: object) -> None:
    session.execute(EFFECT, {"number": message.number, "what": "made"})


MAKE: ActorDeclaration = actor(MakeToy, queue=DEFAULT, on_failure=ToyFailed)(write)
TOLD: ActorDeclaration = actor(ToyFailed, queue=OTHER)(lambda *_: None)

BROKEN: dict[str, tuple[bytes, str]] = {
    "not JSON": (b"hello", "not JSON"),
    "not text": (b"\xff\xfe\x00", "not JSON"),
    "empty": (b"", "not JSON"),
    "a list": (b"[1, 2]", "list where an object belongs"),
    "a string": (b'"hello"', "str where an object belongs"),
    "a null": (b"null", "NoneType where an object belongs"),
    "too deep": (b"[" * 100_000 + b"]" * 100_000, "not JSON"),
    "a field missing": (orjson.dumps({"actor_name": MakeToy.kind}), "missing ['queue_name'"),
    "a field too many": (envelope(MakeToy.kind, colour="red"), "unknown ['colour']"),
    "null options": (envelope(MakeToy.kind, options=None), "options is NoneType"),
    "options a list": (envelope(MakeToy.kind, options=[1]), "options is list"),
    "null args": (envelope(MakeToy.kind, args=None), "args is NoneType"),
    "args given": (envelope(MakeToy.kind, args=[1]), "args are given"),
    "kwargs a list": (envelope(MakeToy.kind, kwargs=[1]), "kwargs is list"),
    "kind a number": (envelope(7), "actor_name is int"),  # type: ignore[arg-type] # that is what is wrong with it
    "queue a null": (envelope(MakeToy.kind, queue_name=None), "queue_name is NoneType"),
    "timestamp a text": (envelope(MakeToy.kind, message_timestamp="now"), "message_timestamp"),
    "id a number": (envelope(MakeToy.kind, message_id=1), "message_id is int"),
    "id no UUID": (envelope(MakeToy.kind, message_id="one"), "message_id is not a UUID"),
    "turn nothing": (envelope(MakeToy.kind, options={"turn": 0}), "options.turn"),
    "turn a truth": (envelope(MakeToy.kind, options={"turn": True}), "options.turn"),
    "turn beyond count": (envelope(MakeToy.kind, options={"turn": 2**62}), "options.turn"),
    "turn beyond bigint": (envelope(MakeToy.kind, options={"turn": 2**64 - 1}), "options.turn"),
    "a delay of its own": (envelope(MakeToy.kind, options={"eta": 1}), "options.eta"),
    "correlation no UUID": (envelope(MakeToy.kind, options={"correlation_id": "x"}), "options.correlation_id"),
    "causation no UUID": (envelope(MakeToy.kind, options={"causation_id": 7}), "options.causation_id"),
    "organisation no UUID": (envelope(MakeToy.kind, options={"organisation_id": [1]}), "options.organisation_id"),
    "kind with a zero byte": (envelope("toyshop.toy\x00.make", args=[1]), "args are given"),
    "10 MB": (envelope(MakeToy.kind, kwargs={"number": 1, "x": "y" * 10_000_000}), "too large"),
    "10 MB of nothing": (b" " * 10_000_000, "not JSON"),
}


def test_every_malformed_envelope_becomes_a_failed_job_with_what_is_wrong(shop: Shop) -> None:
    """All at once on one queue, among good messages: these are handled, each broken one is kept whole and explained."""
    shop.open(MAKE, TOLD)
    bodies = [body for body, _ in BROKEN.values()]
    good = [envelope(MakeToy.kind, kwargs={"number": number}) for number in range(len(bodies))]

    shop.put(DEFAULT, *(body for pair in zip(bodies, good, strict=True) for body in pair))

    jobs = shop.wait_for_failed_jobs(len(BROKEN))
    wait_for(lambda: len(shop.effects()) == len(good), what="the good ones to be handled")
    kept = {bytes(body): (reason, error) for body, reason, error in kept_bodies(shop.database)}
    explained = {
        name: kept.get(body, ("lost", ""))[0] == "malformed" and says in kept[body][1]
        for name, (body, says) in BROKEN.items()
    }
    assert [name for name, is_explained in explained.items() if not is_explained] == []
    assert len(jobs) == len(BROKEN)
    assert set(shop.effects().values()) == {1}


def kept_bodies(database: Database) -> list[Any]:
    return database.query("SELECT body, reason, error FROM messaging.failed_job")


def test_kind_that_nobody_hears_is_kept_with_queue_and_service(shop: Shop) -> None:
    """A message of an actor that is not deployed here cannot run: it is dead-lettered at once."""
    shop.open(MAKE)

    shop.put(DEFAULT, envelope("toyshop.toy.paint"))

    (job,) = shop.wait_for_failed_jobs(1)
    assert (job.service, job.kind, job.queue, job.reason) == ("toyshop", "toyshop.toy.paint", DEFAULT, "unknown_kind")
    assert "no actor hears toyshop.toy.paint on toyshop.default" in job.error


def test_payload_that_does_not_fit_fails_in_the_worker(shop: Shop) -> None:
    """The handler is not called; the failed job says which field is wrong, and the notice goes out."""
    shop.open(MAKE, TOLD)

    shop.put(DEFAULT, envelope(MakeToy.kind, kwargs={"number": "seven"}))

    (job,) = shop.wait_for_failed_jobs(1)
    assert job.message_id is not None
    assert job.reason == "permanent"
    assert "number" in job.error
    wait_for(lambda: shop.database.value("SELECT count(*) FROM messaging.inbox WHERE kind = %s", ToyFailed.kind) == 1)


def test_field_by_any_name_is_ignored(shop: Shop) -> None:
    """Unknown fields are for newer readers, whatever they are called."""
    shop.open(MAKE)

    shop.put(DEFAULT, envelope(MakeToy.kind, kwargs={"number": 1, "self": 2, "args": 3, "message": 4, "colour": "red"}))

    wait_for(lambda: shop.effects() == {(1, "made"): 1}, what="the toy")


def test_delivery_limit_is_named(shop: Shop) -> None:
    """What was given out too often without an end says so."""
    shop.declare(MAKE, TOLD)
    shop.put(DEFAULT, envelope(MakeToy.kind))
    connection = shop.vhost.connect()
    for _ in range(WORK_DELIVERY_LIMIT + 1):
        wait_for(lambda: take_and_go(connection), what="the message to be back in its queue")
    connection.close()

    shop.start_relay()

    (job,) = shop.wait_for_failed_jobs(1)
    assert (job.queue, job.reason) == (DEFAULT, "delivery_limit")
    assert job.message_id is not None
    assert shop.standing(job.message_id) == ("failed", 1, 0)


def test_end_of_a_dead_letter_publishes_its_notice(shop: Shop) -> None:
    """Whoever ends a message does what its actor asked for."""
    shop.open(MAKE, TOLD)

    shop.put(DEFAULT, envelope(MakeToy.kind, options={"eta": 1}))

    wait_for(lambda: shop.database.value("SELECT count(*) FROM messaging.inbox WHERE kind = %s", ToyFailed.kind) == 1)
    assert len(shop.failed_jobs()) == 1


def test_letter_that_is_given_out_twice_is_one_failed_job(shop: Shop) -> None:
    """Its acknowledgement was lost: the copy has the same identity, also where no message id can be read."""
    shop.declare(MAKE)
    headers = {"x-death": [{"queue": DEFAULT, "reason": "rejected", "time": 1}]}
    properties = pika.BasicProperties(delivery_mode=2, headers=headers)
    connection = shop.vhost.connect()
    channel = connection.channel()
    for body in (b"broken", b"broken", b"broken too"):
        channel.basic_publish("", DEAD, body, properties)
    connection.close()

    shop.start_relay()

    wait_for(lambda: shop.vhost.count(DEAD) == 0 and len(shop.failed_jobs()) == 2, what="two failed jobs")
    assert {bytes(row[0]) for row in kept_bodies(shop.database)} == {b"broken", b"broken too"}


@pytest.mark.parametrize("value", ["\x00", {"deep": ["\x00"]}], ids=["zero", "deep zero"])
def test_headers_that_postgresql_cannot_hold_lose_no_letter(shop: Shop, value: Any) -> None:
    """The body is what counts: it is kept, and the letters behind it do not wait."""
    shop.declare(MAKE)
    connection = shop.vhost.connect()
    properties = pika.BasicProperties(delivery_mode=2, headers={"odd": value})
    connection.channel().basic_publish("", DEAD, envelope(MakeToy.kind), properties)
    connection.close()
    shop.put(DEAD, envelope("toyshop.toy.paint"))

    shop.start_relay()

    assert len(shop.wait_for_failed_jobs(2)) == 2


def test_parked_message_whose_queue_is_gone_becomes_a_failed_job(shop: Shop) -> None:
    """It lands in the unroutable queue instead of blocking the park queue."""
    shop.declare(MAKE)
    message_id = new_id()
    connection = shop.vhost.connect()
    connection.channel().basic_publish(
        UNROUTABLE,
        "toyshop.gone",
        envelope(MakeToy.kind, message_id=str(message_id)),
        pika.BasicProperties(delivery_mode=2),
    )
    connection.close()

    shop.start_relay()

    (job,) = shop.wait_for_failed_jobs(1)
    assert (job.queue, job.reason, job.message_id) == ("toyshop.gone", "unroutable", message_id)
    assert shop.vhost.count(PARK) == 0


def test_a_letter_that_cannot_be_recorded_at_all_is_set_aside_and_told(shop: Shop) -> None:
    """The next ones are read; it stays with RabbitMQ and is recorded once that is possible."""
    shop.declare(MAKE)
    shop.database.query("ALTER TABLE messaging.failed_job ADD CONSTRAINT picky CHECK (body <> 'refused')")
    relay = shop.start_relay()
    shop.put(DEAD, b"refused", *(envelope("toyshop.toy.paint") for _ in range(30)))
    shop.wait_for_failed_jobs(30)
    told = [reason for reason in relay._ready() if "dead letters" in reason]
    shop.database.query("ALTER TABLE messaging.failed_job DROP CONSTRAINT picky")
    shop.wait_for_failed_jobs(31)

    assert told == ["1 dead letters cannot be recorded: see `dead letter cannot be recorded` in the log"]
    wait_for(lambda: not any("dead letters" in reason for reason in relay._ready()), what="nothing to be set aside")


def test_a_malformed_letter_of_another_tool_holds_nobody_up(shop: Shop) -> None:
    """A header that RabbitMQ did not write, an option of another type: the letters behind it arrive."""
    shop.declare(MAKE)
    connection = shop.vhost.connect()
    for headers in (
        {"x-death": 5},
        {"x-death": [5]},
        {"x-death": [{"queue": [1], "time": "\x00"}]},
        {"\x00": "a\x00b"},
    ):
        connection.channel().basic_publish(
            "", DEAD, envelope("toyshop.toy.paint"), pika.BasicProperties(headers=headers)
        )
    connection.close()
    shop.put(DEAD, envelope(MakeToy.kind, options={"unique": {"key": 5}}), envelope("toyshop.toy.last"))

    shop.start_relay()

    assert len(shop.wait_for_failed_jobs(6)) == 6


def test_dead_letter_queue_that_was_made_anew_is_listened_to_again(shop: Shop) -> None:
    """`repair` deletes and recreates queues while the relay runs."""
    shop.declare(MAKE)
    relay = shop.start_relay()
    shop.put(DEAD, envelope("toyshop.toy.paint"))
    shop.wait_for_failed_jobs(1)
    connection = shop.vhost.connect()
    connection.channel().queue_delete(DEAD)
    connection.close()
    assert relay.dead_letters is not None
    channels = relay.dead_letters._connection._channels
    wait_for(lambda: len(channels) == 1, what="its consumer to be cancelled")

    shop.declare(MAKE)
    shop.put(DEAD, envelope("toyshop.toy.dry"))

    assert len(shop.wait_for_failed_jobs(2)) == 2
    assert relay._alive() == []


def test_dead_letters_stay_where_they_are_while_they_cannot_be_written(shop: Shop) -> None:
    """Nothing is acknowledged before it is in PostgreSQL; then all of them arrive."""
    shop.declare(MAKE)
    shop.database.query("ALTER TABLE messaging.failed_job RENAME TO away")
    shop.put(DEAD, *(envelope("toyshop.toy.paint") for _ in range(30)))
    relay = shop.start_relay()
    wait_for(lambda: len(relay._threads) > 0 and relay.publisher.is_up, what="the relay to be up")
    shop.database.query("ALTER TABLE messaging.away RENAME TO failed_job")

    assert len(shop.wait_for_failed_jobs(30)) == 30
    wait_for(lambda: shop.vhost.count(DEAD) == 0, what="an empty queue")


def take_and_go(connection: BlockingConnection) -> bool:
    """Take the message and close the channel on it. False if it is not back yet from the last time."""
    channel = connection.channel()
    method, _, _ = channel.basic_get(DEFAULT)
    channel.close()
    return method is not None
