"""`/v1/albums`: sets of photos."""

from fastapi import APIRouter

router = APIRouter()
