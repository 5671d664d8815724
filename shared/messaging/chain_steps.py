"""How a chain goes on when a step ends: its row is locked, so each step is taken once, by whoever ends the one before."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from shared.ids import new_id
from shared.messaging.causes import Cause, current_cause
from shared.messaging.counting import Ended, Place, member_ended, member_retried
from shared.messaging.envelope import MAX_BODY_BYTES, Envelope, MessageTooLargeError, as_uuid
from shared.messaging.inbox import Connection
from shared.messaging.sending import send

_END = "UPDATE messaging.chain SET state = %s, error = %s, finished_at = clock_timestamp() WHERE id = %s"
IS_STOPPED = (
    b"coalesce((SELECT state = 'cancelled' OR messaging.batch_is_cancelled(batch_id) FROM messaging.chain "
    b"WHERE id = '%s'), false)"
)
"""SQL: true if the chain was cancelled, or its batch: a step that has not started does not start any more."""
_RESUME = """
UPDATE messaging.chain SET state = 'running', error = NULL, finished_at = NULL
WHERE id = %s AND state = 'failed' AND step = %s RETURNING *
"""


class ResultNotJsonError(TypeError):
    """What a step handed on is not JSON. A bug of its handler: the step has not happened."""


def chain_of(option: object) -> UUID | None:
    """The chain that a message is a step of; None if what it carries names none."""
    return _named(option)[0]


def step_done(connection: Connection, option: object, result: object) -> bool:
    """A step is done: keep its result and publish the next, in the step's own transaction. True if that sent a message."""
    chain_id, step = _named(option)
    return chain_id is not None and advance(connection, chain_id, after=step, result=result)


def step_failed(connection: Connection, option: object, reason: str, error: str) -> bool:
    """A step finally failed: the chain stops there, and its catch is told, in the transaction that ends the step."""
    row = _current(connection, option)
    if row is None:
        return False
    return _cancelled(connection, row) if row["state"] == "cancelled" else _fail(connection, row, reason, error)


def step_skipped(connection: Connection, option: object) -> bool:
    """A step ended unrun, because its chain or its batch was cancelled."""
    row = _current(connection, option)
    return row is not None and _cancelled(connection, row)


def step_retried(connection: Connection, option: object) -> None:
    """The failed step is tried again: the chain runs on from there."""
    chain_id, step = _named(option)
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_RESUME, (chain_id, step)).fetchone()
    if row is not None and (place := _place_of(row)) is not None:
        member_retried(connection, place, row["id"])


def publish_again(connection: Connection, chain_id: UUID) -> UUID | None:
    """Publish the failed step with a new message, where there is none that could be tried again. Returns the message's
    id; None if the chain has not failed. Raises MessageTooLargeError.
    """
    row = _locked(connection, chain_id)
    if row is None or row["state"] != "failed":
        return None
    step_retried(connection, {"id": chain_id, "step": row["step"]})
    return _publish(connection, row, row["step"], row["results"])


def advance(connection: Connection, chain_id: UUID, after: int, result: object) -> bool:
    """Publish the step that follows on `after`, or end the chain. Raises ResultNotJsonError."""
    row = _locked(connection, chain_id)
    if row is None or row["step"] != after or row["finished_at"] is not None:
        return False
    results = {**row["results"], **as_results(result)}
    following = next((i for i in range(after + 1, len(row["steps"])) if _applies(row["steps"][i], results)), None)
    if following is None or row["state"] == "cancelled":
        connection.execute("UPDATE messaging.chain SET results = %s WHERE id = %s", (Jsonb(results), chain_id))
        return _end(connection, row, "cancelled" if row["state"] == "cancelled" else "done")
    try:
        _publish(connection, row, following, results)
    except MessageTooLargeError as error:
        # The step before is done, and stays so: it may have charged a card.
        connection.execute(
            "UPDATE messaging.chain SET step = %s, results = %s, message_id = NULL WHERE id = %s",
            (following, Jsonb(results), chain_id),
        )
        text = f"the step could not be sent with what it takes from the steps before: {error}"
        _fail(connection, {**row, "step": following, "results": results}, "message_too_large", text)
    return True


