"""Imports of people, from the upload to the rows that failed."""

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore

from services.reports.domain.imports import Counts, ImportState, Options, Reading
from services.reports.errors import ImportMappingInvalidError, ImportNotFoundError, ImportNotReadyError
from services.reports.handlers import import_sweeping, imports
from shared.errors import PermanentError
from shared.ids import new_id
from shared.messaging.batch import cancel_batch, show_batch
from shared.storage import StorageUnavailable
from tests.integration.reports.importing import WELCOME, Desk, LosingStorage, csv_of
from tests.support.databases import Database
from tests.unit.reports.adapters.workbooks import workbook

WELCOMES, LETTERS = "notifications.person.welcome", "notifications.report.tell"


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_upload_is_looked_through_and_waits_for_a_person(desk: Desk) -> None:
    """Its columns are shown with samples, and what they most likely mean."""
    import_id = desk.upload(csv_of(3))

    desk.run()

    found = desk.get(import_id)
    assert (found.state, found.row_count, found.columns[0].samples[0]) == ("uploaded", 3, "person.0@example.org")
    assert found.suggested is not None
    assert (found.suggested["email"], found.suggested["extra"]) == ("E-Mail", {"Stadt": "Stadt"})


def test_every_good_row_is_taken_in_once_and_every_bad_row_is_in_the_file(database: Database) -> None:
    """With each message delivered twice, over several chunks."""
    desk = Desk(database, twice=True)

    found = desk.take_in(csv_of(2_500, every=100))

    rows = desk.failures(found.id)
    assert (found.state, found.counts) == (ImportState.DONE, Counts(created=2_475, failed=25))
    assert desk.people()["person.2499@example.org"] == ("Person 2499", "+49305002499", {"Stadt": "Köln"})
    assert [int(row[0]) for row in rows[1:]] == [number + 2 for number in range(0, 2_500, 100)]
    assert rows[:2] == [
        ["Row", "Why", "E-Mail", "Vorname", "Nachname", "Telefon", "Stadt"],
        ["2", "“nobody” is not a mail address", "nobody", "Person", "0", "+49305000000", "Köln"],
    ]


def test_same_file_once_more_changes_nothing(desk: Desk) -> None:
    """Not even the moment of the last change; and nobody is welcomed again."""
    desk.take_in(csv_of(1_100), options=WELCOME)
    before = desk.database.query("SELECT id, changed_at FROM reports.people ORDER BY id")

    found = desk.take_in(csv_of(1_100), options=WELCOME)

    assert (found.counts, len(desk.published(WELCOMES))) == (Counts(unchanged=1_100), 1_100)
    assert desk.database.query("SELECT id, changed_at FROM reports.people ORDER BY id") == before


def test_known_person_is_changed_where_something_differs_and_keeps_the_rest(desk: Desk) -> None:
    """What a file leaves empty, or does not have, is no news."""
    desk.take_in(b"mail,name,phone,town\nada@example.org,Ada,+4930901820,Rome\nbob@example.org,Bob,,\n")

    found = desk.take_in(b"mail,name,phone,shoe\nADA@example.org,Ada L,,39\nbob@example.org,,,\n")

    assert found.counts == Counts(updated=1, unchanged=1)
    assert desk.people() == {
        "ADA@example.org": ("Ada L", "+4930901820", {"town": "Rome", "shoe": "39"}),
        "bob@example.org": ("Bob", None, {}),
    }


def test_workbook_is_taken_in_like_any_other_file(desk: Desk, tmp_path: Path) -> None:
    """The sheet that was named; its dates are of 1904, its numbers are numbers."""
    rows: list[list[Any]] = [
        ["Mail", "Name", "Telefon", "Geboren"],
        ["ada@example.org", "=Ada", 4930901820, date(1990, 1, 2)],
    ]
    path = workbook(tmp_path / "a", {"Notes": [["nothing"]], "Guests": rows}, date_1904=True, strings_to_formulas=False)
    import_id = desk.upload(path.read_bytes(), reading=Reading(sheet="Guests"))
    desk.run()
    desk.start(import_id, options=Options(country="DE"))
    desk.run()

    assert desk.get(import_id).counts == Counts(created=1)
    assert desk.people() == {"ada@example.org": ("=Ada", "+4930901820", {"Geboren": "1990-01-02"})}


