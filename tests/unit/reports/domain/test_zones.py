"""Which names of time zones are taken."""

import pytest

from services.reports.domain.zones import known_zone


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "America/Argentina/Ushuaia"])
def test_names_of_iana_are_known(name: str) -> None:
    """They are kept as they are."""
    assert known_zone(name) == name


@pytest.mark.parametrize("name", ["Mars/Phobos", "Europe", "../etc/passwd", "", "/etc/localtime", "Europe/Ber\x00lin"])
def test_whatever_else_is_refused(name: str) -> None:
    """Whether no such file is there, or one that is none of them."""
    with pytest.raises(ValueError, match="is not a time zone"):
        known_zone(name)
