"""A project whose services only say that they are ready: for tests of what starts, keeps and stops processes."""

import os
import sys
from pathlib import Path

from deploy.local.processes import STARTED_BY
from deploy.local.settings import SERVICES

ROOT = Path(__file__).resolve().parents[3]

SERVICE = """\
import http.server, json, os, pathlib, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
port = int(os.environ.get("HTTP_PORT") or os.environ["BELLHOP_PORT"])
pathlib.Path({told!r}, sys.argv[0].split(os.sep)[-2] + ".json").write_text(json.dumps(dict(os.environ)))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""

CONSOLE = """\
import json, pathlib, sys
with pathlib.Path({told!r}, "console.log").open("a") as log:
    log.write(sys.argv[1] + chr(10))
if sys.argv[1] == "keys":
    print(json.dumps({{"key": "bh_key"}}))
"""

SUPERVISOR = """\
import sys
from pathlib import Path
from deploy.local import commands
from deploy.local.run_folder import RunFolder
folder = RunFolder(Path(sys.argv[1]))
sys.exit(commands.run(folder, lambda: commands.stack_of(folder, Path(sys.argv[2]))))
"""


class DummyProject:
    """`told` is where each service leaves the environment that it was given, and the console its commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told = folder / "told"
        self.told.mkdir(parents=True)
        for name in SERVICES:
            self._write(name, SERVICE)
        self._write("console", CONSOLE)
        (folder / "services" / "__init__.py").touch()

    def _write(self, name: str, text: str) -> None:
        package = self.folder / "services" / name
        package.mkdir(parents=True)
        (package / "__main__.py").write_text(text.format(told=str(self.told)), encoding="utf-8")

    def supervisor(self, run: Path) -> list[str]:
        """The command that supervises this project in the foreground."""
        return [sys.executable, "-c", SUPERVISOR, str(run), str(self.folder)]

    def surroundings(self) -> dict[str, str]:
        """The environment to supervise it in: a broker that is given, since nobody here speaks to one."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", STARTED_BY) if name in os.environ}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "RABBITMQ_URL": "amqp://given.invalid",
            "NOTIFICATIONS_FROM": "a@b.example",
        }
