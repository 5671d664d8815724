"""Pictures of all colour spaces and depths, brought to eight bits of red, green and blue."""

import io
from typing import Final

from PIL import Image, ImageCms

_SPACE = slice(16, 20)
_MAGIC = slice(36, 40)
"""Of an ICC profile's header (ICC.1:2022, section 7.2): its colour space, and the four letters that make it a profile."""
_SMALLEST_PROFILE: Final = 128
_ONE_CHANNEL: Final = ("I", "F")
_MEANT_FOR: Final = {"LAB": (b"Lab ",), "RGB": (b"GRAY",), "RGBA": (b"GRAY",)}
"""Profiles that are right, though nothing is to be done with them: grey pictures come with colours by now."""
_WHITE: Final = (255, 255, 255)


def resizable(image: Image.Image) -> Image.Image:
    """A picture whose pixels can be mixed, which those of palettes and of 16 bits cannot."""
    if image.mode in {"P", "PA"} or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith(_ONE_CHANNEL):
        return _eight_bits(image)
    return image.convert("RGBA") if image.mode in {"LA", "La", "RGBa"} else image


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits, or of fractions. Pillow's own conversion cuts off what is above 255."""
    exact = image.convert("F")
    low, high = exact.getextrema()
    assert isinstance(low, float)
    assert isinstance(high, float)
    if image.mode.startswith("I;16"):
        low, high = 0.0, 65_535.0
    elif low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    scale = 255.0 / ((high - low) or 1.0)
    return exact.point(lambda value: value * scale - low * scale).convert("L")


def in_colours(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None, bool]:
    """RGB or RGBA, the profile to keep with it, and whether the profile was sound.

    A profile of red, green and blue is kept as it is. One of print colours or grey is worked in, since what it
    describes is gone after the conversion.
    """
    if profile is None:
        return _converted(image), None, True
    space = _space_of(profile)
    if space == b"RGB " and image.mode in {"RGB", "RGBA"}:
        return image, profile, True
    if (space, image.mode) in {(b"CMYK", "CMYK"), (b"GRAY", "L")}:
        try:
            return _to_screen(image, ImageCms.ImageCmsProfile(io.BytesIO(profile))), None, True
        except (ImageCms.PyCMSError, OSError, ValueError):
            return _converted(image), None, False
    return _converted(image), None, space in _MEANT_FOR.get(image.mode, ())


def _space_of(profile: bytes) -> bytes:
    """The colour space; empty for what is no profile."""
    is_profile = len(profile) >= _SMALLEST_PROFILE and profile[_MAGIC] == b"acsp"
    return profile[_SPACE] if is_profile else b""


def _to_screen(image: Image.Image, own: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert converted is not None
    return converted


def _converted(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":
        return _to_screen(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    return image if image.mode in {"RGB", "RGBA"} else image.convert("RGB")


def is_plain(image: Image.Image) -> bool:
    """Whether all of it has one colour."""
    bands = image.getextrema() if len(image.getbands()) > 1 else (image.getextrema(),)
    return all(low == high for low, high in bands)  # type: ignore[misc] # Pillow's type is that of one band or of many


def on_white(image: Image.Image) -> Image.Image:
    """What is transparent, on white paper: JPEG knows no transparency."""
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, _WHITE)
    paper.paste(image, mask=image)
    return paper
