"""The use cases of notifications. Each works in the caller's transaction, and publishes through the outbox."""
