"""Bodies are bounded in size and in time."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import Message, Receive, Scope, Send

from services.gateway.bodies import BodyMiddleware
from services.gateway.uploads.spool import UPLOADED
from shared.api import Problem

LIMIT, WEBHOOK_LIMIT = 10, 15


class Seen:
    """An application that reads its body, and notes it."""

    def __init__(self) -> None:
        self.bodies: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        message = await receive()
        self.bodies.append((message["body"], scope["state"]["body"]))


def post(
    parts: Iterable[bytes],
    content_type: str = "application/json",
    length: str = "",
    *,
    ends: bool = True,
    path: str = "/v1/orders",
    state: dict[str, object] | None = None,
) -> Seen:
    """Send a body in parts; without an end it never becomes whole."""
    waiting = list(parts)
    app = Seen()

    async def receive() -> Message:
        if not waiting and not ends:
            await asyncio.sleep(3600)
        part = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": part, "more_body": bool(waiting) or not ends}

    async def send(_message: Message) -> None:
        raise AssertionError("nothing is answered here")

    headers = [(b"content-type", content_type.encode()), (b"content-length", length.encode())]
    middleware = BodyMiddleware(app, LIMIT, WEBHOOK_LIMIT, timeout=0.05)
    asyncio.run(middleware({"type": "http", "path": path, "headers": headers, "state": state or {}}, receive, send))
    return app


def test_parts_are_put_together_for_everybody() -> None:
    """The endpoint reads the body as usual, and the layers between have it too."""
    assert post([b"12345", b"67890"]).bodies == [(b"1234567890", b"1234567890")]


@pytest.mark.parametrize(
    ("parts", "content_type", "length"),
    [
        ([b"x"], "application/json", "11"),
        ([b"123456", b"78901"], "application/json", ""),
        ([b"x" * 11], "multipart/form-data; boundary=b", ""),
    ],
)
def test_too_large_is_refused(parts: list[bytes], content_type: str, length: str) -> None:
    """By what is announced, and by what comes."""
    with pytest.raises(Problem) as raised:
        post(parts, content_type, length)
    assert (raised.value.status, raised.value.code) == (413, "payload_too_large")


def test_upload_that_was_taken_in_is_passed_on_unread() -> None:
    """Its body is on the disk already, as large as it is."""
    assert post([b"x" * 20], state={UPLOADED: object(), "body": b"none"}).bodies == [(b"x" * 20, b"none")]


def test_body_that_does_not_end_is_given_up() -> None:
    """A client that dribbles holds nothing for ever."""
    with pytest.raises(Problem) as raised:
        post([b"x"], ends=False)
    assert raised.value.status == 408


def test_client_that_goes_away_is_not_answered() -> None:
    """Nobody is there to hear, and the endpoint does not run."""
    app = Seen()

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        raise AssertionError("nobody is there")

    middleware = BodyMiddleware(app, LIMIT, WEBHOOK_LIMIT, timeout=1)
    asyncio.run(middleware({"type": "http", "headers": [], "state": {}}, receive, send))
    assert app.bodies == []


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=b"])
def test_webhooks_have_a_limit_of_their_own(content_type: str) -> None:
    """Whatever they say that they are."""
    assert post([b"x" * 15], content_type, path="/webhooks/retell").bodies == [(b"x" * 15, b"x" * 15)]
    with pytest.raises(Problem, match="15 bytes"):
        post([b"x" * 16], content_type, path="/webhooks/retell/a-connection")
