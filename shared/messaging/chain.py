"""Chains: the next step is published in the transaction that ends the one before, so no step is lost or taken twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from shared.contracts.message import ChainFailed, Command
from shared.database.session import PUBLISHED, driver
from shared.errors import PermanentError
from shared.ids import new_id
from shared.messaging import chain_steps
from shared.messaging.causes import current_cause
from shared.messaging.counting import Place
from shared.messaging.inbox import Connection
from shared.messaging.sending import kept

_HEARD = "SELECT kind FROM messaging.subscription WHERE kind = ANY(%s) AND until IS NULL"


class InvalidChainError(PermanentError):
    """A chain has no step, names a kind that nobody hears, or is not in a state for what was asked."""

    code = "invalid_chain"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `take` fills fields from results of earlier steps (field name to result name); where there is no such
    result, the message keeps its own value. A step whose `only_if` names a result that is missing or false is left
    out; `when` decides the same at once. Raises InvalidChainError for what no chain could do.
    """

    message: Command
    take: Mapping[str, str] = field(default_factory=dict)
    only_if: str | None = None
    when: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.message, Command):
            raise InvalidChainError(f"a step is a command, not {self.message!r}: nobody can be waited for on an event")
        unknown = sorted(set(self.take) - set(type(self.message).model_fields))
        if unknown:
            raise InvalidChainError(f"{self.message.kind} has no field {', '.join(unknown)} that could be taken")

    def as_json(self) -> dict[str, Any]:
        """The step as the chain's row keeps it. Raises MessageTooLargeError."""
        return {**kept(self.message), "take": dict(self.take), "only_if": self.only_if}


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps one after the other. `catch` is published when a step finally fails, and says which and why."""

    name: str
    steps: Sequence[Step | Command]
    catch: type[ChainFailed] | None = None

    def __post_init__(self) -> None:
        if not self.planned:
            raise InvalidChainError(f"the chain {self.name!r} has no step")

    @property
    def planned(self) -> list[Step]:
        """The steps that are there: without those whose `when` is false."""
        steps = [one if isinstance(one, Step) else Step(one) for one in self.steps]
        return [step for step in steps if step.when]


@dataclass(frozen=True, slots=True)
class ChainState:
    """A chain as it stands: running, done, failed or cancelled.

    `step` counts from 0: the one that runs, failed, or was the last; `message_id` is its message.
    """

    id: UUID
    name: str
    state: str
    step: int
    steps: list[str]
    results: dict[str, Any]
    error: str | None
    message_id: UUID | None
    batch_id: UUID | None
    organisation_id: UUID | None


def publish_chain(session: Session, chain: Chain, *, organisation_id: UUID | None = None) -> UUID:
    """Start a chain in the session's transaction. Returns its id.

    Raises InvalidChainError for a kind that nobody hears, MessageTooLargeError for a step that could never be sent.
    """
    chain_id = start_chain(driver(session), chain, None, organisation_id)
    session.info[PUBLISHED] = True
    return chain_id


def start_chain(connection: Connection, chain: Chain, place: Place | None, organisation_id: UUID | None) -> UUID:
    """As publish_chain; `place` is where a batch counts it."""
    steps = [step.as_json() for step in chain.planned]
    check_storable(chain.name, steps)
    catch = chain.catch.kind if chain.catch else None
    check_heard(connection, [*(step["kind"] for step in steps), *([catch] if catch else ())])
    chain_id, cause = new_id(), current_cause()
    connection.execute(
        "INSERT INTO messaging.chain (id, name, state, step, steps, results, catch, batch_id, batch_shard, "
        "organisation_id, correlation_id, causation_id) "
        "VALUES (%s, %s, 'running', -1, %s, '{}', %s, %s, %s, %s, %s, %s)",
        (
            chain_id, chain.name, Jsonb(steps), catch, place and place.batch_id, place and place.shard,
            organisation_id or cause.organisation_id, cause.correlation_id or chain_id, cause.causation_id,
        ),
    )  # fmt: skip
    chain_steps.advance(connection, chain_id, after=-1, result=None)
    return chain_id


def check_storable(name: str, kept_as_json: object) -> None:
    """Raise InvalidChainError for text that PostgreSQL's JSON cannot hold: it has no NUL."""
    if "\x00" in name or chain_steps.has_nul(kept_as_json):
        raise InvalidChainError(f"{name!r} has a NUL character in its name or in a message")


def check_heard(connection: Connection, kinds: Sequence[str]) -> None:
    """Raise InvalidChainError for a command that no deployed service hears."""
    rows = connection.execute(_HEARD, (list(kinds),)).fetchall()
    unheard = sorted(set(kinds) - {row[0] for row in rows})
    if unheard:
        raise InvalidChainError(
            f"no service hears {', '.join(unheard)}: deploy it (BELLHOP_SERVICES) and run `bellhop migrate`"
        )


def cancel_chain(session: Session, chain_id: UUID) -> None:
    """Take no further step. The one that runs is not interrupted; one that waits ends unrun.

    Raises InvalidChainError if the chain is not there or has ended.
    """
    changed = driver(session).execute(
        "UPDATE messaging.chain SET state = 'cancelled' WHERE id = %s AND state IN ('running', 'failed')", (chain_id,)
    )
    if not changed.rowcount:
        raise InvalidChainError(f"the chain {chain_id} is not there or has ended")


def show_chain(session: Session, chain_id: UUID) -> ChainState:
    """A chain as it stands. Raises InvalidChainError if it is not there."""
    with driver(session).cursor(row_factory=dict_row) as cursor:
        row = cursor.execute("SELECT * FROM messaging.chain WHERE id = %s", (chain_id,)).fetchone()
    if row is None:
        raise InvalidChainError(f"there is no chain {chain_id}")
    kinds = [step["kind"] for step in row["steps"]]
    names = ("id", "name", "state", "step", "results", "error", "message_id", "batch_id", "organisation_id")
    return ChainState(**{name: row[name] for name in names}, steps=kinds)
