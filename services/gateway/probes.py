"""/healthz, /readyz and /metrics, on the port of the API."""

import time
from collections.abc import Callable
from threading import Lock

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

REMEMBERED_SECONDS = 1.0


def probe_router(registry: CollectorRegistry, engine: Engine) -> APIRouter:
    """The endpoints that machines ask every few seconds. They are not in the OpenAPI document.

    Anybody can reach them, so none of them costs more the more there is to do, or the more often it is asked. `engine` is
    for them alone: who probes takes no connection from those who are let in.
    """
    router, readiness = APIRouter(include_in_schema=False), Readiness(engine)

    @router.get("/healthz")
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @router.get("/readyz")
    def readyz() -> JSONResponse:
        reasons = readiness.reasons()
        return JSONResponse({"status": "unready" if reasons else "ready", "reasons": reasons}, 503 if reasons else 200)

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


class Readiness:
    """Whether the database answers: asked at most once a second, by one at a time, whoever wants to know."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine, self._clock = engine, clock
        self._lock, self._asked_at = Lock(), float("-inf")
        self._reasons: list[str] = []

    def reasons(self) -> list[str]:
        """Why no request can be served now; none if they can."""
        with self._lock:
            if self._clock() - self._asked_at >= REMEMBERED_SECONDS:
                self._reasons = _look(self._engine)
                self._asked_at = self._clock()
            return self._reasons


def _look(engine: Engine) -> list[str]:
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return [f"the database cannot be used: {type(error).__name__}"]
    return []
