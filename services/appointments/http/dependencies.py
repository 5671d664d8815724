"""What the endpoints of this service share."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from services.appointments.settings import AppointmentsSettings
from shared.api import work_of
from shared.database.session import UnitOfWork

SERVICE = "appointments"
WorkDep = Annotated[UnitOfWork, Depends(work_of(SERVICE))]


def settings_of(app: FastAPI) -> AppointmentsSettings:
    """The service's settings, read once for each application. Raises ValidationError, which names the wrong one."""
    if not hasattr(app.state, "appointments_settings"):
        app.state.appointments_settings = AppointmentsSettings()
    settings = app.state.appointments_settings
    assert isinstance(settings, AppointmentsSettings)
    return settings


async def _settings(request: Request) -> AppointmentsSettings:
    return settings_of(request.app)


SettingsDep = Annotated[AppointmentsSettings, Depends(_settings)]
