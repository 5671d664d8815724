"""Members and steps that no handler ends: the relay ends them, and their batch and chain are told all the same."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.batch import Batch, publish_batch, show_batch
from shared.messaging.chain import Chain, publish_chain, show_chain
from shared.messaging.topology import dead_letter_queue
from tests.integration.messaging.compositions.yard import (
    AllDone,
    AllEnded,
    ChainBroke,
    Piece,
    SomeFailed,
    Unheard,
)
from tests.integration.messaging.shop import Shop
from tests.support.waiting import wait_for

PIECES, CALLBACKS = "toyshop.pieces", "toyshop.default"


class Counts:
    """Whose callbacks ran, and how often."""

    def __init__(self) -> None:
        self.called: Counter[str] = Counter()

    def declarations(self) -> list[ActorDeclaration]:
        return [self._counting(one) for one in (AllDone, SomeFailed, AllEnded, ChainBroke)]

    def _counting(self, contract: Any) -> ActorDeclaration:
        return actor(contract, queue=CALLBACKS)(lambda message, *_: self.called.update([message.kind.split(".")[-1]]))


def heard(contract: Any) -> ActorDeclaration:
    return actor(contract, queue=PIECES)(lambda *_: None)


def nobody_takes_it(shop: Shop, counts: Counts) -> None:
    """Nobody consumes pieces any more once they are published, and their queue is gone: RabbitMQ returns the command."""
    shop.declare(heard(Piece), *counts.declarations())
    connection = shop.vhost.connect()
    connection.channel().queue_delete(PIECES)
    connection.close()
    shop.start_worker(*counts.declarations())


def withdraw(shop: Shop, ending: Any) -> None:
    """A deployment without whoever consumed the pieces. Only then they end: for a queue that is lost they would wait."""
    if ending is nobody_takes_it:
        shop.database.query("UPDATE messaging.subscription SET until = clock_timestamp() WHERE kind = %s", Piece.kind)


def nobody_knows_it(shop: Shop, counts: Counts) -> None:
    """An older release serves the queue, and has never heard of pieces: they are dead letters."""
    shop.declare(heard(Piece), *counts.declarations())
    shop.start_worker(heard(Unheard), *counts.declarations())


@pytest.mark.parametrize("ending", [nobody_takes_it, nobody_knows_it], ids=["returned", "dead letter"])
def test_batch_counts_what_the_relay_has_to_end(shop: Shop, ending: Any) -> None:
    counts = Counts()
    ending(shop, counts)
    batch = Batch(
        "b",
        [Piece(number=1), Piece(number=2)],
        then=AllDone(),
        catch=SomeFailed(),
        finally_=AllEnded(),
        allow_failures=True,
    )

    batch_id = published(shop, publish_batch, batch)
    withdraw(shop, ending)
    shop.start_relay()
    wait_for(lambda: counts.called[AllEnded.kind.split(".")[-1]], what="the batch to end")
    shop.wait_for_failed_jobs(2)

    with shop.database.work("toyshop")() as session:
        state = show_batch(session, batch_id)
    assert (state.state, state.failed, state.pending) == ("failed", 2, 0)
    assert counts.called == {"some_failed": 1, "all_ended": 1}
    assert shop.vhost.count(dead_letter_queue(CALLBACKS)) == 0


@pytest.mark.parametrize("ending", [nobody_takes_it, nobody_knows_it], ids=["returned", "dead letter"])
def test_chain_is_caught_where_the_relay_has_to_end_its_step(shop: Shop, ending: Any) -> None:
    counts = Counts()
    ending(shop, counts)

    chain_id = published(shop, publish_chain, Chain("c", [Piece(number=1), AllDone()], catch=ChainBroke))
    withdraw(shop, ending)
    shop.start_relay()
    wait_for(lambda: counts.called["chain_broke"], what="the catch")

    with shop.database.work("toyshop")() as session:
        state = show_chain(session, chain_id)
    assert (state.state, state.step) == ("failed", 0)
    assert counts.called == {"chain_broke": 1}


def published(shop: Shop, publish: Any, what: Batch | Chain) -> UUID:
    with shop.database.work("toyshop")() as session:
        found: UUID = publish(session, what)
        return found
