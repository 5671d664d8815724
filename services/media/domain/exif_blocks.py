"""Whether an EXIF block hangs together: readers pass over what is broken in one in silence."""

import struct
from typing import Final

_HEAD: Final = b"Exif\x00\x00"
_ORDERS: Final = {b"II*\x00": "<", b"MM\x00*": ">"}
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
"""Bytes of one value of each type (TIFF 6.0, section 2; Exif 3.0 adds UTF-8 as 129)."""
_DIRECTORIES: Final = frozenset({0x8769, 0x8825})
"""Tags that point to another directory: how the picture was taken, and where."""


def is_sound(block: bytes) -> bool:
    """Whether every directory and every value lies inside the block. What the maker of a camera adds is not looked into."""
    data = block.removeprefix(_HEAD).removeprefix(_HEAD)
    if not data:
        return True
    order = _ORDERS.get(data[:4])
    if order is None or len(data) < 8:
        return False
    return _is_directory(data, order, struct.unpack_from(f"{order}I", data, 4)[0], deep=True)


def _is_directory(data: bytes, order: str, start: int, *, deep: bool) -> bool:
    if start + 2 > len(data):
        return False
    (count,) = struct.unpack_from(f"{order}H", data, start)
    if start + 2 + count * 12 > len(data):
        return False
    return all(_is_entry(data, order, start + 2 + index * 12, deep=deep) for index in range(count))


def _is_entry(data: bytes, order: str, start: int, *, deep: bool) -> bool:
    """A value of up to four bytes stands in the entry itself, a larger one where the entry says."""
    tag, kind, count, offset = struct.unpack_from(f"{order}HHII", data, start)
    if kind not in _SIZES:
        return False
    if tag in _DIRECTORIES:
        return deep and _is_directory(data, order, offset, deep=False)
    length = _SIZES[kind] * int(count)
    return length <= 4 or int(offset) + length <= len(data)
