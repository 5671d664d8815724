"""The relay: PostgreSQL outbox to RabbitMQ, RabbitMQ dead letters to PostgreSQL. Several may run."""
