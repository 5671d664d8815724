"""An EXIF block hangs together, or it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.media.domain.exif_blocks import is_sound
from tests.support.photos import PLACE, exif_of

WHOLE = exif_of({0x010F: "A maker of cameras", 0x0112: 1}, {0x9003: "2024:05:01 12:00:00", 0x829A: 0.01}, PLACE)


def test_what_is_whole_is_sound() -> None:
    """Also where there is nothing in it."""
    assert [is_sound(block) for block in (WHOLE, b"", b"Exif\x00\x00", WHOLE[6:])] == [True] * 4


@pytest.mark.parametrize("length", [7, 10, 13, 20, 40, len(WHOLE) - 20])
def test_what_is_cut_off_is_not(length: int) -> None:
    """Wherever it ends."""
    assert not is_sound(WHOLE[:length])


@given(data=st.binary(max_size=200), with_head=st.booleans())
def test_any_bytes_are_survived(data: bytes, *, with_head: bool) -> None:
    """They are judged, and nothing is raised."""
    assert is_sound(b"MM\x00*" + data if with_head else data) in {True, False}
