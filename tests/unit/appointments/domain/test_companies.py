"""A company from its profile."""

from datetime import datetime
from uuid import uuid4

import pytest

from services.appointments.domain.companies import DEFAULT_MAPPING, company_of


def test_what_a_profile_leaves_out_has_its_default() -> None:
    """Also in the profile of an older release."""
    company = company_of(uuid4(), "Clinic", "Europe/Rome", {})
    assert (company.language, company.date_order, company.mapping) == ("en", "DMY", DEFAULT_MAPPING)
    assert company.opening_hours is None


@pytest.mark.parametrize(("country", "order"), [("US", "MDY"), ("DE", "DMY"), (None, "DMY")])
def test_the_order_of_dates_is_the_country_s(country: str | None, order: str) -> None:
    """Unless the company says otherwise."""
    assert company_of(uuid4(), "Clinic", "UTC", {"country": country}).date_order == order
    assert company_of(uuid4(), "Clinic", "UTC", {"country": country, "date_order": "MDY"}).date_order == "MDY"


def test_opening_hours_and_exceptions_are_read() -> None:
    """As they were set."""
    profile = {
        "opening_hours": {"monday": [{"opens": "09:00", "closes": "17:00"}]},
        "exceptions": [{"first": "2026-08-03", "last": "2026-08-03", "hours": []}],
    }
    hours = company_of(uuid4(), "Clinic", "Europe/Rome", profile).opening_hours
    assert hours is not None
    assert hours.hold(datetime(2026, 7, 27, 9), datetime(2026, 7, 27, 10))  # noqa: DTZ001 - opening hours are local
    assert not hours.hold(datetime(2026, 8, 3, 9), datetime(2026, 8, 3, 10))  # noqa: DTZ001 - opening hours are local
