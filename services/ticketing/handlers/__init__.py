"""The use cases of ticketing. Each works in the caller's transaction, and publishes through the outbox."""
