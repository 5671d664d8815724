"""How far a mail or a text message has come. Its state only moves forward."""

from dataclasses import dataclass, replace
from enum import StrEnum


class State(StrEnum):
    """`unknown`: it may have arrived, nobody can say. `suppressed`: the recipient is not written to any more."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


FORWARD: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING, State.SENT, State.FAILED, State.UNKNOWN, State.SUPPRESSED}),
    State.SENDING: frozenset({State.SENT, State.FAILED, State.UNKNOWN}),
    State.FAILED: frozenset({State.SENDING, State.SENT}),
    State.UNKNOWN: frozenset({State.SENDING, State.SENT}),
    State.SENT: frozenset(),
    State.SUPPRESSED: frozenset(),
}
"""`failed` and `unknown` are left when a person has the job tried again; `sent` and `suppressed` never."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`outcome_open`: a try was begun, and what came of it is not known.

    `repeated_after_unknown` counts the tries that were made although an earlier one may have arrived.
    """

    state: State = State.QUEUED
    outcome_open: bool = False
    repeated_after_unknown: int = 0

    @property
    def is_over(self) -> bool:
        """Nothing will ever be done about it again."""
        return not FORWARD[self.state]

    @property
    def maybe_sent_twice(self) -> bool:
        return self.state is State.SENT and self.repeated_after_unknown > 0


def begun(progress: Progress, *, repeats: bool) -> Progress:
    """A try begins. `repeats` is false where a try with an open outcome is only asked after, not made again."""
    again = int(repeats and progress.outcome_open)
    return Progress(_moved(progress, State.SENDING), True, progress.repeated_after_unknown + again)


def sent(progress: Progress) -> Progress:
    """The other side has taken it."""
    return replace(progress, state=_moved(progress, State.SENT), outcome_open=False)


def not_sent(progress: Progress, *, surely: bool, final: bool) -> Progress:
    """A try failed: `surely` without effect or perhaps with, `final` if no other follows by itself.

    What is over stays as it is: a late failure takes nothing back.
    """
    if progress.is_over:
        return progress
    after = replace(progress, outcome_open=progress.outcome_open and not surely)
    if not final:
        return after
    doubt = after.outcome_open or after.repeated_after_unknown > 0
    return replace(after, state=_moved(progress, State.UNKNOWN if doubt else State.FAILED))


def suppressed(progress: Progress) -> Progress:
    """It is not sent, because its recipient is on the suppression list."""
    return replace(progress, state=_moved(progress, State.SUPPRESSED))


def _moved(progress: Progress, to: State) -> State:
    stays = to is progress.state and not progress.is_over
    if not stays and to not in FORWARD[progress.state]:
        raise ValueError(f"a message that is {progress.state} does not become {to}")
    return to
