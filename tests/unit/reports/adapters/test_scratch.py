"""Temporary folders."""

import os
from pathlib import Path

from services.reports.adapters.scratch import PREFIX, scratch_folder


def test_a_folder_is_there_until_its_block_ends(tmp_path: Path) -> None:
    """With all that is in it."""
    with scratch_folder(tmp_path) as folder:
        (folder / "file").write_bytes(b"x")
        assert folder.parent == tmp_path

    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_has_left_is_removed(tmp_path: Path) -> None:
    """Once it is so old that nobody can be at work on it."""
    old, young, of_others = tmp_path / f"{PREFIX}old", tmp_path / f"{PREFIX}young", tmp_path / "old"
    for folder in (old, young, of_others):
        folder.mkdir()
        (folder / "export.csv").write_bytes(b"x")
    os.utime(old, (1, 1))
    os.utime(of_others, (1, 1))

    with scratch_folder(tmp_path):
        pass

    assert sorted(tmp_path.iterdir()) == sorted([of_others, young])
