"""What one would write without Bellhop: `python -m tests.benchmarks.plain_pillow STEPS PROCESSES IN OUT`.

Every file in the folder IN becomes three sizes as WebP and JPEG in OUT, by a pool of processes. Prints the seconds that
it took, without the start of the pool. STEPS are `careful` (as few steps as Bellhop takes) or `textbook`.
"""

import multiprocessing
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageOps

EDGES = (1600, 800, 320)
GAP = 2.0


def careful(image: Image.Image) -> Iterator[Image.Image]:
    """Decoded at a fraction of its size, turned when it is small, and each size made from the one before."""
    image.draft(None, _fitted(image, EDGES[0]))
    image.thumbnail((EDGES[0], EDGES[0]), Image.Resampling.BICUBIC, reducing_gap=None)
    small = ImageOps.exif_transpose(image)
    yield small
    for edge in EDGES[1:]:
        small = small.resize(_fitted(small, edge), Image.Resampling.BICUBIC, reducing_gap=GAP)
        yield small


def textbook(image: Image.Image) -> Iterator[Image.Image]:
    """Decoded whole, turned, and each size made from the whole."""
    whole = ImageOps.exif_transpose(image)
    for edge in EDGES:
        small = whole.copy()
        small.thumbnail((edge, edge))
        yield small


STEPS = {"careful": careful, "textbook": textbook}


def _fitted(image: Image.Image, edge: int) -> tuple[int, int]:
    longest = max(image.size)
    return round(image.width * edge / longest), round(image.height * edge / longest)


def make(task: tuple[str, Path, Path]) -> None:
    """Read one file, and write six."""
    steps, file, folder = task
    with Image.open(file) as image:
        profile = image.info.get("icc_profile")
        for edge, small in zip(EDGES, STEPS[steps](image), strict=True):
            small.save(folder / f"{file.name}-{edge}.webp", quality=80, icc_profile=profile)
            small.save(folder / f"{file.name}-{edge}.jpg", quality=82, progressive=True, icc_profile=profile)


def main(steps: str, processes: str, source: str, target: str) -> int:
    folder = Path(target)
    folder.mkdir(exist_ok=True)
    tasks = [(steps, file, folder) for file in sorted(Path(source).iterdir())]
    with multiprocessing.get_context("spawn").Pool(int(processes)) as pool:
        pool.map(make, tasks[: int(processes)], chunksize=1)
        begun = time.monotonic()
        pool.map(make, tasks, chunksize=1)
        print(time.monotonic() - begun)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
