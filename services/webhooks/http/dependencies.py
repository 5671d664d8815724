"""What the endpoints of this service share."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from services.webhooks.settings import WebhooksSettings
from shared.api import work_of
from shared.database.session import UnitOfWork

WorkDep = Annotated[UnitOfWork, Depends(work_of("webhooks"))]


def settings_of(app: FastAPI) -> WebhooksSettings:
    """The service's settings, read once for each application. Raises ValidationError, which names the wrong one."""
    if not hasattr(app.state, "webhooks_settings"):
        app.state.webhooks_settings = WebhooksSettings()
    settings = app.state.webhooks_settings
    assert isinstance(settings, WebhooksSettings)
    return settings


async def _settings(request: Request) -> WebhooksSettings:
    return settings_of(request.app)


SettingsDep = Annotated[WebhooksSettings, Depends(_settings)]
