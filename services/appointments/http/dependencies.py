"""What the endpoints of this service share, put together for the gateway's process."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from services.appointments.adapters.accounts import RetellAccounts
from services.appointments.adapters.calcom import CalcomCalendars, CalcomEvents
from services.appointments.adapters.retell import RetellCalls
from services.appointments.domain.links import Links, link_key
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.settings import AppointmentsSettings
from shared.api import Resources, api_of, work_of
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


def dependencies_of(app: FastAPI, resources: Resources) -> Dependencies:
    """What the handlers need, made anew where the settings have changed. Raises ValueError without a SECRET_KEY."""
    settings = settings_of(app)
    kept = getattr(app.state, "appointments_dependencies", None)
    if not isinstance(kept, Dependencies) or kept.facts is not settings:
        close_clients(app)
        kept = app.state.appointments_dependencies = _built(app, settings, resources)
    return kept


def close_clients(app: FastAPI) -> None:
    """Close the idle connections to providers."""
    for client in getattr(app.state, "appointments_clients", ()):
        client.close()


def _built(app: FastAPI, own: AppointmentsSettings, resources: Resources) -> Dependencies:
    settings = resources.settings
    calcom, retell = CalcomCalendars(own.calcom_base_url), RetellAccounts(own.retell_base_url)
    app.state.appointments_clients = (calcom, retell)
    return Dependencies(
        calcom=calcom,
        retell=retell,
        vault=resources.vault,
        facts=own,
        storage=resources.storage,
        links=Links(settings.public_url, link_key(settings.secret_key.get_secret_value())),
        calendar_events=CalcomEvents(),
        call_events=RetellCalls(),
    )


async def _settings(request: Request) -> AppointmentsSettings:
    return settings_of(request.app)


def _dependencies(request: Request) -> Dependencies:
    return dependencies_of(request.app, api_of(request).resources)


SettingsDep = Annotated[AppointmentsSettings, Depends(_settings)]
DependenciesDep = Annotated[Dependencies, Depends(_dependencies)]
"""For pages and endpoints that ask a provider while somebody waits: the times that are free now."""
