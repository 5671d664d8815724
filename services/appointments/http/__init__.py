"""What the gateway mounts of the appointments service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from services.appointments.http import appointments, call_counts, calls, companies, connections, links
from services.appointments.http.dependencies import close_clients, settings_of


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """A wrong setting ends the gateway at its start, not its first request."""
    settings_of(app)
    connections.offer_secrets(app)
    yield
    close_clients(app)


router = APIRouter(lifespan=_lifespan)
for part in (connections, companies, calls, call_counts, appointments, links):
    router.include_router(part.router)
