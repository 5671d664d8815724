"""The process around one or several workers: its signals, its health port, and the reasons for which it ends."""

import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING, Any

import structlog

from shared.health import HealthServer
from shared.messaging.recycling import Recycling
from shared.metrics import Metrics
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.messaging.worker import WorkerProcess

WATCH_SECONDS = 1.0
ONCE_WATCH_SECONDS = 0.05
INTERRUPT_SECONDS = 5.0
"""How long an interrupted job has, after the grace period, to roll back and be handed back."""
LAST_RESORT_SECONDS = 25.0
STUCK_SECONDS = 30.0
CONNECT_SECONDS = 30.0
"""How long `--once` waits for its queues before it gives up."""
NOTHING_TO_DO = 3
"""The exit code of `--once` where no job came."""


class Watch:
    """Runs workers until SIGTERM or SIGINT, until a limit of the process is reached, or until one of them is broken.

    `once` is how many seconds to wait for the one job that there is to be; None for a process that goes on.
    """

    def __init__(
        self,
        workers: "Sequence[WorkerProcess]",
        recycling: Recycling,
        metrics: Metrics,
        settings: Settings,
        once: float | None = None,
    ) -> None:
        self._workers, self._recycling, self._metrics, self._settings = workers, recycling, metrics, settings
        self._once, self._connected_at = once, None if once is None else float("inf")
        recycling.enough = self.enough
        self._log: Any = structlog.get_logger("bellhop.worker")
        self._told = threading.Event()
        self._beat = self._started = monotonic()
        self._health = HealthServer(
            settings.http_port, metrics.registry, self._alive, self._ready, host=settings.http_host
        )

    def run(self) -> int:
        """Work. Returns the exit code: 1 if a thread died or cannot be interrupted, else 0 (or NOTHING_TO_DO)."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self._told.set())
        self._recycling.begin()
        self._health.start()
        for worker in self._workers:
            worker.start()
        code = self._watch()
        if code is None:
            if self._once is None and (reason := self._recycling.reason()):
                self._log.info("the worker has reached a limit and ends, to be started again", reason=reason)
            self._stop(None)
            return NOTHING_TO_DO if self._once is not None and not self._recycling.jobs else 0
        return code

    def enough(self) -> None:
        """The last job that this process may do is done: no thread takes another."""
        for worker in self._workers:
            worker.drain()
        self._told.set()

    def _watch(self) -> int | None:
        """Until the process should stop in order (None), or has stopped for a fault (its exit code)."""
        while not self._told.wait(WATCH_SECONDS if self._once is None else ONCE_WATCH_SECONDS):
            self._beat = monotonic()
            self._metrics.oldest_in_flight.set(max(worker.runner.in_flight.oldest() for worker in self._workers))
            for worker in self._workers:
                if dead := worker.dead_threads():
                    self._log.critical("a thread died, the process ends", threads=dead)
                    self._stop(None)
                    return 1
                if (late := worker.limits.unheeded()) > worker.options.overtime:
                    self._log.critical(
                        "a job outlasts its time limit and cannot be interrupted, the process ends", late=late
                    )
                    self._stop_hung()
                    return 1
            if self._has_waited_enough():
                break
            if self._recycling.reason():
                break
        return None

    def _has_waited_enough(self) -> bool:
        """With `--once`: whether no job came in time."""
        if self._once is None:
            return False
        if self._ready():
            if monotonic() - self._started < CONNECT_SECONDS:
                return False
            self._log.error("not connected, no job was waited for", reasons=self._ready())
            return True
        self._connected_at = min(self._connected_at or 0.0, monotonic())
        is_idle = not any(worker.runner.in_flight.oldest() for worker in self._workers)
        return is_idle and monotonic() - self._connected_at >= self._once

    def _stop(self, grace: float | None) -> None:
        with ThreadPoolExecutor(max_workers=len(self._workers)) as pool:
            list(pool.map(lambda worker: worker.stop(grace), self._workers))
        self._health.stop()

    def _stop_hung(self) -> None:
        """Hand back all but the job that hangs. Its message comes again once this process, and so its connection, is
        gone: a stop that hangs as well must not keep it.
        """
        last_resort = threading.Timer(LAST_RESORT_SECONDS, os._exit, (1,))
        last_resort.daemon = True
        last_resort.start()
        self._stop(min(INTERRUPT_SECONDS, *(worker.options.grace for worker in self._workers)))

    def _alive(self) -> list[str]:
        reasons = [f"thread {name} is dead" for worker in self._workers for name in worker.dead_threads()]
        if monotonic() - self._beat > STUCK_SECONDS:
            reasons.append(f"the main thread has not moved for {STUCK_SECONDS:.0f} s")
        return reasons

    def _ready(self) -> list[str]:
        return list(dict.fromkeys(reason for worker in self._workers for reason in worker.not_ready()))
