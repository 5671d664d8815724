"""The HTTP client of all adapters: one deadline for a whole exchange, and errors that say what is known."""

from shared.http.client import HttpClient, Response
from shared.http.errors import ProviderUnreachable, RequestInvalid, ResponseUnreadable
from shared.http.network import IpAddress, NetworkGuard

__all__ = [
    "HttpClient",
    "IpAddress",
    "NetworkGuard",
    "ProviderUnreachable",
    "RequestInvalid",
    "Response",
    "ResponseUnreadable",
]
