"""What the gateway mounts of the webhooks service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from services.webhooks.http import deliveries, endpoints, inbound
from services.webhooks.http.dependencies import settings_of
from shared.api import offer_doorkeeper


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """A wrong setting ends the gateway at its start, not its first request. Bodies are asked for once it is known whose."""
    settings_of(app)
    offer_doorkeeper(app, inbound.PREFIX, inbound.ask_who_sends)
    yield


router = APIRouter(lifespan=_lifespan)
router.include_router(inbound.router)
router.include_router(endpoints.router)
router.include_router(deliveries.router)
