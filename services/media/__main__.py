"""The process of the media service: `python -m services.media`."""

import sys
from zoneinfo import ZoneInfo

from services.media import actors
from services.media.adapters.images import PillowPictures
from services.media.adapters.zip_files import ZipFiles
from services.media.handlers.dependencies import Dependencies
from services.media.settings import MediaSettings
from shared.messaging.worker import run_worker
from shared.settings import Settings
from shared.signed_links import SignedLinks, link_key
from shared.storage import open_storage


def build_dependencies(settings: Settings, own: MediaSettings | None = None) -> Dependencies:
    """Put together what the handlers need. Raises ValueError without a SECRET_KEY, or with a setting that is wrong."""
    own, storage = own or MediaSettings(), open_storage(settings.storage_url)
    return Dependencies(
        storage=storage,
        pictures=PillowPictures(own.decode_memory),
        links=SignedLinks(settings.public_url, link_key(settings.secret_key.get_secret_value(), "media")),
        facts=own,
        archives=ZipFiles(storage),
        zone=ZoneInfo(settings.timezone),
    )


def main() -> int:
    return run_worker("media", actors, build_dependencies)


if __name__ == "__main__":
    sys.exit(main())
