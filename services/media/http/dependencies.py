"""What the endpoints of this service share, put together for the gateway's process."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Request

from services.media.settings import MediaSettings
from shared.api import Resources, api_of, work_of
from shared.database.session import UnitOfWork
from shared.signed_links import SignedLinks, link_key

SERVICE = "media"
WorkDep = Annotated[UnitOfWork, Depends(work_of(SERVICE))]
WorkAtOnceDep = Annotated[UnitOfWork, Depends(work_of(SERVICE, at_once=True))]
"""For the row that must be there before its file is, whatever key the request carries."""
LINK_HOURS: Final = 24


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


def link_expiry(now: datetime) -> datetime:
    """When a link that is given out now ends: in 24 to 25 hours, on the hour, so that a browser may keep the picture
    under an address that stays the same for a while.
    """
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=LINK_HOURS + 1)


async def _settings(request: Request) -> MediaSettings:
    return settings_of(request.app)


async def _links(request: Request) -> SignedLinks:
    return links_of(api_of(request).resources)


SettingsDep = Annotated[MediaSettings, Depends(_settings)]
LinksDep = Annotated[SignedLinks, Depends(_links)]
