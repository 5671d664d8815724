"""What the gateway mounts of the reports service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from services.reports.http import event_reports, exports, figures, imports, people, preferences, projection
from services.reports.http.dependencies import settings_of


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """A wrong setting ends the gateway at its start, not its first request."""
    settings_of(app)
    yield


router = APIRouter(lifespan=_lifespan)
for part in (event_reports, projection, exports, imports, people, figures, preferences):
    router.include_router(part.router)
