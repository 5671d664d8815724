"""What a local provider is told to do wrong."""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from deploy.local.providers.exchange import Answer

Kind = Literal["slow", "fail", "lose", "refuse"]


@dataclass
class Fault:
    """One misbehaviour of the operations whose name matches `operation` (`*` is all of them).

    `slow` waits `seconds` before the work, with `works` between the work and the answer (a webhook about it is there
    first); `fail` answers `status` without doing the work, with `works` after doing it;
    `lose` does the work and cuts the connection without an answer; `refuse` cuts it before any work. It applies to the
    next `times` requests (None: until further notice), to each with the probability `rate`.
    """

    operation: str
    kind: Kind
    seconds: float = 0.0
    status: int = 503
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    works: bool = False
    times: int | None = None
    rate: float = 1.0

    @property
    def answer(self) -> Answer:
        """What a `fail` answers."""
        return Answer(self.status, {"message": "told to fail"} if self.body is None else self.body, self.headers)


@dataclass(frozen=True)
class Misbehaviour:
    """What applies to one request. It waits `seconds` before and `afterwards` after the work; `failure` is answered
    before the work, `belated` after it.
    """

    seconds: float = 0.0
    afterwards: float = 0.0
    refuses: bool = False
    failure: Answer | None = None
    belated: Answer | None = None
    loses: bool = False


class Faults:
    """The faults in force. Safe to use from many threads."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._random = random.Random()

    def add(self, fault: Fault) -> None:
        """In force from now on, beside the others."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._faults.clear()

    def take(self, operation: str) -> Misbehaviour:
        """What applies to this request; it is used up. Of those that spoil the answer the first one applies alone."""
        taken: list[Fault] = []
        with self._lock:
            for fault in self._faults:
                if fault.kind != "slow" and any(one.kind != "slow" for one in taken):
                    continue
                if self._applies(fault, operation):
                    taken.append(fault)
            self._faults = [fault for fault in self._faults if fault.times != 0]
        failing = [fault for fault in taken if fault.kind == "fail"]
        slow = [fault for fault in taken if fault.kind == "slow"]
        return Misbehaviour(
            seconds=sum(fault.seconds for fault in slow if not fault.works),
            afterwards=sum(fault.seconds for fault in slow if fault.works),
            refuses=any(fault.kind == "refuse" for fault in taken),
            failure=next((fault.answer for fault in failing if not fault.works), None),
            belated=next((fault.answer for fault in failing if fault.works), None),
            loses=any(fault.kind == "lose" for fault in taken),
        )

    def _applies(self, fault: Fault, operation: str) -> bool:
        if fault.times == 0 or not fnmatchcase(operation, fault.operation) or self._random.random() >= fault.rate:
            return False
        if fault.times is not None:
            fault.times -= 1
        return True
