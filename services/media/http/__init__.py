"""What the gateway mounts of the media service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from services.media.http import albums, archives, files, photos
from services.media.http.dependencies import settings_of


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """A wrong setting ends the gateway at its start, not its first request."""
    settings_of(app)
    yield


router = APIRouter(lifespan=_lifespan)
for part in (albums, photos, archives, files):
    router.include_router(part.router)
