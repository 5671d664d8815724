"""How uvicorn serves the gateway."""

from typing import Final

import uvicorn
from fastapi import FastAPI

from services.gateway.connections import BoundedProtocol, Drains
from services.gateway.settings import GatewaySettings

KEEP_ALIVE_SECONDS: Final = 75
"""Longer than the idle time-out of the usual reverse proxies (60 s), so that they never reuse a closed connection."""


def server_config(app: FastAPI, gateway: GatewaySettings) -> uvicorn.Config:
    """Connections are bounded, and each server counts its own."""
    bounded = type("Bounded", (BoundedProtocol,), {"most": gateway.connections, "drains": Drains(), "idle": {}})
    return uvicorn.Config(
        app,
        host=gateway.host,
        port=gateway.port,
        http=bounded,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(gateway.grace),
    )
