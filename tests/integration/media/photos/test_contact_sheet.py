"""All thumbnails of an album on one sheet of paper, for people to look at: `.run/pictures/contact-sheet.png`."""

import io
from pathlib import Path
from typing import Final

from fastapi.testclient import TestClient
from PIL import Image, ImageDraw

from tests.integration.media.photos.studio import Studio
from tests.support.photos import HEIC, bomb, exif_of, file_of, landscape, scene

ROOT = Path(__file__).parents[4]
CELL, LINE, COLUMNS = 176, 34, 5
TURNED: Final = {6: Image.Transpose.ROTATE_90, 3: Image.Transpose.ROTATE_180, 8: Image.Transpose.ROTATE_270}


def album() -> dict[str, bytes]:
    """Sound photos of every kind and turn, and odd ones."""
    files = {f"landscape {kind.lower()}": file_of(landscape(index), kind) for index, kind in enumerate(("JPEG", "PNG"))}
    files |= {f"portrait {kind.lower()}": file_of(landscape(4, 360, 480), kind) for kind in ("WEBP", "TIFF", "AVIF")}
    for orientation, turn in TURNED.items():
        held = landscape(orientation).transpose(turn)
        files[f"turned {orientation} jpeg"] = file_of(held, "JPEG", exif=exif_of({0x0112: orientation}))
    see_through = landscape(9).convert("RGBA")
    see_through.putalpha(Image.radial_gradient("L").resize(see_through.size).point(lambda value: 255 - value))
    whole = file_of(landscape(11), "JPEG")
    return files | {
        "four corners": file_of(scene(), "PNG"),
        "phone heic": HEIC,
        "see-through png": file_of(see_through, "PNG"),
        "cmyk jpeg": file_of(landscape(10).convert("CMYK"), "JPEG"),
        "cut off jpeg": whole[: len(whole) * 6 // 10],
        "panorama": file_of(landscape(12, 4000, 400), "JPEG"),
        "animated gif": file_of(landscape(13), "GIF", save_all=True, append_images=[Image.new("RGB", (640, 480))]),
        "bomb png": bomb(60_000, 60_000),
    }


def sheet_of(studio: Studio, album_id: str) -> Image.Image:
    """The smallest WebP of each photo, fetched as a browser does, with its name and its faults below."""
    photos, browser = studio.api.get(f"/v1/albums/{album_id}/photos").json()["data"], TestClient(studio.api.app)
    rows = -(-len(photos) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL, rows * (CELL + LINE)), (250, 250, 248))
    draw = ImageDraw.Draw(sheet)
    for index, one in enumerate(photos):
        left, upper = index % COLUMNS * CELL, index // COLUMNS * (CELL + LINE)
        urls = [thumbnail["url"] for thumbnail in one["thumbnails"] if thumbnail["name"] == "160.webp"]
        for url in urls:
            small = Image.open(io.BytesIO(browser.get(url).content)).convert("RGBA")
            sheet.paste(small, (left + (CELL - small.width) // 2, upper + (CELL - small.height) // 2), small)
        if not urls:
            draw.rectangle((left + 8, upper + 30, left + CELL - 8, upper + CELL - 30), outline="grey")
        draw.text((left + 8, upper + CELL), f"{one['file_name']}\n{', '.join(one['faults']) or 'sound'}", fill="black")
    return sheet


def test_a_contact_sheet_shows_every_photo_upright(studio: Studio) -> None:
    """Those that were turned look as those that were not; what could not be shown has an empty frame."""
    studio.settings = studio.settings.model_copy(update={"thumbnails": (160, 320, 640)})
    album_id, files = studio.album(), album()
    sent = {name: studio.send(data, name, album_id=album_id).json()["id"] for name, data in files.items()}
    studio.inline().drain()
    sheet = sheet_of(studio, album_id)
    (ROOT / ".run" / "pictures").mkdir(parents=True, exist_ok=True)
    sheet.save(ROOT / ".run" / "pictures" / "contact-sheet.png")

    def colour(name: str, x: float, y: float) -> tuple[int, ...]:
        index = list(sent).index(name)
        left, upper = index % COLUMNS * CELL, index // COLUMNS * (CELL + LINE)
        found = sheet.getpixel((left + int(CELL * x), upper + int(CELL * y)))
        assert isinstance(found, tuple)
        return found

    dark = {name: sum(colour(name, 0.5, 0.8)) < sum(colour(name, 0.5, 0.2)) for name in sent if "turned" in name}
    corners = [
        colour("four corners", x, y).index(max(colour("four corners", x, y))) for y in (0.3, 0.7) for x in (0.3, 0.7)
    ]
    assert dark == dict.fromkeys(dark, True)
    assert corners[:3] == [0, 1, 2]
    assert colour("bomb png", 0.5, 0.5) == (250, 250, 248)
