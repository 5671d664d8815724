"""Ids are names."""

import pytest

from tests.support.parameters import id_of


@pytest.mark.parametrize(
    "value",
    [b"\x00\xff", b"a\nb", "K\u00f6ln".encode(), b"x" * 81, "x" * 81],
    ids=["binary", "lines", "utf8", "long", "text"],
)
def test_what_is_no_name_is_called_by_its_parameter(value: object) -> None:
    """Bytes that a program made can differ from one second to the next."""
    assert id_of(value, "profile") == "profile"


@pytest.mark.parametrize("value", [b"no profile", "K\u00f6ln", 7, None, b""], ids=repr)
def test_what_reads_as_a_name_is_left_to_pytest(value: object) -> None:
    """It is what a person looks for."""
    assert id_of(value, "profile") is None
