"""Keys with scopes and an end."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import APIRouter, FastAPI
from obstore.store import MemoryStore
from structlog.testing import capture_logs
from uvicorn import Server

from deploy.local.ports import free_port
from services.gateway.app import create_app
from services.gateway.handlers import KeyWish, create_key
from services.gateway.mounting import private_routes, scope_of
from services.gateway.serving import server_config
from services.gateway.settings import GatewaySettings
from shared.api import Resources
from shared.clock import now
from shared.crypto import Vault
from shared.scopes import SCOPES
from shared.storage import Storage
from tests.integration.gateway.conftest import Answered, Gateway, ask, running
from tests.integration.gateway.toys import Waker, settings_for
from tests.support.databases import SECRET_KEY, Database
from tests.support.waiting import wait_for

TOMORROW = (now() + timedelta(days=1)).isoformat()


def product(database: Database, port: int = 0) -> tuple[FastAPI, GatewaySettings]:
    """The gateway with every service's endpoints."""
    settings = settings_for(database.url, SECRET_KEY)
    chosen = GatewaySettings().model_copy(update={"port": port})
    return create_app(Resources(Storage(MemoryStore()), Vault(SECRET_KEY), settings), chosen, notifier=Waker()), chosen


@contextmanager
def serving(app: FastAPI, chosen: GatewaySettings) -> Iterator[None]:
    with capture_logs(), running(Server(server_config(app, chosen))):
        yield


def with_key(port: int, key: str, method: str, path: str, body: dict[str, object] | None = None) -> Answered:
    return ask(port, method, path, body, {"Authorization": f"Bearer {key}"})


def test_every_endpoint_refuses_a_key_without_its_scope(database: Database) -> None:
    """Each of them, asked with a key that has all scopes but the one it needs: 403, which names it."""
    port = free_port()
    app, chosen = product(database, port)
    routes = private_routes(app)
    with database.work("gateway")() as session:
        keys = {
            scope: create_key(session, "Acme", KeyWish(scopes=tuple(one for one in SCOPES if one != scope))).key
            for scope in SCOPES
        }
    refusals, expected = [], []
    with serving(app, chosen):
        for route in routes:
            scope, path = scope_of(route), re.sub(r"\{[^}]+\}", str(UUID(int=1)), route.path)
            assert scope is not None, f"{route.path} declares no scope"
            for method in sorted(route.methods or ()):
                body: dict[str, object] | None = None if method in {"GET", "DELETE", "HEAD"} else {}
                answer = with_key(port, keys[scope], method, path, body)
                refusals.append((method, route.path, answer.status, answer.code, answer.body["missing_scope"]))
                expected.append((method, route.path, 403, "missing_scope", scope))
    assert refusals == expected
    assert {scope for *_, scope in expected} == set(SCOPES), "a scope that no endpoint needs: leave it out"


def test_gateway_does_not_start_with_an_endpoint_that_declares_no_scope(database: Database) -> None:
    """Whoever forgets it hears of it at once, and no key is let in meanwhile."""
    router = APIRouter()

    @router.get("/v1/forgotten")
    def forgotten() -> str:
        return "everybody's"

    resources = Resources(Storage(MemoryStore()), Vault(SECRET_KEY), settings_for(database.url, SECRET_KEY))
    with pytest.raises(RuntimeError, match="GET /v1/forgotten"):
        create_app(resources, GatewaySettings(), notifier=Waker(), routers={"toyshop": router})


def make(gateway: Gateway, key: str = "", **wish: Any) -> Answered:
    body = {"name": "door", "scopes": ["events:read"], **wish}
    return with_key(gateway.port, key or gateway.key(), "POST", "/v1/api-keys", body)


