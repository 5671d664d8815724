"""Every error as a problem document."""

from typing import Any, ClassVar

import orjson
import psycopg
import pytest
from fastapi.exceptions import RequestValidationError
from psycopg import errors as postgres
from pydantic import Field, ValidationError
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from structlog.testing import capture_logs

from services.gateway.problems import internal_problem, problem_of, problem_response
from shared.api import Body, Problem
from shared.errors import PermanentError, TransientError
from shared.ids import new_id
from shared.messaging.causes import Cause, caused_by
from shared.storage import StorageUnavailable


class SoldOut(PermanentError):  # noqa: N818 - as a service would name it
    """An error of a service, with a status of its own."""

    code: ClassVar[str] = "sold_out"
    http_status: ClassVar[int] = 409
    extra: ClassVar[dict[str, int]] = {"available": 0}


class Unmapped(PermanentError):  # noqa: N818 - as a service would name it
    """An error that nobody gave a status."""


def translated(error: BaseException) -> tuple[int, str, str | None]:
    """Status, code and Retry-After of the answer."""
    problem = problem_of(error)
    assert problem is not None
    return problem.status, problem.code, problem.headers.get("Retry-After")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Problem(418, "teapot", "short and stout"), (418, "teapot", None)),
        (HTTPException(404), (404, "not_found", None)),
        (HTTPException(405, headers={"Allow": "GET"}), (405, "method_not_allowed", None)),
        (HTTPException(418), (418, "http_error", None)),
        (SoldOut("none left"), (409, "sold_out", None)),
        (TransientError("later"), (503, "transient_error", "1")),
        (TransientError("later", retry_after=7.2), (503, "transient_error", "8")),
        (PoolTimeoutError("pool"), (503, "busy", "1")),
        (OperationalError("x", {}, postgres.LockNotAvailable()), (503, "busy", "1")),
        (OperationalError("x", {}, postgres.DeadlockDetected()), (503, "busy", "1")),
        (OperationalError("x", {}, psycopg.OperationalError("refused")), (503, "database_unavailable", "5")),
        (psycopg.OperationalError("gone"), (503, "database_unavailable", "5")),
        (postgres.AdminShutdown(), (503, "database_unavailable", "5")),
        (
            RequestValidationError([{"type": "json_invalid", "loc": ("body", 1), "msg": ""}]),
            (400, "malformed_json", None),
        ),
    ],
)
def test_foreseen_error_has_its_answer(error: BaseException, expected: tuple[int, str, str | None]) -> None:
    """Each family has its status, its code, and where it helps, when to come back."""
    assert translated(error) == expected


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("bug"),
        Unmapped("?"),
        IntegrityError("x", {}, postgres.UniqueViolation()),
        postgres.UndefinedTable(),
    ],
)
def test_bug_has_none(error: BaseException) -> None:
    """What nobody thought of is not dressed up as an answer."""
    assert problem_of(error) is None


def test_validation_names_each_fault_and_repeats_no_input() -> None:
    """Places are JSON pointers into the body, or parameters; what was sent may be a secret and is left out."""
    faults: list[dict[str, Any]] = [
        {"type": "int_type", "loc": ("body", "items", 0, "a/b"), "msg": "no number", "input": "hunter2"},
        {"type": "less_than", "loc": ("query", "limit"), "msg": "too many", "input": "101", "ctx": {"lt": 101}},
        {"type": "missing", "loc": ("body",), "msg": "Field required", "input": None},
    ]
    problem = problem_of(RequestValidationError(faults))
    assert problem is not None
    assert problem.extra["errors"] == [
        {"pointer": "#/items/0/a~1b", "code": "int_type", "detail": "no number"},
        {"parameter": "limit", "code": "less_than", "detail": "too many"},
        {"pointer": "#", "code": "missing", "detail": "Field required"},
    ]


def test_document_has_the_members_of_the_standard_and_ours() -> None:
    """Type, title, status and detail of RFC 9457; code, request id and what the error adds."""
    request_id = new_id()
    problem = problem_of(SoldOut("none left"))
    assert problem is not None
    with caused_by(Cause(correlation_id=request_id)):
        response = problem_response(problem)
    assert response.headers["content-type"] == "application/problem+json"
    assert orjson.loads(bytes(response.body)) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "sold_out",
        "detail": "none left",
        "request_id": str(request_id),
        "available": 0,
    }


@pytest.mark.parametrize(("status", "title"), [(413, "Content Too Large"), (422, "Unprocessable Content")])
def test_titles_do_not_depend_on_the_python(status: int, title: str) -> None:
    """Python 3.13 renamed two of them."""
    assert orjson.loads(bytes(problem_response(Problem(status, "x", "x")).body))["title"] == title


def test_internal_problem_tells_nothing() -> None:
    """A bug's answer has no trace and no message of the exception."""
    assert (internal_problem().status, internal_problem().code) == (500, "internal_error")


def test_what_is_wrong_inside_is_for_the_log() -> None:
    """An error that is written for operators names paths and addresses: callers learn its code, and when to come again."""
    text = "writing tickets/1.png: free some space on /var/lib/bellhop (os error 28)"
    with capture_logs() as logged:
        problem = problem_of(StorageUnavailable(text))
    assert problem is not None
    assert (problem.status, problem.code) == (503, "storage_unavailable")
    assert problem.detail == "this is not possible now; try again in 1 s"
    assert logged[0]["error"] == text


class Part(Body):
    quantity: int = 1


class Whole(Body):
    customer: str
    parts: list[Part] = Field([])


@pytest.mark.parametrize(
    ("given", "detail", "codes"),
    [
        (
            {"custmer": "Ada"},
            "#/custmer: there is no field 'custmer': did you mean 'customer'?",
            {"unknown_field", "missing"},
        ),
        (
            {"customer": "Ada", "parts": [{"quantity": 1}, {"quantty": 2}]},
            "#/parts/1/quantty: there is no field 'quantty': did you mean 'quantity'?",
            {"unknown_field"},
        ),
        (
            {"customer": "Ada", "secret": "hunter2"},
            "#/secret: there is no field 'secret'; there are customer, parts",
            {"unknown_field"},
        ),
        (
            {"customer": 1, "parts": [{"x{y}": "hunter2"}], "z": 1},
            "#/parts/0/x{y}: there is no field 'x{y}'; there are quantity",
            {"string_type", "unknown_field"},
        ),
    ],
    ids=["misspelt", "nested", "no-near-one", "several"],
)
def test_unknown_field_is_named_with_the_one_that_was_meant(
    given: dict[str, object], detail: str, codes: set[str]
) -> None:
    """Its name and its place, beside the other faults; never its value."""
    with pytest.raises(ValidationError) as raised:
        Whole.model_validate(given)
    faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in raised.value.errors()]
    problem = problem_of(RequestValidationError(faults))
    assert problem is not None
    assert (problem.status, problem.code, problem.detail) == (422, "unknown_field", detail)
    assert {fault["code"] for fault in problem.extra["errors"]} == codes
    assert "hunter2" not in str(problem.extra)
