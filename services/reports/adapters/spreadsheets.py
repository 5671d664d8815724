"""Excel workbooks (.xlsx), read by a program of its own (spreadsheet_process), so that no file takes a worker down."""

import json
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, Final

from services.reports.domain.imports import Reading, Row
from services.reports.errors import FileRefusedError

PROGRAM: Final = Path(__file__).with_name("spreadsheet_process.py")
SECONDS: Final = 300
"""That one reading of a workbook may take. The program ends by itself then, also where nobody waits for it any more."""
ZIP_BEGINS: Final = b"PK\x03\x04"
OLE_BEGINS: Final = bytes.fromhex("d0cf11e0a1b11ae1")
"""Of the Compound File Binary format (MS-CFB, 2.2): older documents of Office, and new ones with a password."""
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
"""The stream that holds a workbook with a password (MS-OFFCRYPTO, 2.3.4.4)."""


def refuse_old_formats(path: Path) -> None:
    """Raises FileRefusedError for what Office writes instead of .xlsx."""
    with path.open("rb") as file:
        if not file.read(len(OLE_BEGINS)).startswith(OLE_BEGINS):
            return
        with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            is_encrypted = content.find(_ENCRYPTED) >= 0
    if is_encrypted:
        raise FileRefusedError("encrypted_file", "the workbook is protected by a password: save it without one")
    raise FileRefusedError("unsupported_file", "this is a file of an older Excel (.xls): save it as .xlsx, or as CSV")


def rows(path: Path, reading: Reading, seconds: int = SECONDS) -> Iterator[Row]:
    """The rows of the sheet that are not empty, the headings among them. Raises FileRefusedError."""
    with closing(_lines(path, reading, seconds)) as lines:
        next(lines)
        for number, cells in lines:
            yield Row(number, tuple(cells))


def detect(path: Path, wish: Reading) -> Reading:
    """The reading of a workbook with the name of its sheet filled in. Raises FileRefusedError."""
    with closing(_lines(path, wish, SECONDS)) as lines:
        head = next(lines)
    return replace(wish, kind="xlsx", encoding=None, delimiter=None, sheet=str(head["sheet"]))


def _lines(path: Path, reading: Reading, seconds: int) -> Generator[Any, None, None]:
    """What the program writes, line by line. However this ends, so does the program."""
    command = [sys.executable, "-I", str(PROGRAM), str(path), reading.sheet or "", str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}) as program:
        assert program.stdout is not None
        try:
            for line in program.stdout:
                if not line.endswith(b"\n"):
                    break
                found = json.loads(line)
                if isinstance(found, dict) and "refused" in found:
                    raise FileRefusedError(found["refused"], found["text"])
                yield found
            code = program.wait()
        finally:
            if program.poll() is None:
                program.kill()
    if code != 0:
        text = "the workbook needs more memory or time than it may have: save the sheet alone, or as CSV"
        raise FileRefusedError("file_too_large", text)
