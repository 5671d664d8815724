"""What stands in a PDF file, and what it looks like."""

from pathlib import Path

import pypdfium2  # type: ignore[import-untyped] # it has no types


def pdf_text(path: Path) -> str:
    """All text, page after page, with one space where there is any room. Places where words may be broken are not told."""
    document = pypdfium2.PdfDocument(path)
    try:
        text = " ".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()
    return " ".join(text.replace("\u200b", "").split())


def draw_page(path: Path, number: int, target: Path) -> None:
    """Write one page, counted from 0, as a PNG of 108 dots an inch."""
    document = pypdfium2.PdfDocument(path)
    try:
        document[number].render(scale=1.5).to_pil().save(target)
    finally:
        document.close()
