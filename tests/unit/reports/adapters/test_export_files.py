"""Temporary files: gone at the end, and a full disk has a name."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.reports.adapters.export_files import ExportFiles
from services.reports.domain.exports import Format
from services.reports.errors import ScratchUnavailableError
from tests.unit.reports.exported import attendee, document


@pytest.mark.parametrize("chosen", Format)
def test_a_file_is_there_until_its_block_ends(tmp_path: Path, chosen: Format) -> None:
    """And can be read piece by piece after its last row."""
    with ExportFiles(tmp_path).begin(document(1, format=chosen)) as file:
        file.add([attendee()])
        file.finish()
        data = b"".join(file.pieces())

    assert data[:2] in {b"PK", b"%P", b"\xef\xbb"}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("chosen", Format)
def test_nothing_is_left_of_a_file_that_fails(tmp_path: Path, chosen: Format) -> None:
    """Whatever goes wrong in the block."""
    with pytest.raises(ZeroDivisionError), ExportFiles(tmp_path).begin(document(1, format=chosen)) as file:
        file.add([attendee()])
        raise ZeroDivisionError

    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_gone_says_what_to_do(tmp_path: Path) -> None:
    """An operator reads it in the log."""
    with (
        pytest.raises(ScratchUnavailableError, match="set TMPDIR"),
        ExportFiles(tmp_path / "gone").begin(document(1)),
    ):
        raise AssertionError


@pytest.mark.parametrize("chosen", [Format.CSV, Format.XLSX])
def test_a_disk_that_takes_no_more_has_a_name(tmp_path: Path, chosen: Format) -> None:
    """And nothing is left that would keep it full."""
    with (
        pytest.raises(ScratchUnavailableError, match="free some space"),
        ExportFiles(tmp_path).begin(document(1, format=chosen)) as file,
        files_of_at_most(50_000),
    ):
        for _ in range(10):
            file.add([attendee(f"Number {number}") for number in range(1_000)])
        file.finish()

    assert not list(tmp_path.iterdir())


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file of this process can grow beyond so many bytes: writing fails as on a full disk."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
