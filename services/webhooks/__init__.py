"""Webhooks: what providers tell us, verified and stored once; what we tell subscribers, signed and tried again."""
