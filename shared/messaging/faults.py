"""Named points in the code where a test can hold a process, to kill it inside a window that lasts microseconds.

Set BELLHOP_HOLD_AT to `point` or `point:kind`, and BELLHOP_HOLD_DIRECTORY to a folder: the first process that reaches
the point makes the file `<point>.<pid>` there and stands still until the file `release` appears, or it is killed.
Without the variable a point costs one attribute read.
"""

import os
import time
from pathlib import Path


class HoldingPoints:
    """Where to stand still. `reach` is a no-op unless a point was named."""

    def __init__(self, at: str = "", directory: str = "") -> None:
        self.point, _, self.kind = at.partition(":")
        self.directory = Path(directory or ".")

    def reach(self, point: str, kind: str = "") -> None:
        """Stand still here, if this is the point. Only the first to claim the point's `taken` file does."""
        if self.point != point or (self.kind and self.kind != kind):
            return
        try:
            os.close(os.open(self.directory / "taken", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        (self.directory / f"{point}.{os.getpid()}").touch()
        while not (self.directory / "release").exists():
            time.sleep(0.01)


def holding_points() -> HoldingPoints:
    """The points named in the environment of this process."""
    return HoldingPoints(os.environ.get("BELLHOP_HOLD_AT", ""), os.environ.get("BELLHOP_HOLD_DIRECTORY", ""))
