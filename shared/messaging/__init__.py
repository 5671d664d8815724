"""Broker, topology, actors, outbox, inbox, retries, dead letters, worker: Dramatiq over RabbitMQ, made safe."""
