"""The OpenAPI document: what FastAPI finds in the routers, and what the gateway adds to every operation."""

from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from services.gateway.authentication import is_private
from services.gateway.problems import MEDIA_TYPE

DESCRIPTION = """\
Sells and issues tickets, takes in payments, mails and texts people, receives and delivers webhooks, turns phone calls
into appointments.

Amounts are integers in minor units of their currency. Times are RFC 3339 in UTC. Lists are paged by `cursor` and
`limit`. Errors are RFC 9457 problem documents: decide by `code`, show `detail` to people, and quote `request_id` when
you ask for help. Every POST under /v1 takes an `Idempotency-Key`: repeat a request with the same key for 24 hours and
it is done once. Files are sent as multipart/form-data, of up to 200 MiB unless the installation says otherwise.
"""
_PROBLEM = {"$ref": "#/components/schemas/ProblemOut"}
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Drawn by the client, at random, once for each thing it wants done. Kept for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_REPLAYED_HEADER = {
    "description": "`true` where this is the answer to an earlier request with the same Idempotency-Key",
    "schema": {"type": "string", "enum": ["true"]},
}


def released_version() -> str:
    """The version of the installed product; `0` when it runs from a folder without being installed."""
    try:
        return version("bellhop")
    except PackageNotFoundError:
        return "0"


def operation_id(route: APIRoute) -> str:
    """Stable names for generated clients: the service and the endpoint's function."""
    return "_".join([*(str(tag) for tag in route.tags[:1]), route.name])


def document_of(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Takes the place of `app.openapi`. The document is made once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title="Bellhop", version=app.version, description=DESCRIPTION, routes=app.routes, tags=app.openapi_tags
            )
            _complete(document)
            app.openapi_schema = document
        return app.openapi_schema

    return openapi


def _complete(document: dict[str, Any]) -> None:
    components = document.setdefault("components", {})
    components.setdefault("parameters", {})["IdempotencyKey"] = _KEY_PARAMETER
    components.setdefault("headers", {})["IdempotencyReplayed"] = _REPLAYED_HEADER
    for path, method, operation in _operations(document):
        responses = operation["responses"]
        for status, response in responses.items():
            if status == "default" or int(status) >= 400:
                _as_problem(response)
        if is_private(path):
            operation.setdefault("security", [{"ApiKey": []}])
        else:
            responses.pop("401", None)
        if method == "post" and is_private(path):
            _take_key(operation)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            yield path, method, operation


def _as_problem(response: dict[str, Any]) -> None:
    """FastAPI shows errors as plain JSON, or as what the endpoint returns when all is well; they are problem documents."""
    content = response.setdefault("content", {MEDIA_TYPE: {"schema": _PROBLEM}})
    for media_type in list(content):
        if media_type == "application/json" or content[media_type].get("schema") == _PROBLEM:
            content[MEDIA_TYPE] = content.pop(media_type)


def _take_key(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
    for status, response in operation["responses"].items():
        if status != "default" and int(status) < 300:
            response.setdefault("headers", {})["Idempotency-Replayed"] = {
                "$ref": "#/components/headers/IdempotencyReplayed"
            }
