"""Every error as an answer: RFC 9457 problem documents with a stable `code`."""

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
import psycopg
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from psycopg import errors as postgres
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.api import UNKNOWN_FIELD, Problem
from shared.errors import BellhopError, TransientError
from shared.logging import get_logger
from shared.messaging.causes import current_cause
from shared.messaging.gate import should_run_again
from shared.texts import to_json

log = get_logger("bellhop.gateway")

MEDIA_TYPE = "application/problem+json"
DATABASE_RETRY_SECONDS = 5
BUSY_RETRY_SECONDS = 1

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "payload_too_large",
    415: "unsupported_media_type",
}
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
_CONTENDED = (
    postgres.LockNotAvailable,
    postgres.DeadlockDetected,
    postgres.SerializationFailure,
    postgres.QueryCanceled,
    postgres.TooManyConnections,
)
FORESEEN = (Problem, HTTPException, RequestValidationError, BellhopError, DBAPIError, PoolTimeoutError, psycopg.Error)
"""Classes of which an error may have an answer of its own; whatever is not among them is a bug."""


RUNS_LEFT = "runs_left"
"""Member of a request's state: how often it may be run again. Not there where it cannot: its body is not in memory."""


class RunAgainError(Exception):
    """Raised in place of an answer, where PostgreSQL says to run the transaction again: nothing was written or sent."""


def problem_of(error: BaseException) -> Problem | None:
    """The answer to an error that was foreseen; None for a bug."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        code = _CODES.get(error.status_code, "http_error")
        return Problem(error.status_code, code, str(error.detail), headers=error.headers)
    if isinstance(error, RequestValidationError):
        return _validation_problem(error.errors())
    if isinstance(error, BellhopError):
        return _domain_problem(error)
    return _database_problem(error)


def internal_problem() -> Problem:
    """The answer to a bug: it says nothing about it but the id under which the log has it."""
    detail = "something went wrong on our side; it was logged under request_id"
    return Problem(500, "internal_error", detail)


def busy(code: str, detail: str) -> Problem:
    """503: too much is going on at this moment, and the same request may succeed soon."""
    return _unavailable(code, detail, BUSY_RETRY_SECONDS)


def problem_response(problem: Problem) -> Response:
    """The response with the problem's body."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(problem.status) or HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "request_id": current_cause().correlation_id,
        **problem.extra,
    }
    try:
        content = orjson.dumps(body, default=str)
    except orjson.JSONEncodeError:  # half a surrogate pair, quoted from what was asked
        content = to_json(body)
    return Response(content, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


async def answer_foreseen(request: Request, error: Exception) -> Response:
    """FastAPI's handler of the FORESEEN classes. What has no answer of its own goes on as the bug that it is."""
    if should_run_again(error) and request.scope["state"].get(RUNS_LEFT, 0) > 0:
        raise RunAgainError from error
    problem = problem_of(error)
    if problem is None:
        raise error
    if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
        problem.headers["Allow"] = ", ".join(_methods_of(request))
    return problem_response(problem)


def _methods_of(request: Request) -> list[str]:
    """All methods of a path (RFC 9110, section 15.5.6): Starlette names those of the first route that it met."""
    methods: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        route = context.original_route
        if isinstance(route, Route) and route.path_regex.match(request.scope["path"]):
            methods |= route.methods or set()
    return sorted(methods)


def _domain_problem(error: BellhopError) -> Problem | None:
    """A class with `http_status` is written for callers. Other transient errors are 503 and speak to operators, of paths and
    addresses: their words are for the log. The rest nobody has thought of.
    """
    retry_after = getattr(error, "retry_after", None)
    status = getattr(error, "http_status", None)
    if status is None:
        if not isinstance(error, TransientError):
            return None
        log.warning("not_possible_now", code=error.code, error=str(error))
        return _unavailable(error.code, "this is not possible now", math.ceil(retry_after or BUSY_RETRY_SECONDS))
    headers = {} if retry_after is None else {"Retry-After": str(math.ceil(retry_after))}
    return Problem(status, error.code, str(error), headers=headers, **getattr(error, "extra", {}))


def _database_problem(error: BaseException) -> Problem | None:
    """A database that is away, or too busy for this request, is 503; an error in a statement is a bug."""
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, PoolTimeoutError) or isinstance(driver_error, _CONTENDED):
        return _unavailable("busy", "too many requests want the same thing at this moment", BUSY_RETRY_SECONDS)
    is_away = isinstance(error, OperationalError | InterfaceError) or isinstance(driver_error, psycopg.OperationalError)
    if is_away or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return _unavailable("database_unavailable", "the database cannot be reached", DATABASE_RETRY_SECONDS)
    return None


def _unavailable(code: str, detail: str, seconds: int) -> Problem:
    return Problem(503, code, f"{detail}; try again in {seconds} s", headers={"Retry-After": str(seconds)})


def _validation_problem(errors: Sequence[Any]) -> Problem:
    """400 for a body that is no JSON, else 422 with each fault. What was sent is not repeated, it may be secret; but for the
    name of a field that nobody knows, which is what the answer is about.
    """
    if any(error["type"] == "json_invalid" for error in errors):
        return Problem(400, "malformed_json", "the body is not JSON")
    faults = [{**_place(error["loc"]), "code": error["type"], "detail": error["msg"]} for error in errors]
    unknown = [fault for fault in faults if fault["code"] == UNKNOWN_FIELD]
    if unknown:
        detail = f"{unknown[0].get('pointer', 'the body')}: {unknown[0]['detail']}"
        return Problem(422, UNKNOWN_FIELD, detail, errors=faults)
    count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
    return Problem(422, "validation_failed", f"the request has {count}, see errors", errors=faults)


def _place(location: Sequence[str | int]) -> dict[str, str]:
    """Where a fault is: a JSON pointer into the body (RFC 6901), else the name of a parameter."""
    where, *path = location
    if where == "body":
        steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
        return {"pointer": "#" + "".join(f"/{step}" for step in steps)}
    return {"parameter": ".".join(str(step) for step in path) or str(where)}
