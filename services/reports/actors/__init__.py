"""What the reports service hears: of the other services' events, and its own jobs."""

__all__: list[str] = []
