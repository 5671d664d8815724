"""`/v1/archives` as an organisation sees it, and the link to the file as anybody does."""

import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from obstore.store import LocalStore

from services.media.domain.photos import Place
from services.media.settings import MediaSettings
from shared.clock import now
from shared.contracts.media import BuildArchive
from shared.ids import new_id
from shared.messaging.testing import assert_published
from shared.storage import Storage, StorageUnavailable
from tests.integration.media.archives.scene import Scene, names_in

NAMES = ["1 2026-06-01 19-30-05 one.jpg", "2 2026-06-01 19-30-05 two.jpg"]


class Sometimes(Storage):
    """A folder that can be written to when it likes."""

    is_full = False

    def put_stream(self, key: str, pieces: Iterable[bytes], content_type: str) -> int:
        if self.is_full:
            raise StorageUnavailable("the disk is full")
        return super().put_stream(key, pieces, content_type)


@pytest.fixture
def scene(scene: Scene, tmp_path: Path) -> Scene:
    """With a storage that can be full."""
    scene.storage = Sometimes(LocalStore(tmp_path), tmp_path)
    return scene


@pytest.fixture
def album(scene: Scene, api: TestClient) -> UUID:
    """Two photos of the organisation that calls."""
    assert api
    album_id = scene.album()
    for name in ("one.jpg", "two.jpg"):
        scene.photo(Place(album_id, None), name)
    return album_id


def ask(api: TestClient, key: str | None = None, **body: Any) -> Any:
    """Ask for an archive."""
    headers = {"Idempotency-Key": key} if key else {}
    return api.post("/v1/archives", json={name: str(value) for name, value in body.items()}, headers=headers)


def test_archive_is_asked_for_built_and_fetched_without_a_key(scene: Scene, api: TestClient, album: UUID) -> None:
    """202, then a record that becomes ready, with path, size and a link that a browser can open."""
    answer = ask(api, album_id=album)
    asked = answer.json()
    scene.inline().drain()
    ready = api.get(f"/v1/archives/{asked['id']}").json()
    fetched = TestClient(api.app).get(ready["url"])

    assert (answer.status_code, asked["state"], asked["url"], asked["path"]) == (202, "queued", None, None)
    assert (ready["state"], ready["name"], ready["photo_count"]) == ("ready", "Summer in Łódź", 2)
    assert ready["path"] == f"archives/{scene.organisation_id}/{asked['id']}.zip"
    assert (fetched.status_code, names_in(fetched.content), len(fetched.content)) == (200, NAMES, ready["size"])
    assert fetched.headers["content-type"] == "application/zip"
    assert fetched.headers["content-disposition"] == (
        "attachment; filename=\"Summer in odz.zip\"; filename*=UTF-8''Summer%20in%20%C5%81%C3%B3d%C5%BA.zip"
    )


def test_download_that_broke_off_goes_on(scene: Scene, api: TestClient, album: UUID) -> None:
    """And a program that looks first is told the size."""
    asked = ask(api, album_id=album).json()
    scene.inline().drain()
    url, browser = api.get(f"/v1/archives/{asked['id']}").json()["url"], TestClient(api.app)
    head = browser.head(url)
    begun = browser.get(url, headers={"Range": "bytes=0-999"})
    rest = browser.get(url, headers={"Range": "bytes=1000-", "If-Range": head.headers["etag"]})

    assert (head.status_code, head.content, begun.status_code, rest.status_code) == (200, b"", 206, 206)
    assert names_in(begun.content + rest.content) == NAMES


@pytest.mark.parametrize("key", [None, "a-key"])
def test_small_archive_is_waited_for(scene: Scene, api: TestClient, album: UUID, key: str | None) -> None:
    """201, and it is there; repeated with the same key the answer is the same, and nothing is built again."""
    first = ask(api, key, album_id=album, synchronous=True)
    again = ask(api, key, album_id=album, synchronous=True) if key else first

    assert (first.status_code, first.json()["state"], again.json()["id"]) == (201, "ready", first.json()["id"])
    assert names_in(TestClient(api.app).get(first.json()["url"]).content) == NAMES
    assert len(scene.keys()) == 1
    assert [one.outcome for one in scene.inline().drain_all()] == ["done"], "the safety net finds it done"


