"""Whatever the product takes in as a body refuses fields that it does not know."""

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, get_args

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from obstore.store import MemoryStore
from pydantic import BaseModel, SecretStr

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.api import Body, Resources
from shared.crypto import Vault
from shared.settings import Settings
from shared.storage import Storage

SECRET_KEY = "a-secret-of-the-tests-that-is-long-enough"


class Asleep:
    """Nobody is woken: nothing is asked here."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def poke(self, ids: Sequence[int] = ()) -> None: ...


def models_in(annotation: Any, seen: set[Any] | None = None) -> Iterator[type[BaseModel]]:
    """The models that a body is made of, nested ones too."""
    seen = set() if seen is None else seen
    if id(annotation) in seen:
        return
    seen.add(id(annotation))
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_in(field.annotation, seen)
    for argument in get_args(annotation):
        yield from models_in(argument, seen)


def lenient(routes: list[APIRoute]) -> list[str]:
    """The models of these endpoints' bodies that are no Body."""
    models = {
        model
        for route in routes
        for parameter in route.dependant.body_params
        for model in models_in(parameter.field_info.annotation)
    }
    return sorted(f"{model.__module__}.{model.__name__}" for model in models if not issubclass(model, Body))


@pytest.fixture(scope="module")
def routes() -> list[APIRoute]:
    """Every endpoint of the product. Nothing connects."""
    settings = Settings(
        database_url="postgresql://nobody@127.0.0.1:1/nothing",
        rabbitmq_url="memory://",
        secret_key=SecretStr(SECRET_KEY),
    )
    resources = Resources(Storage(MemoryStore()), Vault(SECRET_KEY), settings)
    app = create_app(resources, GatewaySettings(), notifier=Asleep())
    found = [context.original_route for context in iter_route_contexts(app.routes)]
    return [route for route in found if isinstance(route, APIRoute)]


def test_every_body_refuses_unknown_fields(routes: list[APIRoute]) -> None:
    """A misspelt field would be taken for one that was not sent, and nobody told."""
    assert not lenient(routes), f"{lenient(routes)}: derive them from shared.api.Body"


def test_lenient_model_is_found(routes: list[APIRoute]) -> None:
    """This test can fail: also for one that is nested in a list of another."""

    class Inner(BaseModel):
        name: str

    class Outer(Body):
        inner: list[Inner] | None = None

    found = {model.__name__ for model in models_in(Outer) if not issubclass(model, Body)}
    assert (found, len(routes) > 50) == ({"Inner"}, True)
