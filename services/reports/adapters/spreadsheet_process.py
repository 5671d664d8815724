"""A program of its own: read one sheet of a workbook, and end. Run by spreadsheets, as `python -I <this> <path> <sheet>`.

The reader puts a sheet together in memory as a rectangle: two cells in opposite corners, a few hundred bytes of file, ask
for 500 GB, and the process that tries is ended. So that is not a worker's. This program needs nothing of Bellhop, and is
given nothing of it. It writes a line of JSON with the sheets or a refusal, and then a line for each row.
"""

import json
import resource
import signal
import sys
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

import python_calamine

MOST_MEMORY = 1024**3
"""Bytes. A sheet that needs more ends this process, and not the machine."""
MOST_UNPACKED = 600 * 1024**2
"""Bytes of all parts of a workbook. 200,000 rows of ten columns have a tenth of it."""
MOST_PARTS = 5_000
MOST_COLUMNS = 200
MOST_ROWS = 1_048_576
PIECE = 1024**2
WORKBOOK = "xl/workbook.xml"

Cell = str | int | float | bool | datetime | date | time | timedelta


class Refused(Exception):  # noqa: N818 - it is no fault of this program
    """The file cannot be read: a code, and a text for people."""


def main() -> int:
    """Write the rows of the sheet; the first one if it is not named."""
    path, wanted, seconds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    signal.alarm(seconds)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        check(path)
        for line in read(path, wanted):
            sys.stdout.write(json.dumps(line))
            sys.stdout.write("\n")
    except Refused as refused:
        code, text = refused.args
        sys.stdout.write(json.dumps({"refused": code, "text": text}) + "\n")
    sys.stdout.flush()
    return 0


def check(path: Path) -> None:
    """Unpack everything once, keeping nothing. Raises Refused for what is no workbook, or a bomb."""
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as raw:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if WORKBOOK not in names:
                raise Refused("unsupported_file", "this is not an Excel workbook (.xlsx): save it as one, or as CSV")
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise _bomb()
            room = MOST_UNPACKED
            for part in parts:
                room -= _unpacked(raw, part, room)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, ValueError) as error:
        raise Refused("broken_file", f"the workbook is broken: {error}") from error


def _bomb() -> Refused:
    text = f"the workbook unpacks to more than {MOST_UNPACKED // 1024**2} MB: save the sheet alone, or as CSV"
    return Refused("file_too_large", text)


def _unpacked(raw: IO[bytes], part: zipfile.ZipInfo, room: int) -> int:
    """How many bytes a part really has, whatever the list of parts says. Raises Refused if there is no room for them."""
    raw.seek(part.header_offset + 26)
    lengths = raw.read(4)
    raw.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), 1)
    if part.flag_bits & 1:
        raise Refused("encrypted_file", "the workbook is encrypted: save it without a password")
    if part.compress_type == zipfile.ZIP_STORED:
        size = part.compress_size
    elif part.compress_type == zipfile.ZIP_DEFLATED:
        size = _inflated(raw, part.compress_size, room)
    else:
        raise Refused("broken_file", "the workbook is packed in a way that Excel does not use")
    if size > room:
        raise _bomb()
    if size != part.file_size:
        raise Refused("broken_file", f"the workbook is broken: {part.filename[:100]} is not as large as it says")
    return size


def _inflated(raw: IO[bytes], packed: int, room: int) -> int:
    inflate, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while packed > 0 and not inflate.eof and (piece := raw.read(min(PIECE, packed))):
        packed -= len(piece)
        while piece and size <= room:
            size += len(inflate.decompress(piece, PIECE))
            piece = inflate.unconsumed_tail
    return size + len(inflate.flush()) if size <= room else size


def read(path: Path, wanted: str) -> Iterator[Any]:
    """The sheets, and then each row that is not empty, with its number."""
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        names = workbook.sheet_names
        if wanted and wanted not in names:
            raise Refused("sheet_missing", f"there is no sheet {wanted[:100]!r}, only {', '.join(names)[:500]}")
        if not names:
            raise Refused("empty_file", "the workbook has no sheet")
        sheet = workbook.get_sheet_by_name(wanted or names[0])
        _check_size(sheet)
        yield {"sheets": names, "sheet": sheet.name}
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            texts = [text_of(cell) for cell in cells]
            if any(text and not text.isspace() for text in texts):
                yield [number, texts]
    except python_calamine.PasswordError as error:
        raise Refused("encrypted_file", "the workbook is encrypted: save it without a password") from error
    except python_calamine.CalamineError as error:
        raise Refused("broken_file", f"the workbook is broken: {error}"[:500]) from error


def _check_size(sheet: python_calamine.CalamineSheet) -> None:
    if sheet.width > MOST_COLUMNS:
        text = f"the sheet has {sheet.width:,} columns, and {MOST_COLUMNS} are the most that can be taken"
        raise Refused("too_many_columns", text)
    if sheet.total_height > MOST_ROWS:
        raise Refused("too_many_rows", f"the sheet has {sheet.total_height:,} rows")


def text_of(cell: Cell) -> str:
    """A cell as its text: dates as ISO 8601 writes them, whole numbers without a point."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case datetime() if cell.time() == time(0):
            return cell.date().isoformat()
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


if __name__ == "__main__":
    sys.exit(main())
