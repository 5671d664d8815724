"""Letters about reports, as the tests of notifications start from."""

from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from PIL import Image

from services.notifications.domain.progress import Progress
from services.notifications.domain.sendings import Email
from services.notifications.letters import Letter, ReportLetter, WelcomeLetter
from shared.contracts.notifications import Attached, ReportedFigure, TellAboutReport, WelcomePerson
from tests.unit.notifications.samples import EMAIL_ID, WRITTEN_AT

LETTERS = ("export_ready", "export_failed", "import_finished", "import_failed", "weekly_report")
PERSON_ID = UUID("01931d5e-0000-7000-8000-000000000041")
URL = "https://tickets.example/exports/01931d5e/file?expires=1786000000&signature=AQEB"
FIGURES = (
    ReportedFigure(label="Revenue", value="EUR 1,250.00", change="+12 %", direction="up"),
    ReportedFigure(label="Tickets sold", value="48", change="-4 %", direction="down"),
    ReportedFigure(label="No-shows", value="3"),
)
FILES = (
    Attached(
        storage_key="reports/o/2026-11-16/sales.png",
        name="sales.png",
        content_type="image/png",
        inline=True,
        description="Revenue of each day",
    ),
    Attached(storage_key="reports/o/2026-11-16/report.pdf", name="report.pdf", content_type="application/pdf"),
)


def tell_report(letter: str = "export_ready", **changes: Any) -> TellAboutReport:
    """A letter to Ada, who asked for it."""
    fields: dict[str, Any] = {
        "letter": letter,
        "key": f"{letter}:1",
        "organisation_id": UUID(int=10),
        "email": "ada@example.org",
        "name": "Ada Lovelace",
        "time_zone": "Europe/Berlin",
        "subject_of": "attendees.xlsx",
    }
    own: dict[str, dict[str, Any]] = {
        "export_ready": {"url": URL, "expires_at": datetime(2026, 8, 11, 8, 0, tzinfo=UTC), "counts": {"rows": 1_250}},
        "export_failed": {"reason": "The key was revoked."},
        "import_finished": {"url": URL, "counts": {"created": 198, "updated": 1, "unchanged": 0, "failed": 0}},
        "import_failed": {"reason": "The file is encrypted."},
        "weekly_report": {
            "subject_of": "Blue Hall",
            "period_starts": date(2026, 11, 16),
            "figures": FIGURES,
            "attachments": FILES,
        },
    }
    return TellAboutReport(**(fields | own[letter] | changes))


def welcome_person(**changes: Any) -> WelcomePerson:
    """A welcome to Ada."""
    fields: dict[str, Any] = {
        "key": f"person:{PERSON_ID}",
        "organisation_id": UUID(int=10),
        "person_id": PERSON_ID,
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "sender": "Blue Hall",
    }
    return WelcomePerson(**(fields | changes))


def stored(key: str) -> bytes:
    """What the storage holds: a small picture, or what looks like a PDF."""
    if key.endswith(".pdf"):
        return b"%PDF-1.7\n" + b"x" * 100
    png = BytesIO()
    Image.new("RGB", (16, 8), "white").save(png, "PNG")
    return png.getvalue()


def email_of(letter: Letter, recipient: str = "ada@example.org") -> Email:
    """The row of the mail log that a letter leads to."""
    return Email(
        id=EMAIL_ID,
        recipient=recipient,
        recipient_name="Ada Lovelace",
        template=letter.template,
        facts=letter.facts(),
        created_at=WRITTEN_AT,
        progress=Progress(),
    )


def report_email(letter: str = "export_ready", **changes: Any) -> Email:
    return email_of(ReportLetter.of(tell_report(letter, **changes)))


def welcome_email(**changes: Any) -> Email:
    return email_of(WelcomeLetter.of(welcome_person(**changes)))