def test_larger_archive_is_not_waited_for(scene: Scene, api: TestClient, album: UUID) -> None:
    """202: a worker takes it at once. It is large by its photos, or by their bytes."""
    limits: list[dict[str, Any]] = [{"synchronous_photos": 1}, {"synchronous_size": 1}]
    for limit in limits:
        api.app.state.media_settings = MediaSettings(**limit)  # type: ignore[attr-defined] # an application has a state
        answer = ask(api, album_id=album, synchronous=True)
        assert (answer.status_code, answer.json()["state"]) == (202, "queued")

    assert [one.outcome for one in scene.inline().drain()] == ["done", "done"]


def test_storage_that_is_full_just_now_is_not_waited_for(scene: Scene, api: TestClient, album: UUID) -> None:
    """202: it is built in the background as soon as that can be."""
    assert isinstance(scene.storage, Sometimes)
    scene.storage.is_full = True
    answer = ask(api, album_id=album, synchronous=True)
    scene.storage.is_full = False

    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert [one.outcome for one in scene.inline().drain()] == ["done"]
    assert api.get(f"/v1/archives/{answer.json()['id']}").json()["state"] == "ready"


def test_archive_that_was_waited_for_in_vain_says_why(scene: Scene, api: TestClient, album: UUID) -> None:
    """A photo's file is lost."""
    lost = scene.photo(Place(album, None), "lost.jpg")
    scene.storage.delete(scene.key_of(lost))
    answer = ask(api, album_id=album, synchronous=True)

    assert (answer.status_code, answer.json()["state"], answer.json()["url"]) == (201, "failed", None)
    assert str(lost) in answer.json()["failure"]


def test_request_that_dies_while_it_builds_is_finished_by_a_worker(scene: Scene, api: TestClient, album: UUID) -> None:
    """Its row and the safety net are there before the file is begun."""
    asked = ask(api, album_id=album, synchronous=True).json()
    scene.database.query("UPDATE media.archives SET state = 'building', size = NULL, ready_at = NULL")
    scene.storage.delete(asked["path"])

    scene.inline().drain_all()

    assert api.get(f"/v1/archives/{asked['id']}").json()["state"] == "ready"


def test_link_lives_as_long_as_it_was_given(scene: Scene, api: TestClient, album: UUID) -> None:
    """The archive has its time, and a link can be given less, never more."""
    asked = ask(api, album_id=album, expires_in=7200).json()
    scene.inline().drain()
    urls = [
        api.get(f"/v1/archives/{asked['id']}", params=params).json()["url"]
        for params in ({}, {"link_expires_in": 60}, {"link_expires_in": 10**12})
    ]
    ends = [int(url.partition("expires=")[2].partition("&")[0]) for url in urls]

    whole = int(datetime.fromisoformat(asked["expires_at"]).timestamp())
    assert (ends[0], ends[2]) == (whole, whole)
    assert 0 < ends[1] - now().timestamp() <= 60
    assert whole - datetime.fromisoformat(asked["created_at"]).timestamp() == pytest.approx(7200, abs=1)


def test_archive_whose_time_is_over_is_not_there(scene: Scene, api: TestClient, album: UUID) -> None:
    """Neither the record nor the file, also before the sweep comes by, and whatever the link says."""
    asked = ask(api, album_id=album).json()
    scene.inline().drain()
    url = api.get(f"/v1/archives/{asked['id']}").json()["url"]
    scene.database.query("UPDATE media.archives SET expires_at = clock_timestamp() - interval '1 s'")

    record, file = api.get(f"/v1/archives/{asked['id']}"), api.get(url)

    assert (record.status_code, record.json()["code"]) == (404, "archive_not_found")
    assert (file.status_code, file.json()["code"]) == (410, "link_expired")


def test_link_opens_nothing_else(scene: Scene, api: TestClient, album: UUID) -> None:
    """Not with another signature, another end, for another archive, or without any."""
    first, second = (ask(api, album_id=album).json()["id"] for _ in range(2))
    scene.inline().drain()
    url = api.get(f"/v1/archives/{first}").json()["url"]
    wrong = [
        url.replace(first, second),
        url.replace("expires=", "expires=1"),
        url[:-1] + ("A" if url[-1] != "A" else "B"),
        url.partition("?")[0],
        url.partition("&")[0],
    ]

    codes = [api.get(one).json()["code"] for one in wrong]

    assert codes == ["link_invalid"] * 5