def test_people_of_another_organisation_are_others(desk: Desk) -> None:
    """The same address may be known to two."""
    desk.take_in(csv_of(2))

    other = replace(desk, organisation_id=new_id()).take_in(csv_of(2))

    assert (other.counts, desk.database.value("SELECT count(*) FROM reports.people")) == (Counts(created=2), 4)


def test_of_two_rows_about_one_person_the_first_counts(desk: Desk) -> None:
    """Also across chunks: the second one is in the file of failed rows."""
    found = desk.take_in(csv_of(1_500) + b"\r\nPERSON.3@example.org,Somebody,Else,,\r\n")

    assert (found.counts, desk.people()["person.3@example.org"][0]) == (Counts(created=1_500, failed=1), "Person 3")
    assert desk.failures(found.id)[1][:2] == ["1502", "the same mail address stands in row 5"]


def test_who_is_new_is_welcomed_on_request(desk: Desk) -> None:
    """In the language of the person, else in that of whoever imports."""
    desk.take_in(b"mail,name,language\nold@example.org,Old,\n", options=None)

    desk.take_in(
        b"mail,name,language\nold@example.org,X,\nada@example.org,Ada,fr\nbob@example.org,Bob,\n", options=WELCOME
    )

    welcomed = {one["email"]: (one["language"], one["sender"], one["text"]) for one in desk.published(WELCOMES)}
    assert welcomed == {
        "ada@example.org": ("fr", "Example Hall", "Good to have you."),
        "bob@example.org": ("en", "Example Hall", "Good to have you."),
    }


def test_whoever_asked_is_told_how_it_ended(desk: Desk) -> None:
    """With the counts, the first rows that failed, and a link to all of them."""
    found = desk.take_in(csv_of(30, every=10), language="de", name="Gäste.csv")

    (letter,) = desk.published(LETTERS)
    assert (letter["letter"], letter["email"], letter["subject_of"]) == (
        "import_finished",
        "boss@example.org",
        "Gäste.csv",
    )
    assert letter["counts"] == {"created": 27, "updated": 0, "unchanged": 0, "failed": 3}
    assert letter["lines"][0] == "Zeile 2: „nobody“ ist keine E-Mail-Adresse"
    assert letter["url"].startswith(f"https://bellhop.example/imports/{found.id}/failures?expires=")


def test_dry_run_shows_the_first_errors_and_changes_nothing(desk: Desk) -> None:
    """Then the import waits as before, and can be started."""
    import_id = desk.upload(csv_of(40, every=10))
    desk.run()

    desk.check(import_id, {"email": "E-Mail"})
    desk.run()

    found = desk.get(import_id)
    assert found.checked is not None
    assert (found.state, found.checked["good"], found.checked["failed"]) == ("uploaded", 36, 4)
    assert (found.checked["first_errors"][0]["row"], desk.people()) == (2, {})


def test_progress_is_that_of_the_rows_at_every_moment(desk: Desk) -> None:
    """After each job the counts are those of the people and failed rows that are there."""
    import_id = desk.upload(csv_of(3_300, every=50))
    desk.run()
    desk.start(import_id)
    seen = []
    while desk.step():
        counts = desk.get(import_id).counts
        there = desk.database.value("SELECT count(*) FROM reports.people")
        failed = desk.database.value("SELECT count(*) FROM reports.failed_rows")
        seen.append((counts.total, there + failed))

    assert [total for total, _ in seen if total] == [1_000, 2_000, 3_000, 3_300, 3_300]
    assert all(total == there for total, there in seen)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "unsupported_file"),
        (b"PK\x03\x04 and nothing more", "broken_file"),
        (b"E-Mail\n", "empty_file"),
        (b"mail" + b",x" * 500 + b"\na@example.org\n", "too_many_columns"),
        (b"mail\n" + b"a@example.org\n" * 10_001, "too_many_rows"),
    ],
)
def test_file_that_is_no_list_of_people_is_said_to_be_none(desk: Desk, content: bytes, code: str) -> None:
    """That is the end of the import, and no failed job: nobody who runs this is called."""
    import_id = desk.upload(content)

    ran = desk.run()

    found = desk.get(import_id)
    assert ([one.outcome for one in ran], found.state, found.failure_code) == (["done"], ImportState.FAILED, code)
    assert [one["letter"] for one in desk.published(LETTERS)] == ["import_failed"]


