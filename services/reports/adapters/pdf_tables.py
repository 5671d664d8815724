"""An export as a PDF file: a table with as many columns as a page has room for."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from services.reports.adapters.pdf_files import printable, typeset
from services.reports.domain.cells import Row, shown_writer
from services.reports.domain.columns import Content
from services.reports.domain.documents import Document

SECONDS: Final = 120
_RIGHT: Final = (Content.AMOUNT, Content.NUMBER)


class PdfTable:
    """Its rows are few enough to be kept in memory: the handler sees to that."""

    def __init__(self, path: Path, document: Document) -> None:
        self._path, self._document = path, document
        self._printed = [at for at, column in enumerate(document.columns) if column.is_printed]
        self._cells = shown_writer(document.columns, document.style)
        self._rows: list[list[str]] = []

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            cells = self._cells(row)
            self._rows.append([printable(cells[at]) for at in self._printed])

    def finish(self) -> None:
        document, words = self._document, self._document.style.words
        columns = [document.columns[at] for at in self._printed]
        facts = {
            "title": document.title,
            "author": "Bellhop",
            "language": document.style.language,
            "lines": document.lines,
            "footer": words.made.format(moment=f"{document.style.shown(document.made_at)} ({document.style.zone.key})"),
            "page": words.page,
            "of": words.of,
            "empty": words.empty,
            "headings": [document.headings[at] for at in self._printed],
            "widths": [column.width for column in columns],
            "numbers": [at for at, column in enumerate(columns) if column.content in _RIGHT],
        }
        typeset("table", {**facts, "rows": self._rows}, self._path, seconds=SECONDS)

    def abandon(self) -> None:
        """Nothing is open."""
