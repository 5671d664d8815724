"""Every POST under /v1 that carries an Idempotency-Key is done once, and answered alike each time."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.idempotency.deferred import DeferredTransaction
from services.gateway.idempotency.rules import (
    KEY_PATTERN,
    Answer,
    Decision,
    digest_of,
    fingerprint_of,
    fingerprint_of_upload,
    is_kept,
)
from services.gateway.idempotency.store import IdempotencyStore
from services.gateway.repository import Claim
from services.gateway.uploads.spool import UPLOADED, Upload
from shared.api import Caller, Problem
from shared.ids import new_id
from shared.logging import get_logger

KEPT_HEADERS = frozenset({"content-type", "location", "retry-after"})
PURGE_SECONDS = 60.0
REPLAYED = (b"idempotency-replayed", b"true")

log = get_logger("bellhop.gateway.idempotency")
ResultT = TypeVar("ResultT")


class IdempotencyMiddleware:
    """Holds the answer back until it is written down and the service's transaction is committed, in that order."""

    def __init__(self, app: ASGIApp, store: IdempotencyStore) -> None:
        self._app, self._store = app, store
        self._purged_at = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        claim = _claim_of(scope)
        if claim is None:
            await self._app(scope, receive, send)
            return
        decision, answer = await _in_thread(self._store.claim, claim)
        if decision is Decision.RUN:
            recorded = await self._run(claim, scope, receive)
            await _send(recorded, send)
            await self._tidy_up(claim, recorded)
        elif answer is not None:
            await _send(answer, send, REPLAYED)
        else:
            raise _refusal(decision)

    async def _run(self, claim: Claim, scope: Scope, receive: Receive) -> "_Recorded":
        transaction, recorded = DeferredTransaction(), _Recorded()
        scope["state"]["deferred"] = transaction
        try:
            await self._app(scope, receive, recorded.take)
            if is_kept(recorded.status, worked=transaction.opened):
                recorded.in_doubt = await _in_thread(self._keep, claim, transaction, recorded)
            else:
                await self._give_up(claim, transaction)
        except BaseException:  # whatever it was, a request that did not end leaves nothing behind
            await self._give_up(claim, transaction)
            raise
        return recorded

    def _keep(self, claim: Claim, transaction: DeferredTransaction, recorded: "_Recorded") -> bool:
        """Write the answer down, then commit. In one go and in one thread, since rows are locked meanwhile.

        Returns whether PostgreSQL has to be asked about the transaction until the answer is settled.
        """
        transaction_id = transaction.transaction_id()
        if not self._store.remember(claim, recorded.answer(), transaction_id):
            raise _refusal(Decision.IN_PROGRESS)
        transaction.commit()
        return transaction_id is not None

    async def _tidy_up(self, claim: Claim, recorded: "_Recorded") -> None:
        """After the answer was sent: nobody waits for this, and nothing depends on it."""
        if recorded.in_doubt:
            await _best_effort("settle", self._store.settle, claim)
        if time.monotonic() - self._purged_at > PURGE_SECONDS:
            self._purged_at = time.monotonic()
            await _best_effort("purge", self._store.purge)

    async def _give_up(self, claim: Claim, transaction: DeferredTransaction) -> None:
        """Undo, and free the key; where even that fails, the lease ends by itself."""
        with anyio.CancelScope(shield=True):
            await _best_effort("rollback", transaction.rollback)
            await _best_effort("release", self._store.release, claim)


class _Recorded:
    """An answer that is not sent yet."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.in_doubt = False

    async def take(self, message: Message) -> None:
        """Stands in for the client's end of the connection."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    def answer(self) -> Answer:
        """What is kept of it."""
        kept = {name.decode(): value.decode() for name, value in self.headers if name.decode() in KEPT_HEADERS}
        return Answer(self.status, kept, self.body)


async def _send(answer: "_Recorded | Answer", send: Send, *more: tuple[bytes, bytes]) -> None:
    if isinstance(answer, Answer):
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        headers.append((b"content-length", str(len(answer.body)).encode()))
    else:
        headers = answer.headers
    await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, *more]})
    await send({"type": "http.response.body", "body": answer.body})


def _claim_of(scope: Scope) -> Claim | None:
    """The claim that a request makes; None where it makes none. Raises Problem 400 for a key that is none."""
    caller = scope.get("state", {}).get("caller")
    if scope["type"] != "http" or scope["method"] != "POST" or not isinstance(caller, Caller):
        return None
    headers = Headers(scope=scope)
    key = headers.get("idempotency-key")
    if key is None:
        return None
    if not KEY_PATTERN.fullmatch(key):
        raise Problem(400, "invalid_idempotency_key", "an Idempotency-Key has 1 to 255 printable ASCII characters")
    path = scope["path"]
    digest = digest_of(caller.organisation_id, "POST", path, key)
    return Claim(digest, caller.organisation_id, "POST", path, key, _fingerprint(scope, headers), new_id())


def _fingerprint(scope: Scope, headers: Headers) -> bytes:
    upload = scope["state"].get(UPLOADED)
    if isinstance(upload, Upload):
        return fingerprint_of_upload(scope["query_string"], upload.digest.digest())
    return fingerprint_of(scope["query_string"], headers.get("content-type", ""), scope["state"]["body"])


def _refusal(decision: Decision) -> Problem:
    match decision:
        case Decision.REUSED:
            detail = "this Idempotency-Key was used with another body in the last 24 hours: draw a new one"
            return Problem(422, "idempotency_key_reused", detail)
        case Decision.IN_DOUBT:
            detail = "whether the earlier request was done is not known any more: look, then use a new key"
            return Problem(409, "idempotency_in_doubt", detail)
        case _:
            detail = "a request with this Idempotency-Key is being worked on: repeat it in a moment"
            return Problem(409, "idempotency_in_progress", detail, headers={"Retry-After": "1"})


async def _in_thread(function: Callable[..., ResultT], *arguments: Any) -> ResultT:
    return await to_thread.run_sync(function, *arguments)


async def _best_effort(step: str, function: Callable[..., object], *arguments: Any) -> None:
    try:
        await _in_thread(function, *arguments)
    except SQLAlchemyError as error:
        log.warning("idempotency_step_failed", step=step, error=str(error))
