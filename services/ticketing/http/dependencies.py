"""What the endpoints need, put together for the gateway's process."""

from typing import Annotated

from fastapi import Depends

from services.ticketing.adapters.ed25519 import EventSignatures
from services.ticketing.domain.links import Links
from services.ticketing.settings import TicketingSettings
from shared.api import ResourcesDep, work_of
from shared.database.session import UnitOfWork
from shared.signed_links import SignedLinks, link_key

WorkDep = Annotated[UnitOfWork, Depends(work_of("ticketing"))]


async def _signatures(resources: ResourcesDep) -> EventSignatures:
    return EventSignatures(resources.vault)


async def _links(resources: ResourcesDep) -> Links:
    settings = resources.settings
    return Links(SignedLinks(settings.public_url, link_key(settings.secret_key.get_secret_value(), "ticketing")))


async def _settings() -> TicketingSettings:
    return TicketingSettings()


SignaturesDep = Annotated[EventSignatures, Depends(_signatures)]
LinksDep = Annotated[Links, Depends(_links)]
SettingsDep = Annotated[TicketingSettings, Depends(_settings)]
