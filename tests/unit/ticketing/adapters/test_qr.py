"""QR codes."""

import base64
import io
import random

import pytest
import zxingcpp
from PIL import Image, ImageFilter
from qrcode.exceptions import DataOverflowError

from services.ticketing.adapters.qr import qr_png


def token(seed: int) -> str:
    """A text of the length and the characters of a ticket token."""
    source = random.Random(seed)
    payload, signature = (base64.urlsafe_b64encode(source.randbytes(n)).rstrip(b"=").decode() for n in (36, 64))
    return f"BH1.{payload}.{signature}"


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


@pytest.mark.parametrize("seed", range(10))
def test_the_picture_holds_exactly_the_token(seed: int) -> None:
    """As an independent reader sees it."""
    found = zxingcpp.read_barcodes(opened(qr_png(token(seed))))
    assert [code.text for code in found] == [token(seed)]


@pytest.mark.parametrize("size", [130, 200, 456])
@pytest.mark.parametrize("angle", [0, 30, 90])
def test_a_small_turned_and_blurred_picture_is_read(size: int, angle: int) -> None:
    """As a camera at the door sees it on a phone."""
    seen = opened(qr_png(token(1))).convert("L").resize((size, size), Image.Resampling.BILINEAR)
    seen = seen.rotate(angle, expand=True, fillcolor=255, resample=Image.Resampling.BILINEAR)
    found = zxingcpp.read_barcode(seen.filter(ImageFilter.GaussianBlur(0.5)))
    assert found is not None
    assert found.text == token(1)


def test_a_scratched_picture_is_read() -> None:
    """Error correction M restores what a fold or a drop of rain takes."""
    seen = opened(qr_png(token(2))).convert("L")
    seen.paste(0, (200, 200, 240, 260))
    found = zxingcpp.read_barcode(seen)
    assert found is not None
    assert found.text == token(2)


def test_the_file_is_a_small_black_and_white_png() -> None:
    """Twenty of them go into one mail."""
    png = qr_png(token(3))
    assert (opened(png).format, opened(png).mode, opened(png).size) == ("PNG", "1", (456, 456))
    assert len(png) < 2_000


def test_the_same_text_gives_the_same_bytes() -> None:
    """A repeated job stores the same object."""
    assert qr_png(token(4)) == qr_png(token(4))


def test_a_text_that_does_not_fit_is_refused() -> None:
    """Rather than cut off."""
    with pytest.raises(DataOverflowError):
        qr_png("x" * 153)
