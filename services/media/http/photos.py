"""`/v1/photos`: what is uploaded, and what is known of it."""

from fastapi import APIRouter

router = APIRouter()
