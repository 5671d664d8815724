"""What both local providers are made of: routes, misbehaviour, records, webhooks, and the control API over them."""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.local.providers.clock import Clock
from deploy.local.providers.deliveries import Manner, Sender
from deploy.local.providers.exchange import Answer, Handle, RefusedError, Request
from deploy.local.providers.faults import Fault, Faults
from deploy.local.providers.limits import RateLimit
from deploy.local.providers.records import Records

CONTROL = "/_control/"


@dataclass
class Lists:
    """How lists are answered: `lag` hides what is younger than so many seconds, `page_size` makes pages no larger,
    `leave_out` leaves out of each page the entries at these places (0 is the first).
    """

    lag: float = 0.0
    page_size: int | None = None
    leave_out: tuple[int, ...] = ()


@dataclass(frozen=True)
class Route:
    """An operation of the original: its method, and its path with `{name}` for each argument."""

    method: str
    path: str
    operation: str
    handle: Handle

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """The arguments, if this route takes the request."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path) if method == self.method else None
        return found.groupdict() if found else None


class Provider(ABC):
    """One of them. `reset` puts everything back to how it began, but for the webhook's address."""

    name: str
    tells_limit = True
    """Whether its answers say how much of the limit is left."""

    def __init__(self, *, webhook_retries: int) -> None:
        self.clock = Clock()
        self.faults = Faults()
        self.records = Records()
        self.limit = RateLimit()
        self.lists = Lists()
        self.sender = Sender(webhook_retries)
        self._routes = self.routes()
        self._controls = [*self._common_controls(), *self.controls()]

    @abstractmethod
    def routes(self) -> list[Route]:
        """The original's operations."""

    @abstractmethod
    def controls(self) -> list[Route]:
        """What besides the common can be told and asked under /_control/."""

    @abstractmethod
    def authorize(self, request: Request) -> None:
        """Raise RefusedError unless the key is one of its own."""

    @abstractmethod
    def not_found(self, request: Request) -> Answer:
        """What the original answers for a path that it does not have."""

    @abstractmethod
    def forget(self) -> None:
        """Put its own state back to how it began."""

    def answer(self, request: Request) -> Answer | None:
        """What to answer; None cuts the connection."""
        routes = self._controls if request.path.startswith(CONTROL) else self._routes
        for route in routes:
            arguments = route.match(request.method, request.path)
            if arguments is not None:
                if routes is self._controls:
                    return _guarded(route, request, arguments)
                return self._misbehaving(route, request, arguments)
        if routes is self._routes:
            self.records.begin("unknown", request, self.clock.now()).status = 404
            self.records.violation("unknown", f"{request.method} {request.path} is not there")
        return self.not_found(request)

    def _misbehaving(self, route: Route, request: Request, arguments: Mapping[str, str]) -> Answer | None:
        seen = self.records.begin(route.operation, request, self.clock.now())
        told = self.faults.take(route.operation)
        if told.seconds:
            time.sleep(told.seconds)
        if told.refuses:
            seen.status = 0
            return None
        answer = told.failure or self._worked(route, request, arguments)
        answer = told.belated or answer
        if told.afterwards:
            time.sleep(told.afterwards)
        seen.status = 0 if told.loses else answer.status
        return None if told.loses else answer

    def _worked(self, route: Route, request: Request, arguments: Mapping[str, str]) -> Answer:
        """Authorization, the limit, the work; the limit's headers are on every answer."""
        try:
            self.authorize(request)
        except RefusedError as refused:
            self.records.violation(route.operation, "not authorized")
            return refused.answer
        admitted, headers = self.limit.admit(request.key)
        answer = _guarded(route, request, arguments) if admitted else self.throttled(request)
        if not admitted:
            self.records.violation(route.operation, "more requests than the limit allows")
        return Answer(answer.status, answer.body, {**(headers if self.tells_limit else {}), **answer.headers})

    def throttled(self, request: Request) -> Answer:  # noqa: ARG002 - an original may name the path
        """What the original answers beyond its limit."""
        return Answer(429, {"status": "error", "message": "Too Many Requests"})

    def _common_controls(self) -> list[Route]:
        told: dict[tuple[str, str], Handle] = {
            ("GET", "health"): lambda _: Answer(200, {"provider": self.name}),
            ("POST", "reset"): self._reset,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): _done(lambda _: self.faults.clear()),
            ("POST", "lists"): self._set_lists,
            ("POST", "limit"): self._set_limit,
            ("POST", "clock"): _done(lambda request: self.clock.advance(float(request.json()["advance"]))),
            ("POST", "webhooks/manner"): self._set_manner,
            ("POST", "webhooks/release"): _done(lambda _: self.sender.release()),
            ("GET", "webhooks"): lambda _: Answer(200, self.sender.deliveries()),
            ("GET", "requests"): lambda request: Answer(200, self.records.requests(request.query.get("operation"))),
            ("GET", "counts"): lambda _: Answer(200, self.records.counts()),
            ("GET", "violations"): lambda _: Answer(200, self.records.violations()),
        }
        return [Route(method, CONTROL + name, name, handle) for (method, name), handle in told.items()]

    def _reset(self, _request: Request) -> Answer:
        self.faults.clear()
        self.records.clear()
        self.limit.clear()
        self.limit.per_window = 120
        self.lists = Lists()
        self.sender.clear()
        self.clock = Clock()
        self.forget()
        return Answer(200)

    def _add_fault(self, request: Request) -> Answer:
        self.faults.add(Fault(**request.json()))
        return Answer(200)

    def _set_lists(self, request: Request) -> Answer:
        told = request.json()
        self.lists = Lists(**{**told, "leave_out": tuple(told.get("leave_out", ()))})
        return Answer(200)

    def _set_limit(self, request: Request) -> Answer:
        self.limit.per_window = int(request.json()["per_minute"])
        self.limit.clear()
        return Answer(200)

    def _set_manner(self, request: Request) -> Answer:
        self.sender.manner = Manner(**request.json())
        return Answer(200)


def _done(do: Callable[[Request], None]) -> Handle:
    def answer(request: Request) -> Answer:
        do(request)
        return Answer(200)

    return answer


def _guarded(route: Route, request: Request, arguments: Mapping[str, str]) -> Answer:
    try:
        return route.handle(request, **arguments)
    except RefusedError as refused:
        return refused.answer
    except (KeyError, TypeError, ValueError) as error:
        if not request.path.startswith(CONTROL):
            raise
        return Answer(400, {"message": f"{type(error).__name__}: {error}"})


def page(entries: list[Any], size: int, lists: Lists) -> tuple[list[Any], bool]:
    """The first page of what is left of a list, and whether there is more. Left-out entries count as given."""
    taken = entries[: min(size, lists.page_size or size)]
    kept = [entry for place, entry in enumerate(taken) if place not in lists.leave_out]
    return kept, len(entries) > len(taken)
