"""A photo is read and made smaller in the background, once, whatever happens meanwhile."""

import io

from fastapi.testclient import TestClient
from PIL import Image

from services.media.settings import MediaSettings
from shared.contracts.media import PhotoProcessed
from shared.messaging.batch import show_batch
from shared.messaging.testing import assert_nothing_else_published, assert_published
from tests.integration.media.photos.studio import Studio, an_order
from tests.support.photos import HEIC, PLACE, bomb, exif_of, photo

NAMES = ["256.webp", "256.jpg", "128.webp", "128.jpg", "64.webp", "64.jpg"]


def test_a_photo_is_read_and_shown(studio: Studio) -> None:
    """Its facts, and thumbnails that a browser can fetch without a key."""
    exif = exif_of({0x0110: "Pixel 8", 0x0112: 6}, {0x9003: "2024:05:01 12:00:00", 0x9011: "+02:00", 0x8827: 80}, PLACE)
    sent = studio.send(photo(exif=exif), album_id=studio.album()).json()
    studio.inline().drain()
    shown = studio.shown(sent["id"])
    assert (shown["state"], shown["width"], shown["height"], shown["faults"]) == ("ready", 480, 640, [])
    assert shown["facts"] == {"camera": "Pixel 8", "iso": 80, "mode": "RGB"}
    assert shown["taken_at"] == "2024-05-01T12:00:00+02:00"
    assert [one["name"] for one in shown["thumbnails"]] == NAMES
    for one in shown["thumbnails"]:
        fetched = TestClient(studio.api.app).get(one["url"])
        assert fetched.headers["content-type"] == ("image/jpeg" if one["name"].endswith("jpg") else "image/webp")
        assert len(fetched.content) == one["size"]
        assert Image.open(io.BytesIO(fetched.content)).size == (one["width"], one["height"])


def test_the_place_is_told_where_the_album_keeps_it(studio: Studio) -> None:
    """Not for another album, and not for an order."""
    data = photo(exif=exif_of({0x0110: "Pixel 8"}, {}, PLACE))
    places = [
        {"album_id": studio.album(keeps_place=True)},
        {"album_id": studio.album()},
        {"order_id": an_order()},
    ]
    sent = [studio.send(data, **place).json()["id"] for place in places]
    studio.inline().drain()
    assert ["place" in studio.shown(one)["facts"] for one in sent] == [True, False, False]


def test_what_happened_is_told_once(studio: Studio) -> None:
    """Also where every message is delivered twice, and not again when thumbnails are made anew."""
    sent = studio.send(photo(), "me.png", order_id=(order := an_order())).json()
    inline = studio.inline(twice=True)
    inline.drain()
    studio.api.post(f"/v1/photos/{sent['id']}/regenerate")
    assert {one.outcome for one in inline.drain()} == {"done", "quiet"}
    with studio.database.work("media")() as session:
        told = assert_published(session, PhotoProcessed, photo_id=sent["id"])
        assert_nothing_else_published(session, PhotoProcessed)
    assert (told.fields["order_id"], told.fields["faults"]) == (order, ["mislabelled"])


def test_odd_files_are_kept_with_their_fault(studio: Studio) -> None:
    """Ready, because there is nothing to wait for; without thumbnails where none could be made."""
    album = studio.album()
    odd = {
        "bomb.png": bomb(60_000, 60_000),
        "rubbish.gif": b"GIF89a and nothing else",
        "phone.heic": HEIC,
        "cut.jpg": photo(3)[:4000],
        "future.jpg": photo(4, exif=exif_of({}, {0x9003: "2199:01:01 00:00:00"})),
    }
    sent = {name: studio.send(data, name, album_id=album).json()["id"] for name, data in odd.items()}
    studio.inline().drain()
    shown = {name: studio.shown(one) for name, one in sent.items()}
    assert {one["state"] for one in shown.values()} == {"ready"}
    assert {name: (one["faults"], len(one["thumbnails"])) for name, one in shown.items()} == {
        "bomb.png": (["too_many_pixels"], 0),
        "rubbish.gif": (["unreadable"], 0),
        "phone.heic": ([], 6),
        "cut.jpg": (["truncated"], 6),
        "future.jpg": (["exif_date_later"], 6),
    }
    assert all(TestClient(studio.api.app).get(one["url"]).status_code == 200 for one in shown.values())


