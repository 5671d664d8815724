"""What http.py files are written against."""

from uuid import UUID

import pytest
from fastapi import FastAPI, Request

from shared.api import (
    Cursor,
    Problem,
    decode_cursor,
    encode_cursor,
    inbound_secret_of,
    offer_inbound_secret,
    problems,
)
from shared.ids import new_id

ROW = UUID("01a203a4-6621-77a1-b619-c7f9fa15cb7e")


def page_of(count: int, limit: int) -> tuple[list[UUID], str | None]:
    """The page that a list of `count` rows shows at `limit`."""
    rows = [new_id() for _ in range(count)]
    cursor = Cursor(limit=limit)
    page = cursor.page(rows[: cursor.fetch], str, lambda row: row)
    assert page.data == [str(row) for row in rows[: len(page.data)]]
    return rows, page.next_cursor


def test_cursor_survives_the_way_through_a_query_string() -> None:
    """What a list returns as next_cursor names the same row again."""
    assert decode_cursor(encode_cursor(ROW)) == ROW


def test_cursor_is_safe_in_an_address() -> None:
    """22 characters that need no escaping."""
    assert encode_cursor(UUID(int=2**128 - 1)) == "_" * 21 + "w"


@pytest.mark.parametrize("text", ["x", "A" * 23, "A" * 21 + "+", "é" * 22, "A" * 22 + "=", str(ROW)])
def test_foreign_cursor_is_a_problem(text: str) -> None:
    """Whatever a list has not returned is refused with a code."""
    with pytest.raises(Problem) as raised:
        decode_cursor(text)
    assert (raised.value.status, raised.value.code) == (400, "invalid_cursor")


def test_page_that_is_not_full_is_the_last() -> None:
    """Without a further row there is no next cursor."""
    assert page_of(3, limit=3)[1] is None


def test_full_page_names_its_last_row() -> None:
    """The next page begins behind the last row that was shown, not behind the one more that was read."""
    rows, following = page_of(4, limit=3)
    assert following == encode_cursor(rows[2])


def test_empty_page_is_the_last() -> None:
    """No rows, no cursor."""
    assert page_of(0, limit=3)[1] is None


def test_problem_keeps_further_members() -> None:
    """What is given beside the detail goes into the body."""
    assert Problem(409, "sold_out", "none left", available=2).extra == {"available": 2}


def test_problems_are_declared_for_the_document() -> None:
    """An endpoint names its statuses, and each is shown with the problem's schema."""
    assert list(problems(404, 409)) == [404, 409]


def test_whoever_keeps_connections_offers_their_secrets() -> None:
    """By source, to this application alone."""
    app, other = FastAPI(), FastAPI()

    def of_calcom(_request: Request, _connection_id: UUID) -> str | None:
        return "calcom"

    def of_retell(_request: Request, _connection_id: UUID) -> str | None:
        return "retell"

    offer_inbound_secret(app, "calcom", of_calcom)
    offer_inbound_secret(app, "retell", of_retell)
    assert (inbound_secret_of(app, "calcom"), inbound_secret_of(app, "retell")) == (of_calcom, of_retell)
    assert (inbound_secret_of(app, "stripe"), inbound_secret_of(other, "calcom")) == (None, None)
