"""Forms with files: hashed without their boundary, timed by their pace, let in if there is room."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO
from uuid import UUID

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from services.gateway.incoming import Incoming
from services.gateway.uploads.spool import (
    IN_MEMORY,
    MOST_PARTS,
    SPARE_DISK,
    FormDigest,
    Pace,
    Upload,
    UploadRoom,
    boundary_of,
    is_upload,
)
from shared.api import Problem

MEBIBYTE = 1024 * 1024
ACME, ZENITH = UUID(int=1), UUID(int=2)


def form(boundary: str, *contents: bytes) -> bytes:
    """A form with these parts."""
    delimiter = f"--{boundary}".encode()
    parts = [delimiter + b'\r\ncontent-disposition: form-data; name="file"\r\n\r\n' + one + b"\r\n" for one in contents]
    return b"".join(parts) + delimiter + b"--\r\n"


def digest_of(pieces: Sequence[bytes], boundary: str) -> bytes:
    digest = FormDigest(boundary.encode())
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


@pytest.mark.parametrize(
    ("content_type", "is_one"),
    [
        ("multipart/form-data; boundary=x", True),
        ("Multipart/Form-Data;boundary=x", True),
        ("multipart/mixed; boundary=x", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_upload_is_known_by_its_type(content_type: str, is_one: bool) -> None:
    """By the same rules as the parser that reads it later."""
    assert is_upload(content_type) is is_one


@pytest.mark.parametrize("parameters", ["", "; boundary=", "; boundary=" + "b" * 71, "; charset=utf-8"])
def test_form_without_a_sensible_boundary_is_refused(parameters: str) -> None:
    """RFC 2046: 1 to 70 characters."""
    with pytest.raises(Problem) as raised:
        boundary_of(f"multipart/form-data{parameters}")
    assert (raised.value.status, raised.value.code) == (400, "malformed_multipart")


@given(st.binary(max_size=200), st.lists(st.integers(0, 400), max_size=8), st.text("ab-", min_size=1, max_size=6))
def test_digest_knows_neither_the_boundary_nor_the_pieces(content: bytes, cuts: list[int], boundary: str) -> None:
    """A client that tries again draws another boundary, and the network cuts as it likes."""
    whole = form(boundary, content.replace(b"-", b"+"), b"2")
    edges = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    pieces = [whole[start:end] for start, end in pairwise(edges)]
    other = form("another", content.replace(b"-", b"+"), b"2")
    assert digest_of(pieces, boundary) == digest_of([whole], boundary) == digest_of([other], "another")


@pytest.mark.parametrize(("cut", "is_whole"), [(0, True), (1, True), (2, True), (3, False), (5, False), (40, False)])
@pytest.mark.parametrize("step", [1, 2, 3, 100])
def test_form_that_was_cut_off_is_known(cut: int, step: int, is_whole: bool) -> None:
    """By its closing delimiter; the line's end behind it may be missing."""
    whole = form("bb", b"--b", b"x")
    body, digest = whole[: len(whole) - cut], FormDigest(b"bb")
    for start in range(0, len(body), step):
        digest.update(body[start : start + step])
    assert digest.is_whole is is_whole


def test_digest_knows_what_stands_in_which_part() -> None:
    """Bytes that move from one part to the next make another form."""
    forms = [form("b", b"ab", b"c"), form("b", b"a", b"bc"), form("b", b"abc"), form("b", b"c", b"ab")]
    assert len({digest_of([one], "b") for one in forms}) == len(forms)


def test_pace_allows_a_slow_line_and_no_standstill() -> None:
    """30 s for each piece, as long as 1,000 bytes a second have come on the whole."""
    clock = iter([0.0, 0.0, 200.0, 200.0, 260.0])
    pace = Pace(30, 1000, lambda: next(clock))
    seconds = [pace.seconds(received) for received in (0, 1_000_000, 180_000, 180_000)]
    assert seconds == [30, 30, 10, 0]


def test_upload_without_room_on_the_disk_is_put_off() -> None:
    """It needs room for two copies, beside what was promised to those that run; afterwards the room is there again."""
    room = UploadRoom(most=9, free=lambda: SPARE_DISK + 50)
    with room.of(20, ACME):
        with pytest.raises(Problem) as raised, room.of(20, ACME):
            raise AssertionError
        assert (raised.value.status, raised.value.code) == (503, "no_room_for_upload")
        assert raised.value.headers["Retry-After"] == "60"
    with room.of(20, ACME):
        pass


def test_too_many_at_once_are_put_off() -> None:
    """Each of them holds memory and a file."""
    room = UploadRoom(most=1, free=lambda: SPARE_DISK + 50)
    with room.of(1, ACME), pytest.raises(Problem, match="too many uploads"), room.of(1, ZENITH):
        raise AssertionError
    with room.of(1, ZENITH):
        pass


def test_nobody_takes_all_the_room() -> None:
    """Half of the uploads may be one organisation's: others come through beside its slow ones."""
    room = UploadRoom(most=4, free=lambda: SPARE_DISK + 50)
    with room.of(1, ACME), room.of(1, ACME), room.of(1, ZENITH):
        with pytest.raises(Problem, match="too many uploads"), room.of(1, ACME):
            raise AssertionError
        with room.of(1, ZENITH):
            pass


def take(
    pieces: Sequence[bytes], limit: int = 4 * MEBIBYTE, file: IO[bytes] | None = None
) -> tuple[Upload, list[bytes]]:
    """The upload that was made of these pieces, and the pieces in which it was given on."""
    waiting = list(pieces)

    async def receive() -> Message:
        piece = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def run() -> tuple[Upload, list[bytes]]:
        upload = Upload(b"b", file)
        try:
            await upload.take(Incoming(receive), limit, Pace(5, 1), anyio.CapacityLimiter(1))
            again, given, more = upload.again(receive), list[bytes](), True
            while more:
                message = await again()
                given.append(message["body"])
                more = message["more_body"]
            return upload, given
        finally:
            upload.close()

    return asyncio.run(run())


@pytest.mark.parametrize("size", [0, 1, IN_MEMORY - 100, IN_MEMORY, 3 * MEBIBYTE])
def test_body_is_given_again_in_pieces(size: int) -> None:
    """Of 256 KiB, from memory or from the disk."""
    body = form("b", (b"0123456789abcde" * (size // 15 + 1))[:size])
    upload, given = take([body[start : start + 70_000] for start in range(0, len(body), 70_000)])
    assert (b"".join(given), upload.size) == (body, len(body))
    assert max(map(len, given)) <= MEBIBYTE // 4


def test_body_over_the_limit_is_refused_as_it_comes() -> None:
    """A client that did not announce its size is no exception."""
    with pytest.raises(Problem) as raised:
        take([b"x" * 10] * 3, limit=29)
    assert (raised.value.status, raised.value.code) == (413, "payload_too_large")


def test_form_of_many_parts_is_refused() -> None:
    """A thousand files of 1 MiB would all stand in memory."""
    take([form("b", *[b"x"] * MOST_PARTS)])
    with pytest.raises(Problem) as raised:
        take([form("b", *[b"x"] * (MOST_PARTS + 1))])
    assert (raised.value.status, raised.value.code) == (413, "too_many_parts")


def test_disk_that_fills_up_meanwhile_puts_it_off() -> None:
    """Others write there too."""
    with Path("/dev/full").open("r+b", buffering=0) as full, pytest.raises(Problem) as raised:
        take([form("b", b"x")], file=full)
    assert (raised.value.status, raised.value.code) == (503, "no_room_for_upload")
