"""What becomes of a delivery: its states, what an answer means, and when the next attempt is made."""

import re
from dataclasses import dataclass
from enum import StrEnum

SCHEDULE = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0)
"""Seconds between attempts, as Svix has them: 27.6 hours in all. The first attempt is made at once."""
TRIES = len(SCHEDULE) + 1

LONGEST_WAIT_SECONDS = 1.2 * sum(SCHEDULE)
"""What waits at a paused endpoint for longer than its attempts could have taken has failed."""

THROTTLED_SECONDS = 60.0
"""The shortest wait after a time-out or a 429: whoever is overloaded is left alone for a minute."""

KEPT_RESPONSE_BYTES = 2_048
"""How much of an answer is kept, for the owner of the endpoint to look at."""

_GONE = 410
_TOO_MANY = 429
_REDIRECT = re.compile(r"3\d\d")


class DeliveryState(StrEnum):
    """Where a delivery stands. Failed and skipped ones are kept, and can be tried again by hand."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"


class Verdict(StrEnum):
    """What an answer means for its delivery. GONE also means that the endpoint wants nothing any more."""

    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered. `response` is the beginning of the body as text; `retry_after` is in seconds."""

    status: int
    response: str
    duration_ms: int
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt as it is logged: an answer, or an error, or both where the answer was not success."""

    verdict: Verdict
    status: int | None = None
    response: str | None = None
    error: str | None = None
    duration_ms: int | None = None


def settle(current: DeliveryState, verdict: Verdict, *, final: bool, by_hand: bool) -> DeliveryState:
    """Where a delivery stands after an attempt. `final` says that the schedule makes no more of them.

    An attempt by hand that does not succeed changes nothing: the schedule may still be at work.
    """
    if verdict is Verdict.DELIVERED:
        return DeliveryState.DELIVERED
    if by_hand or current is DeliveryState.DELIVERED:
        return current
    return DeliveryState.FAILED if final else current


def verdict_on(status: int) -> Verdict:
    """What a status means.

    As the Standard Webhooks specification has it, everything but 2xx and 410 is tried again: whoever is being deployed
    answers 404, or redirects, for a while.
    """
    if 200 <= status < 300:
        return Verdict.DELIVERED
    if status == _GONE:
        return Verdict.GONE
    return Verdict.RETRY


def describe(status: int) -> str:
    """Why a status is not success, for the owner of the endpoint."""
    if _REDIRECT.fullmatch(str(status)):
        return f"the receiver answered {status}: redirects are not followed, give the final address"
    return f"the receiver answered {status}"


def pause_after(tries: int, *, status: int | None, asked: float | None, timed_out: bool) -> float | None:
    """The wait in seconds before the next attempt after `tries` scheduled ones; None leaves it to the schedule.

    What the receiver asked for (`Retry-After`) counts between once and twice the schedule's own wait, so that it can
    neither hurry us nor put a delivery off for ever.
    """
    base = SCHEDULE[min(max(tries, 1), len(SCHEDULE)) - 1]
    pause = min(max(asked, base), 2 * base) if asked is not None else None
    if status == _TOO_MANY or timed_out:
        return max(pause or base, THROTTLED_SECONDS)
    return pause


def as_text(body: bytes) -> str:
    """The beginning of an answer as text that PostgreSQL takes: it refuses NUL."""
    return body[:KEPT_RESPONSE_BYTES].decode("utf-8", "replace").replace("\x00", "")
