"""`/v1/imports` and `/v1/people`, as an organisation sees them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.reports.settings import ReportsSettings
from tests.integration.reports.front import Answered, Front, serving
from tests.integration.reports.importing import Desk, csv_of
from tests.support.databases import Database

MISSING = "0198c0de-0000-7000-8000-000000000001"


@dataclass
class Office:
    """An organisation at the HTTP interface, and the worker behind it."""

    front: Front
    key: str
    desk: Desk

    def upload(self, content: bytes, **fields: Any) -> Answered:
        return self.front.upload("/v1/imports", content, key=self.key, **fields)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answered:
        return self.front.call(method, path, body, key=self.key)

    def uploaded(self, content: bytes, **fields: Any) -> str:
        """An import that waits to be started."""
        import_id = str(self.upload(content, **fields).body["id"])
        self.desk.run()
        return import_id


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Iterator[Office]:
    with serving(database, tmp_path) as front:
        organisation_id, key = front.key("Hall")
        yield Office(front, key, Desk(database, front.storage, organisation_id=organisation_id))


def test_people_are_imported_from_the_upload_to_the_failed_rows(office: Office) -> None:
    """The whole way, by HTTP, with the jobs in between."""
    fields = {"email": "boss@example.org", "language": "de", "time_zone": "Europe/Berlin"}
    uploaded = office.upload(csv_of(30, every=10), name="C:\\lists\\guests.csv", **fields)
    import_id = uploaded.body["id"]
    office.desk.run()
    waiting = office.call("GET", f"/v1/imports/{import_id}").body
    checked = office.call("POST", f"/v1/imports/{import_id}/dry-run", {})
    office.desk.run()
    seen = office.call("GET", f"/v1/imports/{import_id}").body["checked"]
    choice = {"mapping": {"email": "E-Mail", "name": 2}, "options": {"welcome": True, "sender": "Hall"}}
    started = office.call("POST", f"/v1/imports/{import_id}/start", choice)
    office.desk.run()
    done = office.call("GET", f"/v1/imports/{import_id}").body

    assert (uploaded.status, uploaded.body["state"], uploaded.body["file_name"]) == (201, "analysing", "guests.csv")
    assert (waiting["state"], waiting["suggested_mapping"]["first_name"]) == ("uploaded", "Vorname")
    assert (checked.status, seen["good"], seen["first_errors"][0]["row"]) == (202, 27, 2)
    assert (started.status, started.body["batch_id"] is not None) == (202, True)
    assert (done["state"], done["progress"]) == ("done", 100)
    assert done["counts"] == {"created": 27, "updated": 0, "unchanged": 0, "failed": 3}
    assert done["first_errors"][0]["reason"] == "„nobody“ ist keine E-Mail-Adresse"


def test_failed_rows_are_downloaded_with_a_key_or_by_the_link(office: Office) -> None:
    """The link needs no key; one that was changed opens nothing."""
    import_id = office.uploaded(csv_of(3, every=2))
    none = office.call("GET", f"/v1/imports/{import_id}/failures")
    office.call("POST", f"/v1/imports/{import_id}/start", {})
    office.desk.run()
    link = urlsplit(office.call("GET", f"/v1/imports/{import_id}").body["failures_url"])

    by_key = office.call("GET", f"/v1/imports/{import_id}/failures")
    by_link = office.front.call("GET", f"{link.path}?{link.query}")
    changed = office.front.call("GET", f"{link.path}?{link.query.replace('expires=1', 'expires=2')}")

    assert (none.status, none.code) == (404, "no_failures")
    assert by_key.content.startswith(b"\xef\xbb\xbfRow,Why,E-Mail")
    assert (by_link.content, by_link.headers["content-disposition"].split(";")[:2]) == (
        by_key.content,
        ["attachment", ' filename="people-failures.csv"'],
    )
    assert (changed.status, changed.code) == (403, "link_invalid")


def test_people_are_listed_and_found_by_address(office: Office) -> None:
    """By pages, and each alone; another organisation sees none of them."""
    import_id = office.uploaded(csv_of(3))
    office.call("POST", f"/v1/imports/{import_id}/start", {})
    office.desk.run()
    _, other = office.front.key("Other")

    first = office.call("GET", "/v1/people?limit=2").body
    rest = office.call("GET", f"/v1/people?limit=2&cursor={first['next_cursor']}").body
    (found,) = office.call("GET", "/v1/people?email=PERSON.1@example.org").body["data"]
    one = office.call("GET", f"/v1/people/{found['id']}")

    assert (len(first["data"]), len(rest["data"]), rest["next_cursor"]) == (2, 1, None)
    assert (found["name"], found["extra"], one.body) == ("Person 1", {"Stadt": "Köln"}, found)
    assert office.front.call("GET", f"/v1/people/{found['id']}", key=other).code == "person_not_found"
    assert office.front.call("GET", f"/v1/imports/{import_id}", key=other).code == "import_not_found"


def test_import_is_cancelled_and_listed(office: Office) -> None:
    """Newest first."""
    first, second = office.uploaded(csv_of(1)), office.uploaded(csv_of(1))

    cancelled = office.call("POST", f"/v1/imports/{first}/cancel", {})
    refused = office.call("POST", f"/v1/imports/{first}/start", {})

    listed = office.call("GET", "/v1/imports").body["data"]
    assert (cancelled.status, refused.status, refused.code) == (202, 409, "import_not_ready")
    assert [(one["id"], one["state"]) for one in listed] == [(second, "uploaded"), (first, "cancelled")]


def test_upload_with_the_same_idempotency_key_is_one_import(office: Office) -> None:
    """The answer to the first is given again."""
    headers = {"Idempotency-Key": "upload-1"}

    answers = [office.upload(csv_of(1), headers=headers) for _ in range(2)]

    listed = office.call("GET", "/v1/imports").body["data"]
    assert [answer.status for answer in answers] == [201, 201]
    assert {answer.body["id"] for answer in answers} == {one["id"] for one in listed if one["state"] == "analysing"}


def test_form_that_makes_no_sense_is_refused(office: Office) -> None:
    """With the field that is wrong; nothing is kept."""
    wrong = [
        ({"mapping": '{"name": "x"}'}, "#/mapping/email"),
        ({"mapping": "no JSON"}, "#/mapping"),
        ({"options": '{"delimiter": "xx"}'}, "#/options/delimiter"),
        ({"options": '{"unknown": 1}'}, "#/options/unknown"),
        ({"time_zone": "Mars/Olympus"}, "#/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "#/time_zone"),
        ({"language": "xx"}, "#/language"),
        ({"email": "nobody"}, "#/email"),
    ]

    answers = [office.upload(csv_of(1), **fields) for fields, _ in wrong]

    assert {answer.status for answer in answers} == {422}
    assert [[one["pointer"] for one in answer.body["errors"]] for answer in answers] == [[place] for _, place in wrong]
    assert office.call("GET", "/v1/imports").body["data"] == []


def test_file_that_is_empty_or_too_large_is_refused_at_once(office: Office) -> None:
    """Before anything of it is written."""
    office.front.app.state.reports_settings = ReportsSettings(import_limit=1_000)

    answers = [office.upload(content) for content in (b"", bytes(1_001), b"mail\na@example.org\n")]

    refused = [(answer.status, answer.code) for answer in answers[:2]]
    assert refused == [(422, "upload_empty"), (413, "upload_refused")]
    assert (answers[2].status, len(list(office.front.storage.list("imports")))) == (201, 1)


def test_mapping_is_refused_where_its_columns_are_not_there(office: Office) -> None:
    """When it is clear which there are."""
    import_id = office.uploaded(csv_of(1), mapping=json.dumps({"email": "Mail"}))

    answer = office.call("POST", f"/v1/imports/{import_id}/start", {})

    assert (answer.status, answer.code) == (422, "invalid_mapping")


def test_import_that_is_not_there_is_not_found(office: Office) -> None:
    """For whoever has a key."""
    answers = [office.call("GET", f"/v1/imports/{MISSING}{path}") for path in ("", "/failures")]

    assert [answer.code for answer in answers] == ["import_not_found"] * 2
