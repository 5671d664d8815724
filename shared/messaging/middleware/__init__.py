"""What an actor may declare around its handler: limits, locks, breakers, conditions, one's own.

They run inside the callable, in transactions of the database, so that they cannot fail open: a limiter whose database is
away lets nothing through. `@actor(…, middleware=[RateLimited("mail", 60, per=60), WithoutOverlapping("{order_id}")])`.
"""

from shared.messaging.middleware.circuit_breaker import CircuitBreaker
from shared.messaging.middleware.concurrency import Concurrency, WithoutOverlapping
from shared.messaging.middleware.job import Admission, JobMiddleware, PutBack, SkipIf, Skipped
from shared.messaging.middleware.rate_limited import RateLimited, TokenBucket

__all__ = [
    "Admission",
    "CircuitBreaker",
    "Concurrency",
    "JobMiddleware",
    "PutBack",
    "RateLimited",
    "SkipIf",
    "Skipped",
    "TokenBucket",
    "WithoutOverlapping",
]
