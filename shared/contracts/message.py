"""What every contract is: an immutable, versioned message with a stable kind."""

import re
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){2}")


class Contract(BaseModel):
    """A message's fields. Unknown fields are ignored on reading, so that an older service understands a newer sender.

    A concrete contract sets `kind` (`service.noun.verb`), which never changes its meaning once it is used.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: ClassVar[str]
    version: ClassVar[int] = 1

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        kind = cls.__dict__.get("kind")
        if kind is not None and not KIND_PATTERN.fullmatch(kind):
            raise ValueError(f"{cls.__name__}.kind is {kind!r}; write it as service.noun.verb in lower case")

    @classmethod
    def owner(cls) -> str:
        """The service that defines this kind: its first word."""
        return cls.kind.partition(".")[0]


class Command(Contract):
    """Asks its owner to do something. It goes to one queue; a command that no queue takes is an error."""


class Event(Contract):
    """Says what happened (its verb is in the past). Whoever listens has a queue of their own; nobody listening is normal."""


class FailureNotice(Command):
    """A command that an actor names as its `on_failure`: published when a message finally failed.

    The fields are fixed, because whoever ends a message (its worker, the relay, an operator) must be able to
    write it without knowing the code of the service that failed.
    """

    failed_kind: str
    failed_message_id: UUID
    fields: dict[str, Any]
    reason: str
    error: str


class ChainFailed(Command):
    """What a chain's `catch` receives. Subclass it with a kind of one's own; the fields are fixed.

    `step` counts from 0. `results` are empty where they do not fit into a message.
    """

    kind: ClassVar[str]
    chain_id: UUID
    chain_name: str
    step: int
    step_kind: str
    reason: str
    error: str
    results: dict[str, Any]
