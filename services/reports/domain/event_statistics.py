"""The statistics of one event, as its report shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted of an event, as rows with names.

    `orders`: placed, paid, cancelled, expired, customers; `tickets`: issued, checked_in, first_check_in_at,
    last_check_in_at; `revenue`: currency, amount; `ticket_types`: ticket_type_id, name, sold, amount, issued, checked_in;
    `sales`: day, orders, amount; `check_ins`: hour, count. Amounts are in minor units.
    """

    orders: Row
    tickets: Row
    revenue: Sequence[Row]
    ticket_types: Sequence[Row]
    sales: Sequence[Row]
    check_ins: Sequence[Row]


def statistics(counted: Counted, *, is_over: bool) -> dict[str, Any]:
    """As JSON has it. Nobody has stayed away before an event is over: `no_shows` is None until then."""
    tickets = dict(counted.tickets)
    tickets["no_shows"] = max(0, tickets["issued"] - tickets["checked_in"]) if is_over else None
    shown = {
        "is_over": is_over,
        "orders": dict(counted.orders),
        "tickets": tickets,
        **{name: [dict(row) for row in getattr(counted, name)] for name in _LISTS},
    }
    plain: dict[str, Any] = _plain(shown)
    return plain


_LISTS = ("revenue", "ticket_types", "sales", "check_ins")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, UUID) else value
