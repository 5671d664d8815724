"""Which services are installed here, and what each declares. Everything is imported when it is asked for."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Sequence
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from shared.errors import PermanentError
from shared.messaging.actor import ActorDeclaration, declarations_in
from shared.schedules import Schedule

GROUP = "bellhop.services"
"""Entry points of this group name packages that are services too: `orchard = "orchard_bellhop"`."""
BUILT_IN = "services"
MARKS = ("actors", "http", "schedules", "migrations")
"""A package with one of these is found here. The gateway has tables and nothing else; scheduler, relay and console have
none of these: they belong to every installation."""


class UnknownServiceError(PermanentError):
    """BELLHOP_SERVICES, or a caller, names a service that is not installed."""

    code = "unknown_service"


def services(names: str = "") -> list[str]:
    """The services deployed here, sorted: all that are installed, or those in `names` (BELLHOP_SERVICES, with commas).

    Raises UnknownServiceError for a name that is not installed.
    """
    installed = sorted(_packages())
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    unknown = sorted(name for name in wanted.difference(installed) if not _is_built_in(name))
    if unknown:
        raise UnknownServiceError(f"BELLHOP_SERVICES names {unknown}; installed are {installed}")
    return sorted(wanted.intersection(installed)) if wanted else installed


def actor_declarations(service: str) -> list[ActorDeclaration]:
    """What the service hears: the declarations in its actors module, none where it has no such module."""
    module = _module(service, "actors")
    return [] if module is None else declarations_in(module)


def schedules(service: str) -> list[Schedule]:
    """What is published for the service and when: SCHEDULES of its schedules module."""
    module = _module(service, "schedules")
    return [] if module is None else list(_attribute(module, "SCHEDULES"))


def router(service: str) -> Any:
    """The FastAPI router of its http module; None where it has none."""
    module = _module(service, "http")
    return None if module is None else _attribute(module, "router")


def package_of(service: str) -> str:
    """The dotted name of the package of a service. Raises UnknownServiceError."""
    found = _packages().get(service)
    if found is None:
        raise UnknownServiceError(f"no service named {service!r} is installed")
    return found


def _packages() -> dict[str, str]:
    built_in = importlib.import_module(BUILT_IN)
    found = {
        name: f"{BUILT_IN}.{name}"
        for _, name, is_package in pkgutil.iter_modules(built_in.__path__)
        if is_package and _is_service(f"{BUILT_IN}.{name}", MARKS)
    }
    for point in entry_points(group=GROUP):
        if point.name in found:
            raise UnknownServiceError(
                f"entry point {point.value!r} takes the name of the built-in service {point.name!r}"
            )
        found[point.name] = point.value
    return found


def _is_built_in(name: str) -> bool:
    """Whether it is a process of every installation (relay, say), which people may name beside the services."""
    return name.isidentifier() and importlib.util.find_spec(f"{BUILT_IN}.{name}") is not None


def _is_service(package: str, marks: Sequence[str]) -> bool:
    return any(importlib.util.find_spec(f"{package}.{mark}") is not None for mark in marks)


def _module(service: str, name: str) -> ModuleType | None:
    """A module of the service, or None if it has no such file. An error inside of it is not hidden."""
    path = f"{package_of(service)}.{name}"
    return None if importlib.util.find_spec(path) is None else importlib.import_module(path)


def _attribute(module: ModuleType, name: str) -> Any:
    try:
        return getattr(module, name)
    except AttributeError:
        raise UnknownServiceError(f"{module.__name__} has no {name}: see the guide on writing a service") from None
