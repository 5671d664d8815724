"""Pictures of every kind are read and made smaller; what is wrong with a file is named, and never raised."""

import io
import struct
from collections.abc import Sequence
from typing import Any

import pytest
from PIL import Image, ImageCms

from services.media.adapters.images import PillowPictures
from services.media.domain.kinds import kind_of
from services.media.domain.pictures import Picture, Thumbnail
from tests.support.photos import (
    CORNERS,
    HEIC,
    PLACE,
    bomb,
    exif_of,
    file_of,
    photo,
    scene,
    srgb_profile,
    with_small_picture_inside,
)

EDGES = (64, 128, 256)
MEMORY = 64 * 1024 * 1024
LOSSY = 14
"""By how much a colour may differ after it was compressed twice."""

NOWHERE = b"Exif\x00\x00MM\x00*" + struct.pack(">IHHHIII", 8, 1, 0x8769, 4, 1, 70_000, 0)
"""EXIF that says the rest of it lies far behind its end."""


@pytest.fixture
def pictures() -> PillowPictures:
    """Memory for about 8 million pixels."""
    return PillowPictures(MEMORY)


def look(pictures: PillowPictures, data: bytes, *, keeps_place: bool = False) -> Picture:
    """Read a file that comes in pieces, as its content says it must be."""
    pieces = [data[start : start + 1000] for start in range(0, len(data), 1000)]
    return pictures.look(pieces, kind_of(data) or "", EDGES, keeps_place=keeps_place)


def named(picture: Picture, name: str) -> Thumbnail:
    return next(one for one in picture.thumbnails if one.name == name)


def opened(thumbnail: Thumbnail) -> Image.Image:
    return Image.open(io.BytesIO(thumbnail.data))


