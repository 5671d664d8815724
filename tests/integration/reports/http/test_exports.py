"""`/v1/exports`, as a program sees it, and the link, as a person does."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from services.reports.domain.preferences import Preferences
from services.reports.repository.exports import Exports
from services.reports.repository.preferences import AllPreferences
from shared.clock import now
from shared.ids import new_id
from tests.integration.reports.exporting import Desk
from tests.integration.reports.front import Front, serving
from tests.support.attendees import EVENT, fill_with_attendees
from tests.support.databases import Database

ASKED = {"kind": "attendees", "format": "csv"}


@pytest.fixture
def front(database: Database, tmp_path: Path) -> Iterator[Front]:
    with serving(database, tmp_path) as served:
        yield served


@pytest.fixture
def shop(front: Front, tmp_path: Path) -> "Shop":
    """An organisation with three attendees, and its key."""
    organisation_id, key = front.key("Example Hall")
    fill_with_attendees(front.database, organisation_id, 3)
    desk = Desk(front.database, tmp_path, storage=front.storage, organisation_id=organisation_id)
    return Shop(front, desk, key)


class Shop:
    """Asks for exports with its key; `desk` runs them."""

    def __init__(self, front: Front, desk: Desk, key: str) -> None:
        self.front, self.desk, self.key = front, desk, key

    def ask(self, **says: Any) -> str:
        """Returns where to ask for it."""
        answer = self.front.call("POST", "/v1/exports", {**ASKED, **says}, key=self.key)
        assert answer.status == 202, answer.content
        return str(answer.body["url"])

    def end(self, url: str, **values: Any) -> None:
        """Let an export come to an end."""
        with self.desk.work() as session:
            times = {"now": now(), "expires_at": now() + timedelta(days=7)}
            Exports(session).fail(UUID(url.rpartition("/")[2]), **{**times, **values})


def test_an_export_is_asked_for_waited_for_and_fetched(shop: Shop) -> None:
    """202 with where to ask, 409 with a percentage, 200 with a link for a week, which needs no key."""
    front, key = shop.front, shop.key
    url = shop.ask(filter={"event_id": str(EVENT), "status": ["checked_in"]}, language="de", time_zone="Europe/Berlin")
    waiting = front.call("GET", url, key=key)
    shop.desk.run()
    ready = front.call("GET", url, key=key)
    link = urlsplit(ready.body["url"])
    file = front.call("GET", f"{link.path}?{link.query}")

    assert (waiting.status, waiting.code, waiting.body["percentage"]) == (409, "export_running", 0)
    assert waiting.headers["retry-after"] == "2"
    assert (ready.status, ready.body["state"], ready.body["rows"]) == (200, "ready", 1)
    assert file.status == 200
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"].startswith('attachment; filename="attendees.csv"')
    assert "Ticketcode" in file.content.decode("utf-8-sig")
    assert "eingelassen" in file.content.decode("utf-8-sig")
    assert len(file.content) == ready.body["size"]


def test_a_link_is_good_only_as_it_was_sent(shop: Shop) -> None:
    """Neither for another file, nor for longer, nor when its time is over."""
    url = shop.ask()
    shop.desk.run()
    link = urlsplit(shop.front.call("GET", url, key=shop.key).body["url"])
    longer = link.query.replace("expires=1", "expires=9", 1)
    over = urlsplit(shop.desk.needs.links.url(link.path, now() - timedelta(seconds=5)))

    def fetch(path: str) -> tuple[int, str]:
        answer = shop.front.call("GET", path)
        return answer.status, answer.code

    assert fetch(f"{link.path}?{longer}") == (403, "link_invalid")
    assert fetch(f"/exports/{new_id()}/file?{link.query}") == (403, "link_invalid")
    assert fetch(link.path) == (403, "link_invalid")
    assert fetch(f"{over.path}?{over.query}") == (410, "link_expired")
    assert shop.front.call("HEAD", f"{link.path}?{link.query}").status == 200


def test_a_failed_export_says_why(shop: Shop) -> None:
    """410, with a reason for programs and one for people."""
    url = shop.ask()
    shop.end(url, code="key_revoked", failure="The key has been revoked.")

    answer = shop.front.call("GET", url, key=shop.key)

    assert (answer.status, answer.code, answer.body["reason"]) == (410, "export_failed", "key_revoked")
    assert answer.body["detail"] == "The key has been revoked."


def test_what_has_expired_or_never_was_is_not_found(shop: Shop) -> None:
    """404 with a code of its own; another organisation's is as good as none."""
    url = shop.ask()
    _, foreign = shop.front.key("Another Hall")
    theirs = shop.front.call("GET", url, key=foreign)
    shop.end(url, code="x", failure="y", expires_at=now())
    expired = shop.front.call("GET", url, key=shop.key)
    unknown = shop.front.call("GET", f"/v1/exports/{new_id()}", key=shop.key)

    assert [(one.status, one.code) for one in (theirs, expired, unknown)] == [
        (404, "export_not_found"),
        (404, "export_expired"),
        (404, "export_not_found"),
    ]
    assert shop.front.call("GET", url).status == 401


def test_language_and_zone_are_those_of_the_organisation_unless_said(shop: Shop) -> None:
    """As its preferences have them; the list shows them, newest first."""
    with shop.desk.work() as session:
        wanted = Preferences("Example Hall", "Europe/Vienna", "de")
        AllPreferences(session).put(shop.desk.organisation_id, wanted)
    shop.ask(email="ada@example.com")
    shop.ask(language="en", time_zone="Asia/Tokyo", kind="orders", format="pdf")

    listed = shop.front.call("GET", "/v1/exports", key=shop.key).body["data"]

    assert [(one["language"], one["time_zone"]) for one in listed] == [("en", "Asia/Tokyo"), ("de", "Europe/Vienna")]
    assert [(one["file_name"], one["email"]) for one in listed] == [
        ("orders.pdf", None),
        ("attendees.csv", "ada@example.com"),
    ]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kind": "secrets"}, "validation_failed"),
    ({"format": "exe"}, "validation_failed"),
    ({"time_zone": "Mars/Phobos"}, "validation_failed"),
    ({"language": "xx"}, "validation_failed"),
    ({"email": "ada@example.com\nBcc: x@example.com"}, "validation_failed"),
    ({"filter": {"since": "2026-01-01T00:00:00"}}, "validation_failed"),
    ({"filter": {"evnt": "x"}}, "unknown_field"),
    ({"filter": {"status": ["lost"]}}, "invalid_filter"),
    ({"kind": "appointments", "filter": {"event_id": str(EVENT)}}, "invalid_filter"),
]


def test_what_cannot_be_exported_is_refused(shop: Shop) -> None:
    """422, and nothing is kept of it."""
    answers = [
        shop.front.call("POST", "/v1/exports", {**ASKED, **says}, {"Idempotency-Key": str(number)}, key=shop.key)
        for number, (says, _) in enumerate(REFUSED)
    ]

    assert [(one.status, one.code) for one in answers] == [(422, code) for _, code in REFUSED]
    assert shop.desk.database.value("SELECT count(*) FROM reports.exports") == 0


def test_asked_twice_with_one_key_it_is_made_once(shop: Shop) -> None:
    """An Idempotency-Key gives the same export."""
    once = {"Idempotency-Key": "export-1"}

    answers = [shop.front.call("POST", "/v1/exports", dict(ASKED), once, key=shop.key) for _ in range(2)]

    assert answers[0].body["id"] == answers[1].body["id"]
    assert shop.desk.database.value("SELECT count(*) FROM reports.exports") == 1
