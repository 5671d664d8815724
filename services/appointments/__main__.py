"""The process of the appointments service: `python -m services.appointments`."""

import sys

from services.appointments import actors
from services.appointments.adapters.accounts import RetellAccounts
from services.appointments.adapters.calcom import CalcomCalendars, CalcomEvents
from services.appointments.adapters.retell import RetellCalls
from services.appointments.domain.links import Links, link_key
from services.appointments.domain.retention import Keep
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.settings import AppointmentsSettings
from shared.crypto import Vault
from shared.messaging.worker import run_worker
from shared.settings import Settings
from shared.storage import open_storage


def build_dependencies(settings: Settings, own: AppointmentsSettings | None = None) -> Dependencies:
    """Put together what the handlers need. Raises ValueError without a SECRET_KEY, or with a setting that is wrong."""
    own, secret_key = own or AppointmentsSettings(), settings.secret_key.get_secret_value()
    return Dependencies(
        calcom=CalcomCalendars(own.calcom_base_url),
        retell=RetellAccounts(own.retell_base_url),
        vault=Vault(secret_key),
        facts=own,
        storage=open_storage(settings.storage_url),
        links=Links(settings.public_url, link_key(secret_key)),
        calendar_events=CalcomEvents(),
        call_events=RetellCalls(),
        keep=Keep(own.retention_words_days, own.retention_calls_days, own.retention_appointments_days),
    )


def main() -> int:
    return run_worker("appointments", actors, build_dependencies)


if __name__ == "__main__":
    sys.exit(main())
