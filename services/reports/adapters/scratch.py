"""Folders for files in the making: gone at the end of their block, and those of killed processes after an hour."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PREFIX: Final = "bellhop-reports-"
LEFT_AFTER_SECONDS: Final = 3600.0
"""No job takes so long: a folder that is older was left by a process that was killed."""


@contextmanager
def scratch_folder(above: Path | None = None) -> Iterator[Path]:
    """A folder of one's own below `above`, else below TMPDIR. Raises OSError where none can be made."""
    above = above or Path(tempfile.gettempdir())
    _discard_what_was_left(above)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=above, ignore_cleanup_errors=True) as name:
        yield Path(name)


def _discard_what_was_left(above: Path) -> None:
    for path in above.glob(f"{PREFIX}*"):
        try:
            age = time.time() - path.stat().st_mtime
        except FileNotFoundError:  # its owner came to its end at this moment
            continue
        if age > LEFT_AFTER_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
