"""The worker that writes an archive is killed in the middle; the archive is whole all the same, and memory is small."""

import os
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from services.media.domain.archives import Archive
from tests.faults.archives import MEGABYTE, Studio, open_studio
from tests.support.databases import Database
from tests.support.vhosts import VirtualHost

MEMORY = 150 * MEGABYTE
"""What a worker may take, however large the archive."""
CHANCES = 5
READERS = {"unzip": ["-t", "-q"], "jar": ["tf"], "7z": ["t"], "bsdtar": ["-tf"]}
"""Programs that read ZIP files, and how they are asked to."""


def kill_while_it_writes(studio: Studio, written: int) -> Archive:
    """Ask for archives until one is killed in the middle: a small one can be whole before the test has seen its file."""
    for _ in range(CHANCES):
        worker = studio.worker().wait_ready()
        archive = studio.ask()
        if studio.kill_in_the_middle(worker, archive, written):
            return archive
    raise AssertionError(f"each of {CHANCES} archives was whole before its worker could be killed")


def check(studio: Studio, archive: Archive, count: int, size: int) -> Path:
    """Everything is in it, every checksum holds, and nothing is left of what was killed."""
    path = studio.storage / archive.storage_key
    assert path.stat().st_size == archive.size
    assert [file.name for file in path.parent.glob("*#*")] == []
    with zipfile.ZipFile(path) as opened:
        infos = opened.infolist()
        assert opened.testzip() is None
    width = len(str(count))
    assert [info.filename.split()[0] for info in infos] == [str(n).zfill(width) for n in range(1, count + 1)]
    assert {info.file_size for info in infos} == {size}
    assert max(studio.memory) < MEMORY, studio.memory
    return path


def test_killed_while_it_writes_the_archive_is_written_anew(
    database: Database, rabbitmq: VirtualHost, tmp_path: Path
) -> None:
    """The next worker takes the message up at once, and leaves one whole file."""
    count, size = 25, 3 * MEGABYTE
    with open_studio(database, rabbitmq, tmp_path) as studio:
        studio.upload(count, size)
        archive = kill_while_it_writes(studio, 1)
        finished = studio.finish(studio.worker(), archive, 30)

        check(studio, finished, count, size)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_five_gigabytes_are_written_with_little_memory_and_killed_twice(
    database: Database, rabbitmq: VirtualHost, tmp_path: Path
) -> None:
    """2,000 photos. Other programs accept the file: unzip, and those that are installed besides."""
    count, size = 2_000, 2_600_000
    with open_studio(database, rabbitmq, tmp_path) as studio:
        studio.upload(count, size, different=40)
        archive = kill_while_it_writes(studio, 1_500 * MEGABYTE)
        assert studio.kill_in_the_middle(studio.worker(), archive, 3_500 * MEGABYTE)
        began = time.monotonic()
        finished = studio.finish(studio.worker(), archive, 600)
        seconds = time.monotonic() - began

        path = check(studio, finished, count, size)
        read_by = [name for name in READERS if shutil.which(name)]
        for name in read_by:
            told = subprocess.run(
                [name, *READERS[name], str(path)],
                capture_output=True,
                check=False,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
            assert told.returncode == 0, (name, told.stdout[-500:], told.stderr[-500:])
    print(
        f"{finished.size} bytes of {count} photos in {seconds:.1f} s, start of the worker included; "
        f"peak memory of the workers {[round(peak / MEGABYTE) for peak in studio.memory]} MB; read by {read_by}"
    )
    assert "unzip" in read_by, "install unzip: it is the reader that most people have"