def test_file_that_the_storage_has_lost_is_gone(scene: Scene, api: TestClient, album: UUID) -> None:
    """The link is good, the row says ready, and nothing is there."""
    asked = ask(api, album_id=album, synchronous=True).json()
    scene.storage.delete(asked["path"])
    answer = api.get(asked["url"])

    assert (answer.status_code, answer.json()["code"]) == (410, "file_gone")


def test_link_of_an_archive_that_is_built_anew_has_no_file(scene: Scene, api: TestClient, album: UUID) -> None:
    """An operator has it built again, say."""
    asked = ask(api, album_id=album, synchronous=True).json()
    scene.database.query("UPDATE media.archives SET state = 'failed'")
    refused = api.get(asked["url"])
    scene.database.query("DELETE FROM media.archives")
    gone = api.get(asked["url"])

    assert (refused.status_code, refused.json()["code"]) == (409, "archive_not_ready")
    assert (gone.status_code, gone.json()["code"]) == (404, "archive_not_found")


def test_stranger_sees_and_makes_no_archive(scene: Scene, api: TestClient, stranger: TestClient, album: UUID) -> None:
    """Albums and archives of others are not there."""
    asked = ask(api, album_id=album).json()
    with scene.database.work("media")() as session:
        assert_published(session, BuildArchive, archive_id=UUID(asked["id"]))
    scene.inline().drain()

    assert stranger.get(f"/v1/archives/{asked['id']}").status_code == 404
    assert ask(stranger, album_id=album).json()["code"] == "album_not_found"
    assert scene.database.value("SELECT count(*) FROM media.archives") == 1


def test_wish_that_makes_no_sense_is_refused(api: TestClient) -> None:
    """With a code that says what is wrong with it."""
    album = {"album_id": str(new_id())}
    wishes: list[tuple[dict[str, Any], int, str]] = [
        ({}, 422, "validation_failed"),
        ({**album, "order_id": str(new_id())}, 422, "validation_failed"),
        ({**album, "expires_in": 59}, 422, "validation_failed"),
        ({**album, "expires_in": 10**9}, 422, "validation_failed"),
        ({**album, "name": " "}, 422, "validation_failed"),
        ({**album, "what": 1}, 422, "unknown_field"),
        (album, 404, "album_not_found"),
        ({"order_id": str(new_id())}, 409, "no_photos"),
    ]

    for body, status, code in wishes:
        answer = api.post("/v1/archives", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body


def test_photo_and_its_thumbnails_are_fetched_with_their_links(scene: Scene, api: TestClient) -> None:
    """A thumbnail is shown in place, the original is a download; what there is not, is not found."""
    content = b"\xff\xd8 a picture"
    photo = scene.photo(Place(scene.album(), None), "Mislabelled.png", content=content)
    key = f"{scene.key_of(photo).rpartition('/')[0]}/320.webp"
    scene.storage.put(key, b"small", "image/webp")
    scene.database.query(
        "UPDATE media.photos SET renditions = jsonb_build_array(jsonb_build_object('name', '320.webp', 'key', %s::text))",
        key,
    )
    links, later = scene.links(), now() + timedelta(hours=1)
    small, original, none = (
        api.get(links.url(f"/photos/{photo}/{name}", later)) for name in ("320.webp", "original", "800.webp")
    )

    assert (small.content, small.headers["content-type"]) == (b"small", "image/webp")
    assert small.headers["content-disposition"].startswith('inline; filename="Mislabelled.webp"')
    assert (zlib.crc32(original.content), original.headers["content-type"]) == (zlib.crc32(content), "image/jpeg")
    assert original.headers["content-disposition"].startswith('attachment; filename="Mislabelled.jpg"')
    assert (none.status_code, none.json()["code"]) == (404, "photo_not_found")
    assert api.get(f"/photos/{photo}/original").json()["code"] == "link_invalid"
    assert api.get(links.url(f"/photos/{new_id()}/original", later)).json()["code"] == "photo_not_found"
