"""Bodies are read whole before anything else happens: up to a limit, within a time, and without holding a place."""

from collections import Counter
from collections.abc import Hashable
from io import BytesIO

import anyio
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.incoming import Incoming, too_large, too_slow
from services.gateway.places import STRANGERS, Groups
from services.gateway.problems import busy
from services.gateway.requests import GROUPS
from services.gateway.uploads.spool import UPLOADED

WEBHOOKS = "/webhooks/"
"""Below this path providers post what they have to tell, as large as it is."""


class BodyRoom:
    """The bytes of all bodies that are in memory, `most` at the same time; each caller may have its share of them.

    They are counted as they come, not as they are announced: who says much and sends nothing takes nothing.
    """

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0
        self._by_group: Counter[Hashable] = Counter()

    def has(self, size: int, groups: Groups) -> bool:
        """Whether there is room for so many bytes more."""
        if self._taken + size > self._most:
            return False
        return all(self._by_group[group.name] + size <= group.most_of(self._most) for group in groups)

    def take(self, size: int, groups: Groups) -> None:
        """Count them. Raises Problem 503 where there is no room."""
        if not self.has(size, groups):
            raise busy("too_busy", "too many bodies are coming in at this moment")
        self._count(size, groups)

    def give_back(self, size: int, groups: Groups) -> None:
        """They are not in memory any more."""
        self._count(-size, groups)
        for group in groups:
            if self._by_group[group.name] <= 0:
                del self._by_group[group.name]

    def _count(self, size: int, groups: Groups) -> None:
        self._taken += size
        self._by_group.update({group.name: size for group in groups})


class BodyMiddleware:
    """Refuses bodies that are too large (413) or too slow (408), or for which there is no room now (503), and keeps the
    rest in the request's state as `body`.

    `limit`, `webhook_limit` (below WEBHOOKS) and `room`, for all of them together, are in bytes, `timeout` in seconds.
    What was taken in as an upload has been read already.
    """

    def __init__(self, app: ASGIApp, limit: int, webhook_limit: int, timeout: float, room: int) -> None:
        self._app, self._timeout = app, timeout
        self._limit, self._webhook_limit = limit, webhook_limit
        self._room = BodyRoom(room)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or UPLOADED in scope["state"]:
            await self._app(scope, receive, send)
            return
        limit = self._webhook_limit if str(scope.get("path", "")).startswith(WEBHOOKS) else self._limit
        body = _Body(Incoming(receive), limit, self._room, scope["state"].get(GROUPS, (STRANGERS,)))
        try:
            try:
                await self._read(body, Headers(scope=scope).get("content-length", ""))
            except ClientDisconnect:
                return
            scope["state"]["body"] = body.content.getvalue()
            await self._app(scope, _again(scope["state"]["body"], receive), send)
        finally:
            body.forget()

    async def _read(self, body: "_Body", announced: str) -> None:
        if announced.isdecimal():
            await body.expect(int(announced))
        try:
            with anyio.fail_after(self._timeout):
                await body.read()
        except TimeoutError:
            raise too_slow(f"the body did not arrive within {self._timeout:g} s") from None


class _Body:
    """The body of one request, and the room that it takes."""

    def __init__(self, incoming: Incoming, limit: int, room: BodyRoom, groups: Groups) -> None:
        self._incoming, self._limit, self._room, self._groups = incoming, limit, room, groups
        self._size, self.content = 0, BytesIO()

    async def expect(self, size: int) -> None:
        """Refuse what is announced if it cannot be taken in. Raises Problem 413, 503."""
        if size > self._limit:
            await self._incoming.discard()
            raise too_large(self._limit)
        if not self._room.has(size, self._groups):
            raise busy("too_busy", "too many bodies are coming in at this moment")

    async def read(self) -> None:
        """Take it in to its end. Raises Problem 413, 503, ClientDisconnect."""
        while not self._incoming.ended:
            piece = await self._incoming.piece()
            if self._size + len(piece) > self._limit:
                self.forget()
                await self._incoming.discard()
                raise too_large(self._limit)
            self._room.take(len(piece), self._groups)
            self._size += len(piece)
            self.content.write(piece)

    def forget(self) -> None:
        """Give its room back."""
        size, self._size = self._size, 0
        self.content = BytesIO()
        self._room.give_back(size, self._groups)


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
