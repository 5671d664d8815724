"""The worker that writes an export is killed in the middle; the file is whole all the same, and memory is small."""

import csv
import shutil
import subprocess
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from python_calamine import CalamineWorkbook

from services.reports.domain.exports import Format
from tests.faults.exports import Bureau, open_bureau
from tests.support.attendees import STARTS
from tests.support.databases import Database
from tests.support.pdf_pages import pdf_text
from tests.support.vhosts import VirtualHost

MEMORY = 200 * 1024 * 1024
"""What a worker may take, however many rows there are."""
CHANCES = 5
OFFICE = "soffice"
AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true"
"""Commas, quotes, UTF-8, from the first line on; cells as they are shown."""
ZONE = ZoneInfo("Europe/Berlin")


def local(moment: datetime) -> datetime:
    """As a sheet has it, which knows no zones."""
    return moment.astimezone(ZONE).replace(tzinfo=None)


def expected(number: int) -> list[Any]:
    """The cells of the attendee of this number, from 1."""
    issued = STARTS - timedelta(days=29) + timedelta(seconds=number)
    entered = STARTS + timedelta(seconds=number) if number % 3 == 0 else None
    return [
        f"CODE-{number:06}",
        "Stehplatz",
        f"Jürgen Müller-Lüdenscheidt {number}",
        f"juergen.mueller{number}@example.com",
        f"+4930{1_000_000 + number}",
        f"B-{number}",
        "Das große Frühlingskonzert",
        local(STARTS),
        "eingelassen" if entered else "ausgestellt",
        local(issued),
        local(entered) if entered else "",
    ]


def read_sheet(path: Path) -> list[list[Any]]:
    """The rows without headings, as python-calamine reads them. It takes midnight for a day without a time."""
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()[1:]
    return [[datetime(cell.year, cell.month, cell.day) if type(cell) is date else cell for cell in row] for row in rows]  # noqa: DTZ001 - sheets have no zones


def kill_while_it_writes(bureau: Bureau, chosen: Format, percentage: int) -> Any:
    """Ask for exports until one is killed in the middle. Returns its id."""
    for _ in range(CHANCES):
        worker = bureau.worker().wait_ready()
        export_id = bureau.ask(chosen)
        if bureau.kill_in_the_middle(worker, export_id, percentage):
            return export_id
    raise AssertionError(f"each of {CHANCES} exports was whole before its worker could be killed")


def test_killed_while_it_writes_the_export_is_written_anew(
    database: Database, rabbitmq: VirtualHost, tmp_path: Path
) -> None:
    """The next worker takes the message up at once, and leaves one whole file."""
    count = 5_000
    with open_bureau(database, rabbitmq, tmp_path) as bureau:
        bureau.fill(count)
        export_id = kill_while_it_writes(bureau, Format.XLSX, 30)
        path = bureau.finish(bureau.worker(), export_id, 60)

        rows = read_sheet(path)
    assert rows == [expected(number) for number in range(1, count + 1)]
    assert max(bureau.memory) < MEMORY, bureau.memory


@pytest.mark.long
@pytest.mark.timeout(900)
def test_two_hundred_thousand_attendees_are_written_in_a_minute_with_little_memory(
    database: Database, rabbitmq: VirtualHost, tmp_path: Path
) -> None:
    """Killed once before. The file is read by two programs, and both find every cell."""
    count = 200_000
    with open_bureau(database, rabbitmq, tmp_path) as bureau:
        bureau.fill(count)
        first = kill_while_it_writes(bureau, Format.XLSX, 40)
        worker = bureau.worker().wait_ready()
        bureau.finish(worker, first, 120)
        began = time.monotonic()
        path = bureau.finish(worker, bureau.ask(Format.XLSX), 120)
        seconds = time.monotonic() - began

        rows = read_sheet(path)
    assert all(row == expected(number) for number, row in enumerate(rows, 1))
    assert len(rows) == count
    assert open_in_office(path, tmp_path) == [as_shown(number) for number in range(1, count + 1)]
    peaks = [round(peak / 1024 / 1024) for peak in bureau.memory]
    print(
        f"{count} attendees as XLSX in {seconds:.1f} s, {path.stat().st_size} bytes; peak memory of workers {peaks} MB"
    )
    assert seconds < 60
    assert max(bureau.memory) < MEMORY, peaks


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_pdf_of_two_thousand_rows_takes_some_seconds(
    database: Database, rabbitmq: VirtualHost, tmp_path: Path
) -> None:
    """Its text is that of the rows, and the memory of typesetting is given back."""
    count = 2_000
    with open_bureau(database, rabbitmq, tmp_path) as bureau:
        bureau.fill(count)
        worker = bureau.worker().wait_ready()
        began = time.monotonic()
        path = bureau.finish(worker, bureau.ask(Format.PDF), 60)
        seconds = time.monotonic() - began
        text = pdf_text(path).replace(" ", "")
    missing = [number for number in range(1, count + 1) if as_printed(number) not in text]
    peaks = [round(peak / 1024 / 1024) for peak in bureau.memory]
    print(
        f"{count} attendees as PDF in {seconds:.1f} s, {path.stat().st_size} bytes; peak memory of the worker {peaks} MB"
    )
    assert not missing
    assert seconds < 5
    assert max(bureau.memory) < MEMORY, peaks


def shown(moment: Any) -> str:
    return moment.strftime("%d.%m.%Y %H:%M") if isinstance(moment, datetime) else str(moment)


def as_shown(number: int) -> list[str]:
    """The cells as a spreadsheet shows them."""
    return [shown(cell) for cell in expected(number)]


def as_printed(number: int) -> str:
    """The cells that a page has, in their order, without blanks: lines end where they must."""
    cells = as_shown(number)
    return "".join(cells[at] for at in (0, 1, 2, 3, 5, 6, 8, 9, 10)).replace(" ", "")


def open_in_office(path: Path, folder: Path) -> list[list[str]]:
    """The rows without headings, as LibreOffice shows them."""
    assert shutil.which(OFFICE), f"{OFFICE} is missing: python -m deploy.local install-office"
    asked = [OFFICE, f"-env:UserInstallation={(folder / 'office').as_uri()}", "--headless", "--convert-to", AS_CSV]
    asked += ["--outdir", str(folder / "converted"), str(path)]
    told = subprocess.run(asked, capture_output=True, check=False, timeout=600)
    found = list((folder / "converted").glob("*.csv"))
    assert found, (told.stdout, told.stderr)
    with found[0].open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]
