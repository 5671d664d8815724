"""The interface of job middleware, and the simplest one."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Literal

from shared.contracts.message import Contract
from shared.messaging.delivery import Delivery
from shared.messaging.inbox import Connection

KEY_LENGTH = 255

Ended = Literal["done", "retry", "snoozed", "failed"]
"""How a handler that was admitted ended."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """Not now: put the message back for `seconds`, without spending an attempt."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Not at all: the message ends as done, its handler never runs."""

    reason: str


@dataclass(slots=True)
class Admission:
    """One message asking to run. `tickets` travel with the message when it is put back: what a limiter reserved for it."""

    connection: Connection
    message: Contract
    delivery: Delivery
    lease: float
    tickets: MutableMapping[str, Any] = field(default_factory=dict)

    def key(self, prefix: str, template: str) -> str:
        """The key of a limiter for this message: `{field}` in the template is the message's field."""
        return f"{prefix}:{template.format_map(self.message.model_dump(mode='json'))}"[: KEY_LENGTH + 32]


class JobMiddleware:
    """Subclass it for one's own. All methods run in a transaction that the runner commits; they must be quick.

    `admit` decides before the handler. What it wrote stays, also when another middleware puts the message back; then
    `withdraw` gives back what only a running job may hold. `leave` runs in the transaction of the outcome.
    """

    def check(self, contract: type[Contract]) -> None:
        """Raise ValueError if this cannot work for such messages. Called when the actor is declared."""

    def admit(self, admission: Admission) -> PutBack | Skipped | None:
        """Let the message run (None), or say why not."""
        raise NotImplementedError

    def withdraw(self, admission: Admission) -> None:
        """The message was admitted here and is put back by another."""

    def leave(self, admission: Admission, outcome: Ended, error: object) -> None:
        """The handler has ended: with this outcome, on this error if there was one."""


@dataclass(frozen=True, slots=True)
class SkipIf(JobMiddleware):
    """Skip the messages for which `condition(message)` is true: they end as done."""

    condition: Callable[[Any], bool]
    reason: str = "its condition holds"

    def admit(self, admission: Admission) -> Skipped | None:
        return Skipped(self.reason) if self.condition(admission.message) else None


def check_template(template: str, contract: type[Contract]) -> None:
    """Raise ValueError if a key's template names a field that the contract does not have."""
    names = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    unknown = sorted(names - set(contract.model_fields))
    if unknown:
        raise ValueError(f"{contract.kind} has no field {unknown}: a key is a text with {{field}} in it")
    if not template or len(template) > KEY_LENGTH:
        raise ValueError(f"{contract.kind}: a key has 1 to {KEY_LENGTH} characters")
