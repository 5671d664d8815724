"""Name look-up and the time of an exchange."""

import socket
import threading
import time
from typing import Any

import httpcore2
import pytest

from shared.http.network import Exchange, resolve


def test_a_number_needs_no_look_up() -> None:
    """Addresses of both families are understood."""
    found = [resolve("127.0.0.1", 80, 1), resolve("::1", 80, 1)]
    assert found == [[(socket.AF_INET, ("127.0.0.1", 80))], [(socket.AF_INET6, ("::1", 80, 0, 0))]]


def test_a_name_has_all_its_addresses() -> None:
    """`localhost` is at least the IPv4 one."""
    assert (socket.AF_INET, ("127.0.0.1", 80)) in resolve("localhost", 80, 5)


def test_a_late_name_service_is_not_waited_for() -> None:
    """The look-up may hang for as long as it likes."""
    release = threading.Event()

    def hang(*_: object, **__: object) -> list[tuple[Any, ...]]:
        release.wait(10)
        return []

    with pytest.raises(httpcore2.ConnectTimeout, match="name service"):
        resolve("shop.invalid", 80, 0.05, look_up=hang)
    release.set()


def test_an_exchange_gives_the_shorter_of_step_and_rest() -> None:
    """A step may not outlast the whole."""
    exchange = Exchange(time.monotonic() + 10)
    waits = [exchange.left(3, httpcore2.ReadTimeout), exchange.left(60, httpcore2.ReadTimeout)]
    assert waits[0] == 3
    assert 9 < waits[1] <= 10


def test_an_exchange_that_is_over_raises_what_it_is_told() -> None:
    """Connecting and reading have errors of their own."""
    with pytest.raises(httpcore2.WriteTimeout):
        Exchange(time.monotonic()).left(3, httpcore2.WriteTimeout)
