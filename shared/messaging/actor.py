"""How a service says which messages it hears, and under which policy. Pure data: declaring connects to nothing."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy.orm import Session

from shared.contracts.message import Contract, Event, FailureNotice
from shared.messaging.middleware.job import JobMiddleware, check_number
from shared.messaging.queues import refuse_forgotten_queues, refuse_mixed_queues
from shared.messaging.retries import Backoff, Exponential

QUEUE_PATTERN = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
MAX_TIME_LIMIT = 1_200
"""Seconds. Well below RabbitMQ's consumer_timeout of 30 minutes; longer work is cut into a batch."""

MessageT = TypeVar("MessageT", bound=Contract)
IntentT = TypeVar("IntentT")
ResultT = TypeVar("ResultT")
ValueT = TypeVar("ValueT")


class Snooze(Exception):  # noqa: N818 - it is not an error: the job asks to be put back
    """Raised by a handler: put the message back for `seconds`, without spending an attempt."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        if seconds < 0:
            raise ValueError("a snooze needs a delay that is not negative")
        super().__init__(reason or f"snoozed for {seconds} s")
        self.seconds = seconds


class Handler(Protocol):
    """A plain actor's function. All its writes and publishes are one transaction, which it does not commit."""

    def __call__(self, message: Any, session: Session, dependencies: Any, /) -> None: ...


class ProviderSteps(Generic[MessageT, IntentT, ResultT]):
    """Work with somebody outside, in three steps, so that no transaction is open while the network is waited for.

    `prepare` and `record` run in transactions that the caller commits; `call` and `resolve` run in none.
    """

    def prepare(self, session: Session, message: MessageT) -> IntentT | None:
        """Write the intent down and return what the call needs; None where nothing is left to do.

        It runs again on every attempt and must then return the same intent (ids, idempotency keys).
        """
        raise NotImplementedError

    def call(self, intent: IntentT) -> ResultT:
        """Do it.

        Raise TransientError if it surely did not happen, OutcomeUnknown if it may have, PermanentError if it never can.
        """
        raise NotImplementedError

    def resolve(self, intent: IntentT) -> ResultT | None:
        """An earlier call may have happened: find out. None where it surely did not, or where repeating is harmless
        (an idempotency key in its window): then `call` follows. Raise PermanentError where there is no way to know
        and repeating is worse than not knowing.
        """
        raise NotImplementedError

    def record(self, session: Session, intent: IntentT, result: ResultT) -> object:
        """Write the outcome, and publish what follows from it. A mapping that it returns is handed on in a chain."""
        raise NotImplementedError

    def failed(self, session: Session, message: MessageT, error: BaseException, *, final: bool) -> None:
        """Write a failed attempt into the service's own log, in the transaction that decides on the retry. Optional."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a job declares: how often and when it is tried, how long it may run, what follows a final failure."""

    tries: int | None = 5
    backoff: Backoff = field(default_factory=Exponential)
    time_limit: float = 60.0
    permanent: tuple[type[Exception], ...] = ()
    on_failure: type[FailureNotice] | None = None
    lease: float | None = None
    repeatable: bool = False
    retry_until: float | None = None
    max_exceptions: int | None = None
    middleware: tuple[JobMiddleware, ...] = ()
    shares_commit: bool = True


@dataclass(frozen=True, slots=True)
class ActorDeclaration:
    """One message that one service hears, on one queue. The consumer is (service, kind).

    `formerly` names queues of the service on which messages of this kind may lie from the release before.
    """

    contract: type[Contract]
    queue: str
    function: Callable[..., Any]
    policy: Policy
    calls_provider: bool = False
    formerly: tuple[str, ...] = ()

    @property
    def service(self) -> str:
        return self.queue.partition(".")[0]

    @property
    def kind(self) -> str:
        return self.contract.kind

    @property
    def is_event(self) -> bool:
        return issubclass(self.contract, Event)


