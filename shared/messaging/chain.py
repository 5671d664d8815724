"""Chains: the next step is published in the transaction that ends the one before, so no step is lost or taken twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

import orjson
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from shared.contracts.message import Command
from shared.database.session import PUBLISHED, driver
from shared.errors import PermanentError
from shared.ids import new_id
from shared.messaging.causes import Cause, current_cause
from shared.messaging.envelope import Envelope
from shared.messaging.inbox import Connection


class InvalidChainError(PermanentError):
    """A chain has no step, names a kind that nobody hears, or is not in a state for what was asked."""

    code = "invalid_chain"
    http_status = 409


class ChainFailed(Command):
    """What a chain's `catch` receives. Subclass it with a kind of one's own; the fields are fixed."""

    kind: ClassVar[str]
    chain_id: UUID
    chain_name: str
    step: int
    step_kind: str
    reason: str
    error: str
    results: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `take` fills fields from results of earlier steps (field name to result name). A step whose `only_if`
    names a result that is missing or false is left out; `when` decides the same at once.
    """

    message: Command
    take: Mapping[str, str] = field(default_factory=dict)
    only_if: str | None = None
    when: bool = True

    def as_json(self) -> dict[str, Any]:
        fields = self.message.model_dump(mode="json")
        return {"kind": self.message.kind, "fields": fields, "take": dict(self.take), "only_if": self.only_if}


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
        steps = [one if isinstance(one, Step) else Step(one) for one in self.steps]
        return [step for step in steps if step.when]


@dataclass(frozen=True, slots=True)
class ChainState:
    """A chain as it stands. `step` counts from 0: the one that runs, failed, or was the last."""

    id: UUID
    name: str
    state: str
    step: int
    steps: list[str]
    results: dict[str, Any]
    error: str | None


def publish_chain(session: Session, chain: Chain, *, batch_id: UUID | None = None) -> UUID:
    """Start a chain in the session's transaction. Returns its id. Raises InvalidChainError for a kind nobody hears."""
    connection = driver(session)
    steps = [step.as_json() for step in chain.planned]
    check_heard(connection, [step["kind"] for step in steps])
    chain_id, cause = new_id(), current_cause()
    correlation_id = cause.correlation_id or chain_id
    connection.execute(
        "INSERT INTO messaging.chain (id, name, state, step, steps, results, catch, batch_id, organisation_id, "
        "correlation_id, causation_id) VALUES (%s, %s, 'running', -1, %s, '{}', %s, %s, %s, %s, %s)",
        (
            chain_id, chain.name, Jsonb(steps), chain.catch.kind if chain.catch else None, batch_id,
            cause.organisation_id, correlation_id, cause.causation_id,
        ),
    )  # fmt: skip
    _advance(connection, chain_id, after=-1, result=None)
    session.info[PUBLISHED] = True
    return chain_id


def check_heard(connection: Connection, kinds: Sequence[str]) -> None:
    """Raise InvalidChainError for a command that no deployed service hears."""
    rows = connection.execute("SELECT kind FROM messaging.subscription WHERE kind = ANY(%s)", (list(kinds),)).fetchall()
    unheard = sorted(set(kinds) - {row[0] for row in rows})
    if unheard:
        raise InvalidChainError(
            f"no service hears {', '.join(unheard)}: deploy it (BELLHOP_SERVICES) and run `bellhop migrate`"
        )


def step_done(connection: Connection, option: Mapping[str, Any], result: object) -> None:
    """A step is done: keep its result and publish the next, in the step's own transaction."""
    _advance(connection, UUID(option["id"]), after=int(option["step"]), result=result)


def _advance(connection: Connection, chain_id: UUID, after: int, result: object) -> None:
    row = _locked(connection, chain_id)
    if row is None or row["state"] != "running" or row["step"] != after:
        return
    results = {**row["results"], **_as_results(result)}
    following = next((i for i in range(after + 1, len(row["steps"])) if _applies(row["steps"][i], results)), None)
    if following is None:
        connection.execute(
            "UPDATE messaging.chain SET state = 'done', results = %s, finished_at = clock_timestamp() WHERE id = %s",
            (Jsonb(results), chain_id),
        )
        _tell_batch(connection, row, succeeded=True)
        return
    connection.execute(
        "UPDATE messaging.chain SET step = %s, results = %s WHERE id = %s", (following, Jsonb(results), chain_id)
    )
    _publish_step(connection, row, following, results)


