"""Settings of media come from the environment."""

import pytest
from pydantic import ValidationError

from services.media.settings import MediaSettings


def test_thumbnails_are_lengths_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest first."""
    assert MediaSettings().thumbnails == (320, 800, 1600)
    monkeypatch.setenv("MEDIA_THUMBNAILS", "2048, 256,1024")
    assert MediaSettings().thumbnails == (256, 1024, 2048)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("THUMBNAILS", "320,800"),
        ("THUMBNAILS", "320,320,800"),
        ("THUMBNAILS", "0,320,800"),
        ("THUMBNAILS", "320,800,100000"),
        ("THUMBNAILS", "small,medium,large"),
        ("UPLOAD_LIMIT", "0"),
        ("DECODE_MEMORY", "1000"),
    ],
)
def test_a_wrong_value_stops_the_process(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    """With the name of the setting."""
    monkeypatch.setenv(f"MEDIA_{name}", text)
    with pytest.raises(ValidationError, match=name.lower()):
        MediaSettings()
