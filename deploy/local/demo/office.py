"""The third act: photos are taken in and packed, the attendees exported, and people imported."""

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from PIL import Image
from python_calamine import CalamineWorkbook

from deploy.local.demo.checks import mails_to
from deploy.local.demo.client import Shop
from deploy.local.demo.steps import Telling, expect

TAKEN = datetime(2026, 5, 1, 20, 15)  # noqa: DTZ001 - a camera's clock knows no time zone
LYING, STANDING = (1600, 1200), (1200, 1600)
ORIENTATION, MODEL, EXIF_IFD, TAKEN_TAG = 0x0112, 0x0110, 0x8769, 0x9003
TURNED_LEFT = 6
"""The picture has to be turned to stand upright: EXIF's orientation of a camera that was held on its side."""
PEOPLE = """\
E-Mail;Name;Phone
{0};Ada Lovelace;+4930901820
{1};Alan Turing;
no address at all;Nobody;
{2};=HYPERLINK("https://evil.example");
"""


class OfficeStory:
    """An afternoon in the office, against a stack. What fails raises StepFailedError."""

    def __init__(self, shop: Shop, mail_folder: Path, event_id: str, say: Callable[[str], None] = print) -> None:
        """`event_id` is an event that has attendees."""
        self.shop, self.mail_folder, self.event_id = shop, mail_folder, event_id
        self.clerk = f"clerk.{uuid4().hex[:8]}@example.org"
        telling = Telling(say)
        self._step, self._until = telling.step, telling.until

    def tell(self) -> None:
        """Run every step."""
        album = self._photos_are_taken_in()
        self._archive_is_packed(album)
        self._attendees_are_exported()
        self._people_are_imported()

    def _photos_are_taken_in(self) -> str:
        album = str(self.shop.post("/v1/albums", {"name": "An evening at the Grand"})["id"])
        uploads = [
            self.shop.upload("/v1/photos", name, content, {"album_id": album})["id"] for name, content in three_photos()
        ]
        photos = [self._until(lambda photo=photo: self._when_ready(photo), "the thumbnails") for photo in uploads]  # type: ignore[misc] # bound now
        sizes = [(photo["width"], photo["height"]) for photo in photos]
        expect(sizes == [LYING, STANDING, LYING], f"the second photo to stand upright, not {sizes}")
        expect(photos[0]["facts"].get("camera") is not None, f"the camera's name, not {photos[0]['facts']}")
        for photo in photos:
            smallest = min(photo["thumbnails"], key=lambda one: int(one["width"]))
            shown = Image.open(io.BytesIO(_fetched(smallest["url"])))
            expect(shown.size == (smallest["width"], smallest["height"]), f"a thumbnail of its size, not {shown.size}")
            expect(not shown.getexif(), "thumbnails that tell nothing of the camera")
        kinds = sorted({one["name"].rpartition(".")[2] for one in photos[0]["thumbnails"]})
        self._step(f"three photos are taken in, turned upright and made smaller, as {' and '.join(kinds)}")
        return album

    def _when_ready(self, photo_id: str) -> dict[str, Any] | None:
        photo = self.shop.get(f"/v1/photos/{photo_id}")
        expect(photo["state"] != "failed", f"a photo that can be read, not {photo['failure']}")
        return photo if photo["state"] == "ready" else None

    def _archive_is_packed(self, album: str) -> None:
        archive_id = self.shop.post("/v1/archives", {"album_id": album, "expires_in": 3_600}, expected=202)["id"]

        def ready() -> dict[str, Any] | None:
            archive = self.shop.get(f"/v1/archives/{archive_id}")
            expect(archive["state"] != "failed", f"an archive, not {archive['failure']}")
            return archive if archive["state"] == "ready" else None

        archive = self._until(ready, "the archive")
        content = _fetched(archive["url"])
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            expect(packed.testzip() is None, "an archive without a fault")
            names = packed.namelist()
            dated = [one for one in packed.infolist() if one.date_time[:3] == (TAKEN.year, TAKEN.month, TAKEN.day)]
        expect(len(names) == 3 and len(content) == archive["size"], f"three photos, not {names}")
        expect(bool(dated), "files that bear the date on which they were taken")
        forged = httpx2.get(archive["url"][:-4] + "AAAA", timeout=20)
        expect(forged.status_code == 403, f"a link that was changed to be refused, not {forged.status_code}")
        self._step(f"they are packed into one ZIP file of {len(content) // 1024} kB: {', '.join(names)}")

    def _attendees_are_exported(self) -> None:
        wanted = {"kind": "attendees", "format": "xlsx", "filter": {"event_id": self.event_id}}
        export = self.shop.post(
            "/v1/exports", wanted | {"email": self.clerk, "time_zone": "Europe/Berlin"}, expected=202
        )
        ready = self._until(lambda: self.shop.find_ready(export["url"]), "the export")
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(_fetched(ready["url"])))
        rows = workbook.get_sheet_by_index(0).to_python()
        expect(len(rows) == 1 + ready["rows"] and ready["rows"] > 0, f"a heading and the attendees, not {rows[:3]}")
        mail = self._until(lambda: mails_to(self.mail_folder, self.clerk), "the mail about the export")[0]
        self._step(
            f"{ready['rows']} attendees are exported to {ready['file_name']}; the mail “{mail['Subject']}” says so"
        )

    def _people_are_imported(self) -> None:
        addresses = [f"{name}.{uuid4().hex[:8]}@example.org" for name in ("ada", "alan", "mallory")]
        content = PEOPLE.format(*addresses).encode("utf-16")
        form = {"email": self.clerk, "language": "en"}
        path = f"/v1/imports/{self.shop.upload('/v1/imports', 'people.csv', content, form)['id']}"
        columns = self._until(lambda: self._when(path, "uploaded"), "the columns to be found")["columns"]
        expect([one["heading"] for one in columns] == ["E-Mail", "Name", "Phone"], f"three columns, not {columns}")
        self.shop.post(f"{path}/dry-run", {}, expected=202)
        checked = self._until(lambda: self._when(path, "uploaded", "checked"), "the dry run")["checked"]
        expect(checked["failed"] == 1, f"one row that would fail, not {checked}")
        self.shop.post(f"{path}/start", {"options": {"welcome": True}}, expected=202)
        done = self._until(lambda: self._when(path, "done"), "the import to be done")
        expect(
            (done["counts"]["created"], done["counts"]["failed"]) == (3, 1), f"three new people, not {done['counts']}"
        )
        expect(b"no address at all" in _fetched(done["failures_url"]), "the row that failed in its file")
        self._until(lambda: mails_to(self.mail_folder, addresses[0]), "the welcome")
        self._step("of four people in a file three are taken in and welcomed; the fourth is told of, with its reason")

    def _when(self, path: str, state: str, field: str | None = None) -> dict[str, Any] | None:
        now = self.shop.get(path)
        expect(now["state"] != "failed", f"an import, not {now['failure']}")
        return now if now["state"] == state and (field is None or now[field]) else None


