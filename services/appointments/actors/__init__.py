"""What the appointments service hears: calls, and what becomes of them in a calendar."""
