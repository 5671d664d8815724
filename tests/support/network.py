"""No test speaks to anybody outside of this machine."""

import ipaddress
import socket
from typing import Any

import pytest


def forbid_the_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting a socket to an address that is not loopback raises."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
            raise ConnectionRefusedError(f"tests speak to this machine only, not to {address[0]}: use a local server")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