def _publish_step(connection: Connection, row: Mapping[str, Any], index: int, results: Mapping[str, Any]) -> None:
    step = row["steps"][index]
    taken = {name: results[source] for name, source in step["take"].items() if source in results}
    cause = Cause(
        row["correlation_id"], current_cause().causation_id, row["organisation_id"], current_cause().traceparent
    )
    envelope = Envelope(
        step["kind"],
        {**step["fields"], **taken},
        new_id(),
        cause=cause,
        options={"chain": {"id": str(row["id"]), "step": index}},
    )
    connection.execute(
        "INSERT INTO messaging.outbox (message_id, kind, is_event, body) VALUES (%s, %s, false, %s)",
        (envelope.message_id, envelope.kind, envelope.encode()),
    )


def step_failed(connection: Connection, option: Mapping[str, Any], reason: str, error: str) -> None:
    """A step finally failed: the chain stops there, and its catch is told, in the transaction that ends the step."""
    row = _locked(connection, UUID(option["id"]))
    if row is None or row["state"] != "running" or row["step"] != int(option["step"]):
        return
    connection.execute("UPDATE messaging.chain SET state = 'failed', error = %s WHERE id = %s", (error, row["id"]))
    if row["catch"] is not None:
        fields = {
            "chain_id": str(row["id"]),
            "chain_name": row["name"],
            "step": row["step"],
            "step_kind": row["steps"][row["step"]]["kind"],
            "reason": reason,
            "error": error,
            "results": row["results"],
        }
        cause = Cause(row["correlation_id"], current_cause().causation_id, row["organisation_id"])
        envelope = Envelope(row["catch"], fields, new_id(), cause=cause)
        connection.execute(
            "INSERT INTO messaging.outbox (message_id, kind, is_event, body) VALUES (%s, %s, false, %s)",
            (envelope.message_id, envelope.kind, envelope.encode()),
        )
    _tell_batch(connection, row, succeeded=False)


def resumed(connection: Connection, option: Mapping[str, Any]) -> None:
    """The failed step is tried again: the chain runs on from there."""
    connection.execute(
        "UPDATE messaging.chain SET state = 'running', error = NULL WHERE id = %s AND state = 'failed' AND step = %s",
        (UUID(option["id"]), int(option["step"])),
    )


def cancel_chain(session: Session, chain_id: UUID) -> None:
    """Publish no further step. The one that runs is not interrupted. Raises InvalidChainError if it has ended."""
    changed = driver(session).execute(
        "UPDATE messaging.chain SET state = 'cancelled', finished_at = clock_timestamp() "
        "WHERE id = %s AND state IN ('running', 'failed')",
        (chain_id,),
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
    return ChainState(row["id"], row["name"], row["state"], row["step"], kinds, row["results"], row["error"])


def _locked(connection: Connection, chain_id: UUID) -> dict[str, Any] | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("SELECT * FROM messaging.chain WHERE id = %s FOR UPDATE", (chain_id,)).fetchone()


def _applies(step: Mapping[str, Any], results: Mapping[str, Any]) -> bool:
    return step["only_if"] is None or bool(results.get(step["only_if"]))


def _as_results(result: object) -> dict[str, Any]:
    """What a handler returned, as JSON: a mapping's entries; anything else has no name and is not handed on."""
    if not isinstance(result, Mapping):
        return {}
    parsed: dict[str, Any] = orjson.loads(orjson.dumps(dict(result), default=str))
    return parsed


def _tell_batch(connection: Connection, row: Mapping[str, Any], *, succeeded: bool) -> None:
    if row["batch_id"] is not None:
        from shared.messaging.batch import member_ended

        member_ended(connection, row["batch_id"], row["id"], succeeded=succeeded)
