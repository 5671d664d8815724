"""Files of a local storage: what is flushed, and when."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.local_files import write_durably


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What is asked of the kernel, in order, by the names below the test's folder."""
    done: list[str] = []
    flush, replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        done.append(f"flush {Path(f'/proc/self/fd/{handle}').readlink().relative_to(tmp_path)}".partition("#")[0])
        flush(handle)

    def rename(part: Path, target: Path) -> Path:
        done.append(f"rename {target.relative_to(tmp_path)}")
        return replace(part, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", rename)
    return done


def test_file_is_flushed_before_it_has_its_name_and_the_folder_after(steps: list[str], tmp_path: Path) -> None:
    """In another order a power cut leaves an empty file, or none."""
    (tmp_path / "a").mkdir()

    write_durably(tmp_path, "a/one", [b"1"])

    assert steps == ["flush a/one", "rename a/one", "flush a"]


def test_folders_that_were_made_are_flushed_too(steps: list[str], tmp_path: Path) -> None:
    """Each name stands in the folder above it."""
    write_durably(tmp_path, "a/b/one", [b"1"])

    assert (steps[:3], set(steps[3:])) == (["flush a/b/one", "rename a/b/one", "flush a/b"], {"flush a", "flush ."})


def test_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    """An error in between, here of whoever makes the pieces, leaves it, and nothing else."""

    def failing() -> Iterator[bytes]:
        yield b"half"
        raise ZeroDivisionError

    write_durably(tmp_path, "one", [b"old"])
    with pytest.raises(ZeroDivisionError):
        write_durably(tmp_path, "one", failing())

    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("one", b"old")]


def test_a_root_that_is_gone_is_not_made(tmp_path: Path) -> None:
    """Its disk is not mounted: what is written into a folder of the same name would vanish when it is."""
    with pytest.raises(FileNotFoundError):
        write_durably(tmp_path / "gone", "one", [b"1"])

    assert not (tmp_path / "gone").exists()
