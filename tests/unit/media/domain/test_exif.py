"""What EXIF tells is taken over where it makes sense, and noted where it does not."""

import json
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.media.domain.exif import Told, read

WHOLE = {
    0x010F: "NIKON CORPORATION",
    0x0110: "NIKON Z 6\x00rubbish",
    0x0112: 6,
    0x829A: Fraction(1, 250),
    0x829D: 2.8,
    0x8827: (400,),
    0x9003: "2024:05:01 12:00:00",
    0x9011: "+02:00",
    0x920A: 35.0,
    0xA405: 52,
    0xA434: b"NIKKOR Z 35mm f/1.8",
    0xA002: 4000,
    0xA003: 6000,
}
SANTIAGO = {1: "S", 2: (33.0, 27.0, 0.0), 3: b"W", 4: (70.0, 40.0, 0.0), 5: b"\x01", 6: 10.0}


def told(tags: dict[int, Any] | None = None, place: dict[int, Any] | None = None) -> Told:
    return read(tags or {}, place or {}, 6000, 4000)


def test_all_of_a_photo_is_told() -> None:
    """Camera, lens, sensitivity, exposure, date with its offset, and place."""
    found = told(WHOLE, SANTIAGO)
    assert dict(found.facts) == {
        "camera": "NIKON CORPORATION NIKON Z 6",
        "lens": "NIKKOR Z 35mm f/1.8",
        "iso": 400,
        "exposure": "1/250",
        "aperture": 2.8,
        "focal_length": 35.0,
        "focal_length_35mm": 52,
        "place": {"latitude": -33.45, "longitude": -70.666667, "altitude": -10.0},
    }
    assert (found.taken_at, found.taken_offset, found.faults) == (datetime(2024, 5, 1, 12, tzinfo=UTC), 120, ())


def test_nothing_is_told_where_nothing_stands() -> None:
    """And that is no fault."""
    assert told() == Told({}, (), None, None)


@pytest.mark.parametrize(
    ("tags", "name", "expected"),
    [
        ({0x010F: "Canon", 0x0110: "Canon EOS 5D"}, "camera", "Canon EOS 5D"),
        ({0x0110: "Pixel 8"}, "camera", "Pixel 8"),
        ({0x010F: "\x00\x01 Leica \x07"}, "camera", None),
        ({0x010F: "Le\x07ica "}, "camera", "Leica"),
        ({0xA434: "x" * 5000}, "lens", "x" * 200),
        ({0x8827: 65_535, 0x8832: 102_400}, "iso", 102_400),
        ({0x8827: (100, 0)}, "iso", 100),
        ({0x829A: 2.5}, "exposure", "2.5"),
        ({0x829A: 30.0}, "exposure", "30"),
        ({0x829A: 0.0001}, "exposure", "1/10000"),
        ({0x829A: 0.5}, "exposure", "0.5"),
        ({0x829A: 0}, "exposure", None),
        ({0x829D: 0}, "aperture", None),
    ],
)
def test_fields_are_told_as_people_write_them(tags: dict[int, Any], name: str, expected: object) -> None:
    """Without what cameras add."""
    found = told(tags)
    assert (found.facts.get(name), found.faults) == (expected, ())


@pytest.mark.parametrize(
    ("tags", "fault"),
    [
        ({0x010F: 17}, "exif_camera_odd"),
        ({0xA434: (1, 2)}, "exif_lens_odd"),
        ({0x8827: "fast"}, "exif_iso_odd"),
        ({0x8827: ()}, "exif_iso_odd"),
        ({0x8827: -5}, "exif_iso_odd"),
        ({0x829A: float("nan")}, "exif_exposure_odd"),
        ({0x829A: float("inf")}, "exif_exposure_odd"),
        ({0x829A: b"\x00\x01"}, "exif_exposure_odd"),
        ({0x829D: {}}, "exif_aperture_odd"),
        ({0x920A: -1}, "exif_focal_length_odd"),
        ({0xA405: 1e300}, "exif_focal_length_35mm_odd"),
        ({0x0112: 9}, "exif_orientation_odd"),
        ({0xA002: 160, 0xA003: 120}, "exif_size_odd"),
        ({0x9003: "2024:13:01 12:00:00"}, "exif_date_odd"),
        ({0x9003: "May"}, "exif_date_odd"),
        ({0x9003: 20240501}, "exif_date_odd"),
        ({0x9003: "2024:05:01 12:00:00", 0x9011: "+25:00"}, "exif_offset_odd"),
        ({0x9003: "2024:05:01 12:00:00", 0x9011: "CEST"}, "exif_offset_odd"),
    ],
)
def test_what_cannot_be_is_noted(tags: dict[int, Any], fault: str) -> None:
    """Under the name of its field; the rest is told all the same."""
    found = told({0x920A: 50, **tags}) if 0x920A not in tags else told(tags)
    assert found.faults == (fault,)
    assert 0x920A in tags or found.facts["focal_length"] == 50.0


@pytest.mark.parametrize(
    "place",
    [
        {1: "N", 2: (91.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (-1.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "X", 2: (1.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {2: (1.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: 1.0, 3: "E", 4: 2.0},
        {1: "N", 2: ("a", "b", "c"), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (1.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0), 6: "high"},
    ],
)
def test_a_place_that_is_none_is_noted(place: dict[int, Any]) -> None:
    """Half a place is none either."""
    found = told({}, place)
    assert (found.faults, "place" in found.facts) == (("exif_place_odd",), False)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({0x9003: "0000:00:00 00:00:00", 0x0132: "2020:01:02 03:04:05"}, datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ({0x9003: "    :  :     :  :  "}, None),
        ({0x9004: "2020-01-02 03:04:05"}, datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ({0x9003: "2020:01:02T03:04:05+02:00"}, datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ],
)
def test_a_clock_that_was_never_set_says_nothing(tags: dict[int, Any], expected: datetime | None) -> None:
    """The next best date counts; how its parts are set apart does not matter."""
    found = told(tags)
    assert (found.taken_at, found.faults) == (expected, ())


@pytest.mark.parametrize(("text", "minutes"), [("Z", 0), ("-03:30", -210), ("   :  ", None), ("+00:00", 0)])
def test_offsets_are_minutes(text: str, minutes: int | None) -> None:
    """East of Greenwich is more."""
    found = told({0x9003: "2024:05:01 12:00:00", 0x9011: text})
    assert (found.taken_offset, found.faults) == (minutes, ())


anything = st.recursive(
    st.none() | st.integers() | st.floats() | st.text() | st.binary() | st.fractions(),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(WHOLE)), anything), st.dictionaries(st.integers(0, 7), anything))
def test_any_values_are_survived(tags: dict[int, Any], place: dict[int, Any]) -> None:
    """What is told can be kept as JSON by PostgreSQL, which takes neither NUL nor infinity."""
    kept = json.dumps(dict(told(tags, place).facts), allow_nan=False)
    assert "\\u0000" not in kept
