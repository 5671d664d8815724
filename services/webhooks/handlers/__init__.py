"""The use cases of the webhooks service."""
