"""The weekly report: made once, mailed to each reader, and there to be looked at under `.run/pictures`."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
from obstore.store import MemoryStore

from shared.contracts.reports import SendWeeklyReport, SendWeeklyReports
from shared.messaging.outbox import publish
from shared.storage import Storage, StorageUnavailable
from tests.integration.reports.figures.bureau import Bureau, QuickFiles
from tests.support.databases import Database
from tests.support.pdf_pages import draw_page, pdf_text

PICTURES = Path(__file__).parents[4] / ".run" / "pictures"
MONDAY = date(2026, 3, 2)
MORNING = datetime(2026, 3, 9, 5, 0, tzinfo=UTC)
"""Six o'clock in Berlin, on the Monday after."""


def tick(bureau: Bureau) -> None:
    """As on Monday morning."""
    with bureau.work() as session:
        publish(session, SendWeeklyReports())
    bureau.inline.drain_all()


def mails(bureau: Bureau) -> list[EmailMessage]:
    return [message_from_bytes(mail.content, policy=policy.default) for mail in bureau.mailer.sent]


def page_of(mail: EmailMessage) -> str:
    """The mail as a page that a browser shows: its pictures stand in it."""
    body = mail.get_body(("html",))
    assert body is not None
    page = str(body.get_content())
    for part in mail.walk():
        if part.get_content_maintype() == "image":
            picture = base64.b64encode(cast(bytes, part.get_content())).decode()
            name = str(part["Content-ID"]).strip("<>")
            page = page.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{picture}")
    return page


def document_of(mail: EmailMessage, folder: Path) -> Path:
    """The file that came with a mail, as it is called."""
    (attached,) = mail.iter_attachments()
    path = folder / str(attached.get_filename())
    path.write_bytes(cast(bytes, attached.get_content()))
    return path


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def with_a_week(bureau: Bureau) -> Bureau:
    """A week is behind it, of which it wants to read."""
    bureau.hear(bureau.story.told(60))
    bureau.now = MORNING
    bureau.want(weekly_to=("ada@example.org", "zoe@example.org"))
    return bureau


@pytest.fixture
def reporting(bureau: Bureau) -> Bureau:
    """With all that a report looks like."""
    return with_a_week(bureau)


@pytest.fixture
def quick(database: Database) -> Bureau:
    """With files that look like nothing."""
    return with_a_week(Bureau(database, files=QuickFiles))


@pytest.mark.parametrize(
    ("language", "subject", "said"),
    [
        ("en", "Weekly report, 2 to 8 March 2026: Blue Hall", ["Revenue: EUR", "Orders paid: ", "none before"]),
        ("de", "Wochenbericht, 2. bis 8. März 2026: Blue Hall", ["Umsatz: ", "Bezahlte Bestellungen: ", "zuvor keine"]),
    ],
)
def test_each_reader_gets_figures_pictures_and_the_document(
    reporting: Bureau, tmp_path: Path, language: str, subject: str, said: list[str]
) -> None:
    """In the organisation's language; what it looks like is kept for people to see."""
    reporting.want(weekly_to=("ada@example.org", "zoe@example.org"), language=language)
    tick(reporting)
    first, second = mails(reporting)
    document = document_of(first, tmp_path)
    PICTURES.mkdir(parents=True, exist_ok=True)
    draw_page(document, 0, PICTURES / f"weekly-report-{language}.png")
    (PICTURES / f"weekly-mail-{language}.html").write_text(page_of(first), encoding="utf-8")
    assert {str(first["To"]), str(second["To"])} == {"ada@example.org", "zoe@example.org"}
    assert first["Subject"] == subject
    assert [words for words in said if words not in text_of(first)] == []
    assert page_of(first).count("data:image/png;base64,") == 2
    assert "cid:" not in page_of(first)
    assert document.name == "2026-03-02.pdf"
    assert [
        words
        for words in ("Blue Hall", subject.partition(", ")[2].partition(":")[0], "Standing")
        if words not in pdf_text(document)
    ] == []


def test_a_week_is_reported_once_however_often_it_is_asked_for(database: Database) -> None:
    """Ticks that come again, messages that come twice."""
    bureau = Bureau(database, now=MORNING, twice=True, files=QuickFiles)
    bureau.hear(bureau.story.told(5))
    bureau.want(weekly_to=("ada@example.org",))
    tick(bureau)
    tick(bureau)
    with bureau.work() as session:
        publish(session, SendWeeklyReport(organisation_id=bureau.organisation_id, monday=MONDAY))
    bureau.inline.drain_all()
    assert len(bureau.mailer.sent) == 1