def test_a_lost_file_fails_and_can_be_put_back(studio: Studio) -> None:
    """The row says why; made anew, it is ready."""
    sent = studio.sent(1)
    (key,) = studio.files()
    kept = studio.storage.get(key)
    studio.storage.delete(key)
    inline = studio.inline()
    assert [one.outcome for one in inline.drain_all()] == ["failed", "done"]
    shown = studio.shown(sent["id"])
    assert (shown["state"], shown["thumbnails"]) == ("failed", [])
    assert "no such object" in shown["failure"]
    studio.storage.put(key, kept, "image/jpeg")
    studio.api.post(f"/v1/photos/{sent['id']}/regenerate")
    inline.drain_all()
    shown = studio.shown(sent["id"])
    assert (shown["state"], shown["failure"], len(shown["thumbnails"])) == ("ready", None, 6)


def test_a_full_disk_is_waited_for(studio: Studio) -> None:
    """A retry, and nothing is half done."""
    sent = studio.sent(1)
    studio.storage.full_times = 1
    assert [one.outcome for one in studio.inline().drain_all()] == ["retry", "done"]
    assert len(studio.shown(sent["id"])["thumbnails"]) == 6


def test_an_upload_that_never_ended_is_left_alone(studio: Studio) -> None:
    """There is nothing to make smaller; asked for, that is said."""
    studio.storage.is_full = True
    studio.send(photo(), album_id=(album := studio.album()))
    studio.subscribe()
    (begun,) = studio.database.query("SELECT id FROM media.photos")[0]
    answered = studio.api.post(f"/v1/photos/{begun}/regenerate")
    assert (answered.status_code, answered.json()["code"]) == (409, "photo_not_there")
    assert studio.api.post(f"/v1/albums/{album}/regenerate").json()["code"] == "no_photos"


def test_an_album_is_made_anew_as_a_batch(studio: Studio) -> None:
    """With progress; one that fails does not keep the others. Sizes that are not wanted any more are removed."""
    album = studio.album()
    sent = [studio.sent(number, album_id=album)["id"] for number in range(3)]
    elsewhere = studio.sent(9)["id"]
    studio.inline().drain()
    studio.storage.delete(next(key for key in studio.files() if sent[1] in key and "original" in key))
    studio.settings = MediaSettings(thumbnails=(32, 64, 128))
    answered = studio.api.post(f"/v1/albums/{album}/regenerate")
    inline = studio.inline()
    inline.drain_all()
    with inline.work() as session:
        batch = show_batch(session, answered.json()["batch_id"])
    assert (answered.status_code, batch.total, batch.done, batch.failed, batch.progress) == (202, 3, 2, 1, 100)
    assert [studio.shown(one)["state"] for one in sent] == ["ready", "failed", "ready"]
    assert {one["name"] for one in studio.shown(sent[0])["thumbnails"]} == {
        f"{edge}.{kind}" for edge in (32, 64, 128) for kind in ("jpg", "webp")
    }
    assert [key for key in studio.files() if sent[0] in key and "256" in key] == []
    assert len(studio.shown(elsewhere)["thumbnails"]) == 6


def test_all_photos_are_made_anew(studio: Studio, stranger: TestClient) -> None:
    """Those of the organisation, wherever they are."""
    studio.sent(1)
    studio.sent(2, order_id=an_order())
    stranger.post("/v1/photos", files={"file": photo()}, data={"order_id": an_order()})
    inline = studio.inline()
    inline.drain()
    batch_id = studio.api.post("/v1/photos/regenerate").json()["batch_id"]
    assert [one.kind for one in inline.drain()] == ["media.photo.regenerate_thumbnails"] * 2
    progress = studio.api.get(f"/v1/batches/{batch_id}").json()
    assert (progress["total"], progress["done"]) == (2, 2)
