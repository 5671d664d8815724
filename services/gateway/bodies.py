"""Bodies are read whole before anything else happens: up to a limit, within a time, and without holding a place."""

import anyio
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.incoming import Incoming, too_large, too_slow
from services.gateway.uploads.spool import UPLOADED

WEBHOOKS = "/webhooks/"
"""Below this path providers post what they have to tell, as large as it is."""


class BodyMiddleware:
    """Refuses bodies that are too large (413) or too slow (408), and keeps the rest in the request's state as `body`.

    `limit` and `webhook_limit` (below WEBHOOKS) are in bytes, `timeout` in seconds. What was taken in as an upload has
    been read already.
    """

    def __init__(self, app: ASGIApp, limit: int, webhook_limit: int, timeout: float) -> None:
        self._app, self._timeout = app, timeout
        self._limit, self._webhook_limit = limit, webhook_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or UPLOADED in scope["state"]:
            await self._app(scope, receive, send)
            return
        limit = self._webhook_limit if str(scope.get("path", "")).startswith(WEBHOOKS) else self._limit
        incoming = Incoming(receive)
        announced = Headers(scope=scope).get("content-length", "")
        try:
            if announced.isdecimal() and int(announced) > limit:
                await incoming.discard()
                raise too_large(limit)
            body = await self._read(incoming, limit)
        except ClientDisconnect:
            return
        scope["state"]["body"] = body
        await self._app(scope, _again(body, receive), send)

    async def _read(self, incoming: Incoming, limit: int) -> bytes:
        try:
            with anyio.fail_after(self._timeout):
                return await _whole(incoming, limit)
        except TimeoutError:
            raise too_slow(f"the body did not arrive within {self._timeout:g} s") from None


async def _whole(incoming: Incoming, limit: int) -> bytes:
    parts, size = [], 0
    while not incoming.ended:
        parts.append(await incoming.piece())
        size += len(parts[-1])
        if size > limit:
            await incoming.discard()
            raise too_large(limit)
    return b"".join(parts)


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
