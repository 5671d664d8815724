"""The files of imports: what was uploaded, the chunks that it is cut into, and the rows that failed."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from itertools import chain, islice
from pathlib import Path
from typing import Final

from services.reports.adapters import delimited, spreadsheets
from services.reports.adapters.scratch import scratch_folder
from services.reports.domain.cells import escaped
from services.reports.domain.imports import LONGEST_SAMPLE, SAMPLES, Column, Found, Reading, Row
from services.reports.domain.people import FailedRow
from services.reports.errors import FileRefusedError
from shared.storage import Storage, StorageObjectMissing, StorageUnavailable

FAILURES_AT_ONCE: Final = 500
"""Failed rows that become one piece of their file."""


@dataclass(frozen=True, slots=True)
class ImportFiles:
    """Reads and writes them. A file is copied to the local disk while it is read; `most_rows` is how many it may have."""

    storage: Storage
    most_rows: int
    folder: Path | None = None

    def look_through(self, key: str, wish: Reading) -> Found:
        """How a file is read, its columns with samples, and how many rows it has beneath its headings.

        Raises FileRefusedError for what is no list of people, and what the storage raises.
        """
        with self._copied(key) as path:
            reading = _detected(path, wish)
            rows = self._limited(_all_rows(path, reading))
            first = next(rows, None)
            if first is None:
                raise FileRefusedError("empty_file", "there is nothing in this file")
            samples = list(islice(rows, SAMPLES)) if reading.header else [first, *islice(rows, SAMPLES - 1)]
            count = len(samples) + sum(1 for _ in rows)
        if count == 0:
            raise FileRefusedError("empty_file", "there is nothing in this file beneath its headings")
        return Found(reading, _columns(first, samples, reading), count)

    @contextmanager
    def rows(self, key: str, reading: Reading) -> Iterator[Iterator[Row]]:
        """The rows beneath the headings, one after the other. Raises FileRefusedError, and what the storage raises."""
        with self._copied(key) as path:
            rows = self._limited(_all_rows(path, reading))
            yield islice(rows, 1, None) if reading.header else rows

    def _limited(self, rows: Iterator[Row]) -> Iterator[Row]:
        for count, row in enumerate(rows):
            if count > self.most_rows:
                text = f"the file has more than {self.most_rows:,} rows: cut it up"
                raise FileRefusedError("too_many_rows", text)
            yield row

    @contextmanager
    def _copied(self, key: str) -> Iterator[Path]:
        pieces = self.storage.stream(key).pieces
        with scratch_folder(self.folder) as folder:
            path = folder / "source"
            try:
                with path.open("wb") as file:
                    file.writelines(pieces)
            except OSError as error:
                raise StorageUnavailable(f"copying {key} to {path}: {error.strerror}: free some space") from error
            yield path

    def put_chunk(self, key: str, rows: Sequence[Row]) -> None:
        """Write the rows of a chunk: the same ones under the same key, however often."""
        content = json.dumps([[row.number, row.repeats, row.cells] for row in rows])
        self.storage.put(key, content.encode(), "application/json")

    def chunk(self, key: str) -> list[Row] | None:
        """The rows of a chunk; None where the storage does not have them (any more)."""
        try:
            content = self.storage.get(key)
        except StorageObjectMissing:
            return None
        return [Row(number, tuple(cells), repeats) for number, repeats, cells in json.loads(content)]

    def put_failures(self, key: str, headings: Sequence[str], rows: Iterable[FailedRow]) -> None:
        """Write the file of the rows that failed, with a mark that tells Excel its encoding."""
        pieces = chain(["\ufeff" + _lines([headings])], _pieces(rows))
        self.storage.put_stream(key, (piece.encode() for piece in pieces), "text/csv; charset=utf-8")

    def remove_all(self, folder: str) -> None:
        """Remove everything below a key."""
        for key in list(self.storage.list(folder)):
            self.storage.delete(key)


def _detected(path: Path, wish: Reading) -> Reading:
    spreadsheets.refuse_old_formats(path)
    with path.open("rb") as file:
        is_zip = file.read(4) == spreadsheets.ZIP_BEGINS
    return spreadsheets.detect(path, wish) if is_zip else delimited.detect(path, wish)


def _all_rows(path: Path, reading: Reading) -> Iterator[Row]:
    return spreadsheets.rows(path, reading) if reading.kind == "xlsx" else delimited.rows(path, reading)


def _columns(first: Row, samples: Sequence[Row], reading: Reading) -> list[Column]:
    """The headings say how many columns there are; without any, the widest of the first rows does."""
    headings = first.cells if reading.header else ("",) * max(len(row.cells) for row in samples)
    while headings and reading.header and not headings[-1].strip():
        headings = headings[:-1]
    return [
        Column(place + 1, _shown(heading), tuple(_shown(row.cells[place]) for row in samples if place < len(row.cells)))
        for place, heading in enumerate(headings)
    ]


def _shown(cell: str) -> str:
    text = "".join(sign if sign.isprintable() else " " for sign in cell[:LONGEST_SAMPLE])
    return " ".join(text.split())


def _pieces(rows: Iterable[FailedRow]) -> Iterator[str]:
    left = iter(rows)
    while some := list(islice(left, FAILURES_AT_ONCE)):
        yield _lines([[str(row.number), row.reason, *row.cells] for row in some])


def _lines(rows: Iterable[Sequence[str]]) -> str:
    """As RFC 4180 writes them."""
    out = StringIO()
    csv.writer(out).writerows([escaped(cell) for cell in row] for row in rows)
    return out.getvalue()
