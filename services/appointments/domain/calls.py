"""Calls: what their provider tells of them, and where they have led to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Outcome(StrEnum):
    """Where a call has led to.

    `awaiting_analysis`: it ended, and what was said is not known yet; `not_connected`: nobody was spoken to; `working`:
    its steps are being taken; `needs_attention`: people have to look at its problem; `no_request`: no appointment was
    wanted; `requested`, `booked`, `offered`, `cancelled`: so stands its appointment; `failed`: one of its steps did.
    """

    AWAITING_ANALYSIS = "awaiting_analysis"
    NOT_CONNECTED = "not_connected"
    WORKING = "working"
    NEEDS_ATTENTION = "needs_attention"
    NO_REQUEST = "no_request"
    REQUESTED = "requested"
    BOOKED = "booked"
    OFFERED = "offered"
    CANCELLED = "cancelled"
    FAILED = "failed"


OUTCOME_OF_APPOINTMENT: Mapping[str, Outcome] = {
    "requested": Outcome.REQUESTED,
    "booked": Outcome.BOOKED,
    "no_show": Outcome.BOOKED,
    "offered": Outcome.OFFERED,
    "cancelled": Outcome.CANCELLED,
    "rejected": Outcome.CANCELLED,
    "failed": Outcome.FAILED,
}
"""By the state of a call's newest appointment; in other states it is still being worked on."""

NOT_CONNECTED = "not_connected"
LOOK_AGAIN_SECONDS = (60, 300, 900, 3600)
"""How long to wait for an analysis that the provider has not made yet, before each further look."""

MOST_LOOKS = 12
"""Looks at one call, while it is under way."""


@dataclass(frozen=True, slots=True)
class CallTold:
    """One word of the provider about a call that has ended. `analysis` is None where it tells of none (yet).

    `variables` hold the places of `call_data` beside the analysis.
    """

    external_id: str
    agent_id: str | None = None
    direction: str | None = None
    from_number: str | None = None
    to_number: str | None = None
    status: str | None = None
    disconnection_reason: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: int | None = None
    transcript: str | None = None
    recording_url: str | None = None
    summary: str | None = None
    sentiment: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    analysis: Mapping[str, Any] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether somebody was spoken to. Reasons for the end are not looked at: there are new ones all the time."""
        if self.status is not None:
            return self.status != NOT_CONNECTED
        return self.started_at is not None or bool(self.transcript)


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it stands. `request` is what was read from it, and what people have put right."""

    id: UUID
    organisation_id: UUID
    connection_id: UUID
    external_id: str
    agent_id: str | None
    direction: str | None
    from_number: str | None
    to_number: str | None
    status: str | None
    disconnection_reason: str | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: int | None
    transcript: str | None
    recording_url: str | None
    summary: str | None
    sentiment: str | None
    variables: Mapping[str, Any]
    analysis: Mapping[str, Any] | None
    ended_seen_at: datetime | None
    analysed_seen_at: datetime | None
    request: Mapping[str, Any] | None
    outcome: Outcome
    problem: str | None
    detail: str | None
    chain_id: UUID | None
    customer_id: UUID | None
    created_at: datetime
    updated_at: datetime

    @property
    def data(self) -> Mapping[str, Any]:
        """All that the company's mapping can name (call_data.PLACES)."""
        custom = (self.analysis or {}).get("custom_analysis_data")
        return {**self.variables, "custom_analysis_data": custom if isinstance(custom, Mapping) else {}}

    @property
    def said_at(self) -> datetime:
        """When its words were said: "tomorrow" is the day after."""
        return self.started_at or self.ended_at or self.created_at

    @property
    def number_of_other_side(self) -> str | None:
        """The number of whoever spoke with the agent, as the network sent it."""
        return self.to_number if self.direction == "outbound" else self.from_number

    @property
    def mended(self) -> Mapping[str, Any]:
        """What people have put right, by the names of facts."""
        found = (self.request or {}).get("mended")
        return found if isinstance(found, Mapping) else {}

    @property
    def words(self) -> list[str]:
        """What the other side said, sentence by sentence."""
        return words_of_other_side(self.transcript or "")


def words_of_other_side(transcript: str) -> list[str]:
    """The other side's turns in a transcript of lines that begin with "Agent:" or "User:"."""
    turns = [line.partition(":") for line in transcript.splitlines()]
    return [said.strip() for who, _, said in turns if who.strip().lower() == "user" and said.strip()]


def changes(call: Call, told: CallTold) -> dict[str, Any]:
    """What a word adds to a call, as columns. The analysed word is the whole one; another only fills what is missing."""
    given = {name: getattr(told, name) for name in CallTold.__slots__ if name not in {"external_id", "variables"}}
    overrides = told.analysis is not None or call.analysed_seen_at is None
    found = {
        name: value for name, value in given.items() if value is not None and (overrides or getattr(call, name) is None)
    }
    if told.variables and (overrides or not call.variables):
        found["variables"] = {**call.variables, **told.variables}
    return found
