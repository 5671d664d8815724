"""The guide to imports, pasted into a shell: what it asks for is answered as it says."""

from pathlib import Path

from services.reports.domain.imports import ImportState
from tests.architecture.source import ROOT
from tests.integration.reports.front import serving
from tests.integration.reports.importing import Desk
from tests.support.databases import Database
from tests.support.guides import follow

SECTION = "\n## Imports of people\n"


def guide() -> str:
    whole = (ROOT / "docs/reports.md").read_text(encoding="utf-8").partition(SECTION)[2]
    return whole.partition("\n## ")[0]


def test_the_guide_works_as_it_is_written(database: Database, tmp_path: Path) -> None:
    """One shell runs all of it; between two blocks the jobs are done that the first has led to."""
    with serving(database, tmp_path) as front:
        organisation_id, key = front.key("Example Hall")
        desk = Desk(database, front.storage, organisation_id=organisation_id)
        own = {"BELLHOP_URL": f"http://127.0.0.1:{front.port}", "BELLHOP_API_KEY": key}
        follow(guide(), tmp_path, own, desk.run)


def test_every_state_is_explained() -> None:
    """Nobody meets one that the guide does not know."""
    assert [state for state in ImportState if f"`{state}`" not in guide()] == []
