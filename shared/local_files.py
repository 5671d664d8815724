"""Files of a local storage, written so that they are there after a power cut once the write has returned.

The bytes go into a file of another name, which is flushed and then renamed over any old one; after that the folder is flushed,
in which the name stands, and those that were made for it (rename(2), fsync(2): neither is done by the other).
"""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

ADVICE = {
    errno.ENOSPC: "the disk is full: free some space, or point STORAGE_URL elsewhere",
    errno.EDQUOT: "the disk quota is used up: raise it, or free some space",
    errno.EFBIG: "the file is larger than the file system, or a limit of this process, allows",
    errno.EROFS: "the file system is read-only: mount it for writing",
    errno.EACCES: "permission denied: give the user of this process the right to write there",
    errno.EPERM: "not permitted: give the user of this process the right to write there",
    errno.EIO: "the disk reports an input/output error: look at its health",
    errno.EMFILE: "too many open files: raise the limit of this process",
    errno.EEXIST: "a file stands where the folder should be: move it away, or change STORAGE_URL",
}
IMPOSSIBLE_NAME = (errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)
"""Errors of a key, not of the disk."""


def write_durably(root: Path, key: str, pieces: Iterable[bytes]) -> int:
    """Write a file below `root`, over any old one. Returns its size in bytes. Raises OSError, and what `pieces` raise.

    Until it is whole its name ends in `#` and a number drawn by lot; what a killed process leaves is told by that, and is in
    nobody's way.
    """
    target = root / key
    made = _make_folders(root, target.parent)
    part = target.with_name(f"{target.name}#{int.from_bytes(os.urandom(6))}")
    try:
        size = _write(part, pieces)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    for folder in (target.parent, *made):
        _flush(folder)
    return size


def _write(part: Path, pieces: Iterable[bytes]) -> int:
    size = 0
    with part.open("xb", buffering=0) as file:
        for piece in pieces:
            left = memoryview(piece)
            while left:
                left = left[file.write(left) :]
            size += len(piece)
        os.fsync(file.fileno())
    return size


def _make_folders(root: Path, folder: Path) -> list[Path]:
    """Make the folders that are missing; returns those in which a name is new. `root` itself is never made."""
    missing = [
        one for one in (folder, *folder.parents) if one.is_relative_to(root) and one != root and not one.is_dir()
    ]
    for one in reversed(missing):
        try:
            one.mkdir(exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, "another file is in the way", str(one)) from None
    return [one.parent for one in missing]


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Made:
    """Pieces that somebody makes, and the error with which that ended: it is theirs, not the storage's."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.failed: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        except BaseException as error:
            self.failed = error
            raise
