"""The guide to exports, pasted into a shell: what it asks for is answered as it says."""

from pathlib import Path

from services.reports.domain.columns import COLUMNS
from services.reports.domain.export_words import ENGLISH
from services.reports.domain.exports import STATUSES, Format, Kind
from tests.architecture.source import ROOT
from tests.integration.reports.exporting import Desk
from tests.integration.reports.front import serving
from tests.support.attendees import fill_with_attendees
from tests.support.databases import Database
from tests.support.guides import follow

SECTION = "\n## Exports\n"


def guide() -> str:
    whole = (ROOT / "docs/reports.md").read_text(encoding="utf-8").partition(SECTION)[2]
    return whole.partition("\n## ")[0]


def test_the_guide_works_as_it_is_written(database: Database, tmp_path: Path) -> None:
    """One shell runs all of it; between two blocks the jobs are done that the first has led to."""
    with serving(database, tmp_path) as front:
        organisation_id, key = front.key("Example Hall")
        fill_with_attendees(database, organisation_id, 9)
        desk = Desk(database, tmp_path, storage=front.storage, organisation_id=organisation_id)
        own = {"BELLHOP_URL": f"http://127.0.0.1:{front.port}", "BELLHOP_API_KEY": key}
        follow(guide(), tmp_path, own, desk.run)
    assert (tmp_path / "attendees.xlsx").read_bytes().startswith(b"PK")


def test_all_that_can_be_asked_for_is_explained() -> None:
    """Kinds, formats, each status, and every reason that a failure can have."""
    names = [*Kind, *Format, *ENGLISH.failures, *(status for of_kind in STATUSES.values() for status in of_kind)]

    assert [name for name in names if f"`{name}`" not in guide()] == []
    assert set(COLUMNS) == set(Kind)
