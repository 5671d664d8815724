"""A program of its own: typeset one folder, and end. Run by pdf_files, as `python -I pdf_process.py <folder> <seconds>`.

The typesetter keeps the memory that a document of many pages took, some hundreds of megabytes, for as long as its process
lives. So it has a process for each document. That process needs nothing of Bellhop, and is given nothing of it: no
settings, no secrets, only the folder with `main.typ`, `data.json` and pictures.
"""

import json
import resource
import signal
import sys
from pathlib import Path

import typst

MOST_MEMORY = 2 * 1024**3
"""Bytes. A document that needs more ends this process, and not the machine."""
UNREADABLE = "could not be displayed with font"
"""What the typesetter says where no font that is installed has a sign."""


def main() -> int:
    """Write `out.pdf`, or say on the error stream why not."""
    folder, seconds = Path(sys.argv[1]), int(sys.argv[2])
    signal.alarm(seconds)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    try:
        json.dump({"standard": _compile(folder)}, sys.stdout)
    except typst.TypstError as error:
        sys.stderr.write(error.message)
        return 1
    return 0


def _compile(folder: Path) -> str:
    """Returns the standard that the document meets. PDF/UA-1 (ISO 14289-1) forbids signs without a picture: where the
    fonts here lack one, the document is tagged all the same, its text can be read out and copied, and the sign is a box.
    """
    try:
        typst.compile(folder / "main.typ", output=folder / "out.pdf", root=folder, pdf_standards=["ua-1"])
    except typst.TypstError as error:
        if UNREADABLE not in error.message:
            raise
        typst.compile(folder / "main.typ", output=folder / "out.pdf", root=folder, pdf_tags=True)
        return "tagged"
    return "ua-1"


if __name__ == "__main__":
    sys.exit(main())
