"""What goes into an archive, and with which times."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.media.domain.archives import (
    ArchivedPhoto,
    Limits,
    archive_key,
    check,
    entries,
    in_order,
    modified_at,
    names,
)
from services.media.errors import ArchiveTooLargeError, NoPhotosError

BERLIN = ZoneInfo("Europe/Berlin")
UPLOADED = datetime(2026, 6, 9, 12, 0, tzinfo=UTC)
TAKEN = datetime(2026, 6, 1, 19, 30, 5, tzinfo=UTC)
"""Half past seven in the evening by the camera's clock."""


def photo(
    number: int = 1, taken_at: datetime | None = TAKEN, offset: int | None = None, *, size: int = 100
) -> ArchivedPhoto:
    """A photo that was uploaded some days after it was taken."""
    return ArchivedPhoto(
        UUID(int=number), f"{number}.jpg", f"photos/{number}", "image/jpeg", size, 1, taken_at, offset, UPLOADED
    )


@pytest.mark.parametrize(
    ("taken_at", "offset", "wall", "moment"),
    [
        (TAKEN, 540, "19:30", datetime(2026, 6, 1, 10, 30, 5, tzinfo=UTC)),
        (TAKEN, -210, "19:30", datetime(2026, 6, 1, 23, 0, 5, tzinfo=UTC)),
        (TAKEN, None, "19:30", datetime(2026, 6, 1, 17, 30, 5, tzinfo=UTC)),
        (TAKEN, 99_999, "19:30", datetime(2026, 6, 1, 17, 30, 5, tzinfo=UTC)),
        (None, None, "14:00", UPLOADED),
    ],
)
def test_time_of_a_file_is_the_camera_s_clock_and_the_true_moment(
    taken_at: datetime | None, offset: int | None, wall: str, moment: datetime
) -> None:
    """A camera that does not tell its offset is taken to be where the installation is; one without a date has none."""
    found = modified_at(photo(taken_at=taken_at, offset=offset), BERLIN)

    assert (found.strftime("%H:%M"), found.astimezone(UTC)) == (wall, moment)


@pytest.mark.parametrize("year", [1, 1904, 1970, 2039, 9999])
@pytest.mark.parametrize("offset", [None, -1439, 1439])
def test_time_that_no_archive_can_tell_becomes_the_nearest(year: int, offset: int | None) -> None:
    """A camera without a battery says 1970, or worse: ZIP begins with 1980, and its seconds end in 2038."""
    found = modified_at(photo(taken_at=datetime(year, 12, 31, 23, 59, tzinfo=UTC), offset=offset), BERLIN)

    assert found.year in {1980, 2038}
    assert 0 < found.timestamp() < 2**31


def test_photos_stand_as_they_were_taken_and_those_without_a_date_last() -> None:
    """Of one moment, as they were uploaded."""
    given = [photo(5, None), photo(4, TAKEN + timedelta(seconds=1)), photo(3, None), photo(2), photo(1)]

    assert [one.id.int for one in in_order(given)] == [1, 2, 4, 3, 5]


def test_nothing_too_many_and_too_much_is_refused() -> None:
    """Each with what it is about."""
    limits = Limits(photos=2, size=250)
    check([photo(1), photo(2)], limits)

    with pytest.raises(NoPhotosError):
        check([], limits)
    with pytest.raises(ArchiveTooLargeError, match="takes 2 photos"):
        check([photo(1), photo(2), photo(3)], limits)
    with pytest.raises(ArchiveTooLargeError, match="260 bytes"):
        check([photo(1), photo(2, size=160)], limits)


def test_entries_join_photos_and_the_names_they_were_given() -> None:
    """What an archive was asked for stays, whatever becomes of the photos' names."""
    photos = [photo(1), photo(2)]
    found = entries(photos, names(photos), BERLIN)

    assert [(one.name, one.storage_key) for one in found] == [
        ("1 2026-06-01 19-30-05 1.jpg", "photos/1"),
        ("2 2026-06-01 19-30-05 2.jpg", "photos/2"),
    ]


def test_key_is_made_of_ids_alone() -> None:
    """Nothing of it was typed by anybody."""
    assert archive_key(UUID(int=1), UUID(int=2)) == f"archives/{UUID(int=1)}/{UUID(int=2)}.zip"
