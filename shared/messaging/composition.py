"""Dramatiq's own compositions over our messages: a pipeline is a chain, a group with a completion callback is a batch."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from dramatiq import Message
from dramatiq.composition import group, pipeline
from sqlalchemy.orm import Session

from shared.contracts.message import Command
from shared.messaging.batch import Batch, publish_batch
from shared.messaging.chain import Chain, Step, publish_chain

_STEP = "bellhop_step"


def message_of(command: Command, *, take: Mapping[str, str] | None = None) -> Message[Any]:
    """A command as a Dramatiq message, for `a | b` and `group([a, b])`. It is sent by the functions below only.

    `take` fills fields from results of earlier steps, as in Step.
    """
    return Message("", command.kind, (), command.model_dump(mode="json"), {_STEP: Step(command, take or {})})


def publish_pipeline(session: Session, steps: pipeline, name: str = "pipeline") -> UUID:
    """Publish `message_of(a) | message_of(b)` as a chain. Returns the chain's id. Raises as publish_chain."""
    return publish_chain(session, _chain(steps, name))


def publish_group(session: Session, members: group, name: str = "group") -> UUID:
    """Publish a group as a batch; its completion callback is the batch's `then`. Pipelines and groups in it are members.

    Returns the batch's id. Raises as publish_batch, and TypeError for more than one callback.
    """
    return publish_batch(session, _batch(members, name))


def _batch(members: group, name: str) -> Batch:
    callbacks: list[Message[Any]] = [Message(**callback) for callback in members.completion_callbacks]
    if len(callbacks) > 1:
        raise TypeError("a batch has one completion callback, its `then`: let that publish the others")
    then = _step(callbacks[0]).message if callbacks else None
    return Batch(name, [_member(child) for child in members.children], then=then)


def _chain(steps: pipeline, name: str) -> Chain:
    return Chain(name, [_step(one) for one in steps.messages])


def _member(child: Any) -> Command | Chain | Batch:
    if isinstance(child, pipeline):
        return _chain(child, "pipeline")
    return _batch(child, "group") if isinstance(child, group) else _step(child).message


def _step(message: Message[Any]) -> Step:
    step = message.options.get(_STEP)
    if not isinstance(step, Step):
        raise TypeError(f"{message} was not made by message_of()")
    return step
