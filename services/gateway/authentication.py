"""Who asks: a bearer key is looked up once, then known for some seconds."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from threading import Lock

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.models import ApiKeyRow
from services.gateway.repository import ApiKeys
from shared.api import Caller, Problem
from shared.clock import now
from shared.crypto import hash_api_key
from shared.database.session import UnitOfWork
from shared.messaging.causes import caused_by, current_cause

CACHE_SIZE = 10_000
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="bellhop"'}


class Authenticator:
    """Tells the caller by an Authorization header. Only valid keys are remembered, so that a new key works at once;
    a revoked one may be let in for `seconds` longer by each gateway that has seen it.
    """

    def __init__(self, work: UnitOfWork, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._work, self._seconds, self._clock = work, seconds, clock
        self._known: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()
        self._lock = Lock()

    async def __call__(self, authorization: str | None) -> Caller:
        """The caller. Raises Problem 401 without a key, or with one that is not valid."""
        key_hash = _hash_in(authorization)
        if key_hash is None:
            raise Problem(401, "unauthorized", "send your key as Authorization: Bearer bh_…", headers=CHALLENGE)
        caller = self._cached(key_hash) or await to_thread.run_sync(self._look_up, key_hash)
        if caller is None:
            raise Problem(401, "invalid_key", "the key is not known, or was revoked", headers=CHALLENGE)
        if _has_expired(caller):
            ended = f"{caller.expires_at:%Y-%m-%d %H:%M} UTC"
            raise Problem(401, "key_expired", f"the key ended at {ended}: make a new one", headers=CHALLENGE)
        return caller

    def remembered(self, authorization: str | None) -> Caller | None:
        """The caller, if it is known without a look into the database."""
        key_hash = _hash_in(authorization)
        caller = None if key_hash is None else self._cached(key_hash)
        return None if caller is None or _has_expired(caller) else caller

    def _cached(self, key_hash: bytes) -> Caller | None:
        with self._lock:
            caller, until = self._known.get(key_hash, (None, 0.0))
            return caller if until > self._clock() else None

    def _look_up(self, key_hash: bytes) -> Caller | None:
        with self._work() as session:
            row = ApiKeys(session).with_hash(key_hash)
            caller = None if row is None else _caller(row)
        with self._lock:
            self._known.pop(key_hash, None)
            if caller is not None:
                self._known[key_hash] = (caller, self._clock() + self._seconds)
                while len(self._known) > CACHE_SIZE:
                    self._known.popitem(last=False)
        return caller


class AuthenticationMiddleware:
    """Everything under /v1 needs a key, whether its endpoint asks for the caller or not."""

    def __init__(self, app: ASGIApp, authenticate: Authenticator) -> None:
        self._app, self._authenticate = app, authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_private(scope["path"]):
            await self._app(scope, receive, send)
            return
        caller = await self._authenticate(Headers(scope=scope).get("authorization"))
        scope["state"]["caller"] = caller
        with caused_by(replace(current_cause(), organisation_id=caller.organisation_id)):
            await self._app(scope, receive, send)


def _caller(row: ApiKeyRow) -> Caller:
    expires_at = None if row.expires_at is None else row.expires_at.astimezone(UTC)
    return Caller(row.organisation_id, row.id, frozenset(row.scopes), expires_at)


def _has_expired(caller: Caller) -> bool:
    return caller.expires_at is not None and caller.expires_at <= now()


def _hash_in(authorization: str | None) -> bytes | None:
    """The hash of the key in a header; None where there is none."""
    scheme, _, key = (authorization or "").partition(" ")
    return hash_api_key(key.strip()) if scheme.lower() == "bearer" and key.strip() else None


def is_private(path: str) -> bool:
    """Whether a path belongs to the part of the API that needs a key."""
    return path == "/v1" or path.startswith("/v1/")
