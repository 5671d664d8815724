"""The outermost layer: who asked for what, under which id, and how it ended. No request leaves without an answer."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.problems import internal_problem, problem_of, problem_response
from shared.api import Caller
from shared.ids import new_id
from shared.logging import get_logger, log_context
from shared.messaging.causes import Cause, caused_by

REQUEST_ID = "x-request-id"
CLIENT = "client"
"""Where a request's state has what the client itself sends, past all layers: the body, then that it has hung up."""
GROUPS = "groups"
"""Where a request's state has those whom it counts for (places.Groups), once it is known who asks."""
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""Those that have a label of their own in the metrics; whatever else a client calls its method is `other`."""
LONGEST_LOGGED = 200
"""Characters of a path in the log: what strangers send decides on nobody's disk."""
QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked for every few seconds by machines: not logged."""
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context, section 3.2.2."""

log = get_logger("bellhop.gateway")

Observe = Callable[[str, str, int, float], None]
"""Told of each request: method (of METHODS, or `other`), route (its template, never the path), status, seconds."""


@dataclass(slots=True)
class _Outcome:
    status: int = 0
    size: int = 0


class RequestMiddleware:
    """Gives each request its id and cause, turns every exception into an answer, logs and counts."""

    def __init__(self, app: ASGIApp, observe: Observe) -> None:
        self._app, self._observe = app, observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})[CLIENT] = receive
        headers, outcome, started = Headers(scope=scope), _Outcome(), time.monotonic()
        request_id = request_id_of(headers.get(REQUEST_ID))
        traceparent = headers.get("traceparent", "")
        cause = Cause(request_id, traceparent=traceparent if TRACEPARENT.fullmatch(traceparent) else None)
        try:
            with caused_by(cause), log_context(correlation_id=str(request_id)):
                await self._answer(scope, receive, _marked(send, request_id, outcome, scope["path"]), outcome)
        finally:
            self._report(scope, outcome, request_id, time.monotonic() - started)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, outcome: _Outcome) -> None:
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:  # nobody is there to hear; the server closes what was left open
            log.warning("client_gone", method=_method(scope), route=_route(scope))
        except Exception as error:  # the last place where a bug can still become an answer
            problem = problem_of(error)
            if problem is None:
                log.exception("request_failed", method=_method(scope), route=_route(scope))
                problem = internal_problem()
            if outcome.status:
                raise
            if Headers(scope=scope).get("expect"):  # its body may come or not: the connection cannot be used again
                problem.headers["Connection"] = "close"
            await problem_response(problem)(scope, receive, send)

    def _report(self, scope: Scope, outcome: _Outcome, request_id: UUID, seconds: float) -> None:
        self._observe(_method(scope), _route(scope), outcome.status, seconds)
        if scope["path"] in QUIET_PATHS:
            return
        caller = scope["state"].get("caller")
        known = {}
        if isinstance(caller, Caller):
            known = {"organisation_id": str(caller.organisation_id), "key_id": str(caller.key_id)}
        log.info(
            "request",
            method=_method(scope),
            path=scope["path"][:LONGEST_LOGGED],
            status=outcome.status,
            bytes=outcome.size,
            seconds=round(seconds, 4),
            correlation_id=str(request_id),
            client=(scope.get("client") or ("",))[0],
            **known,
        )


def request_id_of(given: str | None) -> UUID:
    """The id that the client gave, if it is a UUID; a new one otherwise."""
    try:
        return UUID(given) if given else new_id()
    except ValueError:
        return new_id()


def _method(scope: Scope) -> str:
    """The method's label, from a closed set."""
    method = str(scope["method"])
    return method if method in METHODS else "other"


def _route(scope: Scope) -> str:
    """The template of the route that answered, so that metrics do not grow with every id; empty where none did."""
    return getattr(scope.get("route"), "path", "")


def _marked(send: Send, request_id: UUID, outcome: _Outcome, path: str) -> Send:
    """Adds the headers that every answer has, and notes how it ended."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            outcome.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = str(request_id)
            if path.startswith("/v1/"):
                headers.setdefault("cache-control", "no-store")
        elif message["type"] == "http.response.body":
            outcome.size += len(message.get("body", b""))
        await send(message)

    return marked
