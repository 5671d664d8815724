"""What the endpoints of this service share, put together for the gateway's process."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from services.reports.settings import ReportsSettings
from shared.api import work_of
from shared.database.session import UnitOfWork

SERVICE = "reports"
WorkDep = Annotated[UnitOfWork, Depends(work_of(SERVICE))]


def settings_of(app: FastAPI) -> ReportsSettings:
    """The service's settings, read once for each application. Raises ValidationError, which names the wrong one."""
    if not hasattr(app.state, "reports_settings"):
        app.state.reports_settings = ReportsSettings()
    settings = app.state.reports_settings
    assert isinstance(settings, ReportsSettings)
    return settings


async def _settings(request: Request) -> ReportsSettings:
    return settings_of(request.app)


SettingsDep = Annotated[ReportsSettings, Depends(_settings)]
