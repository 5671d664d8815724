"""Bodies are read whole before anything else happens: up to a limit, within a time, and without holding a place."""

import anyio
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.api import Problem

WEBHOOKS = "/webhooks/"
"""Below this path providers post what they have to tell, as large as it is."""
DISCARD_SECONDS = 5.0
DISCARD_BYTES = 64 * 1024 * 1024


class BodyMiddleware:
    """Refuses bodies that are too large (413) or too slow (408), and keeps the rest in the request's state as `body`.

    `limit`, `upload_limit` (of multipart/form-data) and `webhook_limit` (below WEBHOOKS) are in bytes, `timeout` in seconds.
    """

    def __init__(self, app: ASGIApp, limit: int, upload_limit: int, webhook_limit: int, timeout: float) -> None:
        self._app, self._timeout = app, timeout
        self._limit, self._upload_limit, self._webhook_limit = limit, upload_limit, webhook_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = self._limit_of(str(scope.get("path", "")), headers.get("content-type", ""))
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            await _discard(receive)
            raise _too_large(limit)
        body = await self._read(receive, limit)
        if body is None:
            return
        scope["state"]["body"] = body
        await self._app(scope, _again(body, receive), send)

    def _limit_of(self, path: str, content_type: str) -> int:
        if path.startswith(WEBHOOKS):
            return self._webhook_limit
        return self._upload_limit if content_type.lower().startswith("multipart/form-data") else self._limit

    async def _read(self, receive: Receive, limit: int) -> bytes | None:
        """The whole body; None where the client has gone."""
        try:
            with anyio.fail_after(self._timeout):
                return await _whole(receive, limit)
        except ClientDisconnect:
            return None
        except TimeoutError:
            detail = f"the body did not arrive within {self._timeout:g} s"
            raise Problem(408, "request_timeout", detail, headers={"Connection": "close"}) from None


async def _whole(receive: Receive, limit: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > limit:
            if more:
                await _discard(receive)
            raise _too_large(limit)
    return b"".join(parts)


async def _discard(receive: Receive) -> None:
    """Let the rest of a body that is too large come in for a while, and forget it: a client that is still sending when
    the connection is closed sees a broken pipe, and never our answer.
    """
    size, more = 0, True
    with anyio.move_on_after(DISCARD_SECONDS):
        while more and size < DISCARD_BYTES:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)


def _too_large(limit: int) -> Problem:
    return Problem(413, "payload_too_large", f"a body may have {limit} bytes here", headers={"Connection": "close"})


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives the body once more to whoever reads it, then what the client really sends: that it has gone."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
