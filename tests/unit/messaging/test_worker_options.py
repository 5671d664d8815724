"""What the command line of a worker says, and what it cannot say."""

from typing import Any

import pytest

from shared.messaging.recycling import Limits
from shared.messaging.worker_options import WorkerOptions, parse_options
from shared.settings import Settings


def settings(**own: Any) -> Settings:
    return Settings(database_url="postgresql://localhost/x", rabbitmq_url="amqp://localhost", **own)


def parsed(line: str, **own: Any) -> WorkerOptions:
    return parse_options("services.toyshop", settings(**own), line.split())


def test_nothing_said_is_what_the_settings_say() -> None:
    options = parsed("", worker_threads=3, worker_grace=7, worker_max_jobs=500, worker_time_limit=20)

    assert options == WorkerOptions((), 3, 7, limits=Limits(max_jobs=500), time_limit=20)


def test_command_line_goes_before_the_settings() -> None:
    line = (
        "--queues toyshop.mails,toyshop.photos --strict --threads 2 --max-jobs 10 --max-seconds 3600 --max-memory 400"
    )

    options = parsed(f"{line} --time-limit 5", worker_threads=3, worker_max_jobs=500)

    limits = Limits(10, 3600, 400)
    assert options == WorkerOptions(
        ("toyshop.mails", "toyshop.photos"), 2, 30, limits=limits, strict=True, time_limit=5
    )


def test_once_is_one_job_whatever_the_settings_say() -> None:
    options = parsed("--once --wait 2.5", worker_threads=8, worker_max_jobs=500, worker_max_memory=100)

    assert options == WorkerOptions((), 1, 30, limits=Limits(max_jobs=1), once=True, wait=2.5)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--threads 0", "from 1 to 256, not 0"),
        ("--threads 1000", "start more processes"),
        ("--max-jobs 0", "1 or more jobs, not 0; without it there is no limit"),
        ("--max-jobs -5", "1 or more jobs"),
        ("--max-seconds 0.5", "1 or more seconds"),
        ("--max-seconds nan", "1 or more seconds"),
        ("--max-seconds inf", "1 or more seconds"),
        ("--max-memory 0", "1 or more megabytes"),
        ("--time-limit 0", "1 or more seconds"),
        ("--queues a.x,a.y,a.x", "a.x twice: name each queue once"),
        ("--strict", "name them, the first first"),
        ("--queues a.x --strict", "name them, the first first"),
        ("--wait 3", "--wait belongs to --once"),
        ("--once --wait -1", "0 or more seconds"),
        ("--once --wait inf", "0 or more seconds"),
        ("--once --threads 4", "leave --threads 4 out"),
        ("--max-job 5", "unrecognized arguments"),
        ("--max-jobs many", "invalid int value"),
    ],
)
def test_what_cannot_be_is_refused_with_what_is_right(line: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is connected to; the exit code is the usual one for a wrong command line."""
    with pytest.raises(SystemExit) as ended:
        parsed(line)

    assert (ended.value.code, says in capsys.readouterr().err) == (2, True)


def test_settings_are_checked_as_the_command_line_is(capsys: pytest.CaptureFixture[str]) -> None:
    """A worker that stops after no job would be started again for ever."""
    with pytest.raises(SystemExit):
        parsed("", worker_max_jobs=0)

    assert "--max-jobs is 1 or more jobs, not 0" in capsys.readouterr().err
