"""The local Retell: calls that have ended, its API, its webhooks, and what it can be told."""

import hashlib
import hmac
import threading
from datetime import datetime, timedelta
from typing import Any

from deploy.local.providers.clock import milliseconds
from deploy.local.providers.exchange import Answer, RefusedError, Request, written
from deploy.local.providers.provider import CONTROL, Provider, Route
from deploy.local.providers.retell.calls import as_ended, never_connected, whole
from deploy.local.providers.retell.filters import bad, listed

RETRIES = 3
EVENTS = ("call_started", "call_ended", "call_analyzed")


def signature(key: str, body: bytes, at: int) -> str:
    """The X-Retell-Signature header: HMAC-SHA256 of body and milliseconds, with the API key."""
    signed = hmac.new(key.encode(), body + str(at).encode(), hashlib.sha256).hexdigest()
    return f"v={at},d={signed}"


class LocalRetell(Provider):
    """One account for each API key, each with its calls and its webhook's address."""

    name = "retell"
    tells_limit = False

    def __init__(self, key: str, webhook_url: str = "") -> None:
        self.key = key
        self._first_url = webhook_url
        self._lock = threading.Lock()
        self._calls: dict[str, dict[str, dict[str, Any]]] = {}
        self._urls: dict[str, str] = {}
        self._known_since: dict[str, datetime] = {}
        self._analysed_at: dict[str, datetime] = {}
        super().__init__(webhook_retries=RETRIES)
        self.limit.per_window = 1_000_000
        self.forget()

    def forget(self) -> None:
        with self._lock:
            self._calls = {self.key: {}}
            self._urls = {self.key: self._first_url}
            self._known_since.clear()
            self._analysed_at.clear()
        self.limit.per_window = 1_000_000

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/v2/get-call/{call_id}", "get_call", self._get_call),
            Route("POST", "/v3/list-calls", "list_calls", self._list_calls),
        ]

    def controls(self) -> list[Route]:
        return [
            Route("POST", f"{CONTROL}accounts", "accounts", self._add_account),
            Route("POST", f"{CONTROL}webhook", "webhook", self._set_webhook),
            Route("POST", f"{CONTROL}calls", "calls", self._end_calls),
            Route("GET", f"{CONTROL}calls", "calls", self._held),
            Route("POST", f"{CONTROL}calls/{{call_id}}/{{event}}", "event", self._send_again),
        ]

    def authorize(self, request: Request) -> None:
        if request.key not in self._calls:
            raise RefusedError(Answer(401, {"status": "error", "message": "Invalid API Key"}))

    def not_found(self, request: Request) -> Answer:
        return Answer(404, {"status": "error", "message": f"Cannot {request.method} {request.path}"})

    def _get_call(self, request: Request, call_id: str) -> Answer:
        with self._lock:
            call = self._calls[request.key].get(call_id)
            if call is None:
                what = "Cannot find requested asset under given api key."
                return Answer(404, {"status": "error", "message": what})
            return Answer(200, call if self._analysed_at[call_id] <= self.clock.now() else as_ended(call))

    def _list_calls(self, request: Request) -> Answer:
        try:
            body = request.json()
        except ValueError as error:
            raise bad(f"Invalid JSON: {error}") from None
        now = self.clock.now()
        seen = now - timedelta(seconds=self.lists.lag)
        with self._lock:
            calls = [
                call if self._analysed_at[call_id] <= now else as_ended(call)
                for call_id, call in self._calls[request.key].items()
                if self._known_since[call_id] <= seen
            ]
        return listed(calls, body, self.lists)

    def _add_account(self, request: Request) -> Answer:
        told = request.json()
        with self._lock:
            self._calls[told["key"]] = {}
            self._urls[told["key"]] = told.get("url", "")
        return Answer(201)

    def _set_webhook(self, request: Request) -> Answer:
        with self._lock:
            self._urls[request.query.get("key", self.key)] = request.json()["url"]
        return Answer(200)

    def _end_calls(self, request: Request) -> Answer:
        """Calls end, spread evenly `within` seconds; the analysis of each is there `analysis_after` seconds later.

        `events` are the webhooks that are sent, in this order; those missing are never sent.
        """
        told, key = request.json(), request.query.get("key", self.key)
        events = told.get("events", ["call_ended", "call_analyzed"])
        within, wait = float(told.get("within", 0)), float(told.get("analysis_after", 0))
        now, ids = self.clock.now(), []
        wanted = told["calls"]
        for number, each in enumerate(wanted):
            after = within * number / max(1, len(wanted))
            call = whole(each, now + timedelta(seconds=after))
            if each.get("call_status") == "not_connected":
                call = never_connected(call, each.get("disconnection_reason", "dial_no_answer"))
            ids.append(call["call_id"])
            with self._lock:
                self._calls[key][call["call_id"]] = call
                self._known_since[call["call_id"]] = now + timedelta(seconds=after)
                self._analysed_at[call["call_id"]] = now + timedelta(seconds=after + wait)
            for place, event in enumerate(events):
                self._announce(key, event, call, after + wait * place)
        return Answer(201, {"call_ids": ids})

    def _announce(self, key: str, event: str, call: dict[str, Any], after: float) -> None:
        if event not in EVENTS:
            raise ValueError(f"{event} is none of {', '.join(EVENTS)}")
        shown = call if event == "call_analyzed" else as_ended(call)
        content = written({"event": event, "call": shown})

        def headers(body: bytes) -> dict[str, str]:
            return {"X-Retell-Signature": signature(key, body, milliseconds(self.clock.now()))}

        self.sender.send(event, self._urls[key], content, headers, after)

    def _held(self, request: Request) -> Answer:
        with self._lock:
            return Answer(200, list(self._calls[request.query.get("key", self.key)].values()))

    def _send_again(self, request: Request, call_id: str, event: str) -> Answer:
        """Send a webhook about a call, whether it was sent before or not. `changes` changes the call first."""
        key = request.query.get("key", self.key)
        with self._lock:
            call = self._calls[key][call_id]
            call |= request.json().get("changes", {})
        self._announce(key, event, call, 0)
        return Answer(200)
