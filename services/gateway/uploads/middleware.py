"""The way in for uploads: who sends it is asked first, then the body goes to the disk, then the endpoint is called."""

from collections.abc import Awaitable, Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http import HTTPStatus

import anyio
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.authentication import is_private
from services.gateway.incoming import Incoming, too_large, too_slow
from services.gateway.uploads.spool import DISK_THREADS, UPLOADED, Pace, Upload, UploadRoom, boundary_of, is_upload
from shared.api import Caller, Problem

AT_ONCE = 8
"""Senders whose keys are looked up at the same time."""


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """`size` in bytes, `pause` in seconds without a byte, `rate` in bytes per second on the whole, `at_once` uploads."""

    size: int
    pause: float
    rate: float
    at_once: int


class UploadMiddleware:
    """Takes in multipart/form-data for the endpoints with files, before any of them holds a place or a connection.

    An unknown key is refused before its body is read, so that nobody fills the disk who may not. The key is looked at
    again when the body is there: it may have been revoked meanwhile. What came is in the request's state as `upload`.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: UploadLimits,
        authenticate: Callable[[str | None], Awaitable[Caller]],
        takes_files: Callable[[Scope], bool],
    ) -> None:
        self._app, self._limits, self._takes_files = app, limits, takes_files
        self._authenticate = authenticate
        self._room = UploadRoom(limits.at_once)
        self._doors, self._threads = anyio.CapacityLimiter(AT_ONCE), anyio.CapacityLimiter(DISK_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._is_upload(scope):
            await self._app(scope, receive, send)
            return
        headers, incoming = Headers(scope=scope), Incoming(receive)
        with ExitStack() as held:
            try:
                upload = await self._begin(headers, held)
                await self._take(upload, incoming)
            except ClientDisconnect:
                return
            except Problem as refusal:
                if refusal.status != HTTPStatus.REQUEST_TIMEOUT:
                    await _hear_out(headers, incoming)
                raise
            scope["state"][UPLOADED] = upload
            await self._app(scope, upload.again(receive), send)

    def _is_upload(self, scope: Scope) -> bool:
        if scope["type"] != "http" or not is_private(str(scope.get("path", ""))):
            return False
        return is_upload(Headers(scope=scope).get("content-type", "")) and self._takes_files(scope)

    async def _begin(self, headers: Headers, held: ExitStack) -> Upload:
        """What the body is taken into; `held` ends it. Raises Problem 400, 401, 413, 503."""
        async with self._doors:
            caller = await self._authenticate(headers.get("authorization"))
        boundary, announced = boundary_of(headers["content-type"]), headers.get("content-length", "")
        size = int(announced) if announced.isdecimal() else self._limits.size
        if size > self._limits.size:
            raise too_large(self._limits.size)
        held.enter_context(self._room.of(size, caller.organisation_id))
        return held.enter_context(closing(Upload(boundary)))

    async def _take(self, upload: Upload, incoming: Incoming) -> None:
        limits = self._limits
        try:
            await upload.take(incoming, limits.size, Pace(limits.pause, limits.rate), self._threads)
        except TimeoutError:
            detail = f"nothing came for {limits.pause:g} s, or less than {limits.rate:g} bytes a second"
            raise too_slow(detail) from None


async def _hear_out(headers: Headers, incoming: Incoming) -> None:
    """Let a client that is sending come to the answer; one that waits to be asked (RFC 9110, section 10.1.1) is not."""
    if incoming.begun or headers.get("expect", "").lower() != "100-continue":
        await incoming.discard()
