"""Who asks is known before the body is read."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from services.gateway.identity import IdentityMiddleware
from services.gateway.places import HALF, MOST, STRANGERS, Group, Groups
from services.gateway.requests import GROUPS
from shared.api import Caller, Problem, offer_doorkeeper

CALLER = Caller(uuid4(), uuid4())
ADDRESS = Group(("address", "192.0.2.1"), HALF)


class Keys:
    """Knows one key by heart and finds another."""

    def __init__(self) -> None:
        self.looked_up: list[str | None] = []
        self.hold = asyncio.Event()
        self.hold.set()

    def remembered(self, authorization: str | None) -> Caller | None:
        return CALLER if authorization == "known" else None

    async def __call__(self, authorization: str | None) -> Caller:
        self.looked_up.append(authorization)
        await self.hold.wait()
        if authorization != "new":
            raise Problem(401, "invalid_key", "not known")
        return CALLER


class Seen:
    """An application that notes for whom requests count, and fails if anything of a body is read before."""

    def __init__(self) -> None:
        self.groups: list[Groups] = []

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self.groups.append(scope["state"][GROUPS])


async def unread() -> Message:
    raise AssertionError("the body was read")


async def unsent(_message: Message) -> None:
    raise AssertionError("nothing is answered here")


def scope_of(path: str, authorization: str = "", app: FastAPI | None = None, address: str = "192.0.2.1") -> Scope:
    headers = [(b"authorization", authorization.encode())] if authorization else []
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": headers,
        "client": (address, 1),
        "state": {},
        "app": app or FastAPI(),
    }


def enter(scope: Scope, keys: Keys | None = None) -> Groups:
    """For whom the request counts."""
    seen = Seen()
    asyncio.run(IdentityMiddleware(seen, keys or Keys(), 4, 1.0)(scope, unread, unsent))
    return seen.groups[0]


@pytest.mark.parametrize(("authorization", "look_ups"), [("known", []), ("new", ["new"])])
def test_a_key_counts_for_itself_and_for_its_organisation(authorization: str, look_ups: list[str]) -> None:
    """One that is known already is not looked up."""
    keys = Keys()
    groups = enter(scope_of("/v1/orders", authorization), keys)
    assert (groups, keys.looked_up) == (
        (Group(CALLER.key_id, HALF), Group(CALLER.organisation_id, MOST)),
        look_ups,
    )


def test_without_a_valid_key_the_body_stays_where_it_is() -> None:
    """401, whatever is sent."""
    with pytest.raises(Problem) as raised:
        enter(scope_of("/v1/orders", "guessed"))
    assert raised.value.status == 401


def test_pages_count_for_the_address_that_asks() -> None:
    """And for all strangers together."""
    assert enter(scope_of("/orders/1/tickets")) == (ADDRESS, STRANGERS)


def test_doorkeeper_is_asked_for_what_is_below_its_prefix() -> None:
    """It says whom the request counts for, or refuses it."""
    app = FastAPI()

    async def keeper(request: Request) -> str:
        if request.url.path != "/hooks/stripe":
            raise Problem(404, "not_found", "nobody waits for that")
        return "stripe"

    offer_doorkeeper(app, "/hooks/", keeper)
    groups = enter(scope_of("/hooks/stripe", app=app))
    with pytest.raises(Problem) as raised:
        enter(scope_of("/hooks/nobody", app=app))
    assert (groups, raised.value.status) == ((Group("stripe", HALF), STRANGERS), 404)


def test_one_address_has_half_of_the_look_ups() -> None:
    """Who guesses keys is looked up two at a time of four; another's new key is found at once."""

    async def scenario() -> tuple[int, list[Any]]:
        keys, seen = Keys(), Seen()
        middleware = IdentityMiddleware(seen, keys, 4, 0.05)
        keys.hold.clear()
        guesses = [asyncio.create_task(middleware(scope_of("/v1/x", f"guess {n}"), unread, unsent)) for n in range(5)]
        await asyncio.sleep(0.01)
        looked_up = len(keys.looked_up)
        buyer = asyncio.create_task(middleware(scope_of("/v1/x", "new", address="192.0.2.2"), unread, unsent))
        await asyncio.wait(guesses, timeout=0.2)
        keys.hold.set()
        await buyer
        return looked_up, await asyncio.gather(*guesses, return_exceptions=True)

    looked_up, refusals = asyncio.run(scenario())
    assert (looked_up, sorted(refusal.status for refusal in refusals)) == (2, [401, 401, 503, 503, 503])
