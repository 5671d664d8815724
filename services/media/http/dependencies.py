"""What the endpoints of this service share, put together for the gateway's process."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from services.media.settings import MediaSettings
from shared.api import Resources, api_of, work_of
from shared.database.session import UnitOfWork
from shared.signed_links import SignedLinks, link_key

SERVICE = "media"
WorkDep = Annotated[UnitOfWork, Depends(work_of(SERVICE))]


def settings_of(app: FastAPI) -> MediaSettings:
    """The service's settings, read once for each application. Raises ValidationError, which names the wrong one."""
    if not hasattr(app.state, "media_settings"):
        app.state.media_settings = MediaSettings()
    settings = app.state.media_settings
    assert isinstance(settings, MediaSettings)
    return settings


def links_of(resources: Resources) -> SignedLinks:
    """Makes and checks the links to files of media. Raises ValueError without a SECRET_KEY."""
    settings = resources.settings
    return SignedLinks(settings.public_url, link_key(settings.secret_key.get_secret_value(), SERVICE))


async def _settings(request: Request) -> MediaSettings:
    return settings_of(request.app)


async def _links(request: Request) -> SignedLinks:
    return links_of(api_of(request).resources)


SettingsDep = Annotated[MediaSettings, Depends(_settings)]
LinksDep = Annotated[SignedLinks, Depends(_links)]
