"""Settings of ticketing: TICKETING_…"""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from shared.retention import Days, check_outlasts
from shared.settings import ServiceSettings

PAYMENTS_COME_LATE = timedelta(days=30)
"""A bank transfer or debit may take weeks; Stripe's own events are sent again for thirty days."""


class TicketingSettings(ServiceSettings):
    """What this service reads from the environment besides the settings of every process."""

    model_config = SettingsConfigDict(env_prefix="TICKETING_", extra="ignore", frozen=True)

    hold_minutes: float = Field(15.0, gt=0, le=7 * 24 * 60)
    """How long an unpaid order keeps its tickets from others."""
    retention_unpaid_orders_days: Days = timedelta(days=90)
    """How long an order that was not paid is kept, with its buyer: days, or `forever`."""
    retention_pictures_days: Days = timedelta(days=30)
    """How long the QR pictures of an event's tickets are kept after its end: days, or `forever`."""

    @model_validator(mode="after")
    def _check_retention(self) -> Self:
        """Money that comes late is told apart from money for nothing by the order that it names."""
        name = "TICKETING_RETENTION_UNPAID_ORDERS_DAYS"
        hold, late = timedelta(minutes=self.hold_minutes), "the time in which a late payment may come"
        check_outlasts(name, self.retention_unpaid_orders_days, "TICKETING_HOLD_MINUTES", hold)
        check_outlasts(name, self.retention_unpaid_orders_days, late, PAYMENTS_COME_LATE)
        return self

    @property
    def hold(self) -> timedelta:
        return timedelta(minutes=self.hold_minutes)
