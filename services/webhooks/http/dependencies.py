"""What the endpoints of this service share."""

from typing import Annotated

from fastapi import Depends, Request

from services.webhooks.settings import WebhooksSettings
from shared.api import work_of
from shared.database.session import UnitOfWork

WorkDep = Annotated[UnitOfWork, Depends(work_of("webhooks"))]


async def _settings(request: Request) -> WebhooksSettings:
    """The service's settings, read once in each process."""
    state = request.app.state
    if not hasattr(state, "webhooks_settings"):
        state.webhooks_settings = WebhooksSettings()
    settings = state.webhooks_settings
    assert isinstance(settings, WebhooksSettings)
    return settings


SettingsDep = Annotated[WebhooksSettings, Depends(_settings)]
