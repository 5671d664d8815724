"""Publishes each service's schedules: APScheduler is the alarm clock, PostgreSQL knows what has been published."""
