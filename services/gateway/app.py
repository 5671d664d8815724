"""The gateway, put together."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from prometheus_client import Histogram
from sqlalchemy import Engine
from starlette.middleware import Middleware

from services.gateway import api_keys, batches
from services.gateway.admission import AdmissionMiddleware
from services.gateway.authentication import AuthenticationMiddleware, Authenticator
from services.gateway.bodies import BodyMiddleware
from services.gateway.idempotency.middleware import IdempotencyMiddleware
from services.gateway.idempotency.store import IdempotencyStore
from services.gateway.identity import IdentityMiddleware
from services.gateway.mounting import (
    FileEndpoints,
    discovered_routers,
    open_engines,
    refuse_unguarded,
    without_waiting_for_disk,
    work_for,
)
from services.gateway.openapi import document_of, operation_id, released_version
from services.gateway.probes import probe_router
from services.gateway.problems import FORESEEN, answer_foreseen
from services.gateway.requests import Observe, RequestMiddleware
from services.gateway.running_again import RunAgainMiddleware
from services.gateway.settings import GatewaySettings
from services.gateway.uploads.middleware import UploadLimits, UploadMiddleware
from shared.api import Api, ProblemOut, Resources
from shared.database.session import unit_of_work
from shared.metrics import Metrics

SERVICE = "gateway"
_EVERYWHERE: dict[int | str, dict[str, Any]] = {
    401: {"model": ProblemOut, "description": "No key, or one that is not valid"},
    422: {"model": ProblemOut, "description": "The request is not valid; `errors` names each fault"},
    503: {"model": ProblemOut, "description": "Busy, or the database is away; see Retry-After"},
    "default": {"model": ProblemOut, "description": "Any other problem"},
}


class Waker(Protocol):
    """Tells the relay of commits that published something: shared.messaging.notifier.Notifier."""

    def start(self) -> None: ...
    def poke(self, ids: Sequence[int] = ()) -> None: ...
    def stop(self) -> None: ...


def create_app(
    resources: Resources,
    gateway: GatewaySettings,
    *,
    notifier: Waker,
    routers: Mapping[str, APIRouter] | None = None,
    metrics: Metrics | None = None,
) -> FastAPI:
    """The ASGI application. It connects to nothing before its first request, and closes what it opened when it stops.

    `routers` are those of the deployed services, by service, unless they are given.
    """
    settings = resources.settings
    mounted = discovered_routers(settings.bellhop_services) if routers is None else dict(routers)
    engines = open_engines(settings, [SERVICE, *mounted], gateway.pool_size)
    metrics = metrics or Metrics(SERVICE)
    own = without_waiting_for_disk(open_engines(settings, [SERVICE], gateway.pool_size)[SERVICE])
    probing = open_engines(settings, [SERVICE], 1)[SERVICE]
    authenticate = Authenticator(unit_of_work(own), gateway.key_cache_seconds)
    store = IdempotencyStore(own, resources.vault)
    app = FastAPI(
        title="Bellhop",
        version=released_version(),
        docs_url=None,
        redoc_url=None,
        middleware=_middleware(gateway, store, authenticate, _observer(metrics)),
        exception_handlers=dict.fromkeys(FORESEEN, answer_foreseen),
        generate_unique_id_function=operation_id,
        lifespan=_lifespan([own, probing, *engines.values()], notifier),
    )
    app.state.api = Api(resources, authenticate, work_for(engines, notifier.poke))
    app.include_router(probe_router(metrics.registry, probing))
    app.include_router(batches.router, tags=["batches"], responses=_EVERYWHERE)
    app.include_router(api_keys.router, responses=_EVERYWHERE)
    for service, router in mounted.items():
        app.include_router(router, tags=[service], responses=_EVERYWHERE)
    refuse_unguarded(app)
    app.openapi = document_of(app)  # type: ignore[method-assign] # FastAPI's own way to extend the document
    return app


def _middleware(
    gateway: GatewaySettings, store: IdempotencyStore, authenticate: Authenticator, observe: Observe
) -> list[Middleware]:
    """From the outermost to the innermost."""
    uploads = UploadLimits(gateway.upload_limit, gateway.body_timeout, gateway.upload_rate, gateway.uploads)
    return [
        Middleware(RequestMiddleware, observe=observe),
        Middleware(
            IdentityMiddleware,
            authenticate=authenticate,
            look_ups=max(1, gateway.pool_size // 2),
            patience=gateway.queue_seconds,
        ),
        Middleware(UploadMiddleware, limits=uploads, authenticate=authenticate, takes_files=FileEndpoints()),
        Middleware(
            BodyMiddleware,
            limit=gateway.body_limit,
            webhook_limit=gateway.webhook_limit,
            timeout=gateway.body_timeout,
            room=gateway.body_room,
        ),
        Middleware(AdmissionMiddleware, in_flight=gateway.in_flight, patience=gateway.queue_seconds),
        Middleware(AuthenticationMiddleware, authenticate=authenticate),
        Middleware(IdempotencyMiddleware, store=store),
        Middleware(RunAgainMiddleware),
    ]


def _observer(metrics: Metrics) -> Observe:
    seconds = Histogram(
        "bellhop_http_request_duration_seconds",
        "From the first byte of a request to the last of its answer.",
        ("method", "route", "status"),
        buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        registry=metrics.registry,
    )

    def observe(method: str, route: str, status: int, duration: float) -> None:
        seconds.labels(method, route, str(status)).observe(duration)

    return observe


def _lifespan(engines: Sequence[Engine], notifier: Waker) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        notifier.start()
        try:
            yield
        finally:
            await to_thread.run_sync(notifier.stop)
            for engine in engines:
                engine.dispose()

    return lifespan
