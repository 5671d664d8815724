"""The stack on one machine, for development and tests: PostgreSQL, RabbitMQ, a mail sink and every service (Linux only)."""
