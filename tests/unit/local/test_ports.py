"""Ports for local servers."""

import socket
from pathlib import Path

from deploy.local.ports import CLAIMED, FIRST, LAST, free_port, is_free, kept_port


def test_port_lies_below_those_of_outgoing_connections() -> None:
    """So that a kept port is still free later; and none that other software is known for."""
    ports = {free_port() for _ in range(50)}

    assert all(FIRST <= port <= LAST < 32768 for port in ports)
    assert not ports & CLAIMED


def test_port_that_is_listened_on_is_not_free() -> None:
    """Until its listener has gone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        taken = is_free(port)

    assert (taken, is_free(port)) == (False, True)


def test_port_is_kept_in_its_file(tmp_path: Path) -> None:
    """The file is made with its folder."""
    file = tmp_path / "deep" / "port"

    assert kept_port(file) == kept_port(file) == int(file.read_text())
