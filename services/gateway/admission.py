"""How many requests are worked on at the same time, and how many answers are on their way."""

import anyio
import anyio.lowlevel
from anyio import to_thread
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.places import STRANGERS, Groups, Places
from services.gateway.problems import busy
from services.gateway.requests import CLIENT, GROUPS, QUIET_PATHS

SPARE_THREADS = 16
"""For the health endpoints, which are not held up by anything, and for finding out who asks."""
DOWNLOADS = 128
"""Answers that are sent piece by piece at the same time."""
STALL_SECONDS = 60.0
"""How long a client may take nothing of them: somebody else may be waiting."""


class AdmissionMiddleware:
    """Lets `in_flight` requests in; the others wait their turn, holding neither thread nor connection.

    Each caller has a share of the places. Who has waited for `patience` seconds is told to come again later (503), and
    nobody is let in who has hung up. There are as many threads as requests, and a request uses one at a time, so a
    request that holds a connection never waits for a thread behind others that wait for a connection. An answer that is
    sent piece by piece (a file) gives its place back with its first piece: whoever fetches an archive over a slow line
    keeps nobody from ordering. Of those `downloads` are sent at the same time.
    """

    def __init__(
        self,
        app: ASGIApp,
        in_flight: int,
        downloads: int = DOWNLOADS,
        stall: float = STALL_SECONDS,
        patience: float = 5.0,
    ) -> None:
        self._app, self._threads, self._stall = app, in_flight + downloads + SPARE_THREADS, stall
        self._places, self._downloads, self._patience = Places(in_flight), Places(downloads), patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in QUIET_PATHS:
            await self._app(scope, receive, send)
            return
        threads = to_thread.current_default_thread_limiter()
        threads.total_tokens = max(threads.total_tokens, self._threads)
        state = scope.get("state", {})
        visit = _Visit(self._places, self._downloads, state.get(GROUPS, (STRANGERS,)))
        try:
            await visit.enter(state.get(CLIENT), self._patience)
            await self._app(scope, receive, visit.watching(send, self._stall))
        finally:
            visit.leave()


class _Visit:
    """One request, and the place that it holds."""

    def __init__(self, places: Places, downloads: Places, groups: Groups) -> None:
        self._places, self._downloads, self._groups = places, downloads, groups
        self._held: Places | None = None

    async def enter(self, client: Receive | None, patience: float) -> None:
        """Raises ClientDisconnect for a client that has hung up, Problem 503 where no place was to be had in time."""
        if client is not None and await has_hung_up(client):
            raise ClientDisconnect
        if self._places.take_at_once(self._groups):
            self._held = self._places
        elif not await self._wait(client, patience):
            raise ClientDisconnect
        if self._held is None:
            raise busy("too_busy", f"no place was free for this request within {patience:g} s")

    async def _wait(self, client: Receive | None, patience: float) -> bool:
        """Wait for a place. Returns whether the client is still there."""
        stayed = True

        async def watch(client: Receive) -> None:
            nonlocal stayed
            await until_hung_up(client)
            stayed = False
            both.cancel_scope.cancel()

        async with anyio.create_task_group() as both:
            if client is not None:
                both.start_soon(watch, client)
            with anyio.move_on_after(patience):
                await self._places.take(self._groups)
                self._held = self._places
            both.cancel_scope.cancel()
        return stayed

    def leave(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.give_back(self._groups)

    def watching(self, send: Send, stall: float) -> Send:
        """Sends, and changes the place for one among the downloads when more is to come.

        Raises ClientDisconnect where the client takes nothing for `stall` seconds.
        """

        async def watched(message: Message) -> None:
            if message.get("more_body", False) and self._held is self._places:
                self.leave()
                await self._downloads.take(self._groups)
                self._held = self._downloads
            with anyio.move_on_after(stall) as patience:
                await send(message)
            if patience.cancelled_caught:
                raise ClientDisconnect

        return watched


async def until_hung_up(client: Receive) -> None:
    """Return when the client, whose body has been read to its end, has closed its connection."""
    while (await client())["type"] != "http.disconnect":
        pass


async def has_hung_up(client: Receive) -> bool:
    """Whether the client has closed its connection, as far as is known now."""
    await anyio.lowlevel.checkpoint()  # what has happened at the socket is told to whoever waits in the next round
    with anyio.CancelScope() as look:
        look.cancel()
        await until_hung_up(client)
        return True
    return False
