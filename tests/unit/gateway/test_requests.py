"""Request ids, causes, and what is left when everything else failed."""

import asyncio
from typing import Any
from uuid import UUID

import orjson
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.testing import capture_logs

from services.gateway.requests import TRACEPARENT, RequestMiddleware, request_id_of
from shared.messaging.causes import Cause, current_cause

GIVEN = UUID("01a203a4-6621-77a1-b619-c7f9fa15cb7e")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def ask(app: ASGIApp, path: str = "/v1/x", headers: dict[str, str] | None = None) -> tuple[list[Message], list[Any]]:
    """What the middleware sends for one request, and what it told of it."""
    sent: list[Message] = []
    observed: list[Any] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": "GET", "path": path, "headers": raw, "client": ("127.0.0.1", 1)}
    middleware = RequestMiddleware(app, lambda *seen: observed.append(seen))
    with capture_logs():
        asyncio.run(middleware(scope, receive, send))
    return sent, observed


def sent_headers(sent: list[Message]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


async def fine(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("hunter2")


def test_given_uuid_becomes_the_request_id() -> None:
    """A caller that keeps ids of its own finds them again in every answer."""
    sent, _ = ask(fine, headers={"x-request-id": str(GIVEN)})
    assert sent_headers(sent)["x-request-id"] == str(GIVEN)


@pytest.mark.parametrize("given", [None, "", "42", "a" * 500])
def test_other_request_ids_are_not_taken(given: str | None) -> None:
    """Only a UUID can be the correlation id of messages; anything else is replaced by a new one."""
    assert request_id_of(given).version == 7


def test_cause_is_in_force_for_what_the_request_publishes() -> None:
    """Correlation and trace reach the outbox by the context."""
    seen: list[Cause] = []

    async def publishing(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(current_cause())
        await fine(scope, receive, send)

    ask(publishing, headers={"x-request-id": str(GIVEN), "traceparent": TRACE})
    assert seen == [Cause(correlation_id=GIVEN, traceparent=TRACE)]


@pytest.mark.parametrize(
    "given", ["", "00-abc-def-01", TRACE.upper(), "ff" + TRACE[2:], "00-" + "0" * 32 + TRACE[35:], TRACE + "-x"]
)
def test_malformed_trace_is_not_passed_on(given: str) -> None:
    """W3C Trace Context: such a header is ignored."""
    assert TRACEPARENT.fullmatch(given) is None


def test_bug_becomes_an_answer_without_its_text() -> None:
    """The caller gets 500 and the id under which the log has the rest."""
    sent, observed = ask(broken, headers={"x-request-id": str(GIVEN)})
    body = orjson.loads(sent[1]["body"])
    assert (sent[0]["status"], body["code"], body["request_id"]) == (500, "internal_error", str(GIVEN))
    assert "hunter2" not in str(body)
    assert observed[0][:3] == ("GET", "", 500)


def test_error_after_the_beginning_of_an_answer_goes_on_to_the_server() -> None:
    """Half an answer cannot be taken back: the connection has to break."""

    async def breaks_off(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        ask(breaks_off)


def test_client_that_has_gone_is_no_error() -> None:
    """Nothing is answered, since nobody hears; the log has it as a warning."""

    async def gone(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ClientDisconnect

    sent, observed = ask(gone)
    assert (sent, observed[0][:3]) == ([], ("GET", "", 0))


@pytest.mark.parametrize(("path", "kept"), [("/v1/webhook-endpoints", "no-store"), ("/tickets/1", None)])
def test_answers_to_callers_are_not_cached(path: str, kept: str | None) -> None:
    """They may hold secrets that are shown once; pages for the public decide themselves."""
    assert sent_headers(ask(fine, path)[0]).get("cache-control") == kept