def test_import_is_started_once_and_only_when_it_is_ready(desk: Desk) -> None:
    """By its organisation only, and with a mapping that names the mail address."""
    import_id = desk.upload(b"who,what\na,b\n")
    with pytest.raises(ImportNotReadyError):
        desk.start(import_id)
    desk.run()
    with pytest.raises(ImportNotFoundError):
        replace(desk, organisation_id=new_id()).start(import_id)
    with pytest.raises(ImportMappingInvalidError):
        desk.start(import_id)
    desk.start(import_id, mapping={"email": "who"})

    with pytest.raises(ImportNotReadyError):
        desk.start(import_id, mapping={"email": "who"})


@pytest.mark.parametrize("jobs_before", [0, 1, 3])
def test_cancelled_import_takes_in_no_further_chunk(desk: Desk, jobs_before: int) -> None:
    """Before it was cut up, just after, and in the middle; what was taken in stays, and is counted."""
    import_id = desk.upload(csv_of(5_000, every=100))
    desk.run()
    batch_id = desk.start(import_id).batch_id
    for _ in range(jobs_before):
        desk.step()

    desk.cancel(import_id)
    desk.run()

    found, chunks = desk.get(import_id), max(0, jobs_before - 1)
    assert batch_id is not None
    with desk.work() as session:
        assert show_batch(session, batch_id).finished_at is not None
    assert (found.state, found.counts, found.finished_at is None) == (
        ImportState.CANCELLED,
        Counts(created=990 * chunks, failed=10 * chunks),
        False,
    )
    assert (len(desk.people()), desk.published(LETTERS)) == (990 * chunks, [])


def test_import_whose_batch_is_cancelled_is_cancelled(desk: Desk) -> None:
    """At `/v1/batches`, say: what was taken in until then is counted, its failed rows are in a file."""
    import_id = desk.upload(csv_of(3_000, every=100))
    desk.run()
    batch_id = desk.start(import_id).batch_id
    desk.step()
    desk.step()
    assert batch_id is not None
    with desk.work() as session:
        cancel_batch(session, batch_id)

    desk.run()

    found = desk.get(import_id)
    assert (found.state, found.counts) == (ImportState.CANCELLED, Counts(created=990, failed=10))
    assert len(desk.failures(import_id)) == 11


def test_import_that_was_not_started_is_cancelled_at_once(desk: Desk) -> None:
    """Whatever is still to look through its file finds nothing to do; cancelled twice is cancelled once."""
    import_id = desk.upload(csv_of(3))
    desk.cancel(import_id)

    desk.run()

    assert (desk.cancel(import_id).state, desk.get(import_id).columns) == (ImportState.CANCELLED, [])


def test_import_that_is_over_is_not_cancelled(desk: Desk) -> None:
    """There is nothing left that could be."""
    found = desk.take_in(csv_of(3))

    with pytest.raises(ImportNotReadyError):
        desk.cancel(found.id)


def test_chunk_that_the_storage_has_lost_is_cut_anew(database: Database) -> None:
    """After it said yes."""
    storage = LosingStorage(MemoryStore())
    storage.loses = lambda key: key.endswith("chunks/1.json")
    desk = Desk(database, storage)

    found = desk.take_in(csv_of(2_500, every=100))

    assert (found.counts, len(desk.people())) == (Counts(created=2_475, failed=25), 2_475)


