"""Who asks is found out before anything of the body is read: by its key, or by what it knows of a webhook's address."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import anyio
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.authentication import is_private
from services.gateway.places import HALF, MOST, STRANGERS, Group, Groups, Places
from services.gateway.problems import busy
from services.gateway.requests import GROUPS, QUIET_PATHS
from shared.api import Caller, Doorkeeper, doorkeeper_of

ResultT = TypeVar("ResultT")


class Authenticate(Protocol):
    """authentication.Authenticator."""

    def remembered(self, authorization: str | None) -> Caller | None: ...
    async def __call__(self, authorization: str | None) -> Caller: ...


class IdentityMiddleware:
    """Lets nobody send a body who has no key, or who tells of something that nobody here waits for.

    Whoever is known already passes at once; of the others `look_ups` are looked up at the same time, half of them for one
    address, so that strangers who guess keys keep neither the database nor those who come with a new key waiting.
    """

    def __init__(self, app: ASGIApp, authenticate: Authenticate, look_ups: int, patience: float) -> None:
        self._app, self._authenticate, self._patience = app, authenticate, patience
        self._doors = Places(look_ups)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in QUIET_PATHS:
            await self._app(scope, receive, send)
            return
        scope["state"][GROUPS] = await self._groups(scope)
        await self._app(scope, receive, send)

    async def _groups(self, scope: Scope) -> Groups:
        """Whom the request counts for. Raises Problem, and the errors of doorkeepers, for those who are not let in."""
        if is_private(scope["path"]):
            return await self._groups_of_key(scope)
        doorkeeper = doorkeeper_of(scope["app"], scope["path"])
        if doorkeeper is not None:
            return (Group(await self._asked(doorkeeper, scope), HALF), STRANGERS)
        return (_address_of(scope), STRANGERS)

    async def _groups_of_key(self, scope: Scope) -> Groups:
        authorization = Headers(scope=scope).get("authorization")
        caller = self._authenticate.remembered(authorization)
        if caller is None:
            caller = await self._at_the_door(scope, lambda: self._authenticate(authorization))
        return (Group(caller.key_id, HALF), Group(caller.organisation_id, MOST))

    async def _asked(self, doorkeeper: Doorkeeper, scope: Scope) -> str:
        return await self._at_the_door(scope, lambda: doorkeeper(Request(scope)))

    async def _at_the_door(self, scope: Scope, look_up: Callable[[], Awaitable[ResultT]]) -> ResultT:
        groups = (_address_of(scope),)
        try:
            with anyio.fail_after(self._patience):
                await self._doors.take(groups)
        except TimeoutError:
            raise busy("too_busy", f"who asks could not be found out within {self._patience:g} s") from None
        try:
            return await look_up()
        finally:
            self._doors.give_back(groups)


def _address_of(scope: Scope) -> Group:
    return Group(("address", (scope.get("client") or ("",))[0]), HALF)
