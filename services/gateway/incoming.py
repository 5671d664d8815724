"""A body on its way in."""

from contextlib import suppress
from typing import Final

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from shared.api import Problem

DISCARD_SECONDS: Final = 5.0
DISCARD_BYTES: Final = 64 * 1024 * 1024


class Incoming:
    """The pieces of a request's body, until it has ended."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.begun = self.ended = False

    async def piece(self) -> bytes:
        """The next one. Raises ClientDisconnect where the client has gone."""
        message: Message = await self._receive()
        self.begun = True
        if message["type"] == "http.disconnect":
            self.ended = True
            raise ClientDisconnect
        self.ended = not message.get("more_body", False)
        return bytes(message.get("body", b""))

    async def discard(self) -> None:
        """Let the rest of a body that is refused come in for a while, and forget it: a client that is still sending when
        the connection is closed sees a broken pipe, and never our answer.
        """
        size = 0
        with anyio.move_on_after(DISCARD_SECONDS), suppress(ClientDisconnect):
            while not self.ended and size < DISCARD_BYTES:
                size += len(await self.piece())


def too_large(limit: int) -> Problem:
    """More bytes than are taken in here."""
    return Problem(413, "payload_too_large", f"a body may have {limit} bytes here", headers={"Connection": "close"})


def too_slow(detail: str) -> Problem:
    """A body that took too long."""
    return Problem(408, "request_timeout", detail, headers={"Connection": "close"})
