"""All SQL of the appointments service."""
