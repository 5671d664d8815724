"""The use cases of the appointments service."""
