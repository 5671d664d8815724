"""Exports, from asking for one to the file and the letter."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.reports.actors.exports import run_export
from services.reports.domain.exports import MOST_OPEN, Format, Kind, Language, State
from services.reports.errors import TooManyExportsError
from services.reports.repository.rebuilds import Rebuilds
from shared.contracts.gateway import KeyRevoked
from shared.contracts.reports import MarkExportFailed, RunExport, SweepReports
from shared.ids import new_id
from shared.messaging.failed_jobs import list_failed, retry_failed
from shared.messaging.middleware import Concurrency
from shared.messaging.outbox import publish
from shared.storage import StorageUnavailable
from tests.integration.reports.exporting import Desk, OddStorage, WatchedFiles
from tests.integration.reports.telling import Story
from tests.support.attendees import fill_with_attendees
from tests.support.databases import OPEN_TRANSACTIONS, Database


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """An organisation whose event has sold some tickets."""
    story = Story()
    opened = Desk(database, tmp_path, organisation_id=story.organisation_id)
    opened.tell(story.told(12))
    return opened


@pytest.mark.parametrize("chosen", Format)
def test_every_kind_becomes_a_file_and_whoever_asked_is_told(desk: Desk, tmp_path: Path, chosen: Format) -> None:
    """With a link that is good for a week. Nothing is left of the temporary files."""
    asked = [desk.ask(kind, chosen, language=Language.DE, time_zone="Europe/Berlin") for kind in Kind]

    outcomes = {one.outcome for one in desk.run()}

    found = [desk.export(export_id) for export_id in asked]
    assert outcomes == {"done"}
    assert [(one.state, one.progress) for one in found] == [(State.READY, 100)] * len(Kind)
    assert [desk.storage.head(one.storage_key).size for one in found] == [one.size for one in found]
    assert [one.fields["letter"] for one in desk.letters()] == ["export_ready"] * len(Kind)
    told = desk.letters()[0].fields
    assert told["url"].startswith(f"https://bellhop.example/exports/{asked[0]}/file?expires=")
    assert (told["subject_of"], told["counts"]) == (f"attendees.{chosen}", {"rows": found[0].row_count})
    assert not list(tmp_path.iterdir())


def test_a_message_that_is_delivered_twice_makes_one_file(database: Database, tmp_path: Path) -> None:
    """And one letter."""
    desk = Desk(database, tmp_path, twice=True)
    export_id = desk.ask()

    outcomes = [one.outcome for one in desk.run()]

    assert outcomes == ["done", "quiet"]
    assert desk.export(export_id).state is State.READY
    assert len(desk.letters()) == 1


def test_a_file_shows_one_moment_whatever_happens_meanwhile(desk: Desk) -> None:
    """Tickets that are issued while rows are read are in none of them."""
    seen: list[int] = []

    def meanwhile() -> None:
        if not seen:
            fill_with_attendees(desk.database, desk.organisation_id, 50)
        seen.append(desk.export(export_id).progress)

    desk.open(replace(desk.needs, files=WatchedFiles(desk.needs.files, meanwhile), rows_at_once=5))
    before = desk.database.value("SELECT count(*) FROM reports.tickets")
    export_id = desk.ask()
    desk.run()

    found = desk.export(export_id)
    assert (found.row_count, desk.storage.get(found.storage_key).count(b"\r\n")) == (before, before + 1)
    assert seen == sorted(set(seen))
    assert seen[0] == 0
    assert 0 < seen[1] < 95


def test_no_transaction_is_open_while_a_file_is_stored(desk: Desk) -> None:
    """A storage may be slow: nobody's rows are kept from being cleared away for it."""
    seen: list[int] = []
    storage = OddStorage(desk.storage, lambda: seen.append(desk.database.value(OPEN_TRANSACTIONS)))
    desk.open(replace(desk.needs, storage=storage))
    desk.ask()

    desk.run()

    assert seen == [0]


def test_nothing_is_made_in_the_name_of_a_revoked_key(desk: Desk) -> None:
    """Rights are looked at when it runs, not when it was asked. Whoever asked is told, in their language."""
    export_id = desk.ask(language=Language.DE)
    desk.revoke_key()

    outcomes = [(one.kind, one.outcome) for one in desk.run()]

    found = desk.export(export_id)
    assert outcomes == [(RunExport.kind, "failed"), (MarkExportFailed.kind, "done")]
    assert (found.state, found.failure_code) == (State.FAILED, "key_revoked")
    assert [one.fields["letter"] for one in desk.letters()] == ["export_failed"]
    assert "widerrufen" in desk.letters()[0].fields["reason"]
    assert not list(desk.storage.list("exports"))


def test_a_key_that_is_revoked_meanwhile_gets_no_link(desk: Desk) -> None:
    """Even if the file is stored by then: it goes with what has expired."""
    desk.open(replace(desk.needs, storage=OddStorage(desk.storage, desk.revoke_key)))
    export_id = desk.ask()

    desk.run()

    assert desk.export(export_id).failure_code == "key_revoked"
    assert len(list(desk.storage.list("exports"))) == 1
    sweep(desk, days=8)
    assert not list(desk.storage.list("exports"))


