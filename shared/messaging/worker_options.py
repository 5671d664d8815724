"""What the command line and the settings say about a worker process; what cannot be is refused with what is right."""

import argparse
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from shared.messaging.recycling import Limits
from shared.settings import Settings

MOST_THREADS = 256
"""Each has a connection to PostgreSQL, whose own default is 100 for everybody."""


class WorkerOptionsError(Exception):
    """An option or a setting that cannot be, or two that cannot work together. It says what is right."""


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """Which queues, how many messages at a time, and until when.

    With `strict` the order of `queues` counts: earlier ones first. `time_limit`, in seconds, lowers the limits that the
    actors declare, never raises one. With `once` the process ends after one job, or where none came within `wait`
    seconds.
    """

    queues: Collection[str]
    threads: int
    grace: float
    overtime: float = 10.0
    limits: Limits = field(default_factory=Limits)
    strict: bool = False
    time_limit: float | None = None
    once: bool = False
    wait: float = 1.0


def parse_options(program: str, settings: Settings, arguments: Sequence[str] | None = None) -> WorkerOptions:
    """The options of a worker process: the command line's, else the settings'. Ends the process where they cannot be."""
    parser = worker_parser(program, settings)
    try:
        return worker_options(parser.parse_args(arguments), settings)
    except WorkerOptionsError as error:
        parser.error(str(error))


def worker_parser(program: str, settings: Settings) -> argparse.ArgumentParser:
    """The options that every worker process has."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", allow_abbrev=False)
    parser.add_argument(
        "--queues", default="", help="names of queues with commas between; all of the service's if left out"
    )
    parser.add_argument(
        "--strict", action="store_true", help="nothing of a queue begins while something of one named before it waits"
    )
    parser.add_argument("--threads", type=int, help="messages worked on at a time (WORKER_THREADS)")
    parser.add_argument(
        "--max-jobs",
        type=int,
        default=settings.worker_max_jobs,
        help="stop after so many jobs, to be started again (WORKER_MAX_JOBS)",
    )
    parser.add_argument(
        "--max-seconds",
        type=float,
        default=settings.worker_max_seconds,
        help="stop after so long, likewise (WORKER_MAX_SECONDS)",
    )
    parser.add_argument(
        "--max-memory",
        type=float,
        default=settings.worker_max_memory,
        help="stop when the process takes so many megabytes, likewise (WORKER_MAX_MEMORY)",
    )
    parser.add_argument(
        "--time-limit",
        type=float,
        default=settings.worker_time_limit,
        help="the longest that any job may take here, in seconds: it lowers an actor's own limit (WORKER_TIME_LIMIT)",
    )
    parser.add_argument(
        "--once", action="store_true", help="do one job and stop: 0 if there was one, 3 if there was none"
    )
    parser.add_argument("--wait", type=float, help="with --once: how many seconds to wait for a job; 1 if left out")
    return parser


def worker_options(parsed: argparse.Namespace, settings: Settings) -> WorkerOptions:
    """Check what was parsed. Raises WorkerOptionsError for the first thing that cannot be."""
    queues = tuple(name.strip() for name in parsed.queues.split(",") if name.strip())
    twice = sorted({name for name in queues if queues.count(name) > 1})
    if twice:
        raise WorkerOptionsError(f"--queues names {', '.join(twice)} twice: name each queue once")
    if parsed.strict and len(queues) < 2:
        raise WorkerOptionsError(
            "--strict is an order among queues: name them, the first first: --queues a.x,a.y --strict"
        )
    _check_once(parsed)
    threads = 1 if parsed.once else parsed.threads if parsed.threads is not None else settings.worker_threads
    if not 1 <= threads <= MOST_THREADS:
        raise WorkerOptionsError(
            f"--threads is from 1 to {MOST_THREADS}, not {threads}; beyond it start more processes"
        )
    _check_positive("--time-limit", "seconds", parsed.time_limit, 1)
    return WorkerOptions(
        queues,
        threads,
        settings.worker_grace,
        settings.worker_overtime,
        _limits(parsed),
        parsed.strict,
        parsed.time_limit,
        parsed.once,
        1.0 if parsed.wait is None else parsed.wait,
    )


def _check_once(parsed: argparse.Namespace) -> None:
    if parsed.wait is not None and not parsed.once:
        raise WorkerOptionsError("--wait belongs to --once: without it a worker waits for jobs for ever")
    if parsed.wait is not None and not 0 <= parsed.wait < float("inf"):
        raise WorkerOptionsError(f"--wait is 0 or more seconds, not {parsed.wait:g}")
    if parsed.once and parsed.threads not in {None, 1}:
        raise WorkerOptionsError(f"--once does one job: leave --threads {parsed.threads} out")


def _limits(parsed: argparse.Namespace) -> Limits:
    _check_positive("--max-jobs", "jobs", parsed.max_jobs, 1)
    _check_positive("--max-seconds", "seconds", parsed.max_seconds, 1)
    _check_positive("--max-memory", "megabytes", parsed.max_memory, 1)
    if parsed.once:
        # The settings are for workers that go on; one job is an end of its own.
        return Limits(max_jobs=1)
    return Limits(parsed.max_jobs, parsed.max_seconds, parsed.max_memory)


def _check_positive(option: str, unit: str, value: float | None, least: float) -> None:
    if value is not None and not least <= value < float("inf"):
        raise WorkerOptionsError(f"{option} is {least:g} or more {unit}, not {value:g}; without it there is no limit")
