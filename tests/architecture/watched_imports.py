"""Imports the modules named on the command line, and says which of them did more than define things.

Run as a process of its own: `python -m tests.architecture.watched_imports module …`. Prints one JSON object:
`effects`, a list of texts, and `loaded`, every module that is there afterwards.
"""

import importlib
import json
import os
import sys
import threading
from collections.abc import ItemsView
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(str(ROOT / folder) for folder in ("services", "shared", "deploy", "tests"))
SEEN = frozenset(
    {
        *("threading.Thread.start", "os.fork", "os.posix_spawn", "os.system", "subprocess.Popen"),
        *("socket.bind", "socket.connect", "socket.getaddrinfo", "smtplib.connect"),
        *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.putenv", "shutil.rmtree"),
    }
)


def importer() -> str | None:
    """The module of ours that is being executed right now; None if a package from outside, or nobody, is at it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            file = frame.f_code.co_filename
            return str(Path(file).relative_to(ROOT)) if file.startswith(OURS) and file != __file__ else None
        frame = frame.f_back
    return None


class Environment(dict[str, str]):
    """os.environ, with an ear on who reads it: our own code, or settings that our own code builds."""

    def __init__(self, effects: list[str]) -> None:
        super().__init__(os.environ)
        self._effects = effects

    def _note(self, what: str) -> None:
        reader = sys._getframe(2)
        if reader.f_globals["__name__"] == "os" and reader.f_back is not None:
            reader = reader.f_back
        file, module = reader.f_code.co_filename, importer()
        if module is not None and (file.startswith(OURS) or "pydantic_settings" in file):
            self._effects.append(f"{module} reads {what} of the environment")

    def __getitem__(self, name: str) -> str:
        self._note(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default)

    def items(self) -> ItemsView[str, str]:  # type: ignore[override] # the class of a dict's own view cannot be made
        self._note("all")
        return super().items()


def main() -> int:
    """Import one after the other under watch."""
    effects: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        if event in SEEN or writes:
            module = importer()
            if module is not None:
                effects.append(f"{module} causes {event}{arguments}")

    start = threading.Thread.start

    def watched_start(thread: threading.Thread) -> None:
        """Python says so by itself only from 3.13 on."""
        watch("threading.Thread.start", (thread.name,))
        start(thread)

    sys.dont_write_bytecode = True
    threading.Thread.start = watched_start  # type: ignore[method-assign, assignment] # this process is there to be watched
    sys.addaudithook(watch)
    os.environ = Environment(effects)  # type: ignore[assignment] # noqa: B003 - it is asked as a mapping, in this process only
    for name in sys.argv[1:]:
        importlib.import_module(name)
    print(json.dumps({"effects": effects, "loaded": sorted(sys.modules)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
