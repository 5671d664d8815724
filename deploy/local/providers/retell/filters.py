"""POST /v3/list-calls: filters, order and pages."""

from collections.abc import Callable, Mapping
from typing import Any

from deploy.local.providers.exchange import Answer, RefusedError
from deploy.local.providers.provider import Lists, page
from deploy.local.providers.retell.calls import NOT_LISTED

KNOWN = {"filter_criteria", "sort_order", "limit", "pagination_key", "include_total", "skip"}
NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "eq": lambda one, other: one == other,
    "ne": lambda one, other: one != other,
    "gt": lambda one, other: one > other,
    "ge": lambda one, other: one >= other,
    "lt": lambda one, other: one < other,
    "le": lambda one, other: one <= other,
}
FILTERS = {
    *("call_id", "agent", "call_status", "call_type", "direction", "disconnection_reason", "from_number", "to_number"),
    *("start_timestamp", "end_timestamp", "duration_ms", "user_sentiment", "call_successful", "in_voicemail"),
    *("metadata", "dynamic_variables", "custom_analysis_data", "data_storage_setting", "batch_call_id"),
}
DEFAULT_LIMIT, LARGEST_LIMIT = 50, 1000


def bad(message: str) -> RefusedError:
    """A request that does not pass its checks."""
    return RefusedError(Answer(400, {"status": "error", "message": message}))


def listed(calls: list[dict[str, Any]], body: Mapping[str, Any], lists: Lists) -> Answer:
    """One page, without transcripts, the newest call first unless told otherwise."""
    for name in body:
        if name not in KNOWN:
            raise bad(f"Unrecognized key: {name}")
    limit = body.get("limit", DEFAULT_LIMIT)
    if not isinstance(limit, int) or not 1 <= limit <= LARGEST_LIMIT:
        raise bad(f"limit must be between 1 and {LARGEST_LIMIT}")
    criteria = body.get("filter_criteria") or {}
    _check(criteria)
    found = [call for call in calls if _passes(call, criteria)]
    found.sort(key=_place, reverse=body.get("sort_order", "descending") == "descending")
    total = len(found)
    if key := body.get("pagination_key"):
        places = [place for place, call in enumerate(found) if call["call_id"] == key]
        if not places:
            raise bad("Invalid pagination key")
        found = found[places[0] + 1 :]
    shown, has_more = page(found, limit, lists)
    last = found[: min(limit, lists.page_size or limit)][-1:]
    answer: dict[str, Any] = {"items": [_without_talk(call) for call in shown], "has_more": has_more}
    if has_more:
        answer["pagination_key"] = last[0]["call_id"]
    if body.get("include_total"):
        answer["total"] = total
    return Answer(200, answer)


def _place(call: Mapping[str, Any]) -> tuple[int, str]:
    return int(call.get("start_timestamp", 0)), str(call["call_id"])


def _without_talk(call: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if name not in NOT_LISTED}


def _check(criteria: Mapping[str, Any]) -> None:
    for name, wanted in criteria.items():
        if name not in FILTERS:
            raise bad(f"filter_criteria: Unrecognized key: {name}")
        if not isinstance(wanted, dict) or "op" not in wanted or "type" not in wanted:
            raise bad(f"filter_criteria.{name} must be an object with type, op and value")


def _passes(call: Mapping[str, Any], criteria: Mapping[str, Any]) -> bool:
    analysis = call.get("call_analysis") or {}
    return all(_fits(call.get(name, analysis.get(name)), wanted, name) for name, wanted in criteria.items())


def _fits(value: Any, wanted: Mapping[str, Any], name: str) -> bool:
    kind, how, bound = wanted["type"], wanted["op"], wanted.get("value")
    if kind == "number" and how in NUMBERS and isinstance(bound, int | float):
        return value is not None and NUMBERS[how](value, bound)
    if kind == "range" and how == "bt" and isinstance(bound, list) and len(bound) == 2:
        return value is not None and bound[0] <= value <= bound[1]
    if kind == "enum" and how == "in" and isinstance(bound, list):
        return value in bound
    if kind == "string" and how in {"eq", "ne"}:
        return bool((value == bound) == (how == "eq"))
    if kind == "boolean" and how == "eq":
        return bool(value == bound)
    raise bad(f"filter_criteria.{name}: no filter of type {kind} has the operator {how} with this value")
