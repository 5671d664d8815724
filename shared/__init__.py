"""The ground floor that every service stands on. Imports no service."""
