"""One engine for each process and database role."""

from typing import Any

import orjson
from sqlalchemy import Engine

from shared.database.connections import build_engine
from shared.texts import to_json

LOCK_TIMEOUT_MILLISECONDS = 3_000
"""No one waits longer than this for a row that somebody else holds (the rule for selling: domain rule 18)."""


def open_engine(
    url: str, service: str, *, pool_size: int = 5, statement_timeout: float = 60.0, idle_timeout: float = 300.0
) -> Engine:
    """An engine whose connections act as the service's own role and look into its schema, then `messaging`.

    Nothing connects before the first use. `statement_timeout` is in seconds, and so is `idle_timeout`: a transaction that
    asks nothing for so long is undone by PostgreSQL, and its locks are free. A connection that was given the rights
    of somebody else (the owner's URL on a laptop) takes the service's role on at its start, and so sees no more than it.
    """
    settings = {
        "search_path": f"{service},messaging",
        "lock_timeout": f"{LOCK_TIMEOUT_MILLISECONDS}",
        "statement_timeout": f"{int(statement_timeout * 1000)}",
        "idle_in_transaction_session_timeout": f"{int(idle_timeout * 1000)}",
    }
    return build_engine(
        url,
        service,
        service=service,
        settings=settings,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,  # an error of a statement goes into logs and failed jobs, its values must not
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
    )


def _to_json(value: Any) -> str:
    return to_json(value).decode()
