"""The places that know a provider: its wire format and its errors."""