def test_rows_of_a_chunk_that_finally_failed_are_in_the_file(database: Database) -> None:
    """With all others' rows; every row is accounted for."""
    storage, asked = LosingStorage(MemoryStore()), []
    desk = Desk(database, storage)

    def is_away(key: str) -> bool:
        asked.extend([key] * key.endswith("chunks/1.json"))
        return key.endswith("chunks/1.json") and len(asked) <= 5  # as often as the job is tried

    storage.is_away = is_away
    import_id = desk.upload(csv_of(2_500, every=100))
    desk.run()
    desk.start(import_id)

    desk.run()

    found, rows = desk.get(import_id), desk.failures(import_id)[1:]
    reasons = Counter(row[1] for row in rows)
    assert (found.state, found.counts) == (ImportState.DONE, Counts(created=1_485, failed=1_015))
    assert reasons == {
        "could not be taken in: import the file once more": 1_000,
        "“nobody” is not a mail address": 15,
    }
    assert [int(row[0]) for row in rows] == sorted(int(row[0]) for row in rows)


def test_storage_that_stays_away_ends_the_import_and_says_so(database: Database) -> None:
    """Whoever asked is told, without what only concerns whoever runs this."""

    class Away(LosingStorage):
        def stream(self, key: str, start: int = 0, end: int | None = None) -> object:  # type: ignore[override] # never returns
            raise StorageUnavailable("the disk is gone: look at /srv")

    desk = Desk(database, Away(MemoryStore()))
    import_id = desk.upload(csv_of(3))

    ran = desk.run()

    found, (letter,) = desk.get(import_id), desk.published(LETTERS)
    assert [one.outcome for one in ran] == ["retry", "retry", "retry", "retry", "failed", "done"]
    assert (found.state, found.failure_code, letter["letter"]) == (ImportState.FAILED, "not_processed", "import_failed")
    assert "/srv" not in letter["reason"]


def test_storage_that_is_full_at_the_end_leaves_the_people_and_the_counts(database: Database) -> None:
    """Only the file of failed rows is missing, and that is said."""
    storage = LosingStorage(MemoryStore())
    storage.is_full = lambda key: key.endswith("failures.csv")

    found = Desk(database, storage).take_in(csv_of(30, every=10))

    assert (found.state, found.counts, found.failures_key) == (ImportState.FAILED, Counts(created=27, failed=3), None)
    assert found.failure is not None
    assert found.failure.startswith("its rows were taken in as far as they are counted")


def test_file_that_the_storage_has_lost_ends_the_import(database: Database) -> None:
    """After it said yes: trying again does not bring it back."""
    desk = Desk(database)
    import_id = desk.upload(csv_of(3))
    desk.storage.delete(f"imports/{desk.organisation_id}/{import_id}/source")

    ran = desk.run()

    assert ([one.outcome for one in ran], desk.get(import_id).state) == (["failed", "done"], ImportState.FAILED)


def test_expired_imports_are_forgotten_files_first(desk: Desk) -> None:
    """And uploads that never came to their end; the people stay."""
    kept = desk.take_in(csv_of(3, every=2))
    begun = new_id()
    desk.database.query(
        "INSERT INTO reports.imports (id, organisation_id, key_id, file_name, storage_key, language, time_zone, email, state,"
        " created_at, expires_at) SELECT %s, organisation_id, key_id, '', '', '', '', '', 'receiving',"
        " created_at - interval '25 hours', expires_at FROM reports.imports",
        begun,
    )

    def sweep() -> list[object]:
        with desk.work() as session:
            found = import_sweeping.prepare(session, desk.needs)
        import_sweeping.remove_files(desk.needs, found)
        with desk.work() as session:
            import_sweeping.record(session, found)
        return [import_id for _, import_id in found]

    first = sweep()
    desk.inline.travel(7 * 86_400 + 1)
    second = sweep()

    assert (first, second, list(desk.storage.list("imports"))) == ([begun], [kept.id], [])
    assert (desk.database.value("SELECT count(*) FROM reports.failed_rows"), len(desk.people())) == (0, 1)


def test_upload_is_refused_where_its_row_is_not_there(desk: Desk) -> None:
    """The sweeper was quicker than the upload."""
    with pytest.raises(PermanentError), desk.work() as session:
        imports.received(session, desk.organisation_id, new_id(), size=1, sha256=b"")
