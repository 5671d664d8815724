"""The suite is the same wherever, whenever and however often it is collected."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.elsewhere import ELSEWHERE
from tests.architecture.source import ROOT

ENOUGH_SECONDS = 600
ADVICE = """
Workers of one run collect in different seconds, with different seeds, and give up when they find different tests.
A parameter's value is part of its test's id unless it has one: write `pytest.param(value, id="what-it-is")`, and make what
depends on the clock, chance, the machine, a set's order or a folder's order inside of the test or a fixture; sort the rest.
"""


def _collecting(environment: dict[str, str]) -> subprocess.Popen[str]:
    """A pytest in a process of its own, telling the id of every test there is."""
    base = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    plugins = ["-p", "no:cacheprovider", "-p", "tests.architecture.elsewhere"]
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *plugins, "tests"],
        cwd=ROOT,
        env={**base, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _ids(collecting: subprocess.Popen[str]) -> list[str]:
    output, _ = collecting.communicate(timeout=ENOUGH_SECONDS)
    assert collecting.returncode == 0, output[-4000:]
    return [line for line in output.splitlines() if "::" in line]


@pytest.mark.timeout(2 * ENOUGH_SECONDS)
def test_two_collections_find_the_same_tests_in_the_same_order(tmp_path: Path) -> None:
    """Here and now, and at the same time elsewhere: another year, second, hash seed, time zone, home and order of files."""
    here = _collecting({ELSEWHERE: "0", "PYTHONHASHSEED": "1", "TZ": "UTC"})
    there = {ELSEWHERE: "1", "PYTHONHASHSEED": "2", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"}
    elsewhere = _collecting({**there, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)})
    try:
        first, second = _ids(here), _ids(elsewhere)
    finally:
        for collecting in (here, elsewhere):
            collecting.kill()
            collecting.communicate()
    assert set(first) == set(second), f"collected only once: {sorted(set(first) ^ set(second))[:6]}\n{ADVICE}"
    moved = [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]]
    assert not moved, f"collected in another order: {moved[:3]}\n{ADVICE}"