def actor(
    contract: type[Contract],
    *,
    queue: str,
    tries: int | None = 5,
    backoff: Backoff | None = None,
    time_limit: float = 60.0,
    retry_until: float | None = None,
    max_exceptions: int | None = None,
    permanent: Iterable[type[Exception]] = (),
    on_failure: type[FailureNotice] | None = None,
    middleware: Iterable[JobMiddleware] = (),
    shares_commit: bool = True,
    formerly: Iterable[str] = (),
) -> Callable[[Callable[..., Any]], ActorDeclaration]:
    """Declare `function(message, session, dependencies)` as what this service does on hearing `contract`.

    `tries` counts the first one (None: as many as fit before `retry_until`); `time_limit` is in seconds, and so is
    `retry_until`, from the first try; after `max_exceptions` attempts that ended in a bug the message fails, whatever
    tries are left. A mapping that the function returns is handed on in a chain. Quick jobs that wait behind each other
    may share a transaction; one that needs its own (for `SET LOCAL`, say) declares `shares_commit=False`. A kind that
    moved to another queue names the old one in `formerly` for one release: what still lies there is heard as well.
    Raises ValueError or TypeError at the declaration for what cannot work.
    """
    policy = Policy(
        tries,
        backoff or Exponential(),
        time_limit,
        _many(contract, "permanent", permanent),
        on_failure,
        retry_until=retry_until,
        max_exceptions=max_exceptions,
        middleware=_many(contract, "middleware", middleware),
        shares_commit=shares_commit,
    )
    _check(contract, queue, policy)
    former = _former(contract, queue, formerly)
    return lambda function: ActorDeclaration(contract, queue, function, policy, formerly=former)


def provider_actor(
    contract: type[Contract],
    *,
    queue: str,
    tries: int | None = 5,
    backoff: Backoff | None = None,
    time_limit: float = 60.0,
    call_deadline: float = 30.0,
    repeatable: bool = False,
    retry_until: float | None = None,
    max_exceptions: int | None = None,
    permanent: Iterable[type[Exception]] = (),
    on_failure: type[FailureNotice] | None = None,
    middleware: Iterable[JobMiddleware] = (),
    formerly: Iterable[str] = (),
) -> Callable[[Callable[[Any], ProviderSteps[Any, Any, Any]]], ActorDeclaration]:
    """Declare `function(dependencies)`, which returns the ProviderSteps to take on hearing `contract`.

    `call_deadline` is the longest that one call can take in seconds; the lease on the call is 30 s longer. Where the call
    is `repeatable` (two of them at once write the same, as with files whose keys come from ids), nobody waits for the
    lease of a worker that died: the next delivery calls again at once, and the newest call alone records. `formerly` is
    that of `actor`.
    """
    policy = Policy(
        tries,
        backoff or Exponential(),
        time_limit,
        _many(contract, "permanent", permanent),
        on_failure,
        lease=call_deadline + 30,
        repeatable=repeatable,
        retry_until=retry_until,
        max_exceptions=max_exceptions,
        middleware=_many(contract, "middleware", middleware),
    )
    _check(contract, queue, policy)
    check_number(contract, "call_deadline", call_deadline)
    if not 0 < call_deadline <= time_limit:
        raise ValueError(
            f"{contract.kind}: a call of {call_deadline} s does not fit into a time limit of {time_limit} s"
        )
    former = _former(contract, queue, formerly)
    return lambda function: ActorDeclaration(contract, queue, function, policy, calls_provider=True, formerly=former)


