"""Photos for tests, made on the spot: sound ones, and all the odd ones that people upload."""

import base64
import io
import math
import struct
import zlib
from collections.abc import Mapping
from typing import Any, Final

from PIL import ExifTags, Image, ImageCms, ImageColor, ImageDraw, ImageOps

RED, GREEN, BLUE, WHITE = (200, 30, 40), (20, 150, 60), (30, 60, 190), (245, 245, 245)
CORNERS: Final = (RED, GREEN, BLUE, WHITE)
"""Of an upright picture: upper left, upper right, lower left, lower right."""

PLACE: Final[Mapping[int, Any]] = {
    1: "S", 2: (33.0, 51.0, 25.2), 3: "W", 4: (70.0, 40.0, 0.0), 5: b"\x00", 6: 570.0,
}  # fmt: skip
"""GPS tags: 33° 51' 25.2" south, 70° 40' west, 570 m."""

HEIC: Final = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
    "ADRpbG9jAAAAAERAAAIAAQAAAAAB7AABAAAAAAAAADEAAgAAAAACHQABAAAAAAAAAIoAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAA"
    "AAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAABB2lwcnAAAADmaXBjbwAAAHZodmNDAQNwAAAA"
    "kAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq"
    "5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xh"
    "cAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAAAlpcm90AwAAABlpcG1hAAAAAAAAAAEA"
    "AQaBAgMFhIYAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAMNtZGF0AAAALSgBrxmA94RJf7+r+sBfmAzV4r7/FQ6Us+atrK4y"
    "M7b/nM4OfKX85duyBzzOQAAAAAZFeGlmAABNTQAqAAAACAADAQ8AAgAAAAgAAAAyARIAAwAAAAEABgAAh2kABAAAAAEAAAA6AAAA"
    "AEJlbGxob3AAAAOIJwADAAAAAQBkAACQAwACAAAAFAAAAGSQEQACAAAABwAAAHgAAAAAMjAyNDowNTowMSAxMjowMDowMAArMDI6"
    "MDAAAA=="
)
"""64 by 48 pixels, blue with a red corner, turned by a quarter: no library here can write such a file, only read it.
Its camera is `Bellhop`, ISO 100, taken at 2024-05-01 12:00:00+02:00.
"""


def scene(width: int = 640, height: int = 480) -> Image.Image:
    """A picture whose four quarters have four colours, so that it shows when it is turned or mirrored."""
    image = Image.new("RGB", (width, height))
    columns, rows = ((0, width // 2), (width // 2, width)), ((0, height // 2), (height // 2, height))
    boxes = [(left, upper, right, lower) for upper, lower in rows for left, right in columns]
    for colour, box in zip(CORNERS, boxes, strict=True):
        image.paste(colour, box)
    return image


def file_of(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The picture as a file of this kind, as Pillow names it."""
    file = io.BytesIO()
    image.save(file, format=kind, **options)
    return file.getvalue()


def exif_of(
    tags: Mapping[int, Any] | None = None, exif: Mapping[int, Any] | None = None, gps: Mapping[int, Any] | None = None
) -> bytes:
    """An EXIF block with these tags: of the picture itself, of how it was taken, and where."""
    block = Image.Exif()
    for tag, value in (tags or {}).items():
        block[tag] = value
    if exif:
        block[ExifTags.IFD.Exif] = dict(exif)
    if gps:
        block[ExifTags.IFD.GPSInfo] = dict(gps)
    return bytes(block.tobytes())


def photo(number: int = 0, width: int = 640, height: int = 480, **options: Any) -> bytes:
    """A JPEG as a camera makes it; each number is a file of its own."""
    image = scene(width, height)
    image.paste((number * 37 % 256, number * 71 % 256, number % 256), (0, 0, width // 8 or 1, height // 8 or 1))
    return file_of(image, "JPEG", quality=85, comment=str(number).encode(), **options)


def srgb_profile() -> bytes:
    """A colour profile of red, green and blue."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says it has so many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1_000_000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def with_small_picture_inside(data: bytes, width: int = 160, height: int = 120) -> bytes:
    """A JPEG whose EXIF holds a second directory (IFD1), which describes a small picture of another size and turn."""
    ifd0 = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 1, 0, 26)
    entries = ((0x0100, 4, 1, width), (0x0101, 4, 1, height), (0x0112, 3, 1, 6 << 16))
    ifd1 = struct.pack(">H", len(entries)) + b"".join(struct.pack(">HHII", *one) for one in entries) + bytes(4)
    block = b"Exif\x00\x00MM\x00*" + struct.pack(">I", 8) + ifd0 + ifd1
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


def landscape(number: int, width: int = 640, height: int = 480) -> Image.Image:
    """Hills under a sky with a sun: something to look at, another one for each number."""
    sky = Image.linear_gradient("L").resize((width, height))
    hue = ImageColor.getrgb(f"hsl({number * 47 % 360}, 70%, 55%)")
    image = ImageOps.colorize(sky, black=hue, white=(250, 244, 225))
    draw = ImageDraw.Draw(image)
    sun, centre = height // 8, (width * (2 + number % 5) // 8, height // 3)
    draw.ellipse((centre[0] - sun, centre[1] - sun, centre[0] + sun, centre[1] + sun), fill=(255, 250, 190))
    for depth in range(3):
        top = height * (5 + depth) // 9
        shade = tuple(max(0, part - 60 - 50 * depth) for part in hue[:3])
        slope = [
            (x, top - int(height / 14 * math.sin(x / width * (4 + depth * 3) + number + depth)))
            for x in range(0, width + 8, 8)
        ]
        draw.polygon([(0, height), *slope, (width, height)], fill=shade)
    return image
