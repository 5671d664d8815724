"""What a caller wants, as it was read from a call: the facts, and what keeps them from being booked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.appointments.domain.appointments import EventType
from services.appointments.domain.problems import Trouble

PEOPLE = "people"
"""The source of what people have put right by hand."""


@dataclass(frozen=True, slots=True)
class ReadFact:
    """One fact: what was read (None where it could not be), where it stood, and how."""

    value: Any
    source: str
    raw: Any

    def as_json(self) -> dict[str, Any]:
        return {"value": self.value, "source": self.source, "raw": self.raw}


@dataclass(frozen=True)
class CallFacts:
    """What is known of a call. `data` holds the places of `call_data`; `mended` what people have put right."""

    data: Mapping[str, Any]
    said_at: datetime
    caller_number: str | None = None
    mended: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What a caller wants. With `troubles` nothing is booked; `notices` are faults that did not matter."""

    wants_appointment: bool
    name: str
    email: str | None
    phone: str | None
    language: str
    time_zone: str
    notes: str
    event_type: EventType | None
    starts_at: datetime | None
    ends_at: datetime | None
    facts: Mapping[str, ReadFact]
    troubles: tuple[Trouble, ...] = ()
    notices: tuple[Trouble, ...] = ()

    @property
    def is_bookable(self) -> bool:
        return self.wants_appointment and not self.troubles and self.starts_at is not None

    def as_json(self) -> dict[str, Any]:
        """As the call's row keeps it, and people see it."""
        return {
            "wants_appointment": self.wants_appointment,
            "starts_at": None if self.starts_at is None else self.starts_at.isoformat(),
            "time_zone": self.time_zone,
            "service": None if self.event_type is None else self.event_type.slug,
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "language": self.language,
            "notes": self.notes,
            "facts": {name: fact.as_json() for name, fact in self.facts.items()},
            "problems": [_trouble_json(one) for one in self.troubles],
            "notices": [_trouble_json(one) for one in self.notices],
        }


def _trouble_json(one: Trouble) -> dict[str, Any]:
    readings = [reading.isoformat() for reading in one.readings]
    return {"problem": one.problem, "detail": one.detail, "fact": one.fact, "readings": readings}
