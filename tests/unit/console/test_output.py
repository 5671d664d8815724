"""How results are shown."""

from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest

from services.console.output import show_json, show_table, shown

ID = UUID("01a203a4-6621-77a1-b619-c7f9fa15cb7e")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02 03:04:05"),
        ({"a": [1]}, '{"a":\\[1]}'),
        ("[bold]x", "\\[bold]x"),
        (3, "3"),
    ],
)
def test_values_are_readable(value: object, text: str) -> None:
    """Nothing of a message is taken for markup."""
    assert shown(value) == text


def test_json_takes_whatever_a_row_has(capsys: pytest.CaptureFixture[str]) -> None:
    """Ids, times and bytes."""
    show_json({"id": ID, "at": datetime(2026, 1, 2, tzinfo=UTC), "body": b"\xff{}"})
    expected = {"id": str(ID), "at": "2026-01-02T00:00:00Z", "body": "\\xff{}"}
    assert orjson.loads(capsys.readouterr().out) == expected


def test_ids_are_whole_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Who greps for an id finds it in one line."""
    show_table(("id", "what", "error"), [(ID, "x" * 60, "y" * 60)], empty="none")
    assert str(ID) in capsys.readouterr().out.splitlines()[1]


def test_empty_table_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """No header over nothing."""
    show_table(("id",), [], empty="There are no failed jobs.")
    assert capsys.readouterr().out == "There are no failed jobs.\n"
