"""Photos come in over HTTP: a row first, then the file, then the word that it is whole."""

import hashlib
from collections.abc import Iterable

import pytest
from fastapi.testclient import TestClient

from services.media.domain.photos import Place, Upload
from services.media.handlers import photos
from services.media.settings import MediaSettings
from shared.contracts.media import ProcessPhoto
from shared.ids import new_id
from shared.messaging.testing import assert_nothing_published, assert_published
from tests.integration.media.photos.studio import FaultyStorage, Studio, an_order
from tests.support.photos import photo


def test_an_upload_is_kept_and_worked_on(studio: Studio) -> None:
    """Its kind is that of its content, and its file lies in the storage as it was sent."""
    album, data = studio.album(), photo(1)
    answered = studio.send(data, "C:\\pictures\\me.png", album_id=album)
    body = answered.json()
    assert (answered.status_code, body["state"], body["duplicate"]) == (201, "uploaded", False)
    assert (body["file_name"], body["content_type"], body["size"]) == ("me.png", "image/jpeg", len(data))
    assert (body["album_id"], body["sha256"]) == (album, hashlib.sha256(data).hexdigest())
    (key,) = studio.files()
    assert studio.storage.get(key) == data
    with studio.database.work("media")() as session:
        assert_published(session, ProcessPhoto, photo_id=body["id"])


def test_the_original_can_be_fetched_by_its_link(studio: Studio, stranger: TestClient) -> None:
    """Without a key; a link for something else opens nothing."""
    body = studio.sent(1, order_id=an_order())
    fetched = TestClient(studio.api.app).get(body["url"])
    assert (fetched.status_code, fetched.content) == (200, photo(1))
    assert stranger.get(body["url"].replace("original", "320.jpg")).status_code == 403


def test_the_same_bytes_in_the_same_place_are_one_photo(studio: Studio) -> None:
    """Whatever they are called: the answer is the photo that is there."""
    first = studio.sent(1, order_id=(order := an_order()))
    again = studio.send(photo(1), "copy.jpg", order_id=order)
    assert (again.status_code, again.json()) == (200, {**first, "duplicate": True})
    assert (studio.states(), len(studio.files())) == (["uploaded"], 1)


def test_the_same_bytes_elsewhere_are_a_photo_that_knows_of_the_first(studio: Studio, stranger: TestClient) -> None:
    """Of the same organisation only: nobody hears what others have."""
    first, second = studio.sent(1), studio.sent(1)
    foreign = stranger.post("/v1/photos", files={"file": photo(1)}, data={"order_id": an_order()}).json()
    assert (first["duplicate_of"], second["duplicate_of"], foreign["duplicate_of"]) == (None, first["id"], None)


def test_the_same_bytes_twice_at_once_are_one_photo(studio: Studio) -> None:
    """Neither upload knew of the other when it began."""
    data, place, organisation = photo(1), Place(None, new_id()), new_id()
    upload = Upload("a.jpg", "image/jpeg", len(data), hashlib.sha256(data).digest(), 1)
    work = studio.database.work("media")
    begun = []
    for _ in range(2):
        with work() as session:
            begun.append(photos.begin(session, organisation, place, upload).photo)
    ended = []
    for one in begun:
        photos.store(studio.storage, one, [data])
        with work() as session:
            ended.append(photos.finish(session, one))
    assert [one.is_duplicate for one in ended] == [False, True]
    assert ended[1].photo.id == ended[0].photo.id == begun[0].id
    assert sorted(studio.states()) == ["receiving", "uploaded"]


@pytest.mark.parametrize(
    ("data", "name", "status", "code"),
    [
        (b"%PDF-1.7 not a photo", "photo.jpg", 415, "not_a_picture"),
        (b"", "photo.jpg", 415, "not_a_picture"),
        (b"\xff\xd8\xff" + bytes(2000), "photo.jpg", 413, "photo_too_large"),
    ],
)
def test_what_is_no_photo_is_refused(studio: Studio, data: bytes, name: str, status: int, code: str) -> None:
    """And nothing of it is kept."""
    studio.api.app.state.media_settings = MediaSettings(upload_limit=1024)  # type: ignore[attr-defined] # FastAPI's
    answered = studio.send(data, name, album_id=studio.album())
    assert (answered.status_code, answered.json()["code"]) == (status, code)
    assert (studio.states(), studio.files()) == ([], [])