def test_the_gateway_tells_which_keys_are_revoked(desk: Desk) -> None:
    """By an event, which may come twice."""
    message = KeyRevoked(key_id=desk.key_id, organisation_id=desk.organisation_id, revoked_at=desk.now())
    with desk.work() as session:
        publish(session, message)
        publish(session, message)
    desk.run()

    assert desk.database.query("SELECT key_id FROM reports.revoked_keys") == [(desk.key_id,)]


def test_a_pdf_of_too_many_rows_is_refused_with_advice(desk: Desk) -> None:
    """The other formats take them all."""
    fill_with_attendees(desk.database, desk.organisation_id, 60)
    asked = {chosen: desk.ask(chosen=chosen) for chosen in Format}

    desk.run()

    found = {chosen: desk.export(export_id) for chosen, export_id in asked.items()}
    assert {chosen: one.state for chosen, one in found.items()} == {
        Format.CSV: State.READY,
        Format.XLSX: State.READY,
        Format.PDF: State.FAILED,
    }
    assert found[Format.PDF].failure_code == "pdf_too_many_rows"
    assert "ask for CSV or XLSX" in (found[Format.PDF].failure or "")


def test_while_the_projection_is_rebuilt_exports_wait(desk: Desk) -> None:
    """They would miss rows. No try is spent on it."""
    rebuild_id = new_id()
    with desk.work() as session:
        Rebuilds(session).start(rebuild_id)
    export_id = desk.ask()
    waits = [one.outcome for one in desk.run()]
    with desk.work() as session:
        Rebuilds(session).finish(rebuild_id)
    desk.inline.travel(60)

    assert waits == ["snoozed"]
    assert [one.outcome for one in desk.run()] == ["done"]
    assert desk.export(export_id).state is State.READY


def _fail(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("storage", "code", "says"),
    [
        ({"before": lambda: _fail(StorageUnavailable("the disk is full"))}, "storage_unavailable", "not be stored"),
        ({"loses": 1}, "storage_lost_file", "not be stored"),
        ({"before": lambda: _fail(ZeroDivisionError("a secret"))}, "internal_error", "wrong on our side"),
    ],
)
def test_what_fails_is_tried_once_and_told(
    desk: Desk, tmp_path: Path, storage: dict[str, Any], code: str, says: str
) -> None:
    """With a reason for people, which holds nothing of our insides. No temporary file is left."""
    desk.open(replace(desk.needs, storage=OddStorage(desk.storage, **storage)))
    export_id = desk.ask()

    outcomes = [one.outcome for one in desk.run()]

    told = desk.letters()[0].fields
    assert outcomes == ["failed", "done"]
    assert desk.export(export_id).failure_code == code
    assert (told["letter"], told["url"]) == ("export_failed", "")
    assert says in told["reason"]
    assert not list(tmp_path.iterdir())


def test_an_operator_can_run_a_failed_export_again(desk: Desk) -> None:
    """When the disk has room: it becomes ready, and its failure is forgotten."""
    odd = OddStorage(desk.storage, lambda: _fail(StorageUnavailable("the disk is full")))
    desk.open(replace(desk.needs, storage=odd))
    export_id = desk.ask()
    desk.run()
    odd.before = lambda: None
    with desk.work() as session:
        retry_failed(session, list_failed(session)[0]["id"])
    desk.run()

    found = desk.export(export_id)
    assert (found.state, found.failure_code) == (State.READY, None)
    assert [one.fields["letter"] for one in desk.letters()] == ["export_failed", "export_ready"]


def test_whoever_wants_no_mail_gets_none(desk: Desk) -> None:
    """Neither of a file nor of a failure."""
    desk.ask(email="")
    desk.run()
    desk.revoke_key()
    desk.ask(email="")
    desk.run()

    assert not desk.letters()


def test_too_many_that_wait_are_refused(desk: Desk) -> None:
    """Somebody's loop must not fill the queue for all others."""
    for _ in range(MOST_OPEN):
        desk.ask(chosen=Format.XLSX)

    with pytest.raises(TooManyExportsError, match="ask again when some of them are ready"):
        desk.ask()


def sweep(desk: Desk, days: int) -> None:
    """What the daily sweep does, so many days later."""
    desk.inline.travel(days * 86_400)
    with desk.work() as session:
        publish(session, SweepReports())
    desk.run()


def test_after_a_week_the_file_is_removed_and_then_its_row(desk: Desk) -> None:
    """A younger one stays."""
    desk.ask()
    desk.run()
    sweep(desk, days=3)
    younger = desk.ask()
    desk.run()
    sweep(desk, days=5)

    assert desk.database.query("SELECT id FROM reports.exports") == [(younger,)]
    assert list(desk.storage.list("exports")) == [desk.export(younger).storage_key]


def test_two_of_an_organisation_run_at_a_time() -> None:
    """A third waits for one of them."""
    (limit,) = run_export.policy.middleware

    assert limit == Concurrency("exports of {organisation_id}", 2)
    assert (run_export.policy.tries, run_export.policy.time_limit) == (1, 600)