def three_photos() -> list[tuple[str, bytes]]:
    """A photo, one of a camera that was held on its side, and a drawing: names and files."""
    return [
        ("DSC_0001.JPG", _photo("JPEG", (120, 60, 20))),
        ("DSC_0002.JPG", _photo("JPEG", (20, 60, 120), orientation=TURNED_LEFT)),
        ("Plan of the hall.png", _photo("PNG", (20, 120, 60))),
    ]


def _photo(kind: str, colour: tuple[int, int, int], orientation: int = 1) -> bytes:
    image = Image.linear_gradient("L").resize(LYING)
    picture = Image.merge("RGB", [image.point(lambda value, add=add: min(255, value // 2 + add)) for add in colour])
    exif = Image.Exif()
    exif[ORIENTATION], exif[MODEL] = orientation, "Grand Camera 1"
    exif.get_ifd(EXIF_IFD)[TAKEN_TAG] = f"{TAKEN:%Y:%m:%d %H:%M:%S}"
    file = io.BytesIO()
    picture.save(file, kind, exif=exif) if kind == "JPEG" else picture.save(file, kind)
    return file.getvalue()


def _fetched(url: str) -> bytes:
    """What a person's browser gets from a link, without a key."""
    answer = httpx2.get(url, timeout=30)
    expect(answer.status_code == 200, f"the file at {url}, not {answer.status_code}: {answer.text[:200]}")
    return answer.content
