"""Idempotency-Key: the same POST twice has its effect once, and the same answer."""
