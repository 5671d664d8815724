"""Who sends an upload is asked before it is read."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

import pytest
from starlette.types import Message, Receive, Scope, Send

from services.gateway.uploads.middleware import UploadLimits, UploadMiddleware
from services.gateway.uploads.spool import UPLOADED
from shared.api import Caller, Problem

KEY = "Bearer bh_good"
CALLER = Caller(UUID(int=1), UUID(int=2))


class Endpoint:
    """Notes what it was given: the first piece of its body, and whether that was taken in as an upload."""

    def __init__(self) -> None:
        self.given: list[tuple[bytes, bool]] = []

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        self.given.append(((await receive())["body"], UPLOADED in scope["state"]))


class Client:
    """Sends a body in pieces, and counts those that were asked for."""

    def __init__(self, pieces: Iterable[bytes], *, ends: bool = True) -> None:
        self.waiting, self.ends, self.asked = list(pieces), ends, 0

    async def receive(self) -> Message:
        self.asked += 1
        if not self.waiting and not self.ends:
            await asyncio.sleep(3600)
        piece = self.waiting.pop(0) if self.waiting else b""
        return {"type": "http.request", "body": piece, "more_body": bool(self.waiting) or not self.ends}


def post(client: Client, path: str = "/v1/photos", **headers: str) -> Endpoint:
    """Send it to a middleware that takes 100 bytes, at no less than 1,000 bytes a second after the first 0.05 s."""
    endpoint = Endpoint()

    async def authenticate(authorization: str | None) -> Caller:
        if authorization != KEY:
            raise Problem(401, "invalid_key", "unknown")
        return CALLER

    async def run() -> None:
        limits = UploadLimits(size=100, pause=0.05, rate=1000, at_once=2)
        middleware = UploadMiddleware(endpoint, limits, authenticate, lambda scope: scope["path"] == "/v1/photos")
        sent = {"content-type": "multipart/form-data; boundary=b", "authorization": KEY, **headers}
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()]
        scope = {"type": "http", "method": "POST", "path": path, "headers": raw, "state": {}}
        await middleware(scope, client.receive, _send)

    asyncio.run(run())
    return endpoint


async def _send(_message: Message) -> None:
    raise AssertionError("nothing is answered here")


def test_upload_reaches_the_endpoint() -> None:
    """Read to its end first, then given on."""
    assert post(Client([b"--b\r\n\r\n1", b"2\r\n--b--"])).given == [(b"--b\r\n\r\n12\r\n--b--", True)]


def test_unknown_key_is_refused_before_its_body_is_kept() -> None:
    """What it has sent already is let in and forgotten, so that the client comes to read the answer."""
    client = Client([b"x"] * 200)
    with pytest.raises(Problem, match="unknown"):
        post(client, authorization="Bearer bh_wrong")
    assert client.asked == 200


def test_client_that_waits_to_be_asked_is_not() -> None:
    """Expect: 100-continue saves an unknown key its upload."""
    client = Client([b"x"])
    with pytest.raises(Problem, match="unknown"):
        post(client, authorization="Bearer bh_wrong", expect="100-continue")
    assert client.asked == 0


@pytest.mark.parametrize(
    ("pieces", "headers", "status"),
    [
        ([b"x" * 101], {}, 413),
        ([b"x"], {"content_length": "101"}, 413),
        ([b"x"], {"content_type": "multipart/form-data"}, 400),
        ([b"--b\r\n\r\n1"], {}, 400),
    ],
)
def test_what_is_wrong_with_it_is_said(pieces: list[bytes], headers: dict[str, str], status: int) -> None:
    """Larger than announced, or announced as too large, or no form, or half of one."""
    with pytest.raises(Problem) as raised:
        post(Client(pieces), **{name.replace("_", "-"): value for name, value in headers.items()})
    assert raised.value.status == status


def test_upload_that_stands_still_is_given_up() -> None:
    """A client that dribbles holds nothing for ever."""
    with pytest.raises(Problem) as raised:
        post(Client([b"x"], ends=False))
    assert raised.value.status == 408


def test_client_that_goes_away_is_not_answered() -> None:
    """Nobody is there to hear, and the endpoint does not run."""

    class Gone(Client):
        async def receive(self) -> Message:
            return {"type": "http.disconnect"}

    assert post(Gone([])).given == []


@pytest.mark.parametrize(
    ("path", "content_type"), [("/v1/orders", "multipart/form-data; boundary=b"), ("/v1/photos", "text/plain")]
)
def test_everything_else_is_passed_on_unread(path: str, content_type: str) -> None:
    """Other bodies, and forms sent to endpoints that take no files, are the next one's to judge."""
    assert post(Client([b"1", b"2"]), path, **{"content-type": content_type}).given == [(b"1", False)]
