"""What of an event is written down: all that is projected, and nothing that would open a door."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

LEFT_OUT: Mapping[str, frozenset[str]] = {
    "ticketing.order.fulfilled": frozenset({"tickets", "tickets_url"}),
}
"""By kind: tokens of tickets, and links to them. The tickets themselves are told in events of their own."""

NAMED_FREELY: Mapping[str, str] = {"payments.payment.succeeded": "order_id"}
"""By kind, a field that should be an id, and is whatever somebody wrote."""


def logged(kind: str, fields: Mapping[str, Any]) -> str:
    """The JSON that the log keeps of an event. PostgreSQL takes no NUL in it."""
    left_out, free = LEFT_OUT.get(kind, frozenset()), NAMED_FREELY.get(kind)
    kept = {name: value for name, value in fields.items() if name not in left_out}
    if free is not None:
        kept[free] = _id_or_none(kept[free])
    return json.dumps(_without_nul(kept), ensure_ascii=False)


def _id_or_none(named: object) -> str | None:
    try:
        return str(UUID(str(named)))
    except ValueError:
        return None


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, Mapping):
        return {name: _without_nul(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(one) for one in value]
    return value
