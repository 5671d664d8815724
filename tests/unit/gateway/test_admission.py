"""How many requests are worked on at the same time."""

import asyncio

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from services.gateway.admission import AdmissionMiddleware


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _nowhere(_message: Message) -> None:
    return None


def most_at_once(path: str, count: int, in_flight: int) -> int:
    """How many of `count` simultaneous requests to `path` were inside together."""
    inside = most = 0

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        for _ in range(20):
            await asyncio.sleep(0)
        inside -= 1

    async def run() -> None:
        middleware = AdmissionMiddleware(app, in_flight)
        await asyncio.gather(*(middleware({"type": "http", "path": path}, _nothing, _nowhere) for _ in range(count)))

    asyncio.run(run())
    return most


def test_requests_beyond_the_limit_wait() -> None:
    """No more are inside than there are places, and all get in in the end."""
    assert most_at_once("/v1/orders", 10, 3) == 3


def test_health_is_never_held_up() -> None:
    """A gateway that is full still says that it lives."""
    assert most_at_once("/healthz", 10, 3) == 10


def test_client_that_takes_nothing_is_left() -> None:
    """Its place among the downloads is somebody else's then."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.body", "body": b"x", "more_body": True})

    async def never(_message: Message) -> None:
        await asyncio.sleep(3600)

    middleware = AdmissionMiddleware(app, in_flight=1, stall=0.02)
    with pytest.raises(ClientDisconnect):
        asyncio.run(middleware({"type": "http", "path": "/file"}, _nothing, never))
