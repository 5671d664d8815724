"""How photos are named inside an archive, and archives on the disk of whoever downloads them.

The names were typed by anybody, in any script, and are unpacked by programs on all systems. What Windows takes is the
narrowest: its rules are on https://learn.microsoft.com/windows/win32/fileio/naming-a-file.
"""

import re
import unicodedata
from datetime import datetime
from typing import Final

from services.media.domain.kinds import EXTENSIONS

LONGEST: Final = 200
"""Bytes of a name in UTF-8. File systems take 255, and some unpackers put a folder or a number to it."""
LONGEST_EXTENSION: Final = 5

_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*]')
_JOINERS: Final = "\u200c\u200d"
"""Of the characters that cannot be seen, those that change how letters and emoji are joined."""
_RESERVED: Final = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])", re.IGNORECASE)
_ENDING: Final = re.compile(rf"\.([A-Za-z0-9]{{1,{LONGEST_EXTENSION}}})$")
_SPACES: Final = re.compile(r"\s+")


def entry_name(position: int, count: int, taken_at: datetime | None, file_name: str, content_type: str | None) -> str:
    """The name of photo `position` (from 1) of `count` in an archive: number, date taken, name, and an ending that fits.

    The number makes it unique, however systems fold case, and keeps the order. `taken_at` is the camera's wall clock.
    """
    number = str(position).zfill(len(str(count)))
    taken = f" {taken_at:%Y-%m-%d %H-%M-%S}" if taken_at else ""
    stem, ending = _split(file_name, content_type)
    return _fitting(f"{number}{taken} {cleaned(stem)}".rstrip(), ending)


def download_name(file_name: str, content_type: str | None) -> str:
    """What a photo is called when it is fetched by itself."""
    stem, ending = _split(file_name, content_type)
    return _safe(cleaned(stem) or "photo", ending)


def archive_name(name: str) -> str:
    """What the ZIP file of an album or an order of this name is called."""
    return _safe(cleaned(name) or "photos", ".zip")


def cleaned(text: str) -> str:
    """The text as a part of a name: composed (NFC), on one line, with nothing that leads elsewhere or that nobody sees."""
    visible = "".join(letter for letter in unicodedata.normalize("NFC", text) if _is_kept(letter))
    one_line = _SPACES.sub(" ", _FORBIDDEN.sub("_", visible))
    return unicodedata.normalize("NFC", one_line).strip(f". {_JOINERS}")


def _is_kept(letter: str) -> bool:
    """Not controls, marks of direction, halves of surrogates, and what Unicode has not given out.

    A mark of direction (U+202E) makes `gpj.exe` look like `exe.jpg`.
    """
    return letter in _JOINERS or letter.isspace() or not unicodedata.category(letter).startswith("C")


def _split(file_name: str, content_type: str | None) -> tuple[str, str]:
    """A name without folders and ending, and the ending: the one that was sent if it fits the file, else the usual."""
    last = file_name.replace("\\", "/").rstrip("/").rpartition("/")[2].strip()
    found = _ENDING.search(last)
    stem = last[: found.start()] if found else last
    sent = found.group(1).lower() if found else ""
    fitting = EXTENSIONS.get(content_type or "", ())
    ending = sent if sent in fitting or not fitting else fitting[0]
    return stem, f".{ending}" if ending else ""


def _safe(stem: str, ending: str) -> str:
    """Both together. Windows takes what stands before the first dot for a device, should it be called so."""
    return _fitting(f"_{stem}" if _RESERVED.fullmatch(stem.partition(".")[0].rstrip()) else stem, ending)


def _fitting(stem: str, ending: str) -> str:
    """Both together, the stem cut at a whole character where the name would be too long."""
    room = LONGEST - len(ending)
    cut = stem.encode("utf-8")[:room].decode("utf-8", "ignore")
    return f"{cut.rstrip(f'. {_JOINERS}')}{ending}"
