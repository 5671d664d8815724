"""Makes the adapter of a connection to Retell, as CalcomCalendars does for Cal.com."""

from services.appointments.adapters.retell import RetellApi
from services.appointments.domain.connections import Credentials
from shared.http import HttpClient

RETELL_SECONDS = 20.0
"""For one exchange."""
LARGEST_ANSWER = 16 * 1024 * 1024
"""Bytes. A call comes with every word of it and its timing, twice: an hour of talk is megabytes."""


class RetellAccounts:
    """One for each process: it keeps the HTTP connections."""

    def __init__(self, base_url: str) -> None:
        self._http = HttpClient(base_url, total=RETELL_SECONDS, max_response_bytes=LARGEST_ANSWER)

    def __call__(self, credentials: Credentials) -> RetellApi:
        return RetellApi(self._http, credentials.api_key)

    def close(self) -> None:
        """Close the idle connections."""
        self._http.close()