def _many(contract: type[Contract], option: str, values: Iterable[ValueT]) -> tuple[ValueT, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{_name(contract)}: {option} is a list, not {values!r}; write [{values!r}]")
    return tuple(values)


def _former(contract: type[Contract], queue: str, formerly: Iterable[str]) -> tuple[str, ...]:
    former = _many(contract, "formerly", formerly)
    service = queue.partition(".")[0]
    for name in former:
        if not (isinstance(name, str) and QUEUE_PATTERN.fullmatch(name)) or name.partition(".")[0] != service:
            raise ValueError(f"{contract.kind}: formerly names queues of {service}, not {name!r}")
        if name == queue:
            raise ValueError(f"{contract.kind} is heard on {queue} now: leave it out of formerly")
    return former


def _name(contract: object) -> str:
    return str(getattr(contract, "kind", contract))


def _check(contract: type[Contract], queue: str, policy: Policy) -> None:
    if not (isinstance(contract, type) and issubclass(contract, Contract) and hasattr(contract, "kind")):
        raise TypeError(f"@actor takes a contract (a Command or Event with a kind), not {contract!r}")
    if not isinstance(queue, str) or not QUEUE_PATTERN.fullmatch(queue):
        raise ValueError(f"{contract.kind}: a queue is named service.class, not {queue!r}")
    if not issubclass(contract, Event) and contract.owner() != queue.partition(".")[0]:
        raise ValueError(f"{contract.kind} is a command of {contract.owner()}: only its owner hears it, not {queue!r}")
    _check_retries(contract, policy)
    _check_end(contract, policy)
    _check_middleware(contract, policy.middleware)


def _check_retries(contract: type[Contract], policy: Policy) -> None:
    for name in ("tries", "max_exceptions"):
        if (value := getattr(policy, name)) is not None:
            check_number(contract, name, value, whole=True)
            if value < 1:
                raise ValueError(f"{contract.kind}: {name} is at least 1, and counts the first one")
    if not callable(getattr(policy.backoff, "delay", None)):
        raise TypeError(
            f"{contract.kind}: backoff is Delays([5, 30]), Linear(60) or Exponential(), not {policy.backoff!r}"
        )
    if policy.tries is None and policy.retry_until is None:
        raise ValueError(f"{contract.kind}: without tries there is no end; set retry_until")
    if policy.tries is not None and policy.max_exceptions is not None and policy.max_exceptions > policy.tries:
        raise ValueError(f"{contract.kind}: {policy.tries} tries never come to {policy.max_exceptions} exceptions")
    if policy.retry_until is not None:
        check_number(contract, "retry_until", policy.retry_until)
        if policy.retry_until <= 0:
            raise ValueError(f"{contract.kind}: retry_until is over 0 s, counted from the first try")
        if policy.tries != 1 and policy.backoff.delay(1) >= policy.retry_until:
            raise ValueError(f"{contract.kind}: its first retry would come after retry_until: there would be none")


def _check_end(contract: type[Contract], policy: Policy) -> None:
    check_number(contract, "time_limit", policy.time_limit)
    if not 0 < policy.time_limit <= MAX_TIME_LIMIT:
        raise ValueError(f"{contract.kind}: a time limit is over 0 and at most {MAX_TIME_LIMIT} s; cut longer work up")
    for error in policy.permanent:
        if not (isinstance(error, type) and issubclass(error, Exception)):
            raise TypeError(f"{contract.kind}: permanent names classes of exceptions, not {error!r}")
    notice = policy.on_failure
    if notice is None:
        return
    if not (isinstance(notice, type) and issubclass(notice, FailureNotice)):
        raise TypeError(f"{contract.kind}: on_failure names a FailureNotice, not {notice!r}")
    if notice is contract:
        raise ValueError(f"{contract.kind}: a notice that fails and tells itself so never ends")


def _check_middleware(contract: type[Contract], middleware: tuple[JobMiddleware, ...]) -> None:
    for one in middleware:
        if not isinstance(one, JobMiddleware):
            raise TypeError(f"{contract.kind}: {one!r} is no JobMiddleware; write RateLimited(…), not RateLimited")
        one.check(contract)
    identities = [one.identity for one in middleware]
    for one in middleware:
        if identities.count(one.identity) > 1:
            raise ValueError(f"{contract.kind}: {one!r} stands beside another of its key, and they would contradict")


def declarations_in(module: ModuleType) -> list[ActorDeclaration]:
    """The actors that a module declares, by name. Raises ValueError if one kind is declared twice, or a queue would hold
    commands and events.
    """
    found = [value for _, value in sorted(vars(module).items()) if isinstance(value, ActorDeclaration)]
    kinds = [declaration.kind for declaration in found]
    twice = sorted({kind for kind in kinds if kinds.count(kind) > 1})
    if twice:
        raise ValueError(f"{module.__name__} declares more than one actor for {twice}: a service hears a kind once")
    refuse_mixed_queues(found)
    refuse_forgotten_queues(found)
    return found
