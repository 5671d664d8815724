"""What every rival is given. No product code is imported here: the rivals have an environment of their own."""

import os

DRAMATIQ_QUEUE = "bench_dramatiq"
CELERY_QUEUE = "bench_celery"
PADDING = "x" * 60
"""Makes a rival's message as long as one of ours, whose ids and turn take that many bytes more."""


def rabbitmq_url() -> str:
    return os.environ["RABBITMQ_URL"]


def database_url() -> str:
    return os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
