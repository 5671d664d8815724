"""A pytest plugin for two collections at one time: one here, the other elsewhere (`ELSEWHERE` is "0" or "1").

Elsewhere it is another year, and folders list their files backwards. Code in C reads no clock that Python moves: the two
take turns, so that no file is imported by both in the same second.
"""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Self

import pytest
import time_machine

ELSEWHERE = "BELLHOP_TEST_ELSEWHERE"
FAR = timedelta(days=500, hours=7, minutes=11, seconds=13)


class Backwards:
    """What os.scandir found, the last first."""

    def __init__(self, found: Any) -> None:
        with found:
            self._left = list(found)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        if not self._left:
            raise StopIteration
        return self._left.pop()

    def close(self) -> None: ...


def _turned(scan: Callable[..., Any]) -> Callable[..., Backwards]:
    return lambda *arguments: Backwards(scan(*arguments))


def _reversed(names: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    return lambda *arguments: names(*arguments)[::-1]


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Before anything of the suite is imported."""
    away = int(os.environ[ELSEWHERE])
    if away:
        os.scandir, os.listdir = _turned(os.scandir), _reversed(os.listdir)  # type: ignore[assignment] # the same, turned round
    time_machine.travel(time.time() + away * FAR.total_seconds(), tick=True).start()


@pytest.hookimpl(tryfirst=True)
def pytest_make_collect_report(collector: pytest.Collector) -> None:
    """A file is imported in an even second here, in an odd one elsewhere."""
    if isinstance(collector, pytest.Module):
        while int(time_machine.escape_hatch.time.time()) % 2 != int(os.environ[ELSEWHERE]):
            time.sleep(0.01)
