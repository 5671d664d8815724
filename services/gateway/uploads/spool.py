"""Uploads: files that come as multipart/form-data go to the disk piece by piece, and are counted and hashed on the way."""

import hashlib
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Final
from uuid import UUID

import anyio
from anyio import to_thread
from python_multipart.multipart import parse_options_header
from starlette.types import Message, Receive

from services.gateway.incoming import Incoming, too_large
from shared.api import Problem

UPLOADED: Final = "upload"
"""Where a request's state has the Upload that its body was taken into."""
MEDIA_TYPE: Final = b"multipart/form-data"
IN_MEMORY: Final = 1024 * 1024
"""Bytes of an upload that are kept in memory; a larger one is a file without a name, which ends with its request."""
PIECE: Final = 256 * 1024
LONGEST_BOUNDARY: Final = 70
"""RFC 2046, section 5.1.1."""
MOST_PARTS: Final = 16
"""Each part of a form may have up to 1 MiB in memory once it is read."""
COPIES: Final = 2
"""The body as it came, and the file that is cut out of it for the endpoint."""
SPARE_DISK: Final = 128 * 1024 * 1024
"""Bytes of the disk that uploads leave alone."""
DISK_THREADS: Final = 4
SPACE_RETRY_SECONDS: Final = 60
BUSY_RETRY_SECONDS: Final = 5


def is_upload(content_type: str) -> bool:
    """Whether a body of this type is a form with files."""
    return parse_options_header(content_type)[0] == MEDIA_TYPE


def boundary_of(content_type: str) -> bytes:
    """What stands between the parts. Raises Problem 400 where there is none, or one that is too long."""
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not 1 <= len(boundary) <= LONGEST_BOUNDARY:
        raise Problem(400, "malformed_multipart", "multipart/form-data needs a boundary of 1 to 70 characters")
    return boundary


class FormDigest:
    """The SHA-256 of a form without its boundary, which clients draw anew for each try; and the number of delimiters.

    Two bodies have the same one if their parts are the same, byte by byte and in the same order, headers included.
    """

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"--" + boundary
        self._sha256, self._tail, self._since = hashlib.sha256(), b"", b""
        self.delimiters = 0

    def update(self, piece: bytes) -> None:
        """Take in the next piece; a delimiter may begin in one and end in the next."""
        *whole, last = (self._tail + piece).split(self._delimiter)
        self.delimiters += len(whole)
        for between in whole:
            self._sha256.update(between)
            self._sha256.update(b"\0--\0")
        settled = max(0, len(last) - len(self._delimiter) + 1)
        self._sha256.update(last[:settled])
        self._since = ((b"" if whole else self._since) + last[:settled])[:2]
        self._tail = last[settled:]

    @property
    def is_whole(self) -> bool:
        """Whether the last delimiter is the closing one, which two dashes follow (RFC 2046, section 5.1.1)."""
        return self.delimiters > 0 and (self._since + self._tail)[:2] == b"--"

    def digest(self) -> bytes:
        """Of all that was taken in so far."""
        ended = self._sha256.copy()
        ended.update(self._tail)
        return ended.digest()


class Pace:
    """How long to wait for the next piece: `pause` seconds, and not longer than a client needs that on the whole sends
    `rate` bytes a second. So an upload may take its time, and one that dribbles or stands still is given up.
    """

    def __init__(self, pause: float, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause, self._rate, self._clock = pause, rate, clock
        self._started = clock()

    def seconds(self, received: int) -> float:
        """For the next piece, after so many bytes; 0 if the time is over."""
        due = self._started + self._pause + received / self._rate
        return max(0.0, min(self._pause, due - self._clock()))


def free_disk() -> int:
    """Free bytes where temporary files go (TMPDIR)."""
    return shutil.disk_usage(tempfile.gettempdir()).free


class UploadRoom:
    """Lets an upload begin only if the disk has room for it beside those that run, and if they are not too many: `most` in
    all, of which one organisation may have half.
    """

    def __init__(self, most: int, free: Callable[[], int] = free_disk) -> None:
        self._most, self._most_of_one, self._free = most, (most + 1) // 2, free
        self._running, self._promised = Counter[UUID](), 0

    @contextmanager
    def of(self, size: int, organisation_id: UUID) -> Iterator[None]:
        """Room for an upload of up to `size` bytes, for as long as the block lasts. Raises Problem 503."""
        if self._running.total() >= self._most or self._running[organisation_id] >= self._most_of_one:
            raise _not_now("too_many_uploads", "too many uploads are coming in at this moment", BUSY_RETRY_SECONDS)
        promised = COPIES * size
        if self._free() - self._promised < promised + SPARE_DISK:
            raise no_disk()
        self._running[organisation_id] += 1
        self._promised += promised
        try:
            yield
        finally:
            self._running -= Counter((organisation_id,))
            self._promised -= promised


class Upload:
    """The body of one upload: taken in once, and given to the endpoint as if it came from the client."""

    def __init__(self, boundary: bytes, file: IO[bytes] | None = None) -> None:
        """`file` takes the body; a temporary one of its own, unless it is given."""
        self.digest = FormDigest(boundary)
        self.size = 0
        self._file = file or tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - `close` ends it
        self._waiting = bytearray()

    async def take(self, incoming: Incoming, limit: int, pace: Pace, threads: anyio.CapacityLimiter) -> None:
        """Read the body to its end. Raises Problem 400, 413 and 503, TimeoutError, ClientDisconnect."""
        while not incoming.ended:
            with anyio.fail_after(pace.seconds(self.size)):
                piece = await incoming.piece()
            self.size += len(piece)
            if self.size > limit:
                raise too_large(limit)
            self._waiting += piece
            if len(self._waiting) >= PIECE or incoming.ended:
                await self._store(threads)
        if not self.digest.is_whole:
            raise Problem(400, "malformed_multipart", "the form does not end with its closing delimiter")

    async def _store(self, threads: anyio.CapacityLimiter) -> None:
        """Hash and write what waits; in a thread once it goes to the disk, which may be slow."""
        piece = bytes(self._waiting)
        self._waiting.clear()
        if self.size <= IN_MEMORY:
            self._write(piece)
        else:
            await to_thread.run_sync(self._write, piece, limiter=threads)
        if self.digest.delimiters > MOST_PARTS + 1:
            raise Problem(413, "too_many_parts", f"a form has {MOST_PARTS} parts at most")

    def _write(self, piece: bytes) -> None:
        self.digest.update(piece)
        try:
            self._file.write(piece)
        except OSError:
            raise no_disk() from None

    def again(self, receive: Receive) -> Receive:
        """Gives the body once more, piece by piece, then what the client really sends: that it has gone."""
        self._file.seek(0)
        given, ended = 0, False

        async def again() -> Message:
            nonlocal given, ended
            if ended:
                return await receive()
            in_memory = self.size <= IN_MEMORY
            piece = self._file.read(PIECE) if in_memory else await to_thread.run_sync(self._file.read, PIECE)
            given += len(piece)
            ended = given >= self.size or not piece
            return {"type": "http.request", "body": piece, "more_body": not ended}

        return again

    def close(self) -> None:
        """Its file is gone."""
        self._file.close()


def no_disk() -> Problem:
    """The disk is full, or would be."""
    return _not_now("no_room_for_upload", "there is no room on the disk for this upload now", SPACE_RETRY_SECONDS)


def _not_now(code: str, detail: str, seconds: int) -> Problem:
    headers = {"Retry-After": str(seconds), "Connection": "close"}
    return Problem(503, code, f"{detail}; try again in {seconds} s", headers=headers)
