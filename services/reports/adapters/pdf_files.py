"""PDF files by Typst (https://typst.app/docs): tagged, so that they can be read out, and made in a process of their own.

A template reads its data by `json("data.json")`. Data are values there, never markup: whatever people are called, nothing
of it is taken for a command of the typesetter.
"""

import json
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from services.reports.errors import TypesettingError

TEMPLATES: Final = Path(__file__).with_name("templates")
PROGRAM: Final = Path(__file__).with_name("pdf_process.py")
FONTS: Final = ("Noto Sans", "DejaVu Sans", "Libertinus Serif")
"""The first that is installed; the last one comes with Typst. For a script that none of them has any other font is taken."""
LONGEST_WORD: Final = 14
"""Signs. A longer word, such as a mail address, may be broken."""
BREAK: Final = "\u200b"
"""Zero width space: a line may end here (Unicode, UAX 14, class ZW)."""
_BREAK_AFTER: Final = "@._-/+="
_NO_SIGNS: Final = ("Cc", "Cs", "Cn")
"""Unicode's categories of what is no sign: PDF has no picture for them."""


def typeset(
    template: str,
    data: Mapping[str, Any],
    target: Path,
    *,
    files: Mapping[str, bytes] | None = None,
    seconds: int = 60,
) -> str:
    """Write the PDF that `templates/<template>.typ` makes of `data` and, beside it, `files` (pictures, by their names).

    Returns the standard that it meets: `ua-1`, or `tagged` where the fonts of this machine lack a sign. `data` is what
    JSON can hold; `fonts` is added to it. Raises TypesettingError, also where it takes longer than `seconds`.
    """
    with tempfile.TemporaryDirectory(prefix="bellhop-pdf-", dir=target.parent) as name:
        folder = Path(name)
        (folder / "main.typ").write_bytes((TEMPLATES / f"{template}.typ").read_bytes())
        with (folder / "data.json").open("w", encoding="utf-8") as file:
            json.dump({"fonts": FONTS, **data}, file, ensure_ascii=False)
        for own_name, content in (files or {}).items():
            (folder / own_name).write_bytes(content)
        standard = _run(folder, template, seconds)
        (folder / "out.pdf").replace(target)
    return standard


def _run(folder: Path, template: str, seconds: int) -> str:
    """The program ends by itself after `seconds`, also where nobody waits for it any more.

    It talks by files: with pipes, whoever waits here could not be interrupted, by a stop or a time limit, before its end.
    """
    command = [sys.executable, "-I", str(PROGRAM), str(folder), str(seconds)]
    told, complaints = folder / "told", folder / "complaints"
    try:
        with told.open("wb") as out, complaints.open("wb") as err:
            done = subprocess.run(command, stdout=out, stderr=err, check=False, env={}, timeout=seconds + 5)
    except subprocess.TimeoutExpired:
        raise TypesettingError(f"{template} was not typeset within {seconds} s") from None
    if done.returncode < 0:
        raise TypesettingError(f"{template} was given up after {seconds} s, or for want of memory ({done.returncode})")
    if done.returncode > 0:
        raise TypesettingError(f"{template} cannot be typeset: {complaints.read_text(errors='replace')[-1000:]}")
    return str(json.loads(told.read_bytes())["standard"])


def printable(text: str) -> str:
    """The text without what has no picture, on one line, and with places where its long words may be broken."""
    clean = "".join(
        " " if sign in "\t\n\r\v\f\x85" else sign for sign in text if sign in "\t\n\r\v\f\x85" or _is_sign(sign)
    )
    return " ".join(_breakable(word) if len(word) > LONGEST_WORD else word for word in clean.split(" "))


def _is_sign(sign: str) -> bool:
    return sign.isprintable() or unicodedata.category(sign) not in _NO_SIGNS


def _breakable(word: str) -> str:
    """After `@`, `.` and the like, and otherwise every LONGEST_WORD signs."""
    parts, since = [], 0
    for sign in word:
        if since >= LONGEST_WORD and not unicodedata.combining(sign):
            parts.append(BREAK)
            since = 0
        parts.append(sign)
        since += 1
        if sign in _BREAK_AFTER:
            parts.append(BREAK)
            since = 0
    return "".join(parts).removesuffix(BREAK)
