"""Bodies are bounded in size and in time."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import Message, Receive, Scope, Send

from services.gateway.bodies import BodyMiddleware, BodyRoom
from services.gateway.places import HALF, STRANGERS, Group
from services.gateway.uploads.spool import UPLOADED
from shared.api import Problem

LIMIT, WEBHOOK_LIMIT, ROOM = 10, 15, 40


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
    middleware = BodyMiddleware(app, LIMIT, WEBHOOK_LIMIT, timeout=0.05, room=ROOM)
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

    middleware = BodyMiddleware(app, LIMIT, WEBHOOK_LIMIT, timeout=1, room=ROOM)
    asyncio.run(middleware({"type": "http", "headers": [], "state": {}}, receive, send))
    assert app.bodies == []


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=b"])
def test_webhooks_have_a_limit_of_their_own(content_type: str) -> None:
    """Whatever they say that they are."""
    assert post([b"x" * 15], content_type, path="/webhooks/retell").bodies == [(b"x" * 15, b"x" * 15)]
    with pytest.raises(Problem, match="15 bytes"):
        post([b"x" * 16], content_type, path="/webhooks/retell/a-connection")


A, B = (Group("a", HALF),), (Group("b", HALF),)


def test_bodies_of_all_requests_share_one_room() -> None:
    """Half of it for one caller: another finds the other half, and a third nothing, until something is given back."""
    room = BodyRoom(40)
    room.take(20, A)
    room.take(20, B)
    for groups in (A, (Group("c", HALF),)):
        with pytest.raises(Problem) as raised:
            room.take(1, groups)
        assert (raised.value.status, raised.value.headers["Retry-After"]) == (503, "1")
    room.give_back(20, A)
    assert room.has(20, A)


def test_body_that_finds_no_room_is_refused_and_takes_none() -> None:
    """What had come of it is forgotten."""
    app, given = Seen(), []

    async def scenario() -> None:
        middleware = BodyMiddleware(app, 100, 100, timeout=5, room=ROOM)
        for size in (31, 30):  # of 40, three quarters are for strangers
            pieces = [b"x" * 15, b"x" * (size - 15)]

            async def receive(pieces: list[bytes] = pieces) -> Message:
                return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

            try:
                await middleware({"type": "http", "headers": [], "state": {}}, receive, _unsent)
                given.append(200)
            except Problem as problem:
                given.append(problem.status)

    asyncio.run(scenario())
    assert (given, STRANGERS.most_of(ROOM)) == ([503, 200], 30)


def test_what_is_announced_and_has_no_room_is_refused_unread() -> None:
    """Nobody sends 30 MB to hear that."""
    middleware = BodyMiddleware(Seen(), 100, 100, timeout=5, room=ROOM)
    scope = {"type": "http", "headers": [(b"content-length", b"31")], "state": {}}
    with pytest.raises(Problem) as raised:
        asyncio.run(middleware(scope, _unread, _unsent))
    assert raised.value.status == 503


async def _unread() -> Message:
    raise AssertionError("the body was read")


async def _unsent(_message: Message) -> None:
    raise AssertionError("nothing is answered here")
