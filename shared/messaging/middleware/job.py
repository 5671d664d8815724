"""The interface of job middleware, and the simplest one."""

import hashlib
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from math import isfinite
from string import Formatter
from typing import Any, Literal

from shared.contracts.message import Contract
from shared.errors import PermanentError
from shared.messaging.delivery import Delivery
from shared.messaging.inbox import Connection

KEY_LENGTH = 255

Ended = Literal["done", "retry", "snoozed", "failed"]
"""How a handler that was admitted ended."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """Not now: put the message back for `seconds`, without spending an attempt.

    One that is `again` put back for the same reason leaves no further line in the log of its attempts.
    """

    seconds: float
    reason: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """Not at all: the message ends as done, its handler never runs."""

    reason: str


@dataclass(slots=True)
class Admission:
    """One message asking to run, or one that has run.

    `lease` is for how many seconds it may hold anything. `tickets` travel with the message when it is put back: what a
    limiter reserved for it. `spent` are those that it runs on. `permanent` are the errors that its actor calls so.
    """

    connection: Connection
    message: Contract
    delivery: Delivery
    lease: float
    tickets: MutableMapping[str, Any] = field(default_factory=dict)
    permanent: tuple[type[Exception], ...] = (PermanentError,)
    spent: MutableMapping[str, Any] = field(default_factory=dict)

    def key(self, prefix: str, template: str) -> str:
        """The key of a limiter for this message: `{field}` in the template is the message's field.

        One that is too long for an index ends in a digest of all of it.
        """
        key = template.format_map(self.message.model_dump(mode="json")) if "{" in template else template
        key = key.replace("\x00", "")
        if len(key) > KEY_LENGTH:
            digest = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
            key = key[: KEY_LENGTH - len(digest)] + digest
        return f"{prefix}:{key}"


class JobMiddleware:
    """Subclass it for one's own. All methods run in a transaction that the runner commits; they must be quick.

    `admit` decides before the handler, in the order of the declaration. What it wrote stays, also when a later one puts
    the message back; then `withdraw`, the last admitted first, gives back what only a running job may hold. `leave`, in
    the order of the declaration, runs in the transaction of the outcome. An `admit` that raises is a failed attempt: the
    handler does not run, nothing that any of them wrote stays, and nobody's `leave` is called.
    """

    @property
    def identity(self) -> tuple[object, ...]:
        """Two with the same identity cannot stand at one actor. By default every one is its own."""
        return (id(self),)

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

    def check(self, contract: type[Contract]) -> None:
        if not callable(self.condition):
            raise TypeError(f"{contract.kind}: SkipIf takes a function of the message, not {self.condition!r}")

    def admit(self, admission: Admission) -> Skipped | None:
        return Skipped(self.reason) if self.condition(admission.message) else None


def check_template(template: object, contract: type[Contract]) -> None:
    """Raise ValueError or TypeError if a key is none, or names a field that the contract does not have."""
    if not isinstance(template, str):
        raise TypeError(f"{contract.kind}: a key is a text, not {template!r}")
    try:
        names = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise ValueError(f"{contract.kind}: {template!r} is no key: {error}") from None
    unknown = sorted(names - set(contract.model_fields))
    if unknown:
        raise ValueError(f"{contract.kind} has no field {unknown}: a key is a text with {{field}} in it")
    if not template or len(template) > KEY_LENGTH or "\x00" in template:
        raise ValueError(f"{contract.kind}: a key has 1 to {KEY_LENGTH} characters, none of them NUL")


def check_number(contract: type[Contract], name: str, value: object, *, whole: bool = False) -> None:
    """Raise TypeError unless the option is a number (of things: a whole one), ValueError unless it is finite."""
    kinds: tuple[type, ...] = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        wanted = "a whole number" if whole else "a number"
        raise TypeError(f"{contract.kind}: {name} is {wanted}, not {value!r}")
    if not isfinite(value):  # type: ignore[arg-type] # it is one of the two kinds
        raise ValueError(f"{contract.kind}: {name} is a finite number, not {value!r}")
