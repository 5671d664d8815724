"""Identifiers."""

import uuid

from shared.ids import new_id


def test_ids_are_uuids_of_version_7() -> None:
    """An id is a standard library UUID of version 7."""
    made = new_id()
    assert (type(made), made.version) == (uuid.UUID, 7)


def test_later_ids_sort_behind_earlier_ones() -> None:
    """Ids made one after the other, within the same millisecond too, are in order and unique."""
    made = [new_id() for _ in range(5000)]
    assert made == sorted(set(made))
