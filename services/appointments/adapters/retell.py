"""Retell: its call object, in webhooks and in answers of its API, and the API (https://docs.retellai.com/api-references)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson

from services.appointments.domain.call_data import PLACES, clean, clean_text
from services.appointments.domain.calls import CallTold
from services.appointments.errors import (
    CallNotAtProviderError,
    CallsRefusedError,
    CallsUnavailableError,
    UnexpectedProviderShapeError,
)
from shared.errors import BellhopError
from shared.http import HttpClient, Response

ENDED, ANALYSED = "call_ended", "call_analyzed"
HEARD = frozenset({ENDED, ANALYSED})
"""Events that change what is known of a call. Others (started, transferred, transcript updated) come meanwhile."""

PAGE, MOST_PAGES = 200, 50
"""Calls of one page of a list, and pages of one look: 10,000 calls."""

_UNDER_WAY = frozenset({"registered", "ongoing"})
_LONGEST_TEXT, _LONGEST_TRANSCRIPT = 500, 200_000
_EARLIEST, _LATEST = 946_684_800_000, 4_102_444_800_000
"""Milliseconds of the years 2000 and 2100: what lies outside is no time of a call."""


class RetellCalls:
    """What Retell's call objects mean."""

    def told(self, event_type: str, data: Mapping[str, Any]) -> CallTold | None:
        """What a webhook says of a call; None for events that say nothing new. Raises UnexpectedProviderShapeError."""
        if event_type not in HEARD or "call_id" not in data:
            return None
        return call_of(data, is_analysed=event_type == ANALYSED)

    def call_in(self, body: bytes) -> Mapping[str, Any]:
        """The `call` of a stored webhook. Raises UnexpectedProviderShapeError."""
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise UnexpectedProviderShapeError(f"the stored webhook of Retell is not JSON: {error}") from None
        call = told.get("call") if isinstance(told, dict) else None
        if not isinstance(call, dict):
            raise UnexpectedProviderShapeError("the stored webhook of Retell has no call")
        return call


class RetellApi:
    """Asks Retell, with the key of one connection. `http` has Retell's base address."""

    def __init__(self, http: HttpClient, api_key: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def fetch(self, external_id: str) -> CallTold | None:
        """A call as it stands; None while it is under way. Raises what `_refusal` names, and what HttpClient raises."""
        response = self._http.request("GET", f"/v2/get-call/{quote(external_id, safe='')}", headers=self._headers)
        call = _object(response)
        if call.get("call_status") in _UNDER_WAY:
            return None
        return call_of(call, is_analysed=isinstance(call.get("call_analysis"), dict))

    def ended_since(self, since: datetime) -> Sequence[str]:
        """The ids of the calls that began since then and are over, oldest first. Raises as `fetch`.

        The list says less of a call than the call itself (it has no transcript), so only its id is taken.
        """
        body: dict[str, Any] = {
            "filter_criteria": {
                "start_timestamp": {"type": "number", "op": "ge", "value": int(since.timestamp() * 1000)}
            },
            "sort_order": "ascending",
            "limit": PAGE,
        }
        found: dict[str, None] = {}
        for _ in range(MOST_PAGES):
            page = _object(self._http.request("POST", "/v3/list-calls", headers=self._headers, json=body))
            found |= dict.fromkeys(_ended(page))
            cursor = page.get("pagination_key")
            if page.get("has_more") is not True or not isinstance(cursor, str) or cursor == body.get("pagination_key"):
                break
            body["pagination_key"] = cursor
        return list(found)


def call_of(data: Mapping[str, Any], *, is_analysed: bool) -> CallTold:
    """A call object of Retell. Raises UnexpectedProviderShapeError for one without an id; all else may be missing."""
    analysis = _mapping(data.get("call_analysis"))
    external_id = _text(data.get("call_id"))
    if not external_id:
        raise UnexpectedProviderShapeError("a call of Retell has no call_id")
    return CallTold(
        external_id=external_id,
        agent_id=_text(data.get("agent_id")),
        direction=_text(data.get("direction")),
        from_number=_text(data.get("from_number")),
        to_number=_text(data.get("to_number")),
        status=_text(data.get("call_status")),
        disconnection_reason=_text(data.get("disconnection_reason")),
        started_at=_moment(data.get("start_timestamp")),
        ended_at=_moment(data.get("end_timestamp")),
        duration_ms=_milliseconds(data.get("duration_ms")),
        transcript=_text(data.get("transcript"), _LONGEST_TRANSCRIPT),
        recording_url=_text(data.get("recording_url"), 2_000),
        summary=_text(analysis.get("call_summary"), 5_000),
        sentiment=_text(analysis.get("user_sentiment")),
        variables={place: clean(_mapping(data.get(place))) for place in PLACES[1:] if _mapping(data.get(place))},
        analysis=clean(analysis) if is_analysed else None,
    )


def _ended(page: Mapping[str, Any]) -> list[str]:
    items = page.get("items")
    if not isinstance(items, list):
        raise UnexpectedProviderShapeError("Retell's list of calls has no items")
    calls = [item for item in items if isinstance(item, dict) and item.get("call_status") not in _UNDER_WAY]
    return [call_id for call_id in (_text(call.get("call_id")) for call in calls) if call_id]


def _object(response: Response) -> Mapping[str, Any]:
    if not response.is_success:
        raise _refusal(response)
    found = response.json()
    if not isinstance(found, dict):
        raise UnexpectedProviderShapeError(f"Retell answered {response.status} with something else than an object")
    return found


def _refusal(response: Response) -> BellhopError:
    """What a status other than 2xx means. All that is asked here changes nothing: it may be asked again."""
    words = f"Retell {response.status}: {response.text[:200]}"
    if response.status == 404:
        return CallNotAtProviderError(words)
    if response.status == 429 or response.status >= 500:
        return CallsUnavailableError(words, retry_after=response.retry_after)
    return CallsRefusedError(words)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object, longest: int = _LONGEST_TEXT) -> str | None:
    return clean_text(value)[:longest] or None if isinstance(value, str) else None


def _milliseconds(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        return None
    return int(value)


def _moment(value: object) -> datetime | None:
    milliseconds = _milliseconds(value)
    if milliseconds is None or milliseconds < _EARLIEST:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
