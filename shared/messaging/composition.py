"""Dramatiq's own compositions over our messages: a pipeline is a chain, a group with a completion callback is a batch."""

from typing import Any
from uuid import UUID

from dramatiq import Message
from dramatiq.composition import group, pipeline
from sqlalchemy.orm import Session

from shared.contracts.message import Command
from shared.messaging.batch import Batch, publish_batch
from shared.messaging.chain import Chain, Step, publish_chain

_COMMANDS = "bellhop_command"


def message_of(command: Command) -> Message[Any]:
    """A command as a Dramatiq message, for `a | b` and `group([a, b])`. It is sent by the functions below only."""
    return Message("", command.kind, (), command.model_dump(mode="json"), {_COMMANDS: command})


def publish_pipeline(session: Session, steps: pipeline, name: str = "pipeline") -> UUID:
    """Publish `message_of(a) | message_of(b)` as a chain. Returns the chain's id."""
    return publish_chain(session, Chain(name, [Step(_command(one)) for one in steps.messages]))


def publish_group(session: Session, members: group, name: str = "group") -> UUID:
    """Publish a group as a batch; its first completion callback is the batch's `then`. Returns the batch's id."""
    callbacks = [
        Message(**callback) if isinstance(callback, dict) else callback for callback in members.completion_callbacks
    ]
    then = _command(callbacks[0]) if callbacks else None
    return publish_batch(session, Batch(name, [_member(one) for one in members.children], then=then))


def _member(child: Any) -> Command | Chain:
    if isinstance(child, pipeline):
        return Chain("pipeline", [Step(_command(one)) for one in child.messages])
    return _command(child)


def _command(message: Any) -> Command:
    command = message.options.get(_COMMANDS)
    if not isinstance(command, Command):
        raise TypeError(f"{message} is not a message_of() a command")
    return command
