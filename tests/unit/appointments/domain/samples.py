"""A clinic in Rome, what can be booked there, and a call on Thursday, 30 July 2026."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from services.appointments.domain.appointments import EventType
from services.appointments.domain.companies import Company, company_of
from services.appointments.domain.requests import CallFacts

ORGANISATION = UUID("0197a2b0-0000-7000-8000-000000000001")
CONNECTION = UUID("0197a2b0-0000-7000-8000-000000000002")
SAID_AT = datetime(2026, 7, 30, 8, 34, tzinfo=UTC)
NOW = datetime(2026, 7, 30, 8, 40, tzinfo=UTC)
OPEN = [{"opens": "09:00", "closes": "12:30"}, {"opens": "14:00", "closes": "18:00"}]
WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), OPEN)
ANALYSIS: dict[str, Any] = {
    "appointment_requested": True,
    "customer_name": "John Doe",
    "customer_email": "john.doe@example.com",
    "customer_phone": "+12137771234",
    "preferred_start": "2026-08-04T10:00:00",
    "event_type_slug": "check-up",
    "notes": "",
}


def event_type(slug: str, number: int = 1, **changes: Any) -> EventType:
    values: dict[str, Any] = {
        "id": UUID(int=number),
        "organisation_id": ORGANISATION,
        "connection_id": CONNECTION,
        "external_id": number,
        "slug": slug,
        "title": slug.replace("-", " ").title(),
        "length_minutes": 30,
        "lengths": (30, 60),
        "needs_confirmation": False,
        "has_seats": False,
        "host_number": 7,
        "synced_at": NOW,
        "gone_at": None,
    }
    return EventType(**{**values, **changes})


CHECK_UP, CLEANING = event_type("check-up", 1), event_type("cleaning", 2)
OFFERED = [CHECK_UP, CLEANING]


def clinic(**profile: Any) -> Company:
    return company_of(ORGANISATION, "Example Dental", "Europe/Rome", {"opening_hours": WEEK, **profile})


def call(analysis: Any = None, **changes: Any) -> CallFacts:
    """A call whose analysis is the usual one with these changes; None takes a name out."""
    found = {**ANALYSIS, **(analysis or {})} if isinstance(analysis, dict | None) else analysis
    if isinstance(found, dict):
        found = {name: value for name, value in found.items() if value is not None}
    values: dict[str, Any] = {"data": {"custom_analysis_data": found}, "said_at": SAID_AT, "caller_number": None}
    return CallFacts(**{**values, **changes})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
"""Whatever an analysis may hold."""
