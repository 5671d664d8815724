"""Stored files as answers: whole, in part, not at all."""

from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from shared.api import Problem
from shared.downloads import content_disposition, file_response
from shared.storage import PIECE, Storage, StorageUnavailable, Stream, open_storage

CONTENT = bytes(range(256)) * 4096 * 3
"""Three pieces of a stream."""


class Breaking(Storage):
    """A folder that can be found but not read."""

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Stream:
        whole = super().stream(key, start, end)
        return Stream(whole.object, whole.start, whole.end, map(self._fail, [b""]))

    def _fail(self, _piece: bytes) -> bytes:
        raise StorageUnavailable("the disk reports an input/output error")


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """A folder with one file, and an empty one."""
    storage = open_storage(tmp_path.as_uri())
    storage.put("files/one", CONTENT, "image/jpeg")
    storage.put("files/empty", b"", "image/jpeg")
    return storage


def client(storage: Storage, **options: Any) -> TestClient:
    """Whoever asks an application that does nothing else."""
    app = FastAPI()

    @app.api_route("/{key:path}", methods=["GET", "HEAD"])
    def download(request: Request, key: str) -> Response:
        return file_response(request, storage, key, file_name="Été.jpg", content_type="image/jpeg", **options)

    @app.exception_handler(Problem)
    async def answer(_request: Request, problem: Problem) -> Response:
        return JSONResponse({"code": problem.code}, problem.status, headers=problem.headers)

    return TestClient(app)


def test_whole_file_is_sent_as_a_download(storage: Storage) -> None:
    """With its size, its type, its name, and nothing that lets a browser guess."""
    answer = client(storage).get("/files/one")

    assert (answer.status_code, answer.content == CONTENT) == (200, True)
    expected = {
        "content-type": "image/jpeg",
        "content-length": str(len(CONTENT)),
        "content-disposition": "attachment; filename=\"Ete.jpg\"; filename*=UTF-8''%C3%89t%C3%A9.jpg",
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    assert {name: answer.headers[name] for name in expected} == expected
    assert parsedate_to_datetime(answer.headers["last-modified"]).tzinfo is not None


def test_file_can_be_shown_in_place_and_kept_for_a_while(storage: Storage) -> None:
    """As a thumbnail on a page is."""
    answer = client(storage, inline=True, max_age=600).get("/files/one")

    assert answer.headers["content-disposition"].startswith("inline; ")
    assert answer.headers["cache-control"] == "private, max-age=600"


def test_head_tells_the_same_without_the_file(storage: Storage) -> None:
    """A download manager asks so for the size."""
    asker = client(storage)
    whole, head = asker.get("/files/one"), asker.head("/files/one")

    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(whole.headers)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        (f"bytes={PIECE - 1}-{PIECE}", PIECE - 1, PIECE + 1),
        ("bytes=100-", 100, len(CONTENT)),
        ("bytes=-5", len(CONTENT) - 5, len(CONTENT)),
        (f"bytes=-{len(CONTENT) + 5}", 0, len(CONTENT)),
        ("bytes=5-99999999999", 5, len(CONTENT)),
    ],
)
def test_one_range_is_sent_alone(storage: Storage, asked: str, start: int, end: int) -> None:
    """So a download that broke off goes on where it was."""
    answer = client(storage).get("/files/one", headers={"Range": asked})

    assert (answer.status_code, answer.content == CONTENT[start:end]) == (206, True)
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize(
    "asked", ["bytes=", "bytes=-", "bytes=9-2", "bytes=0-1,5-6", "items=0-1", "bytes=a-b", f"bytes={'9' * 400}-"]
)
def test_range_that_is_not_understood_is_the_whole_file(storage: Storage, asked: str) -> None:
    """RFC 9110 lets a server ignore it; several ranges at once nobody needs."""
    answer = client(storage).get("/files/one", headers={"Range": asked})

    assert (answer.status_code, answer.content == CONTENT) == (200, True)


@pytest.mark.parametrize("asked", [f"bytes={len(CONTENT)}-", f"bytes={len(CONTENT) + 7}-99999999999", "bytes=-0"])
def test_range_behind_the_end_is_refused_with_the_size(storage: Storage, asked: str) -> None:
    """The caller sees from it that it has everything already."""
    answer = client(storage).get("/files/one", headers={"Range": asked})

    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_empty_file_is_sent_and_has_no_ranges(storage: Storage) -> None:
    """There is no first byte to begin with."""
    asker = client(storage)
    whole, part = asker.get("/files/empty"), asker.get("/files/empty", headers={"Range": "bytes=0-"})

    assert (whole.status_code, whole.content, part.status_code) == (200, b"", 416)


def test_part_of_a_file_that_has_changed_is_not_joined_to_the_old_one(storage: Storage) -> None:
    """If-Range: the rest of the same file, or the whole of the new one. A date or a weak tag is not the same for sure."""
    asker = client(storage)
    whole = asker.get("/files/one")
    tags = [whole.headers["etag"], '"another"', f"W/{whole.headers['etag']}", whole.headers["last-modified"]]

    statuses = [asker.get("/files/one", headers={"Range": "bytes=5-", "If-Range": tag}).status_code for tag in tags]

    assert statuses == [206, 200, 200, 200]


def test_file_that_the_caller_has_is_not_sent_again(storage: Storage) -> None:
    """If-None-Match, with several tags, weak ones and any."""
    asker = client(storage)
    tag = asker.get("/files/one").headers["etag"]
    asked = [tag, f'"x", W/{tag}', "*", '"x"', "nonsense"]

    answers = [asker.get("/files/one", headers={"If-None-Match": one}) for one in asked]

    assert [answer.status_code for answer in answers] == [304, 304, 304, 200, 200]
    assert (answers[0].content, answers[0].headers["etag"]) == (b"", tag)


def test_file_that_is_not_there_is_gone(storage: Storage) -> None:
    """The storage has lost it, or it was removed: a problem, and no trace of its key."""
    answer = client(storage).get("/files/none")

    assert (answer.status_code, answer.json()) == (410, {"code": "file_gone"})


def test_storage_that_cannot_be_read_is_not_a_half_answer(storage: Storage, tmp_path: Path) -> None:
    """The first piece is read before anything is answered."""
    broken = Breaking(storage._store, tmp_path)

    with pytest.raises(StorageUnavailable):
        client(broken).get("/files/one")


@pytest.mark.parametrize(
    ("name", "fallback"),
    [
        ("plain.zip", "plain.zip"),
        ("写真.zip", "file.zip"),
        ('a"b\\c.zip', "a_b_c.zip"),
        ("../../etc/passwd", "file.._.._etc_passwd"),
        ("50%;.zip", "50__.zip"),
        ("", "file"),
    ],
)
def test_name_in_ascii_stands_beside_the_real_one(name: str, fallback: str) -> None:
    """For programs that read RFC 6266 in part."""
    assert content_disposition(name).startswith(f'attachment; filename="{fallback}"; ')


@given(st.text(max_size=60))
def test_no_name_breaks_the_header(name: str) -> None:
    """Whatever a name holds, the header stays one line of ASCII with two names, neither of which has a path."""
    header = content_disposition(name)

    kind, plain, extended = header.split(";", 2)
    decoded = unquote(extended.partition("''")[2])
    assert kind == "attachment"
    assert all(" " <= character <= "~" for character in header)
    assert plain.count('"') == 2
    assert not set("/\\\r\n\x00") & set(plain + decoded)
