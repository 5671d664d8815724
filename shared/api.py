"""What a service's http.py is written against: the caller, its unit of work, shared resources, problems and pages.

Imports FastAPI, so only http.py files and the gateway import it. The gateway fills `Api` in once per process and puts
it at `app.state.api`.
"""

import base64
import difflib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, LiteralString, Protocol, Self, TypeVar
from uuid import UUID

from fastapi import Depends, FastAPI, Query, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from shared.crypto import Vault
from shared.database.session import UnitOfWork
from shared.scopes import ALL, SCOPES
from shared.settings import Settings
from shared.storage import Storage

ItemT = TypeVar("ItemT")
RowT = TypeVar("RowT")

MAX_LIMIT = 100
DEFAULT_LIMIT = 50
_CURSOR = re.compile(r"[A-Za-z0-9_-]{22}")


class Problem(Exception):  # noqa: N818 - the name of RFC 9457; it is an answer, not a fault
    """Raise it to answer with an `application/problem+json` body (RFC 9457).

    `code` is stable and snake_case; `detail` is for people; `extra` becomes further members of the body.
    """

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.extra = dict(headers or {}), extra


class Body(BaseModel):
    """A request's body, or a part of one. A field that is not known is refused by name: it is most likely misspelt, and
    who sent it believes that something was done.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _name_unknown_fields(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as error:
            faults = error.errors(include_url=False)
            if not any(_is_unknown(fault) for fault in faults):
                raise
            named = [_named(fault, cls.model_fields) for fault in faults]
            raise ValidationError.from_exception_data(cls.__name__, named) from None


UNKNOWN_FIELD = "unknown_field"
"""The code of a fault, and of the problem: a field of a body that nothing here knows."""


def _is_unknown(fault: ErrorDetails) -> bool:
    return fault["type"] == "extra_forbidden"


def _named(fault: ErrorDetails, known: Iterable[str]) -> InitErrorDetails:
    """The fault again; of a field that is not known it says which one was probably meant."""
    code, detail = fault["type"], fault["msg"]
    if _is_unknown(fault) and len(fault["loc"]) == 1:
        name = str(fault["loc"][0])
        near = difflib.get_close_matches(name, known, n=1)
        code, detail = UNKNOWN_FIELD, f"there is no field {name[:50]!r}"
        detail += f": did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
    return InitErrorDetails(type=PydanticCustomError(code, _LITERAL, {"detail": detail}), loc=fault["loc"], input=None)


_LITERAL: LiteralString = "{detail}"


class ProblemOut(BaseModel):
    """An error, as RFC 9457 says. `code` is stable; programs decide by it, people read `detail`."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    request_id: UUID | None = None


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of an endpoint: the problems it can answer beside those that every endpoint has."""
    return {status: {"model": ProblemOut} for status in statuses}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an API key, which belongs to one organisation and sees only its data.

    It may do what its `scopes` say (shared.scopes), until `expires_at`.
    """

    organisation_id: UUID
    key_id: UUID
    scopes: frozenset[str] = frozenset({ALL})
    expires_at: datetime | None = None

    def may(self, scope: str) -> bool:
        """Whether the key has this scope."""
        return ALL in self.scopes or scope in self.scopes


@dataclass(frozen=True, slots=True)
class Resources:
    """What endpoints share besides the database."""

    storage: Storage
    vault: Vault
    settings: Settings


class Works(Protocol):
    """Returns a service's unit of work for a request.

    On a POST with an Idempotency-Key its commit waits for the answer, so that both are kept or neither. With `at_once`
    it commits at the end of its block all the same: for what must be written down before a file is.
    """

    def __call__(self, request: Request, service: str, *, at_once: bool = False) -> UnitOfWork: ...


@dataclass(frozen=True, slots=True)
class Api:
    """What the gateway gives to the endpoints that it mounts.

    `authenticate` takes an Authorization header and raises Problem 401.
    """

    resources: Resources
    authenticate: Callable[[str | None], Awaitable[Caller]]
    work: Works


def api_of(request: Request) -> Api:
    """What the gateway has put together for this process."""
    api = request.app.state.api
    assert isinstance(api, Api)
    return api


bearer = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="`Authorization: Bearer bh_…`")


async def current_caller(request: Request, _scheme: Annotated[Any, Security(bearer)]) -> Caller:
    """The caller of this request; raises Problem 401 without a valid key."""
    known = request.scope.get("state", {}).get("caller")
    if isinstance(known, Caller):
        return known
    return await api_of(request).authenticate(request.headers.get("authorization"))


