"""Starts a process again whenever it ends. The product's own supervisor waits longer after each death; tests do not."""

import threading
from collections.abc import Callable

from tests.support.processes import Process
from tests.support.waiting import wait_for

LOOK_SECONDS = 0.05
BACK_SECONDS = 90.0


class Keeper(threading.Thread):
    """Keeps one process running until `stop`. `codes` are the exit codes of those that ended; -9 is `kill -9`."""

    def __init__(self, start: Callable[[], Process]) -> None:
        super().__init__(name="keeper", daemon=True)
        self._start = start
        self._stopping = threading.Event()
        self.process = start()
        self.codes: list[int] = []

    def run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            code = self.process.popen.poll()
            if code is not None:
                self.codes.append(code)
                self.process = self._start()

    def kill(self) -> None:
        """Kill -9 for the process that runs now, and wait until the next one has been started."""
        killed = self.process
        killed.kill()
        wait_for(lambda: self.process is not killed, BACK_SECONDS, "the next process to be started")

    def wait_back(self) -> None:
        """Wait until the process that runs now answers over HTTP, whatever it says."""
        wait_for(lambda: self.process.is_alive and self.process.readiness()[0], BACK_SECONDS, "a process to be back")

    def stop(self) -> None:
        """Start it no more. The process itself is left alone."""
        self._stopping.set()
        self.join(10)
