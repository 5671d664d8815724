"""The asserts about what was published hold, and say what was there instead."""

from datetime import timedelta

import pytest

from shared.messaging.actor import actor
from shared.messaging.batch import Batch, publish_batch
from shared.messaging.chain import Chain, InvalidChainError, Step, publish_chain
from shared.messaging.outbox import publish
from shared.messaging.testing import (
    Inline,
    assert_batched,
    assert_chained,
    assert_nothing_else_published,
    assert_published,
)
from tests.support.databases import Database
from tests.toyshop.contracts import MakeToy, PackToy

QUEUE = "toyshop.default"


def making(database: Database) -> Inline:
    """Somebody hears MakeToy, so that it can be chained."""
    return Inline(database.engine, [actor(MakeToy, queue=QUEUE)(lambda *_: None)])


def test_message_that_was_not_published_is_told_with_those_that_were(database: Database) -> None:
    """Whoever reads the red test sees the fields."""
    with database.work("toyshop")() as session:
        publish(session, MakeToy(number=2))

        assert assert_published(session, MakeToy, number=2).fields["number"] == 2
        with pytest.raises(AssertionError, match="'number': 2"):
            assert_published(session, MakeToy, number=3)


def test_nothing_else_counts_each_kind(database: Database) -> None:
    """Later messages count like those of now, and one too many is told like one that is missing."""
    with database.work("toyshop")() as session:
        publish(session, MakeToy(number=1))
        publish(session, MakeToy(number=2), due=timedelta(hours=1))

        assert_nothing_else_published(session, MakeToy, MakeToy)
        with pytest.raises(
            AssertionError, match=r"beside them: {'toyshop.toy.make': 1}, missing: {'toyshop.toy.pack': 1}"
        ):
            assert_nothing_else_published(session, MakeToy, PackToy)


def test_chain_of_other_steps_is_not_the_one(database: Database) -> None:
    """Steps and their order are compared; the chains that there are are told."""
    with making(database).work() as session:
        chain_id = publish_chain(session, Chain("toys", [MakeToy(number=1), Step(MakeToy(number=2), when=False)]))

        assert assert_chained(session, MakeToy, name="toys").id == chain_id
        with pytest.raises(AssertionError, match=r"toys: toyshop\.toy\.make"):
            assert_chained(session, MakeToy, MakeToy)


def test_batch_of_another_size_is_not_the_one(database: Database) -> None:
    """A chain in a batch is one member; the batches that there are are told."""
    with making(database).work() as session:
        batch_id = publish_batch(session, Batch("toys", [MakeToy(number=2), Chain("two", [MakeToy(number=1)] * 2)]))

        assert assert_batched(session, "toys", 2).id == batch_id
        with pytest.raises(AssertionError, match="toys: 2"):
            assert_batched(session, "toys", 3)


def test_kinds_that_nobody_hears_are_refused_as_in_production(database: Database) -> None:
    """Only what the test's actors hear can be chained."""
    with pytest.raises(InvalidChainError, match="no service hears"), making(database).work() as session:
        publish_chain(session, Chain("toys", [PackToy(number=1)]))
