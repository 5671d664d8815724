"""What the gateway mounts: the routers of the deployed services, each with an engine of its service's role."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.params import File
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from starlette.requests import Request
from starlette.types import Scope

from services.gateway.authentication import is_private
from services.gateway.idempotency.deferred import DeferredTransaction
from shared import discovery
from shared.api import Needs, Works
from shared.database.engine import open_engine
from shared.database.roles import service_url
from shared.database.session import OnPublished, UnitOfWork, unit_of_work
from shared.settings import Settings

ROLE_PREFIX = "bellhop_"


def discovered_routers(names: str) -> dict[str, APIRouter]:
    """The routers of the services that are deployed here (`names` is BELLHOP_SERVICES)."""
    found = {service: discovery.router(service) for service in discovery.services(names)}
    return {service: router for service, router in found.items() if router is not None}


def open_engines(settings: Settings, services: Sequence[str], pool_size: int) -> dict[str, Engine]:
    """One engine for each service, by name. Nothing connects yet."""
    return {
        service: open_engine(_url(settings, service), service, pool_size=pool_size, statement_timeout=30)
        for service in services
    }


def without_waiting_for_disk(engine: Engine) -> Engine:
    """Let the commits of this engine return before they are on disk. Only for what may be forgotten in a crash."""

    def set_up(connection: Any, _record: object) -> None:
        connection.autocommit = True  # a setting that is made in a transaction ends with its rollback
        connection.execute("SET synchronous_commit = off")
        connection.autocommit = False

    event.listen(engine, "connect", set_up)
    return engine


def _url(settings: Settings, service: str) -> str:
    """The owner's URL as it is: the engine takes the service's role on. The gateway's own role may not become others,
    so their passwords are derived from SECRET_KEY.
    """
    secret_key = settings.secret_key.get_secret_value()
    user = make_url(settings.database_url).username or ""
    if user.startswith(ROLE_PREFIX) and secret_key:
        return service_url(settings.database_url, secret_key, service)
    return settings.database_url


def work_for(engines: Mapping[str, Engine], on_published: OnPublished) -> Works:
    """How an endpoint comes by its unit of work; with an Idempotency-Key, by one that is committed with the answer."""
    works = {service: unit_of_work(engine, on_published) for service, engine in engines.items()}

    def work(request: Request, service: str, *, at_once: bool = False) -> UnitOfWork:
        deferred = request.scope["state"].get("deferred")
        if isinstance(deferred, DeferredTransaction) and not at_once:
            return deferred.unit_of_work(engines[service], on_published)
        return works[service]

    return work


def scope_of(route: APIRoute) -> str | None:
    """The scope that a key needs for an endpoint; None where it does not say."""
    calls = (dependency.call for dependency in route.dependant.dependencies)
    return next((call.scope for call in calls if isinstance(call, Needs)), None)


def private_routes(app: FastAPI) -> list[APIRoute]:
    """The endpoints that need a key."""
    routes = (context.original_route for context in iter_route_contexts(app.routes))
    return [route for route in routes if isinstance(route, APIRoute) and is_private(route.path)]


def refuse_unguarded(app: FastAPI) -> None:
    """Raises RuntimeError for an endpoint under /v1 that any key could use, whatever it was made for."""
    unguarded = [
        f"{'/'.join(route.methods or ())} {route.path}" for route in private_routes(app) if scope_of(route) is None
    ]
    if unguarded:
        raise RuntimeError(f"{unguarded} say not which scope they need: dependencies=[needs(…)]")


class FileEndpoints:
    """Tells the requests to endpoints with a file among their parameters: only these may send large forms.

    Others would read the form whole into memory, to find that it is not the JSON that they want.
    """

    def __init__(self) -> None:
        self._patterns: list[re.Pattern[str]] | None = None

    def __call__(self, scope: Scope) -> bool:
        if self._patterns is None:  # everything is mounted once there are requests
            self._patterns = [
                context.path_regex
                for context in iter_route_contexts(scope["app"].routes)
                if isinstance(context.original_route, APIRoute)
                if any(isinstance(field.field_info, File) for field in context.original_route.dependant.body_params)
            ]
        return scope["method"] == "POST" and any(pattern.match(scope["path"]) for pattern in self._patterns)
