"""What the endpoints of this service share, put together for the gateway's process."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from services.reports.settings import ReportsSettings
from shared.api import Resources, api_of, work_of
from shared.database.session import UnitOfWork
from shared.signed_links import SignedLinks, link_key

SERVICE = "reports"
WorkDep = Annotated[UnitOfWork, Depends(work_of(SERVICE))]
WorkAtOnceDep = Annotated[UnitOfWork, Depends(work_of(SERVICE, at_once=True))]
"""For the row that must be there before its file is, whatever key the request carries."""


def settings_of(app: FastAPI) -> ReportsSettings:
    """The service's settings, read once for each application. Raises ValidationError, which names the wrong one."""
    if not hasattr(app.state, "reports_settings"):
        app.state.reports_settings = ReportsSettings()
    settings = app.state.reports_settings
    assert isinstance(settings, ReportsSettings)
    return settings


def links_of(resources: Resources) -> SignedLinks:
    """Makes and checks the links to files of reports. Raises ValueError without a SECRET_KEY."""
    settings = resources.settings
    return SignedLinks(settings.public_url, link_key(settings.secret_key.get_secret_value(), SERVICE))


async def _settings(request: Request) -> ReportsSettings:
    return settings_of(request.app)


async def _links(request: Request) -> SignedLinks:
    return links_of(api_of(request).resources)


SettingsDep = Annotated[ReportsSettings, Depends(_settings)]
LinksDep = Annotated[SignedLinks, Depends(_links)]
