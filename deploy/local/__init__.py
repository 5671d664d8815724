"""The stack on one Linux machine, for development and tests: PostgreSQL, RabbitMQ, a mail sink, every service."""
