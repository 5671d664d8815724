"""RabbitMQ's configuration, and its definitions as generated from the code."""
