"""A photographer with many photos: the real media service, which can be killed while it writes an archive of them."""

import os
import random
import signal
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from services.media.domain.archives import Archive, ArchiveState
from services.media.domain.photos import PhotoState, Place, Upload, original_key
from services.media.handlers import archives
from services.media.handlers.archives import Wish
from services.media.repository.albums import Albums
from services.media.repository.archives import Archives
from services.media.repository.photos import Photos
from services.media.settings import MediaSettings
from shared.clock import now
from shared.discovery import actor_declarations
from shared.ids import new_id
from shared.messaging.topology import Topology
from tests.faults.account import waiting_in
from tests.support.databases import SECRET_KEY, Database
from tests.support.processes import Process, Processes
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

MEGABYTE = 1_000_000
TAKEN = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
OPEN = {"RELAY_WINDOW": "10000", "RELAY_SHARE": "1"}
"""For the relay: letters are counted in their queue, where nobody takes them."""


@dataclass
class Studio:
    """One album, its photos, and the processes that make an archive of it."""

    database: Database
    processes: Processes
    folder: Path
    organisation_id: UUID = field(default_factory=new_id)
    album_id: UUID = field(default_factory=new_id)
    memory: list[int] = field(default_factory=list)
    """The peak memory of each worker that was killed or has ended its archive, in bytes."""

    @property
    def storage(self) -> Path:
        return self.folder / "storage"

    def worker(self) -> Process:
        """Start a worker that builds archives."""
        url = self.database.service_url("media")
        return self.processes.start("services.media", "--queues", "media.archives", DATABASE_URL=url)

    def upload(self, count: int, size: int, different: int = 8) -> None:
        """So many photos of this size in bytes. Of their files some are the same: they share their place on the disk."""
        files = [self._file(number, size) for number in range(different)]
        place = Place(self.album_id, None)
        with self.database.work("media")() as session:
            Albums(session).add(self.album_id, self.organisation_id, "The whole wedding", keeps_place=False)
            for number in range(count):
                path, digest, crc32 = files[number % different]
                photo_id = new_id()
                key = original_key(self.organisation_id, photo_id)
                upload = Upload(f"写真 {number}.jpg", "image/jpeg", size, digest, crc32)
                Photos(session).add(photo_id, self.organisation_id, place, upload, storage_key=key)
                taken_at = TAKEN + timedelta(seconds=number)
                Photos(session).change(photo_id, {"state": PhotoState.READY, "taken_at": taken_at})
                (self.storage / key).parent.mkdir(parents=True)
                os.link(path, self.storage / key)

    def _file(self, number: int, size: int) -> tuple[Path, bytes, int]:
        path, content = self.folder / f"photo.{number}", random.Random(number).randbytes(size)
        path.write_bytes(content)
        return path, sha256(content).digest(), zlib.crc32(content)

    def ask(self) -> Archive:
        """Ask for an archive of all photos."""
        wish = Wish(self.organisation_id, Place(self.album_id, None), timedelta(days=7))
        with self.database.work("media")() as session:
            return archives.ask(session, MediaSettings(), wish, now())[0]

    def archive(self, archive_id: UUID) -> Archive:
        """The archive as it stands."""
        with self.database.work("media")() as session:
            found = Archives(session).find(archive_id)
        assert found is not None
        return found

    def kill_in_the_middle(self, worker: Process, archive: Archive, written: int) -> bool:
        """Kill -9 when so many bytes of the archive are on the disk. False if it was whole before that could be."""

        def is_there() -> bool:
            return self.unfinished(archive) >= written or self.archive(archive.id).state is ArchiveState.READY

        wait_for(is_there, 300, f"{written} bytes of the archive", every=0.002)
        worker.popen.send_signal(signal.SIGSTOP)
        is_in_the_middle = self.archive(archive.id).state is ArchiveState.BUILDING and self.unfinished(archive) > 0
        self.memory.append(peak_memory(worker))
        worker.kill()
        return is_in_the_middle and not (self.storage / archive.storage_key).exists()

    def finish(self, worker: Process, archive: Archive, seconds: float) -> Archive:
        """Wait until the archive is ready."""
        wait_for(lambda: self.archive(archive.id).state is ArchiveState.READY, seconds, "the archive", every=0.1)
        self.memory.append(peak_memory(worker))
        return self.archive(archive.id)

    def unfinished(self, archive: Archive) -> int:
        """Bytes of the file of this archive that is not whole yet."""
        folder, name = (self.storage / archive.storage_key).parent, archive.id
        return sum(file.stat().st_size for file in folder.glob(f"{name}.zip#*"))


def peak_memory(process: Process) -> int:
    """The most that a process has had in memory so far, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


@contextmanager
def open_studio(database: Database, vhost: VirtualHost, folder: Path) -> Iterator[Studio]:
    """Everything but the worker."""
    topology = vhost.set_up(database.url, actor_declarations("media"))
    (folder / "storage").mkdir()
    environment = {
        "RABBITMQ_URL": vhost.url,
        "SECRET_KEY": SECRET_KEY,
        "STORAGE_URL": (folder / "storage").as_uri(),
        "BELLHOP_SERVICES": "media",
        "WORKER_THREADS": "4",
    }
    group = Processes(folder, environment)
    try:
        group.start("services.relay", DATABASE_URL=database.service_url("relay"), **OPEN)
        yield Studio(database, group, folder)
        wait_for(lambda: _is_still(database, vhost, topology), 30, "everything to come to rest", every=0.2)
    finally:
        group.end()


def _is_still(database: Database, vhost: VirtualHost, topology: Topology) -> bool:
    moving = database.value(
        "SELECT (SELECT count(*) FROM messaging.outbox) + (SELECT count(*) FROM messaging.lease)"
        " + (SELECT count(*) FROM messaging.inbox WHERE status NOT IN ('done', 'failed'))"
        " + (SELECT count(*) FROM messaging.unfinished_start)"
    )
    return moving == 0 and not waiting_in(vhost, topology)
