"""What RabbitMQ confirmed moves to `messaging.published`; where it cannot, nothing is published in a loop."""

from collections import Counter
from typing import Any

import orjson
import psycopg
import pytest
from structlog.typing import EventDict

from services.relay.partitions import DAYS_AHEAD
from services.relay.process import RelayProcess
from services.relay.published import LONGEST_WAIT_SECONDS, Moves
from services.relay.repository import OutboxRow
from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.outbox import publish_all
from shared.metrics import Metrics
from tests.integration.messaging.shop import Shop
from tests.support.databases import Database
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, ToyMade

DEFAULT, EVENTS = "toyshop.default", "toyshop.events"
MAKE: ActorDeclaration = actor(MakeToy, queue=DEFAULT)(lambda *_: None)
HEAR: ActorDeclaration = actor(ToyMade, queue=EVENTS)(lambda *_: None)

CANNOT_BE_WRITTEN = {
    "a constraint": (
        "ALTER TABLE messaging.published ADD CONSTRAINT never CHECK (false) NOT VALID",
        "ALTER TABLE messaging.published DROP CONSTRAINT never",
    ),
    "no partition": (
        """DO $$ DECLARE one regclass; BEGIN
        FOR one IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'messaging.published'::regclass LOOP
            EXECUTE format('ALTER TABLE messaging.published DETACH PARTITION %s', one);
        END LOOP; END $$""",
        "ALTER TABLE messaging.published ATTACH PARTITION messaging.published_default DEFAULT",
    ),
}
PARTITIONS = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'messaging.published'::regclass"


def rows(shop: Shop, table: str) -> int:
    return int(shop.database.value(f"SELECT count(*) FROM messaging.{table}"))


def numbers_in(shop: Shop, queue: str) -> list[int]:
    """Take all messages out of a queue."""
    connection = shop.vhost.connect()
    channel = connection.channel()
    found = []
    while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
        found.append(int(orjson.loads(got[2])["kwargs"]["number"]))
    connection.close()
    return found


def failures(relay: RelayProcess) -> float:
    value = relay.metrics.registry.get_sample_value("bellhop_published_moves_failed_total", {"service": "relay"})
    return value or 0.0


def test_confirmed_message_stands_in_published_as_it_stood_in_the_outbox(shop: Shop) -> None:
    """With its turn, body and journey, so that it can be published again."""
    shop.declare(MAKE, HEAR)
    columns = (
        "id, message_id, kind, is_event, queue, turn, fairness_key, organisation_id, correlation_id, body, created_at"
    )
    shop.publish(MakeToy(number=1))
    shop.publish(ToyMade(number=2))
    before = shop.database.query(f"SELECT {columns} FROM messaging.outbox ORDER BY id")

    shop.start_relay(window=1_000, share=1.0)
    wait_for(lambda: rows(shop, "outbox") == 0, what="an empty outbox")

    assert shop.database.query(f"SELECT {columns} FROM messaging.published ORDER BY id") == before


@pytest.mark.parametrize("way", CANNOT_BE_WRITTEN)
def test_row_that_cannot_be_moved_is_not_published_in_a_loop_and_is_moved_when_it_can(
    way: str, shop: Shop, logs: list[EventDict]
) -> None:
    """The table refuses rows when the relay runs: what was under way then goes out, nothing else; the rest is sent later.
    A batch whose confirm came after the fault may go out a second time, and never a third.
    """
    spoil, mend = CANNOT_BE_WRITTEN[way]
    shop.declare(HEAR)
    relay = shop.start_relay(batch=5, window=1_000, share=1.0)
    shop.publish(ToyMade(number=0))
    wait_for(lambda: rows(shop, "published") == 1, what="the first to be moved")
    wait_for(lambda: shop.database.value(PARTITIONS) == DAYS_AHEAD + 2, what="the partitions")
    shop.database.query(spoil)
    already = len(logs)
    with shop.database.work("toyshop")() as session:
        publish_all(session, [ToyMade(number=number) for number in range(1, 21)])

    wait_for(lambda: failures(relay) >= 3, what="three moves that failed")
    sent, reasons = shop.vhost.count(EVENTS), relay._ready()
    kept = rows(shop, "published")
    shop.database.query(mend)
    wait_for(lambda: rows(shop, "outbox") == 0, what="all to be moved")

    arrived = Counter(numbers_in(shop, EVENTS))
    assert sent <= 1 + 3 * 5
    assert sorted(arrived) == list(range(21))
    assert max(arrived.values()) <= 2
    assert rows(shop, "published") - kept >= 20
    assert any("cannot be moved to messaging.published" in reason for reason in reasons)
    waits = [entry["again_in"] for entry in logs[already:] if "again_in" in entry]
    assert waits[:3] == [0.5, 1.0, 2.0]
    assert relay._ready() == []


def test_relay_that_starts_while_rows_cannot_be_moved_publishes_nothing(shop: Shop) -> None:
    """However often it is started anew: the same rows must not go out with each start."""
    spoil, mend = CANNOT_BE_WRITTEN["a constraint"]
    shop.declare(MAKE)
    shop.publish(MakeToy(number=1))
    shop.database.query(spoil)
    for _ in range(2):
        relay = shop.start_relay(window=1_000, share=1.0)
        wait_for(lambda relay=relay: failures(relay) >= 2, what="it to have tried")  # type: ignore[misc] # bound now
        shop.stop(relay)

    sent = shop.vhost.count(DEFAULT)
    shop.database.query(mend)
    shop.start_relay(window=1_000, share=1.0)

    wait_for(lambda: rows(shop, "published") == 1, what="the message to be moved")
    assert (sent, shop.vhost.count(DEFAULT)) == (0, 1)


def _outbox_row(database: Database) -> OutboxRow:
    return OutboxRow(*database.query("SELECT id, message_id, kind, is_event, queue, body FROM messaging.outbox")[0])


def test_waits_double_up_to_a_minute_and_begin_anew_after_a_success(database: Database) -> None:
    """What fails for an hour is tried once a minute."""
    spoil, mend = CANNOT_BE_WRITTEN["a constraint"]
    now = 0.0
    moves = Moves(Metrics("relay"), clock=lambda: now)
    database.query(spoil)
    waits: list[Any] = []
    with psycopg.connect(database.url, autocommit=True) as connection:
        for _ in range(9):
            assert not moves.may_publish(connection)
            waits.append(moves._again_at - now)
            now = moves._again_at
        database.query(mend)
        may = moves.may_publish(connection)

    assert (may, moves.fault) == (True, None)
    assert waits == [0.5, 1, 2, 4, 8, 16, 32, LONGEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS]


def test_remembered_row_is_not_mistaken_for_one_that_has_its_id_after_a_restore(database: Database) -> None:
    """Sequences go back with the database: the new row was never sent, and stays."""
    spoil, mend = CANNOT_BE_WRITTEN["a constraint"]
    now = 0.0
    moves = Moves(Metrics("relay"), clock=lambda: now)
    with database.work("toyshop")() as session:
        publish_all(session, [MakeToy(number=1)])
    sent = _outbox_row(database)
    database.query(spoil)
    with psycopg.connect(database.url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.CheckViolation):
            moves.move(connection, [sent])
        database.query("UPDATE messaging.outbox SET message_id = gen_random_uuid()")
        database.query(mend)
        now = 1.0
        moves.may_publish(connection)

    assert _outbox_row(database).id == sent.id
    assert database.value("SELECT count(*) FROM messaging.published") == 0
