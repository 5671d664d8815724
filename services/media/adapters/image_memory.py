"""Decoded pictures are large: this shares out the memory that all of them may take together in one process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

_JPEG = frozenset({"JPEG", "MPO"})
_DRAFTED = 4
"""Bytes per pixel of a JPEG file that is decoded, as large as it was drafted."""
_PROGRESSIVE = 6
"""Bytes per pixel that libjpeg keeps of a progressive file until its last scan: three planes of 16 bits."""

_OF_FORMAT = {"WEBP": 16, "AVIF": 10, "HEIF": 10}
_OF_MODE = {"1": 4, "L": 3, "P": 8, "RGB": 7, "CMYK": 7, "RGBA": 10}
_OF_OTHERS = 14
"""Bytes per pixel at the peak, measured with 48 million pixels: the decoder's own copy, Pillow's, and that of a conversion."""


class NoRoomError(Exception):
    """A picture needs more memory than all of them together may take."""


class MemoryShare:
    """A number of bytes, of which each thread takes what its picture needs, and waits until there is enough."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, needed: int) -> Iterator[None]:
        """Hold so many bytes, once they are free. NoRoomError for more than there are in all."""
        if needed > self.total:
            raise NoRoomError(f"{needed} bytes of {self.total}")
        with self._changed:
            self._changed.wait_for(lambda: self._free >= needed)
            self._free -= needed
        try:
            yield
        finally:
            with self._changed:
                self._free += needed
                self._changed.notify_all()


def needed_for(image: Image.Image, whole: tuple[int, int]) -> int:
    """Bytes that decoding takes at its peak. `whole` is the size of the picture before it was drafted smaller."""
    pixels = whole[0] * whole[1]
    if image.format not in _JPEG:
        return pixels * _OF_FORMAT.get(image.format or "", _OF_MODE.get(image.mode, _OF_OTHERS))
    kept_by_libjpeg = pixels * _PROGRESSIVE if image.info.get("progressive") else 0
    return image.width * image.height * _DRAFTED + kept_by_libjpeg
