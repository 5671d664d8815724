"""The HTTP interface of ticketing: events, orders, check-ins, and what people open without a key."""

from fastapi import APIRouter

from services.ticketing.http import check_ins, events, orders, pages

router = APIRouter()
for part in (events, orders, check_ins, pages):
    router.include_router(part.router)