def corners(thumbnail: Thumbnail) -> list[tuple[int, ...]]:
    """The colours in the middle of the four quarters."""
    image = opened(thumbnail).convert("RGB")
    width, height = image.size
    points = [(x, y) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    return [tuple(image.getpixel(point)) for point in points]  # type: ignore[arg-type] # RGB has three values


def is_like(found: Sequence[tuple[int, ...]], expected: Sequence[tuple[int, ...]]) -> bool:
    differences = [
        abs(a - b) for one, other in zip(found, expected, strict=True) for a, b in zip(one, other, strict=True)
    ]
    return max(differences) <= LOSSY


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF"])
def test_every_kind_gives_three_sizes_in_two_formats(pictures: PillowPictures, kind: str) -> None:
    """In the picture's proportions and colours."""
    picture = look(pictures, file_of(scene(), kind))
    shown = [(one.name, one.width, one.height, *opened(one).size) for one in picture.thumbnails]
    assert (picture.width, picture.height, picture.faults) == (640, 480, ())
    assert sorted(shown) == sorted(
        (f"{edge}.{ending}", edge, edge * 3 // 4, edge, edge * 3 // 4) for edge in EDGES for ending in ("jpg", "webp")
    )
    assert all(is_like(corners(one), CORNERS) for one in picture.thumbnails)


def test_photos_of_telephones_are_read(pictures: PillowPictures) -> None:
    """HEIC is turned by its own rules, not by its EXIF a second time."""
    picture = look(pictures, HEIC)
    assert (picture.width, picture.height, picture.faults) == (48, 64, ())
    assert (picture.facts["camera"], picture.facts["iso"], picture.taken_offset) == ("Bellhop", 100, 120)
    assert [opened(one).size for one in picture.thumbnails] == [(48, 64)] * 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_pictures_stand_upright(pictures: PillowPictures, kind: str, orientation: int) -> None:
    """Whatever way the camera was held; nothing is left in the thumbnail that would turn it once more."""
    undone = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    held = scene(160, 120) if orientation == 1 else scene(160, 120).transpose(undone[orientation])
    picture = look(pictures, file_of(held, kind, exif=exif_of({0x0112: orientation})))
    thumbnail = named(picture, "64.jpg")
    assert (picture.width, picture.height, thumbnail.width, thumbnail.height) == (160, 120, 64, 48)
    assert is_like(corners(thumbnail), CORNERS)
    assert not opened(thumbnail).getexif()


def test_small_pictures_are_not_enlarged(pictures: PillowPictures) -> None:
    """Down to a single pixel; every thumbnail that is asked for is there."""
    single = look(pictures, file_of(scene(1, 1), "PNG"))
    medium = look(pictures, file_of(scene(100, 50), "PNG"))
    assert {(one.width, one.height) for one in single.thumbnails} == {(1, 1)}
    assert [(one.name, one.width, one.height) for one in medium.thumbnails if one.name.endswith("webp")] == [
        ("256.webp", 100, 50),
        ("128.webp", 100, 50),
        ("64.webp", 64, 32),
    ]
    assert (single.faults, medium.faults) == ((), ())


def test_very_wide_pictures_keep_a_line_of_height(pictures: PillowPictures) -> None:
    """50,000 pixels by 20 are no bomb."""
    picture = look(pictures, file_of(scene(50_000, 20), "PNG"))
    assert (picture.width, picture.height, picture.faults) == (50_000, 20, ())
    assert [(one.width, one.height) for one in picture.thumbnails][::2] == [(256, 1), (128, 1), (64, 1)]


@pytest.mark.parametrize("size", [(60_000, 60_000), (16_000, 15_000), (4_000, 3_000)])
def test_bombs_do_not_go_off(pictures: PillowPictures, size: tuple[int, int]) -> None:
    """Too many pixels for anybody, for Pillow's liking, or for the memory that there is: none of them is decoded."""
    picture = look(pictures, bomb(*size))
    assert (picture.faults, list(picture.thumbnails)) == (("too_many_pixels",), [])


def test_large_photos_of_cameras_are_no_bombs(pictures: PillowPictures) -> None:
    """A JPEG is decoded at a fraction of its size, so that it needs a fraction of the memory."""
    picture = look(pictures, file_of(Image.new("RGB", (6_000, 4_000), "navy"), "JPEG"))
    assert (picture.width, picture.height, picture.faults, len(picture.thumbnails)) == (6_000, 4_000, (), 6)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF"])
def test_of_a_truncated_file_is_shown_what_there_is(pictures: PillowPictures, kind: str) -> None:
    """The upper part; the fault is named."""
    whole = file_of(Image.effect_noise((320, 240), 60).convert("RGB"), kind)
    picture = look(pictures, whole[: len(whole) * 2 // 3])
    assert (picture.width, picture.height) == (320, 240)
    assert ("truncated" in picture.faults, len(picture.thumbnails)) == (True, 6)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "HEIC"])
def test_any_cut_and_any_flipped_byte_is_survived(pictures: PillowPictures, kind: str) -> None:
    """Nothing is raised, wherever a file ends or lies."""
    whole = HEIC if kind == "HEIC" else file_of(scene(40, 30), kind)
    cuts = [whole[:end] for end in range(12, len(whole), max(1, len(whole) // 25))]
    flips = [
        whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        for at in range(12, len(whole), max(1, len(whole) // 25))
    ]
    content_type = kind_of(whole) or ""
    looked = [pictures.look([data], content_type, EDGES, keeps_place=True) for data in (*cuts, *flips)]
    assert all(len(one.thumbnails) == 6 or one.faults for one in looked)


@pytest.mark.parametrize(
    "data", [b"\xff\xd8\xff" + b"nothing at all" * 50, b"GIF89a", b"\x89PNG\r\n\x1a\n" + bytes(100)]
)
def test_what_only_begins_as_a_picture_is_unreadable(pictures: PillowPictures, data: bytes) -> None:
    """Nothing is known of it."""
    assert look(pictures, data) == Picture(faults=("unreadable",))


def test_one_kind_is_not_read_as_another(pictures: PillowPictures) -> None:
    """What was found out at the upload decides which decoder sees the bytes."""
    assert pictures.look([photo()], "image/png", EDGES, keeps_place=False).faults == ("unreadable",)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_several_pictures_the_first_is_shown(pictures: PillowPictures, kind: str) -> None:
    """An animation, or the pages of a document."""
    others = [Image.new("RGB", (80, 60), colour) for colour in ("black", "yellow")]
    data = file_of(scene(80, 60), kind, save_all=True, append_images=others)
    picture = look(pictures, data)
    assert picture.faults == ("several_pictures",)
    assert is_like(corners(named(picture, "64.jpg")), CORNERS)


def test_print_colours_become_those_of_screens(pictures: PillowPictures) -> None:
    """CMYK, with which no browser can do anything."""
    picture = look(pictures, file_of(scene().convert("CMYK"), "JPEG"))
    thumbnails = [opened(one) for one in picture.thumbnails]
    assert ({one.mode for one in thumbnails}, picture.facts["mode"], picture.faults) == ({"RGB"}, "CMYK", ())
    assert is_like(corners(named(picture, "256.jpg")), CORNERS)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_keep_their_shades(pictures: PillowPictures, kind: str) -> None:
    """65,535 is white and 32,768 is grey; Pillow by itself would make all above 255 white."""
    image = Image.new("I;16", (80, 60))
    image.putdata([(0, 16_384, 32_768, 65_535)[index % 80 // 20] for index in range(80 * 60)])
    picture = look(pictures, file_of(image, kind))
    shown = opened(named(picture, "64.webp")).convert("L")
    shades = [(shown.getpixel((8 + 16 * index, 24)),) * 3 for index in range(4)]
    assert is_like(shades, [(shade,) * 3 for shade in (0, 64, 128, 255)])  # type: ignore[arg-type] # of one channel
    assert picture.facts["mode"] == "I;16"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I", "F", "YCbCr"])
def test_every_mode_can_be_shown(pictures: PillowPictures, mode: str) -> None:
    """In the colours that it can have."""
    source = scene().convert("L") if mode in {"I", "F", "1"} else scene()
    kind = "TIFF" if mode in {"F", "YCbCr", "I"} else "PNG"
    picture = look(pictures, file_of(source.convert(mode), kind))
    assert (len(picture.thumbnails), picture.faults) == (6, ())
    assert {opened(one).mode for one in picture.thumbnails if one.name.endswith("jpg")} == {"RGB"}


def test_colours_as_eyes_see_them_can_be_shown(pictures: PillowPictures) -> None:
    """CIELAB, which Pillow turns into others by way of profiles only."""
    screen, seen = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(scene(), screen, seen, outputMode="LAB")
    assert image is not None
    picture = look(pictures, file_of(image, "TIFF"))
    assert (picture.faults, is_like(corners(named(picture, "256.jpg")), CORNERS)) == ((), True)


def test_transparency_is_kept_where_it_can_be(pictures: PillowPictures) -> None:
    """In WebP; JPEG gets white paper."""
    image = scene(80, 60).convert("RGBA")
    image.putalpha(0)
    for kind in ("PNG", "WEBP", "GIF"):
        picture = look(pictures, file_of(image, kind))
        see_through, paper = opened(named(picture, "64.webp")), opened(named(picture, "64.jpg"))
        assert see_through.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index] # RGBA has four values
        assert is_like([paper.getpixel((5, 5))], [(255, 255, 255)])  # type: ignore[list-item] # RGB has three


def test_the_colour_profile_is_kept(pictures: PillowPictures) -> None:
    """Byte for byte, in both formats."""
    profile = srgb_profile()
    picture = look(pictures, photo(icc_profile=profile))
    assert {opened(one).info.get("icc_profile") for one in picture.thumbnails} == {profile}


@pytest.mark.parametrize(
    "profile", [b"no profile", b"\x00" * 200, srgb_profile()[:100]], ids=["text", "zeros", "breaks off"]
)
def test_a_broken_colour_profile_is_left_out(pictures: PillowPictures, profile: bytes) -> None:
    """And noted."""
    picture = look(pictures, photo(icc_profile=profile))
    assert picture.faults == ("colour_profile_broken",)
    assert {opened(one).info.get("icc_profile") for one in picture.thumbnails} == {None}


def test_no_thumbnail_tells_where_it_was_taken(pictures: PillowPictures) -> None:
    """Neither by EXIF nor by XMP nor by a comment, also where the album keeps the place."""
    data = photo(exif=exif_of({0x010F: "SecretMaker"}, gps=PLACE), xmp=b"<x:xmpmeta>exif:GPSLatitude</x:xmpmeta>")
    picture = look(pictures, data, keeps_place=True)
    assert b"GPSLatitude" in data
    assert picture.facts["place"] == {"latitude": -33.857, "longitude": -70.666667, "altitude": 570.0}
    for one in picture.thumbnails:
        assert not any(word in one.data for word in (b"Exif", b"EXIF", b"GPS", b"xmp", b"XMP", b"SecretMaker"))
        assert not {"exif", "xmp", "comment"} & set(opened(one).info)


def test_the_place_is_not_read_where_it_is_not_kept(pictures: PillowPictures) -> None:
    """It cannot leak from where it never was."""
    picture = look(pictures, photo(exif=exif_of({0x010F: "Maker"}, gps=PLACE)))
    assert ("place" in picture.facts, picture.facts["camera"]) == (False, "Maker")


def test_the_picture_within_is_ignored(pictures: PillowPictures) -> None:
    """IFD1 has a size and a turn of its own, which are not those of the photo."""
    picture = look(pictures, with_small_picture_inside(photo()))
    assert (picture.width, picture.height, picture.faults) == (640, 480, ())
    assert is_like(corners(named(picture, "256.jpg")), CORNERS)


@pytest.mark.parametrize(
    ("block", "faults"),
    [
        (b"Exif\x00\x00rubbish", ("exif_broken",)),
        (b"Exif\x00\x00MM\x00*\xff\xff\xff\xff", ("exif_broken",)),
        (b"Exif\x00\x00", ()),
        (NOWHERE, ("exif_broken",)),
        (exif_of({0x0112: 77}), ("exif_orientation_odd",)),
        (exif_of({0x0112: 6}, {0xA002: 100, 0xA003: 100}), ("exif_size_odd",)),
        (exif_of({}, {0x9003: "yesterday"}), ("exif_date_odd",)),
    ],
    ids=["rubbish", "begins outside", "empty", "points nowhere", "odd orientation", "odd size", "odd date"],
)
def test_broken_exif_costs_nothing_but_a_note(pictures: PillowPictures, block: bytes, faults: tuple[str, ...]) -> None:
    """The photo is kept and shown."""
    picture = look(pictures, photo(exif=block), keeps_place=True)
    assert (picture.faults, len(picture.thumbnails)) == (faults, 6)


def test_a_storage_that_breaks_off_is_no_fault_of_the_file(pictures: PillowPictures) -> None:
    """It is raised, so that the job is tried again."""

    def broken() -> Any:
        yield photo()[:500]
        raise ConnectionError("the bucket went away")

    with pytest.raises(ConnectionError):
        pictures.look(broken(), "image/jpeg", EDGES, keeps_place=False)
