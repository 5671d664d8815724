"""Requests whose transaction lost a deadlock, or could not be put in order with others: PostgreSQL says to run them again."""

from anyio import to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.idempotency.deferred import DeferredTransaction
from services.gateway.problems import RUNS_LEFT, RunAgainError

RUNS_AGAIN = 2


class RunAgainMiddleware:
    """Runs a request up to three times. It stands inside of what authenticates, admits and claims keys: these are not
    asked again.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "body" not in scope["state"]:
            await self._app(scope, receive, send)
            return
        for runs_left in range(RUNS_AGAIN, -1, -1):
            scope["state"][RUNS_LEFT] = runs_left
            try:
                await self._app(scope, _with_body(scope["state"]["body"], receive), send)
            except RunAgainError:
                await _undo(scope)
            else:
                return


async def _undo(scope: Scope) -> None:
    """Of a request with an Idempotency-Key the blocks before the one that failed are open still."""
    transaction = scope["state"].get("deferred")
    if isinstance(transaction, DeferredTransaction):
        await to_thread.run_sync(transaction.rollback)


def _with_body(body: bytes, receive: Receive) -> Receive:
    """The body once more, then what the client really sends: that it has gone."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