def test_nobody_who_wants_none_is_written_to(bureau: Bureau) -> None:
    """Also if they changed their mind between the tick and the report."""
    bureau.now = MORNING
    bureau.want(weekly_to=())
    tick(bureau)
    with bureau.work() as session:
        publish(session, SendWeeklyReport(organisation_id=bureau.organisation_id, monday=MONDAY))
    bureau.inline.drain_all()
    assert bureau.mailer.sent == []


def test_what_was_told_after_the_last_computation_is_in_the_report(quick: Bureau) -> None:
    """Figures are computed every six hours; the report waits for nobody."""
    tick(quick)
    assert quick.total("orders_placed") == 60


def test_a_quiet_week_is_said_to_be_one(bureau: Bureau) -> None:
    """It is a report, not an error."""
    bureau.now = MORNING
    bureau.want(weekly_to=("ada@example.org",), name="")
    tick(bureau)
    (mail,) = mails(bureau)
    assert mail["Subject"] == "Weekly report, 2 to 8 March 2026"
    assert "Orders paid: 0 (unchanged)" in text_of(mail)


def test_awkward_names_are_shown_as_they_are(bureau: Bureau, tmp_path: Path) -> None:
    """Of the organisation and of its ticket types: nothing of it is a command of the typesetter, a formula or markup."""
    awkward = '#panic("x") $x^2$ <b>& "Söhne" 🎟️ בית 票'
    bureau.now = MORNING
    bureau.want(weekly_to=("ada@example.org",), name=awkward)
    placed, *rest = bureau.story.order(0)
    items = [item.model_copy(update={"ticket_type": awkward}) for item in placed.items]  # type: ignore[attr-defined] # it is an OrderPlaced
    bureau.hear([placed.model_copy(update={"items": tuple(items)}), *rest])
    tick(bureau)
    (mail,) = mails(bureau)
    written = pdf_text(document_of(mail, tmp_path))
    assert awkward in str(mail["Subject"])
    assert "<b>" not in page_of(mail)
    assert '#panic("x") $x^2$ <b>&' in written


@dataclass
class Moody(Storage):
    """A storage that is full until somebody makes room."""

    is_full: bool = True
    puts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(MemoryStore())

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self.puts.append(key)
        if self.is_full:
            self.is_full = False
            raise StorageUnavailable("writing: the disk is full")
        super().put(key, data, content_type)


def test_a_storage_that_is_full_is_tried_again(database: Database) -> None:
    """The same files, under the same keys; one mail."""
    storage = Moody()
    bureau = Bureau(database, storage=storage, now=MORNING, files=QuickFiles)
    bureau.want(weekly_to=("ada@example.org",))
    tick(bureau)
    assert storage.puts[0] == storage.puts[1]
    assert len(bureau.mailer.sent) == 1


def test_a_monday_that_has_not_come_there_yet_is_waited_for(bureau: Bureau) -> None:
    """When it is Monday morning in Berlin, it is Sunday evening in Los Angeles."""
    bureau.now = datetime(2100, 3, 8, 5, 0, tzinfo=UTC)
    bureau.want(weekly_to=("ada@example.org",), time_zone="America/Los_Angeles")
    with bureau.work() as session:
        publish(session, SendWeeklyReports())
    bureau.inline.drain()
    due = bureau.database.value("SELECT due_at FROM messaging.scheduled")
    assert due == datetime(2100, 3, 8, 14, 0, tzinfo=UTC)


def test_files_are_removed_weeks_later_and_the_week_is_not_reported_again(quick: Bureau) -> None:
    """The mail has carried them long since."""
    tick(quick)
    stored = list(quick.storage.list("reports"))
    quick.database.query("UPDATE reports.weekly_reports SET made_at = made_at - interval '1 year'")
    quick.database.query("UPDATE reports.preferences SET weekly_to = '{}'")
    quick.now = datetime.now(UTC)
    tick(quick)
    assert len(stored) == 1
    assert list(quick.storage.list("reports")) == []
    assert quick.database.value("SELECT count(*) FROM reports.weekly_reports") == 1
