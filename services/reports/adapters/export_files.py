"""The files of exports while they are made: in a folder of their own, which is removed however it ends."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol

from xlsxwriter.exceptions import XlsxWriterException  # type: ignore[import-untyped] # it has no stubs

from services.reports.adapters.csv_files import CsvFile
from services.reports.adapters.pdf_tables import PdfTable
from services.reports.adapters.scratch import scratch_folder
from services.reports.adapters.xlsx_files import XlsxFile
from services.reports.domain.cells import Row
from services.reports.domain.documents import Document
from services.reports.domain.exports import Format
from services.reports.errors import ScratchUnavailableError

PIECE: Final = 1024 * 1024


class Writer(Protocol):
    """One format. `finish` writes what is left to write, `abandon` lets go of what is open."""

    def add(self, rows: Iterable[Row]) -> None: ...

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


WRITERS: Final[dict[Format, Callable[[Path, Document], Writer]]] = {
    Format.CSV: CsvFile,
    Format.XLSX: XlsxFile,
    Format.PDF: PdfTable,
}


class ExportFile:
    """A file in the making. All methods raise ScratchUnavailableError where the disk fails."""

    def __init__(self, path: Path, document: Document) -> None:
        self._path = path
        with _translated():
            self._writer = WRITERS[document.format](path, document)

    def add(self, rows: Iterable[Row]) -> None:
        """Write these rows below those that are there."""
        with _translated():
            self._writer.add(rows)

    def finish(self) -> None:
        """Write what comes after the last row."""
        with _translated():
            self._writer.finish()

    def pieces(self) -> Iterator[bytes]:
        """The whole file, after `finish`."""
        with _translated(), self._path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece

    def abandon(self) -> None:
        self._writer.abandon()


class ExportFiles:
    """Makes files below `folder`; the system's own folder for temporary files where none is given."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @contextmanager
    def begin(self, document: Document) -> Iterator[ExportFile]:
        """A file to write. It and its folder are gone at the end of the block."""
        with ExitStack() as stack:
            with _translated():
                own = stack.enter_context(scratch_folder(self._folder))
            file = ExportFile(own / f"export.{document.format}", document)
            stack.callback(file.abandon)
            yield file


@contextmanager
def _translated() -> Iterator[None]:
    """Raise our error in place of the system's."""
    try:
        yield
    except (OSError, XlsxWriterException) as error:
        advice = "free some space, or set TMPDIR to a folder that has more"
        raise ScratchUnavailableError(
            f"the temporary file of an export cannot be written: {error}; {advice}"
        ) from error
