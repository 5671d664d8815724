"""Cal.com, API v2 and webhooks of version 2021-10-20: the one place that knows them."""

from services.appointments.adapters.calcom.client import CalcomCalendar, CalcomCalendars
from services.appointments.adapters.calcom.webhooks import CalcomEvents

__all__ = ["CalcomCalendar", "CalcomCalendars", "CalcomEvents"]