def test_made_key_may_do_what_it_was_made_for(gateway: Gateway) -> None:
    """The key is shown once; of the list it is known by its beginning."""
    made = make(gateway, expires_at=TOMORROW)
    key = made.body["key"]
    seen = with_key(gateway.port, key, "GET", "/v1/toys")
    refused = with_key(gateway.port, key, "POST", "/v1/toys", {"number": 1})
    [_, listed] = gateway.call("GET", "/v1/api-keys").body["data"]
    assert (made.status, seen.status, refused.status, refused.body["missing_scope"]) == (201, 200, 403, "events:write")
    assert (listed["hint"], listed["scopes"], listed["name"]) == (key[:8], ["events:read"], "door")
    assert "key" not in listed


def test_keys_that_are_there_keep_every_right(gateway: Gateway) -> None:
    """Also those that a former release writes, which knows nothing of scopes."""
    gateway.key()
    gateway.database.query("UPDATE gateway.api_key SET scopes = DEFAULT, name = DEFAULT, expires_at = DEFAULT")
    assert gateway.call("POST", "/v1/toys", {"number": 1}).status == 201


def test_expired_key_is_told_so(gateway: Gateway) -> None:
    """401 with a code of its own, also while the key is remembered."""
    soon = now() + timedelta(seconds=2)
    key = make(gateway, expires_at=soon.isoformat()).body["key"]
    wait_for(lambda: with_key(gateway.port, key, "GET", "/v1/toys").status == 401, 10, "the end of the key")
    refused = with_key(gateway.port, key, "GET", "/v1/toys")
    assert (refused.code, now() >= soon) == ("key_expired", True)
    assert "make a new one" in refused.body["detail"]


@pytest.mark.parametrize(
    ("wish", "status", "code", "said"),
    [
        ({"scopes": ["order:read"]}, 422, "unknown_scope", "did you mean 'orders:read'?"),
        ({"scopes": []}, 422, "validation_failed", "see errors"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "expiry_in_the_past", "give a moment to come"),
        ({"expires_at": "2031-01-01T00:00:00"}, 422, "validation_failed", "see errors"),
        ({"name": " "}, 422, "validation_failed", "see errors"),
    ],
    ids=["unknown-scope", "no-scope", "expiry-in-the-past", "expiry-without-zone", "no-name"],
)
def test_wish_that_cannot_be_is_refused_with_what_is_right(
    gateway: Gateway, wish: dict[str, Any], status: int, code: str, said: str
) -> None:
    """Nothing is made."""
    refused = make(gateway, **wish)
    assert (refused.status, refused.code) == (status, code)
    assert said in refused.body["detail"]
    assert len(gateway.call("GET", "/v1/api-keys").body["data"]) == 1


@pytest.mark.parametrize(
    "more",
    [{"scopes": ["orders:read"]}, {"scopes": ["*"]}, {"expires_at": None}],
    ids=["another-scope", "everything", "a-longer-life"],
)
def test_key_cannot_give_what_it_has_not(gateway: Gateway, more: dict[str, Any]) -> None:
    """Neither rights nor time."""
    own = make(gateway, scopes=["api_keys:write", "events:read"], expires_at=TOMORROW).body["key"]
    fine = make(gateway, own, expires_at=TOMORROW)
    refused = make(gateway, own, **({"expires_at": TOMORROW} | more))
    assert (fine.status, refused.status, refused.code) == (201, 403, "scope_not_granted")


def test_revoked_key_is_refused_soon(gateway: Gateway) -> None:
    """Within the seconds for which it is remembered; one of another organisation is not there."""
    made = make(gateway).body
    assert with_key(gateway.port, made["key"], "GET", "/v1/toys").status == 200
    others = gateway.call("DELETE", f"/v1/api-keys/{made['id']}", organisation="Zenith")
    ended = gateway.call("DELETE", f"/v1/api-keys/{made['id']}")
    wait_for(lambda: with_key(gateway.port, made["key"], "GET", "/v1/toys").status == 401, 10, "the end of the key")
    assert (others.status, ended.status) == (404, 204)