def test_a_photo_goes_into_one_place(studio: Studio, stranger: TestClient) -> None:
    """An album of one's own, or an order."""
    foreign = stranger.post("/v1/albums", json={"name": "Theirs"}).json()["id"]
    answers = [
        studio.send(photo()),
        studio.send(photo(), album_id=studio.album(), order_id=an_order()),
        studio.send(photo(), album_id=an_order()),
        studio.send(photo(), album_id=foreign),
        studio.send(photo(), album_id="first"),
        studio.api.post("/v1/photos", data={"album_id": studio.album()}),
    ]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [
        (422, "album_or_order"),
        (422, "album_or_order"),
        (404, "album_not_found"),
        (404, "album_not_found"),
        (422, "validation_failed"),
        (422, "validation_failed"),
    ]
    assert studio.states() == []


class WatchfulStorage(FaultyStorage):
    """Looks into the database, as anybody would see it, when a file comes."""

    seen: list[str]
    studio: Studio

    def put_stream(self, key: str, pieces: Iterable[bytes], content_type: str) -> int:
        self.seen = self.studio.states()
        return super().put_stream(key, pieces, content_type)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "upload-1"}])
def test_the_row_is_there_before_the_file(studio: Studio, headers: dict[str, str]) -> None:
    """Committed, so that what a dying process leaves behind can be found; also on a request that is done once only."""
    storage = WatchfulStorage(studio.storage._store, studio.folder)
    storage.studio = studio
    api = studio.api.app.state.api  # type: ignore[attr-defined] # FastAPI's
    object.__setattr__(api.resources, "storage", storage)
    place = {"album_id": studio.album()}
    answered = studio.api.post("/v1/photos", files={"file": photo()}, data=place, headers=headers)
    assert (answered.status_code, storage.seen, studio.states()) == (201, ["receiving"], ["uploaded"])


def test_a_repeated_request_is_answered_alike(studio: Studio) -> None:
    """With its key: one photo, one message."""
    album, headers = studio.album(), {"Idempotency-Key": "upload-2"}
    boundary = {"Content-Type": "multipart/form-data; boundary=b"}
    body = (
        b'--b\r\nContent-Disposition: form-data; name="album_id"\r\n\r\n' + album.encode() + b"\r\n"
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + photo() + b"\r\n--b--\r\n"
    )
    answers = [studio.api.post("/v1/photos", content=body, headers={**headers, **boundary}) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert studio.states() == ["uploaded"]


@pytest.mark.parametrize(("fault", "code"), [("is_full", "storage_unavailable"), ("forgets", "photo_lost")])
def test_a_photo_that_was_not_kept_is_not_said_to_be(studio: Studio, fault: str, code: str) -> None:
    """The caller may try again; what was begun is not shown, and is swept later."""
    setattr(studio.storage, fault, True)
    album = studio.album()
    answered = studio.send(photo(), album_id=album)
    assert (answered.status_code, answered.json()["code"], studio.states()) == (503, code, ["receiving"])
    assert studio.api.get(f"/v1/albums/{album}/photos").json()["data"] == []
    setattr(studio.storage, fault, False)
    assert studio.send(photo(), album_id=album).status_code == 201
    with studio.database.work("media")() as session:
        assert_published(session, ProcessPhoto)


def test_without_a_key_nothing_is_taken(studio: Studio) -> None:
    """401, and no row."""
    anybody = TestClient(studio.api.app)
    answered = anybody.post("/v1/photos", files={"file": photo()}, data={"order_id": an_order()})
    assert (answered.status_code, studio.states()) == (401, [])
    with studio.database.work("media")() as session:
        assert_nothing_published(session)
