"""Workbooks as Excel and others write them, good ones and bad ones."""

import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter  # type: ignore[import-untyped] # it has no annotations

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
ENCRYPTED = OLE + bytes(1_000) + "EncryptedPackage".encode("utf-16-le") + bytes(1_000)
OLD = OLE + bytes(2_000)


def workbook(path: Path, sheets: dict[str, Sequence[Sequence[Any]]], **options: Any) -> Path:
    """A workbook with these sheets."""
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm", **options}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
    return path


def corners(path: Path) -> Path:
    """Two cells, in opposite corners of a sheet: 17 thousand million between them."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "email")
        sheet.write(1_048_575, 16_383, "far away")
    return path


def bomb(path: Path, size: int, declared: int | None = None) -> Path:
    """A workbook with a part of `size` zeros, which says that it has `declared` bytes."""
    workbook(path, {"People": [["email"]]})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", bytes(size))
    if declared is not None:
        content = path.read_bytes()
        content = content.replace(struct.pack("<I", size), struct.pack("<I", declared))
        if declared < size:  # and a checksum that is right for so many
            crc = struct.pack("<I", zlib.crc32(bytes(size)))
            content = content.replace(crc, struct.pack("<I", zlib.crc32(bytes(declared))))
        path.write_bytes(content)
    return path
