"""How many requests are worked on at the same time."""

import asyncio

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from services.gateway.admission import AdmissionMiddleware
from services.gateway.places import Group
from services.gateway.requests import CLIENT, GROUPS
from shared.api import Problem


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _nowhere(_message: Message) -> None:
    return None


def scope_of(path: str, client: Receive | None = None, key: str = "key") -> Scope:
    """A request of one whose key may have all places; `client` says what it still sends."""
    state = {GROUPS: (Group(key, 1.0),), **({CLIENT: client} if client is not None else {})}
    return {"type": "http", "path": path, "state": state}


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
        await asyncio.gather(*(middleware(scope_of(path), _nothing, _nowhere) for _ in range(count)))

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


class Office:
    """An application that holds whoever is inside until the test opens it."""

    def __init__(self) -> None:
        self.open, self.served = asyncio.Event(), 0

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        self.served += 1
        await self.open.wait()


async def _stays() -> Message:
    await asyncio.sleep(3600)
    raise AssertionError("nobody waits for so long")


async def _gone() -> Message:
    return {"type": "http.disconnect"}


def test_who_waits_too_long_is_told_to_come_again() -> None:
    """503 with Retry-After, and its turn is somebody else's."""

    async def scenario() -> tuple[Problem, int]:
        office = Office()
        middleware = AdmissionMiddleware(office, 1, patience=0.02)
        first = asyncio.create_task(middleware(scope_of("/v1/a", _stays), _nothing, _nowhere))
        await asyncio.sleep(0.005)
        with pytest.raises(Problem) as raised:
            await middleware(scope_of("/v1/b", _stays), _nothing, _nowhere)
        office.open.set()
        await first
        await middleware(scope_of("/v1/c", _stays), _nothing, _nowhere)
        return raised.value, office.served

    problem, served = asyncio.run(scenario())
    assert (problem.status, problem.headers["Retry-After"], served) == (503, "1", 2)


def test_nobody_is_let_in_who_has_hung_up() -> None:
    """Neither at once, nor from among those who wait."""

    async def scenario() -> tuple[list[BaseException | None], int]:
        office, leaves = Office(), asyncio.Event()

        async def leaving() -> Message:
            await leaves.wait()
            return {"type": "http.disconnect"}

        middleware = AdmissionMiddleware(office, 1)
        at_once = await asyncio.gather(middleware(scope_of("/v1/a", _gone), _nothing, _nowhere), return_exceptions=True)
        inside = asyncio.create_task(middleware(scope_of("/v1/b", _stays), _nothing, _nowhere))
        waiting = asyncio.create_task(middleware(scope_of("/v1/c", leaving), _nothing, _nowhere))
        await asyncio.sleep(0.005)
        leaves.set()
        while_waiting = await asyncio.gather(waiting, return_exceptions=True)
        office.open.set()
        await inside
        return [*at_once, *while_waiting], office.served

    answers, served = asyncio.run(scenario())
    assert ([type(answer) for answer in answers], served) == ([ClientDisconnect, ClientDisconnect], 1)


def test_one_caller_leaves_places_to_the_others() -> None:
    """A key with a share of half, and a hundred requests that hang: another's is answered at once."""

    async def scenario() -> tuple[int, bool]:
        office = Office()
        middleware = AdmissionMiddleware(office, 4)

        def scope(key: str) -> Scope:
            return {"type": "http", "path": "/v1/x", "state": {GROUPS: (Group(key, 0.5),), CLIENT: _stays}}

        hog = [asyncio.create_task(middleware(scope("hog"), _nothing, _nowhere)) for _ in range(100)]
        await asyncio.sleep(0.01)
        inside = office.served
        other = asyncio.create_task(middleware(scope("other"), _nothing, _nowhere))
        await asyncio.sleep(0.01)
        is_served = office.served == inside + 1
        office.open.set()
        await asyncio.gather(other, *hog)
        return inside, is_served

    assert asyncio.run(scenario()) == (2, True)
