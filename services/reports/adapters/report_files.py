"""The files of a weekly report: its charts and its PDF, made here and put into the storage."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from services.reports.adapters.charts import draw
from services.reports.adapters.pdf_files import printable, typeset
from services.reports.adapters.scratch import scratch_folder
from services.reports.domain.charts import Chart
from services.reports.domain.weekly import CHARTS_OF_A_MAIL, StoredFile, WeeklyReport, described
from shared.storage import Storage

WIDTH: Final = 400
HEIGHT: Final = 250
MAIL_SCALE: Final = 2.6
"""A mail shows a chart over the whole width of its column: letters that are drawn for 400 pixels stay readable on a phone,
and 1,040 dots are sharp on a screen. In the PDF two of them stand beside each other.
"""
PIECE: Final = 1024 * 1024


class ReportFiles:
    """Writes reports into one storage, under keys that follow from the organisation and the week."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def write(self, report: WeeklyReport) -> Sequence[StoredFile]:
        """Draw, typeset and store. A repeat writes the same files again.

        Raises TypesettingError, and what the storage raises.
        """
        charts = report.charts()
        pictures = [self._picture(report, chart) for chart in charts[:CHARTS_OF_A_MAIL]]
        return [*pictures, self._document(report, charts)]

    def remove(self, storage_keys: Sequence[str]) -> None:
        """Remove what was written; what is gone already is as good as removed."""
        for key in storage_keys:
            self._storage.delete(key)

    def _picture(self, report: WeeklyReport, chart: Chart) -> StoredFile:
        key = f"{report.folder}/{chart.name}.png"
        picture = draw(chart, "png", width=WIDTH, height=HEIGHT, scale=MAIL_SCALE)
        self._storage.put(key, picture, "image/png")
        return StoredFile(key, f"{chart.name}.png", "image/png", is_picture=True, description=described(chart))

    def _document(self, report: WeeklyReport, charts: Sequence[Chart]) -> StoredFile:
        key = f"{report.folder}/report.pdf"
        with scratch_folder() as folder:
            target = folder / "report.pdf"
            typeset("weekly", document_of(report, charts), target, files=_drawn(charts))
            self._storage.put_stream(key, _pieces(target), "application/pdf")
        name = f"{report.monday:%Y-%m-%d}.pdf"
        return StoredFile(key, name, "application/pdf", is_picture=False, description=report.title)


def document_of(report: WeeklyReport, charts: Sequence[Chart]) -> dict[str, Any]:
    """What the template is filled with: all words of people made printable."""
    said = {key: _printable(value) for key, value in report.document().items()}
    pictures = [{"name": _file_of(chart), "description": printable(described(chart))} for chart in charts]
    return {**said, "charts": pictures, "footer": said["title"]}


def _printable(value: Any) -> Any:
    if isinstance(value, list):
        return [_printable(one) for one in value]
    return printable(value)


def _drawn(charts: Sequence[Chart]) -> dict[str, bytes]:
    """In lines and not in dots, so that they stay sharp in print."""
    return {_file_of(chart): draw(chart, "svg", width=WIDTH, height=HEIGHT) for chart in charts}


def _file_of(chart: Chart) -> str:
    return f"{chart.name}.svg"


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            yield piece
