"""Tells people: mail, text messages, alerts to operations."""
