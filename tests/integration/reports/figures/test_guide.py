"""The guide's section about figures, pasted into a shell."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient

from deploy.local.ports import free_port
from tests.architecture.source import text_of
from tests.support.waiting import wait_for

BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    """The scripts and answers from `## Figures` to the next chapter."""
    chapter = text_of("docs/reports.md").partition("\n## Figures\n")[2].partition("\n## ")[0]
    return BLOCK.findall(chapter)


@pytest.fixture
def shell(api: TestClient, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the shell knows of an installation, which is served until the test ends."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(api.app, host="127.0.0.1", port=port, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_for(lambda: server.started, 10, "the gateway to start")
        key = str(api.headers["authorization"]).removeprefix("Bearer ")
        yield {"PATH": os.environ["PATH"], "BELLHOP_URL": f"http://127.0.0.1:{port}", "BELLHOP_API_KEY": key}
    finally:
        server.should_exit = True
        thread.join(10)


def test_the_guide_can_be_pasted_into_a_shell(shell: dict[str, str], tmp_path: Path) -> None:
    """Its answer is as it says, the figures are an answer, and the chart is a picture."""
    scripts = [text for kind, text in blocks() if kind == "sh"]
    (answer,) = [json.loads(text) for kind, text in blocks() if kind == "json"]
    said = [
        subprocess.run(["bash", "-euc", script], env=shell, cwd=tmp_path, capture_output=True, check=True).stdout
        for script in scripts
    ]
    assert json.loads(said[0]) == answer
    assert json.loads(said[1])["time_zone"] == "Europe/Berlin"
    assert (tmp_path / "tickets.svg").read_bytes().startswith(b"<?xml")
