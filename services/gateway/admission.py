"""How many requests are worked on at the same time, and how many answers are on their way."""

import anyio
from anyio import to_thread
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.requests import QUIET_PATHS

SPARE_THREADS = 8
"""For the health endpoints, which are not held up by anything."""
DOWNLOADS = 128
"""Answers that are sent piece by piece at the same time."""
STALL_SECONDS = 60.0
"""How long a client may take nothing of them: somebody else may be waiting."""


class AdmissionMiddleware:
    """Lets `in_flight` requests in; the others wait their turn, in order, holding neither thread nor connection.

    There are as many threads as requests, and a request uses one at a time, so a request that holds a connection never
    waits for a thread behind others that wait for a connection. An answer that is sent piece by piece (a file) gives its
    place back with its first piece: whoever fetches an archive over a slow line keeps nobody from ordering. Of those
    `downloads` are sent at the same time.
    """

    def __init__(self, app: ASGIApp, in_flight: int, downloads: int = DOWNLOADS, stall: float = STALL_SECONDS) -> None:
        self._app, self._threads, self._stall = app, in_flight + downloads + SPARE_THREADS, stall
        self._places, self._downloads = anyio.CapacityLimiter(in_flight), anyio.CapacityLimiter(downloads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in QUIET_PATHS:
            await self._app(scope, receive, send)
            return
        threads = to_thread.current_default_thread_limiter()
        threads.total_tokens = max(threads.total_tokens, self._threads)
        visit = _Visit(self._places, self._downloads)
        await visit.enter()
        try:
            await self._app(scope, receive, visit.watching(send, self._stall))
        finally:
            visit.leave()


class _Visit:
    """One request, and the place that it holds."""

    def __init__(self, places: anyio.CapacityLimiter, downloads: anyio.CapacityLimiter) -> None:
        self._places, self._downloads = places, downloads
        self._held: anyio.CapacityLimiter | None = None

    async def enter(self) -> None:
        await self._places.acquire_on_behalf_of(self)
        self._held = self._places

    def leave(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.release_on_behalf_of(self)

    def watching(self, send: Send, stall: float) -> Send:
        """Sends, and changes the place for one among the downloads when more is to come.

        Raises ClientDisconnect where the client takes nothing for `stall` seconds.
        """

        async def watched(message: Message) -> None:
            if message.get("more_body", False) and self._held is self._places:
                self.leave()
                await self._downloads.acquire_on_behalf_of(self)
                self._held = self._downloads
            with anyio.move_on_after(stall) as patience:
                await send(message)
            if patience.cancelled_caught:
                raise ClientDisconnect

        return watched
