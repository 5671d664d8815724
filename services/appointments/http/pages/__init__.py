"""The pages that customers open from a link: HTML that needs no script, in their language and on their clock."""

import functools

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
"""The address of such a page is the key to an appointment: nobody keeps it, finds it, or is told it by a browser."""


def page(template: str, status: int, **values: object) -> HTMLResponse:
    """A template, filled in."""
    return HTMLResponse(_templates().get_template(template).render(values), status, headers=HEADERS)


@functools.cache
def _templates() -> Environment:
    """Escapes everything: names come from whoever called."""
    loader = PackageLoader("services.appointments", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
