"""CSV files (RFC 4180), in UTF-8 with the byte order mark by which spreadsheets know it."""

import csv
from collections.abc import Iterable
from pathlib import Path

from services.reports.domain.cells import Row, plain_writer
from services.reports.domain.documents import Document


class CsvFile:
    """Rows go to the disk as they come."""

    def __init__(self, path: Path, document: Document) -> None:
        # The file outlives this function: finish() and abandon() close it.
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._rows = csv.writer(self._file, lineterminator="\r\n")
        self._cells = plain_writer(document.columns, document.style)
        self._rows.writerow(document.headings)

    def add(self, rows: Iterable[Row]) -> None:
        self._rows.writerows(map(self._cells, rows))

    def finish(self) -> None:
        self._file.close()

    def abandon(self) -> None:
        self._file.close()
