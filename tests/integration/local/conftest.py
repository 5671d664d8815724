"""What the tests of the local servers share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.reaper import prefix_of


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may pass through, as a clone in an ordinary place; pytest's own is closed to others."""
    made = Path(tempfile.mkdtemp(prefix=prefix_of("local")))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)
