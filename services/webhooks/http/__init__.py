"""What the gateway mounts of the webhooks service."""

from fastapi import APIRouter

from services.webhooks.http import deliveries, endpoints, inbound

router = APIRouter()
router.include_router(inbound.router)
router.include_router(endpoints.router)
router.include_router(deliveries.router)
