"""Named points where a test can hold a process."""

import os
from pathlib import Path
from threading import Thread

import pytest

from shared.messaging.faults import HoldingPoints, holding_points
from tests.support.waiting import wait_for


def test_point_that_was_not_named_is_passed(tmp_path: Path) -> None:
    """In production none is."""
    HoldingPoints("", str(tmp_path)).reach("before_commit", "toyshop.toy.make")
    HoldingPoints("after_commit", str(tmp_path)).reach("before_commit", "toyshop.toy.make")
    HoldingPoints("before_commit:toyshop.toy.pack", str(tmp_path)).reach("before_commit", "toyshop.toy.make")

    assert list(tmp_path.iterdir()) == []


def test_process_stands_at_its_point_until_it_is_released(tmp_path: Path) -> None:
    """It says with its pid that it has come there."""
    points = HoldingPoints("before_commit:toyshop.toy.make", str(tmp_path))
    thread = Thread(target=points.reach, args=("before_commit", "toyshop.toy.make"))
    thread.start()
    wait_for((tmp_path / f"before_commit.{os.getpid()}").exists, what="the point to be reached")
    stood = thread.is_alive()

    (tmp_path / "release").touch()
    thread.join(10)

    assert (stood, thread.is_alive()) == (True, False)


def test_only_the_first_is_held(tmp_path: Path) -> None:
    """The one that takes its place must get on."""
    (tmp_path / "taken").touch()

    HoldingPoints("before_commit", str(tmp_path)).reach("before_commit")

    assert not list(tmp_path.glob("before_commit.*"))


def test_points_are_named_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the process that is to be held."""
    monkeypatch.setenv("BELLHOP_HOLD_AT", "after_publish:toyshop.toy.made")
    monkeypatch.setenv("BELLHOP_HOLD_DIRECTORY", str(tmp_path))

    points = holding_points()

    assert (points.point, points.kind, points.directory) == ("after_publish", "toyshop.toy.made", tmp_path)
