"""The guide to appointments, pasted into a shell: what it asks for is answered as it says."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.providers.client import Calcom, local_calcom
from services.appointments import actors
from services.appointments.domain.calls import Outcome
from services.appointments.domain.problems import Problem
from services.appointments.http.dependencies import dependencies_of
from shared.api import Api
from shared.messaging.actor import declarations_in
from shared.messaging.testing import Inline
from tests.architecture.source import ROOT
from tests.integration.appointments.front import PUBLIC_URL, Front, serving
from tests.support.databases import Database
from tests.support.guides import BLOCK, missing, run

GUIDE = ROOT / "docs/appointments.md"
FROM_OUTSIDE = 'curl() { command curl "${@//"$PUBLIC_URL"/$BELLHOP_URL}"; }'
"""PUBLIC_URL, under which providers know it, leads to the test's own port."""
CALCOM_KEY, RETELL_KEY = "cal_live_of_the_guide", "key_of_the_guide_with_badge"


def steps() -> Iterator[tuple[str, Any]]:
    """Each script of the guide, and the answer that it shows; None where it shows none."""
    blocks = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    for (kind, script), (following, answer) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "sh":
            yield script, json.loads(answer) if following == "json" else None


@pytest.fixture
def calcom() -> Iterator[Calcom]:
    with local_calcom(CALCOM_KEY) as running:
        yield running


@pytest.fixture
def front(database: Database, tmp_path: Path, calcom: Calcom) -> Iterator[Front]:
    """An installation whose Cal.com is the local one. Its jobs run when the test says so."""
    with serving(database, tmp_path) as served:
        served.configure(calcom_base_url=calcom.url)
        yield served
        dependencies = served.app.state.appointments_dependencies
        dependencies.calcom.close()


def test_the_guide_works_as_it_is_written(front: Front) -> None:
    """One shell runs all of it; between two blocks the jobs are done that the first has led to."""
    api = front.app.state.api
    assert isinstance(api, Api)
    dependencies = dependencies_of(front.app, api.resources)
    inline = Inline(front.database.engine, declarations_in(actors), {"appointments": dependencies})
    with _shell(front) as shell:
        run(shell, FROM_OUTSIDE)
        for script, shown in steps():
            said = run(shell, script)
            if shown is not None:
                answer = json.loads(said)
                assert missing(shown, answer) == [], f"{script}answered {json.dumps(answer, indent=1)[:2_000]}"
            inline.drain()


def test_every_outcome_and_problem_is_explained() -> None:
    """Nobody meets one that the guide does not know."""
    guide = GUIDE.read_text(encoding="utf-8")
    assert [name for name in (*Outcome, *Problem) if f"| `{name}` |" not in guide] == []


def _url(front: Front) -> str:
    return f"http://127.0.0.1:{front.port}"


def _shell(front: Front) -> "subprocess.Popen[str]":
    _, key = front.key("Example Dental")
    own = {
        "BELLHOP_URL": _url(front),
        "BELLHOP_API_KEY": key,
        "CALCOM_API_KEY": CALCOM_KEY,
        "RETELL_API_KEY": RETELL_KEY,
        "PUBLIC_URL": PUBLIC_URL,
    }
    return subprocess.Popen(
        ["bash", "-euo", "pipefail"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **own},
        text=True,
    )
