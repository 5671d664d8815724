"""The places that know somebody else's API."""
