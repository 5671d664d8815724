"""Dramatiq's own compositions: a pipeline is a chain, a group is a batch."""

from typing import Any

import pytest
from dramatiq import Message
from dramatiq.composition import group

from shared.messaging.composition import message_of, publish_group, publish_pipeline
from tests.integration.messaging.compositions.yard import AllDone, PayPiece, Piece, Yard

Group: Any = group
"""Dramatiq's is not annotated."""


def test_pipeline_is_a_chain(twice: Yard) -> None:
    """`a | b | c`, across services; results are handed on where the message says so."""
    first = message_of(Piece(number=1, hands_on={"label": "L-1"}))
    steps = first | message_of(PayPiece(number=2), take={"got": "label"}) | message_of(Piece(number=3))
    chain_id = twice.act(publish_pipeline, steps)
    twice.drain()
    assert (twice.made, twice.got[2], twice.chain_state(chain_id).state) == ({1: 1, 2: 1, 3: 1}, "L-1", "done")


def test_group_is_a_batch_whose_completion_callback_is_then(twice: Yard) -> None:
    """Pipelines and groups in it are members."""
    inner = Group([message_of(Piece(number=3)), message_of(Piece(number=4))])
    members = Group([message_of(Piece(number=1)), message_of(Piece(number=2)) | message_of(Piece(number=5)), inner])
    members.add_completion_callback(message_of(AllDone(name="group")))
    batch_id = twice.act(publish_group, members)
    called = twice.drain()
    assert (called, set(twice.made)) == ({("then", "group"): 1}, {1, 2, 3, 4, 5})
    assert twice.counts(batch_id) == ("done", 0, 3, 0, 0)


def test_what_is_no_command_of_ours_is_refused(yard: Yard) -> None:
    """A stock message has no contract; a second callback would be lost."""
    stock: Message[None] = Message("queue", "actor", (), {}, {})
    with pytest.raises(TypeError, match=r"message_of"):
        yard.act(publish_pipeline, message_of(Piece(number=1)) | stock)
    members = Group([message_of(Piece(number=1))])
    members.add_completion_callback(message_of(AllDone()))
    members.add_completion_callback(message_of(AllDone()))
    with pytest.raises(TypeError, match="one completion callback"):
        yard.act(publish_group, members)
    assert yard.waiting() == 0