class Needs:
    """The scope that an endpoint needs, as a dependency. Raises Problem 403 for a key that has not got it."""

    def __init__(self, scope: str) -> None:
        if scope not in SCOPES:
            raise ValueError(f"there is no scope {scope!r}: shared/scopes.py has those there are")
        self.scope = scope

    async def __call__(self, caller: Annotated[Caller, Depends(current_caller)]) -> None:
        if not caller.may(self.scope):
            detail = f"this key may not do that: it lacks the scope {self.scope}"
            raise Problem(403, "missing_scope", detail, missing_scope=self.scope)


def needs(scope: str) -> Any:
    """For `dependencies=` of an endpoint under /v1, each of which says what a key has to have for it."""
    return Depends(Needs(scope))


async def _resources(request: Request) -> Resources:
    return api_of(request).resources


CallerDep = Annotated[Caller, Depends(current_caller)]
ResourcesDep = Annotated[Resources, Depends(_resources)]


def work_of(service: str, *, at_once: bool = False) -> Callable[[Request], Awaitable[UnitOfWork]]:
    """A dependency that gives one service's unit of work: `Annotated[UnitOfWork, Depends(work_of("ticketing"))]`."""

    async def work(request: Request) -> UnitOfWork:
        return api_of(request).work(request, service, at_once=at_once)

    return work


InboundSecret = Callable[[Request, UUID], str | None]
"""Gives the secret that a connection's webhooks are signed with; None where there is no such connection, or it is off.

It may block: it is called in a thread.
"""


def offer_inbound_secret(app: FastAPI, source: str, look_up: InboundSecret) -> None:
    """Called at the start by the service that keeps the connections to a source of webhooks.

    Whoever takes webhooks in asks for it then: services do not import each other, and see each their own schema only.
    """
    offered = getattr(app.state, "inbound_secrets", {})
    app.state.inbound_secrets = {**offered, source: look_up}


def inbound_secret_of(app: FastAPI, source: str) -> InboundSecret | None:
    """The look-up that was offered for a source; None where connections to it are kept by nobody here."""
    offered: Mapping[str, InboundSecret] = getattr(app.state, "inbound_secrets", {})
    return offered.get(source)


Doorkeeper = Callable[[Request], Awaitable[str]]
"""Looks at the path and the headers of a request without a key, before its body is read. Raises an error, which is the
answer, for whom nobody here waits; returns whom the request counts for where places are shared (a source's name)."""


def offer_doorkeeper(app: FastAPI, prefix: str, doorkeeper: Doorkeeper) -> None:
    """Called at the start by the service that takes in what strangers send below `prefix`."""
    offered = getattr(app.state, "doorkeepers", {})
    app.state.doorkeepers = {**offered, prefix: doorkeeper}


def doorkeeper_of(app: FastAPI, path: str) -> Doorkeeper | None:
    """Who is asked about a request to this path; None where everybody may send to it."""
    offered: Mapping[str, Doorkeeper] = getattr(app.state, "doorkeepers", {})
    return next((doorkeeper for prefix, doorkeeper in offered.items() if path.startswith(prefix)), None)


class Page(BaseModel, Generic[ItemT]):
    """One page of a list. `next_cursor` is null on the last one; otherwise pass it as `?cursor=`."""

    data: list[ItemT]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins (behind the row with id `after`; None is the start) and how many rows it has."""

    after: UUID | None = None
    limit: int = DEFAULT_LIMIT

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than shown, which tells whether there is a next page."""
        return self.limit + 1

    def page(
        self, rows: Sequence[RowT], convert: Callable[[RowT], ItemT], identify: Callable[[RowT], UUID]
    ) -> Page[ItemT]:
        """The page made of up to `fetch` rows in the order of the list."""
        shown = rows[: self.limit]
        following = encode_cursor(identify(shown[-1])) if len(rows) > self.limit else None
        return Page(data=[convert(row) for row in shown], next_cursor=following)


def encode_cursor(row_id: UUID) -> str:
    """The opaque text of a cursor: 16 bytes in base64url without padding."""
    return base64.urlsafe_b64encode(row_id.bytes).rstrip(b"=").decode()


def decode_cursor(text: str) -> UUID:
    """The id in a cursor. Raises Problem 400 `invalid_cursor`."""
    if not _CURSOR.fullmatch(text):
        raise Problem(400, "invalid_cursor", "cursor is not one that a list has returned: leave it out")
    return UUID(bytes=base64.urlsafe_b64decode(text + "=="))


async def _cursor(
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items a page has")] = DEFAULT_LIMIT,
) -> Cursor:
    return Cursor(decode_cursor(cursor) if cursor else None, limit)


CursorDep = Annotated[Cursor, Depends(_cursor)]
