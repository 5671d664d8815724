"""Photos a second, from the commit that asks for their thumbnails until all are ready, beside Pillow without a queue."""

import hashlib
import os
import subprocess
import time
import zlib
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import psycopg
from PIL import Image

from services.media.domain.photos import Photo, Place, Upload
from services.media.handlers import photos
from shared.database.roles import service_url
from shared.database.session import UnitOfWork, unit_of_work
from shared.ids import new_id
from shared.messaging.notifier import Notifier
from shared.storage import Storage, open_storage
from tests.benchmarks.figures import Figure, Promise, Result, ratio
from tests.benchmarks.servers import SECRET_KEY, Servers, module
from tests.support.photos import file_of, landscape

PART = "photos a second, 12 megapixels each, three sizes as WebP and JPEG"
PHOTOS = 24
SIDES = (4_000, 3_000)
SHARE = 0.8
CORES = os.cpu_count() or 1


def measure(servers: Servers, rounds: int) -> Result:
    """Relay and workers run; these, as Pillow alone, are a process for each core."""
    source = servers.folder / "photos"
    source.mkdir()
    files = [_write(source / f"{number:02}.jpg", number) for number in range(PHOTOS)]
    notifier = Notifier(service_url(servers.postgres.url, SECRET_KEY, "media"))
    notifier.start()
    engine, storage = servers.engine("media"), open_storage(f"file://{servers.folder / 'storage'}")
    work = unit_of_work(engine, notifier.poke)
    ours, careful, textbook = [], [], []
    worker = module("services.media", "--queues", "media.photos", "--threads", "1")
    with ExitStack() as running:
        running.enter_context(servers.running(module("services.relay"), service="relay"))
        for _ in range(CORES):
            running.enter_context(servers.running(worker, service="media"))
        _processed(servers, work, storage, files[:2])
        for number in range(rounds):
            ours.append(PHOTOS / _processed(servers, work, storage, files))
            careful.append(PHOTOS / _alone("careful", source, servers.folder / f"careful-{number}"))
            textbook.append(PHOTOS / _alone("textbook", source, servers.folder / f"textbook-{number}"))
    notifier.stop()
    engine.dispose()
    bellhop = Figure(PART, "Bellhop: outbox, relay, queue, storage, EXIF, row", "photos/s", tuple(ours), 2)
    alone = Figure(PART, "Pillow alone, with the same steps", "photos/s", tuple(careful), 2)
    simple = Figure(PART, "Pillow alone, each size made from the whole", "photos/s", tuple(textbook), 2)
    share = ratio(bellhop, alone)
    text = f"photos: {share:.2f} of Pillow alone with the same steps (at least {SHARE})"
    return Result([bellhop, alone, simple], [Promise(text, share / SHARE)])


def _write(file: Path, number: int) -> bytes:
    """A photo with grain, so that it is as large as one of a camera, and as much work."""
    image = landscape(number, *SIDES)
    grain = Image.effect_noise((SIDES[0] // 4, SIDES[1] // 4), 60).resize(SIDES).convert("RGB")
    data = file_of(Image.blend(image, grain, 0.12), "JPEG", quality=92)
    file.write_bytes(data)
    return data


def _processed(servers: Servers, work: UnitOfWork, storage: Storage, files: list[bytes]) -> float:
    """Upload the files, ask for all thumbnails in one commit, and wait. Seconds from that commit."""
    organisation, place = new_id(), Place(None, new_id())
    begun = [_uploaded(work, storage, organisation, place, data) for data in files]
    with work() as session:
        for photo in begun:
            photos.finish(session, photo)
    started = time.monotonic()
    _wait_until_ready(servers, organisation, len(files))
    return time.monotonic() - started


def _uploaded(work: UnitOfWork, storage: Storage, organisation: UUID, place: Place, data: bytes) -> Photo:
    upload = Upload("photo.jpg", "image/jpeg", len(data), hashlib.sha256(data).digest(), zlib.crc32(data))
    with work() as session:
        photo = photos.begin(session, organisation, place, upload).photo
    photos.store(storage, photo, [data])
    return photo


def _wait_until_ready(servers: Servers, organisation: UUID, count: int) -> None:
    """One connection for all the looking: what it costs is taken from those who are measured."""
    ready = b"SELECT count(*) FROM media.photos WHERE organisation_id = %s AND faults = '{}' AND state = 'ready'"
    end = time.monotonic() + 300
    with psycopg.connect(servers.postgres.url, autocommit=True) as connection:
        while connection.execute(ready, (organisation,)).fetchone() != (count,):
            if time.monotonic() > end:
                raise RuntimeError(f"not all of {count} photos were ready after 300 s")
            time.sleep(0.05)


def _alone(steps: str, source: Path, target: Path) -> float:
    """Seconds that Pillow takes by itself."""
    command = module("tests.benchmarks.plain_pillow", steps, str(CORES), str(source), str(target))
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return float(done.stdout)