def _publish(connection: Connection, row: Mapping[str, Any], index: int, results: Mapping[str, Any]) -> UUID:
    step, now = row["steps"][index], current_cause()
    taken = {name: results[source] for name, source in step["take"].items() if source in results}
    cause = Cause(row["correlation_id"], now.causation_id, row["organisation_id"], now.traceparent)
    chain = {"id": str(row["id"]), "step": index}
    if row["batch_id"] is not None:
        chain["batch_id"] = str(row["batch_id"])
    options = {"chain": chain, "version": step["version"]}
    envelope = Envelope(step["kind"], {**step["fields"], **taken}, new_id(), cause=cause, options=options)
    send(connection, envelope, limit=MAX_BODY_BYTES)
    connection.execute(
        "UPDATE messaging.chain SET step = %s, results = %s, message_id = %s WHERE id = %s",
        (index, Jsonb(results), envelope.message_id, row["id"]),
    )
    return envelope.message_id


def _fail(connection: Connection, row: Mapping[str, Any], reason: str, error: str) -> bool:
    connection.execute(_END, ("failed", error, row["id"]))
    if row["catch"] is not None:
        _tell_catch(connection, row, reason, error)
    told = _tell_batch(connection, row, "failed")
    return row["catch"] is not None or told


def _tell_catch(connection: Connection, row: Mapping[str, Any], reason: str, error: str) -> None:
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
    try:
        send(connection, Envelope(row["catch"], fields, new_id(), cause=cause), limit=MAX_BODY_BYTES)
    except MessageTooLargeError:
        send(connection, Envelope(row["catch"], {**fields, "results": {}}, new_id(), cause=cause))


def _cancelled(connection: Connection, row: Mapping[str, Any]) -> bool:
    return _end(connection, row, "cancelled")


def _end(connection: Connection, row: Mapping[str, Any], state: Ended) -> bool:
    connection.execute(_END, (state, None, row["id"]))
    return _tell_batch(connection, row, state)


def _tell_batch(connection: Connection, row: Mapping[str, Any], ended: Ended) -> bool:
    place = _place_of(row)
    return place is not None and member_ended(connection, place, row["id"], ended)


def _place_of(row: Mapping[str, Any]) -> Place | None:
    return Place(row["batch_id"], row["batch_shard"]) if row["batch_id"] is not None else None


def _current(connection: Connection, option: object) -> dict[str, Any] | None:
    """The chain's row, locked, if the message that carries `option` is the step that it waits for."""
    chain_id, step = _named(option)
    row = None if chain_id is None else _locked(connection, chain_id)
    awaited = row is not None and row["step"] == step and row["finished_at"] is None
    return row if awaited else None


def _locked(connection: Connection, chain_id: UUID) -> dict[str, Any] | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("SELECT * FROM messaging.chain WHERE id = %s FOR NO KEY UPDATE", (chain_id,)).fetchone()


def _named(option: object) -> tuple[UUID | None, int]:
    """(chain, step) that a message carries; (None, -1) if what it carries names none."""
    if not isinstance(option, Mapping) or not isinstance(option.get("step"), int):
        return None, -1
    return as_uuid(option.get("id")), option["step"]


def _applies(step: Mapping[str, Any], results: Mapping[str, Any]) -> bool:
    return step["only_if"] is None or bool(results.get(step["only_if"]))


def as_results(result: object) -> dict[str, Any]:
    """What a handler returned, as JSON: a mapping's entries; anything else has no name and is not handed on.

    Ids and times become text, as in a message. Raises ResultNotJsonError.
    """
    if not isinstance(result, Mapping):
        return {}
    try:
        parsed: dict[str, Any] = orjson.loads(orjson.dumps(dict(result)))
    except TypeError as error:
        raise ResultNotJsonError(f"what the step hands on is not JSON: {error}") from error
    if has_nul(parsed):
        raise ResultNotJsonError("what the step hands on has a NUL character in it")
    return parsed


def has_nul(value: object) -> bool:
    """True if a text in this JSON has a NUL character, which PostgreSQL's JSON cannot hold."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any(has_nul(name) or has_nul(item) for name, item in value.items())
    return isinstance(value, list) and any(has_nul(item) for item in value)
