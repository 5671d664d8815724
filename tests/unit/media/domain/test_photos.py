"""Photos have names that can be shown, and sizes that fit."""

import pytest

from services.media.domain.photos import cleaned_name
from services.media.domain.pictures import fitted


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("IMG_0001.JPG", "IMG_0001.JPG"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\a b.jpg", "a b.jpg"),
        ("Blüte 桜.png", "Blüte 桜.png"),
        ("a\x00b\nc\u202e.jpg", "abc.jpg"),
        ("\udcff.jpg", ".jpg"),
        ("", "photo"),
        (None, "photo"),
        ("folder/", "photo"),
        ("x" * 300 + ".jpg", "x" * 251 + ".jpg"),
    ],
)
def test_names_are_kept_without_what_is_dangerous(given: str | None, kept: str) -> None:
    """No folders, no control characters, and not too long, with its ending."""
    assert cleaned_name(given) == kept


@pytest.mark.parametrize(
    ("size", "edge", "expected"),
    [
        ((4000, 3000), 800, (800, 600)),
        ((3000, 4000), 800, (600, 800)),
        ((100, 50), 800, (100, 50)),
        ((50_000, 10), 320, (320, 1)),
        ((1, 1), 320, (1, 1)),
    ],
)
def test_copies_fit(size: tuple[int, int], edge: int, expected: tuple[int, int]) -> None:
    """In the same proportions, never larger, and never nothing."""
    assert fitted(*size, edge) == expected
