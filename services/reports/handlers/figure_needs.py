"""What figures and weekly reports need from outside, put together once in each process."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.reports.domain.weekly import StoredFile, WeeklyReport


class ReportFiles(Protocol):
    """What is asked of whoever draws and stores reports (adapters.report_files). Its methods raise BellhopError."""

    def write(self, report: WeeklyReport) -> Sequence[StoredFile]: ...

    def remove(self, storage_keys: Sequence[str]) -> None: ...


@dataclass(frozen=True, kw_only=True)
class FigureNeeds:
    """`time_zone` is the installation's: it counts for organisations that have named none."""

    files: ReportFiles
    time_zone: str = "UTC"
