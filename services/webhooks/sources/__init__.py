"""Who sends us webhooks: one file for each source, and SOURCES, the list of them.

A source knows how its webhooks are signed and named. What they mean is known by the service that hears them.
"""

from collections.abc import Mapping

from services.webhooks.errors import SourceNotSetUpError
from services.webhooks.settings import WebhooksSettings
from services.webhooks.sources.calcom import Calcom
from services.webhooks.sources.retell import Retell
from services.webhooks.sources.source import Source
from services.webhooks.sources.stripe import Stripe

SOURCES: Mapping[str, Source] = {source.name: source for source in (Calcom(), Retell(), Stripe())}


def source_of(name: str, settings: WebhooksSettings) -> tuple[Source, str]:
    """The source, and the secret of the settings that it signs with. Raises SourceNotSetUpError."""
    source = SOURCES.get(name)
    return required(source, source.secret(settings) if source is not None else None, name)


def required(source: Source | None, secret: str | None, name: str) -> tuple[Source, str]:
    """Both, if they are there: with an empty secret everybody could sign. Raises SourceNotSetUpError."""
    if source is None or not secret:
        raise SourceNotSetUpError(f"webhooks of {name[:50]!r} are not set up at this address")
    return source, secret
