"""Scopes: what an API key may do, by area, to read or to write. A door's scanner has `check_in` and nothing else."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

ALL: Final = "*"
"""Everything, also what later releases add: keys that were made without scopes have it."""

_AREAS: Final = {
    "events": "events and their ticket types",
    "orders": "orders and their tickets",
    "appointments": "appointments, free times, event types and the company",
    "calls": "phone calls and what became of them",
    "connections": "credentials with providers",
    "photos": "albums, photos and archives",
    "people": "people, with their addresses",
    "exports": "exports and their files",
    "imports": "imports of people",
    "reports": "reports, figures and their settings",
    "webhooks": "webhook endpoints and deliveries",
    "batches": "work in many pieces",
    "api_keys": "API keys",
}
_READ_ONLY: Final = {"people"}

SCOPES: Final[Mapping[str, str]] = {
    "check_in": "check tickets in, and fetch what a scanner needs for it",
    **{f"{area}:read": f"see {what}" for area, what in _AREAS.items()},
    **{f"{area}:write": f"make and change {what}" for area, what in _AREAS.items() if area not in _READ_ONLY},
}
"""Each scope that there is, and what it allows. To write does not include to read."""


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """Those that do not exist, each with the one that was probably meant."""
    return [_with_the_near_one(scope) for scope in scopes if scope != ALL and scope not in SCOPES]


def _with_the_near_one(scope: str) -> str:
    near = difflib.get_close_matches(scope, SCOPES, n=1)
    return f"{scope[:50]!r} (did you mean {near[0]!r}?)" if near else repr(scope[:50])
