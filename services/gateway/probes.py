"""/healthz, /readyz and /metrics, on the port of the API."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

_OUTBOX_AGE = text(
    "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) FROM messaging.outbox "
    "WHERE not_before IS NULL"
)


def probe_router(registry: CollectorRegistry, engine: Engine) -> APIRouter:
    """The endpoints that machines ask every few seconds. They are not in the OpenAPI document."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @router.get("/readyz")
    def readyz() -> JSONResponse:
        reasons, lag = _readiness(engine)
        body = {"status": "unready" if reasons else "ready", "reasons": reasons, "outbox_lag_seconds": lag}
        return JSONResponse(body, 503 if reasons else 200)

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _readiness(engine: Engine) -> tuple[list[str], float | None]:
    """Why no request can be served now, and the age of the oldest message that the relay has not yet taken."""
    try:
        with engine.connect() as connection:
            return [], round(float(connection.execute(_OUTBOX_AGE).scalar_one()), 3)
    except SQLAlchemyError as error:
        return [f"the database cannot be used: {type(error).__name__}"], None
