"""How many requests are worked on at the same time."""

import anyio
from anyio import to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.requests import QUIET_PATHS

SPARE_THREADS = 8
"""For the health endpoints, which are not held up by anything."""


class AdmissionMiddleware:
    """Lets `in_flight` requests in; the others wait their turn, in order, holding neither thread nor connection.

    There are as many threads as requests, and a request uses one at a time, so a request that holds a connection never
    waits for a thread behind others that wait for a connection.
    """

    def __init__(self, app: ASGIApp, in_flight: int) -> None:
        self._app, self._in_flight = app, in_flight
        self._places = anyio.CapacityLimiter(in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in QUIET_PATHS:
            await self._app(scope, receive, send)
            return
        threads = to_thread.current_default_thread_limiter()
        threads.total_tokens = max(threads.total_tokens, self._in_flight + SPARE_THREADS)
        async with self._places:
            await self._app(scope, receive, send)
