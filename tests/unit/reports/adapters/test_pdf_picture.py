"""A page of an export as a picture, for people to look at: `.run/pictures/export.png`."""

from datetime import timedelta
from pathlib import Path

from PIL import Image

from services.reports.adapters.pdf_tables import PdfTable
from services.reports.domain.exports import Filter, Format, Language
from tests.support.pdf_pages import draw_page
from tests.unit.reports.exported import NOON, attendee, document

ROOT = Path(__file__).resolve().parents[4]
NAMES = ("Ada Lovelace", "Jürgen Müller-Lüdenscheidt", "Ελένη Παπαδοπούλου", "Анна Каренина", "=HYPERLINK(1)", "Zoë 😀")
PAPER = (255, 255, 255)


def test_a_page_can_be_looked_at(tmp_path: Path) -> None:
    """An A4 page on its side, with rows from its top to its foot and nothing in the margins."""
    chosen = Filter(since=NOON - timedelta(days=30), until=NOON)
    says = document(60, format=Format.PDF, language=Language.DE, time_zone="Europe/Berlin", filter=chosen)
    table = PdfTable(tmp_path / "x.pdf", says)
    for number in range(60):
        entered = NOON + timedelta(minutes=number) if number % 3 == 0 else None
        told = {"code": f"K7QM-{number:04}", "checked_in_at": entered, "status": "checked_in" if entered else "issued"}
        table.add([attendee(NAMES[number % len(NAMES)], email=f"somebody.with.a.name.{number}@example.com", **told)])
    table.finish()
    (ROOT / ".run" / "pictures").mkdir(parents=True, exist_ok=True)
    picture = ROOT / ".run" / "pictures" / "export.png"
    draw_page(tmp_path / "x.pdf", 0, picture)

    with Image.open(picture) as drawn:
        page = drawn.convert("RGB")
    width, height = page.size
    inked = page.point(lambda value: 255 if value < 200 else 0).convert("L").getbbox()
    assert inked is not None
    left, top, right, bottom = inked
    assert width / height > 1.4
    assert page.getpixel((2, 2)) == PAPER
    assert left > width * 0.03
    assert right < width * 0.97
    assert (top < height * 0.1, bottom > height * 0.9) == (True, True)
