"""A small run that is there to be interrupted: test_reaper.py starts it. pytest does not collect it by itself."""

import json
import os
import tempfile
from pathlib import Path
from threading import Event

from deploy.local.processes import recall
from tests.integration.local.test_stack import Stack
from tests.support.databases import SECRET_KEY, Database
from tests.support.processes import Processes
from tests.support.reaper import prefix_of
from tests.support.vhosts import VirtualHost

REPORT = "BELLHOP_TEST_INTERRUPTED"


def test_much_is_started_and_nothing_ended(tmp_path: Path, database: Database, rabbitmq: VirtualHost) -> None:
    """A stack in the background and a relay, as tests have them whose fixtures are killed too."""
    folder = Path(tempfile.mkdtemp(prefix=prefix_of("interrupted")))
    folder.chmod(0o755)
    stack = Stack(folder)
    assert stack.up().returncode == 0
    supervisor = recall(stack.run.supervisor)
    assert supervisor is not None
    environment = {
        "DATABASE_URL": database.service_url("relay"),
        "RABBITMQ_URL": rabbitmq.url,
        "SECRET_KEY": SECRET_KEY,
    }
    relay = Processes(tmp_path, environment).start("services.relay")
    told = {
        "pids": [supervisor.pid, relay.pid],
        "folder": str(folder),
        "test_folder": os.environ["BELLHOP_TEST_RABBITMQ_FOLDER"],
    }
    unfinished = Path(os.environ[REPORT] + ".unfinished")
    unfinished.write_text(json.dumps(told), encoding="ascii")
    unfinished.rename(os.environ[REPORT])
    Event().wait(600)
