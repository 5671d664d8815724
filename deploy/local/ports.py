"""Ports for local servers: none of the standard ones, chosen once and kept."""

import random
import socket
from pathlib import Path

from deploy.local.errors import LocalStackError

# Below Linux' range for outgoing connections (32768 and up), so that nobody's connection takes a kept port while the
# stack is down. Names inside the range that other software claims are left alone.
FIRST, LAST = 20000, 32000
CLAIMED = frozenset({25672, 27017, 27018, 27019, 28015, 29015})


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port that nobody listens on. Two callers at the same moment are told apart by chance only."""
    for _ in range(200):
        port = random.randint(FIRST, LAST)
        if port not in CLAIMED and is_free(port):
            return port
    raise LocalStackError(f"no free port was found between {FIRST} and {LAST}")


def kept_port(file: Path) -> int:
    """The port written in `file`; a free one is chosen and written there the first time."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{free_port()}\n", encoding="ascii")
    return int(file.read_text(encoding="ascii"))
